#include "test/support/plane_certificates.hpp"

#include <doctest/doctest.h>

#include <cstdlib>

namespace burrow::test {

temporary_directory::temporary_directory() {
  auto name = (std::filesystem::temp_directory_path() / "burrow-plane-XXXXXX").string();
  REQUIRE(::mkdtemp(name.data()) != nullptr);
  path = name;
}

test_authority::test_authority(const std::string& name) {
  const auto now = static_cast<std::int64_t>(std::time(nullptr));
  auto made = make_authority(name, {now - 100 * plane_day, now + 1000 * plane_day});
  REQUIRE(made.ok());
  pair = *made;
}

certificate_pair test_authority::issue(const std::string& node, int from, int until) const {
  const auto now = static_cast<std::int64_t>(std::time(nullptr));
  auto made = issue_for_node(pair, node, {now + from * plane_day, now + until * plane_day});
  REQUIRE(made.ok());
  return *made;
}

certificate_files test_authority::write(const std::string& directory, const std::string& name,
                                        const certificate_pair& what) const {
  certificate_files out{directory + "/" + name + ".pem", directory + "/" + name + ".key", directory + "/ca.pem"};
  put_text(out.certificate, what.certificate);
  put_text(out.key, what.key);
  put_text(out.ca, pair.certificate);
  return out;
}

} // namespace burrow::test
