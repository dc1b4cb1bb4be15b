// Mutual TLS of the data plane, and the checks of the files that it is made from.
#include "test/support/plane_certificates.hpp"
#include "test/support/plane_node.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>

#include <thread>

using namespace burrow;
using namespace burrow::test;

namespace {

std::function<void(data_plane_options&)> with(const certificate_files& files, const std::string& directory) {
  return [=](data_plane_options& o) {
    o.tls = data_plane_tls{files, directory};
    o.reload_every = std::chrono::milliseconds(100);
  };
}

std::string text_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

} // namespace

TEST_CASE("two nodes with certificates of one CA carry frames of every size") {
  temporary_directory at;
  test_authority ca;
  plane_node a(1, "a", with(ca.make(at.path, "a"), at / "data-a"));
  plane_node b(2, "b", with(ca.make(at.path, "b"), at / "data-b"));
  REQUIRE(a.started());
  REQUIRE(b.started());
  a.know(b), b.know(a);
  REQUIRE(a.linked(b));
  for (const std::size_t size : {0, 1, 4096, 5000, 20'000, 3'000'000}) REQUIRE(a.send(b, std::string(size, 's')));
  REQUIRE(a.send_once_up(b, std::string(1'000'000, 'b'), frame_kind::bulk));
  REQUIRE(b.until([&] { return b.heard.size() == 7; }));
  CHECK(b.send(a, "back"));
  CHECK(a.until([&] { return a.heard.size() == 1; }));
  CHECK(a.count("burrow_certificate_expiry_seconds") > static_cast<double>(std::time(nullptr)));
}

TEST_CASE("whoever has no certificate of our CA for his name is refused") {
  temporary_directory at, other;
  test_authority ca, foreign("another CA");
  plane_node a(1, "a", with(ca.make(at.path, "a"), at / "data-a"));
  REQUIRE(a.started());
  std::string reason = "tls";
  SUBCASE("another CA") {
    plane_node b(2, "b", with(foreign.make(other.path, "b"), other / "data-b"));
    b.know(a);
    CHECK(a.told("no TLS with a certificate of our CA"));
    CHECK_FALSE(b.send(a, "x"));
  }
  SUBCASE("another CA, with ours beside it so that it believes us") {
    const auto files = foreign.make(other.path, "b");
    put_text(files.ca, foreign.pair.certificate + ca.pair.certificate);
    plane_node b(2, "b", with(files, other / "data-b"));
    REQUIRE(b.started());
    b.know(a);
    CHECK(a.told("no TLS with a certificate of our CA"));
  }
  SUBCASE("plain text") {
    plane_node b(2, "b");
    b.know(a);
    CHECK(a.told("no TLS with a certificate of our CA"));
    CHECK(b.until([&] { return !b.links.empty() && !b.links.back().up; }));
  }
  SUBCASE("a certificate of another node") {
    // The node itself would refuse to start with it: its options say that it is c.
    const auto files = ca.make(other.path, "c");
    plane_node b(2, "b", [&](data_plane_options& o) { with(files, other / "data-b")(o), o.self.name = "c"; });
    REQUIRE(b.started());
    b.plane().become({plane_cluster, {2}, "b", 1});
    b.know(a);
    CHECK(a.told("its certificate is not for the name that it gave"));
    reason = "certificate";
  }
  CHECK(a.until([&] { return a.count("burrow_plane_refusals_total", reason) >= 1; }));
  CHECK(a.links_now().empty());
}

TEST_CASE("a certificate that has expired since is refused by the other side") {
  temporary_directory at;
  test_authority ca;
  plane_node a(1, "a", with(ca.make(at.path, "a"), at / "data-a"));
  const auto now = static_cast<std::int64_t>(std::time(nullptr));
  auto soon = issue_for_node(ca.pair, "b", {now - plane_day, now + 2});
  REQUIRE(soon.ok());
  plane_node b(2, "b", with(ca.write(at.path, "b", *soon), at / "data-b"));
  REQUIRE(b.started());
  while (std::time(nullptr) <= now + 2) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  b.know(a);
  CHECK(a.told("expired"));
  CHECK(a.links_now().empty());
}

TEST_CASE("a plane does not start on files that are wrong, and names the one to blame") {
  temporary_directory at;
  test_authority ca, foreign("another CA");
  auto files = ca.make(at.path, "a");
  std::string part;
  SUBCASE("no certificate file") { std::filesystem::remove(files.certificate), part = "a.pem: No such file"; }
  SUBCASE("no key file") { std::filesystem::remove(files.key), part = "a.key: No such file"; }
  SUBCASE("a directory for a CA") { files.ca = at.path, part = "Is a directory"; }
  SUBCASE("rubbish for a certificate") { put_text(files.certificate, "hello"), part = "a.pem: holds no certificate"; }
  SUBCASE("half a certificate") {
    const auto text = text_of(files.certificate);
    put_text(files.certificate, text.substr(0, text.size() / 2)), part = "a.pem: holds no certificate";
  }
  SUBCASE("rubbish for a key") { put_text(files.key, "hello"), part = "a.key: holds no private key"; }
  SUBCASE("the key of another") { put_text(files.key, ca.issue("a").key), part = "a.key: is not the key of"; }
  SUBCASE("a CA that did not sign it") { put_text(files.ca, foreign.pair.certificate), part = "a.pem: "; }
  SUBCASE("a CA that is none") { put_text(files.ca, ca.issue("b").certificate), part = "no authority's"; }
  SUBCASE("expired") { files = ca.write(at.path, "a", ca.issue("a", -30, -1)), part = "a.pem: expired on 20"; }
  SUBCASE("not yet") { files = ca.write(at.path, "a", ca.issue("a", 2, 30)), part = "is valid from 20"; }
  SUBCASE("of another node") { files = ca.make(at.path, "b"), part = "b.pem: is for b, not for node a"; }
  SUBCASE("a key with a passphrase") {
    put_text(files.key, "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
                        "MIGjMF8GCSqGSIb3DQEFDTBSMDEGCSqGSIb3DQEFDDAkBBDzWTmXk7WlZTq5Zz8L\n"
                        "-----END ENCRYPTED PRIVATE KEY-----\n");
    part = "a.key: ";
  }
  plane_node a(1, "a", with(files, at / "data"));
  CHECK_FALSE(a.started());
  INFO(a.why_not());
  CHECK(a.why_not().find(part) != std::string::npos);
  CHECK(a.why_not().find("PRIVATE KEY") == std::string::npos);
  CHECK_FALSE(std::filesystem::exists(at / "data"));
}

TEST_CASE("a set is installed whole and private, and the link moves on") {
  temporary_directory at;
  test_authority ca;
  const auto now = static_cast<std::int64_t>(std::time(nullptr));
  const auto dir = at / "certificates";
  for (int round = 1; round <= 4; ++round) {
    const auto set = certificate_set::load(ca.make(at.path, "a"), now);
    REQUIRE(set.ok());
    REQUIRE(set->install(dir).ok());
    REQUIRE(set->install(dir).ok()); // nothing new
    CHECK(std::filesystem::read_symlink(dir + "/current") == std::to_string(round));
    const auto files = installed_certificates(dir);
    CHECK(text_of(files.key) == set->key());
    CHECK(certificate_set::load(files, now).ok());
    struct stat s{};
    REQUIRE(::stat(files.key.c_str(), &s) == 0);
    CHECK((s.st_mode & 0777) == 0600);
    REQUIRE(::stat((dir + "/current").c_str(), &s) == 0);
    CHECK((s.st_mode & 0777) == 0700);
  }
  CHECK_FALSE(std::filesystem::exists(dir + "/2"));
  CHECK(std::filesystem::exists(dir + "/3")); // who read the link a moment ago still finds it
}

TEST_CASE("new files are taken up without a restart, and broken ones change nothing") {
  temporary_directory at;
  test_authority old_ca, new_ca("the next CA");
  const auto files = old_ca.make(at.path, "a");
  plane_node a(1, "a", with(files, at / "data-a"));
  REQUIRE(a.started());
  put_text(files.key, "broken");
  REQUIRE(a.told("the last good ones stay"));
  CHECK(a.count("burrow_certificate_reload_failures_total") == 1);
  CHECK(std::filesystem::read_symlink(at / "data-a/current") == "1");
  {
    temporary_directory other;
    plane_node b(2, "b", with(old_ca.make(other.path, "b"), other / "data-b"));
    b.know(a);
    REQUIRE(a.linked(b));
  }
  (void)new_ca.make(at.path, "a");
  REQUIRE(a.told("new certificates are in use"));
  CHECK(std::filesystem::read_symlink(at / "data-a/current") == "2");
  temporary_directory other;
  plane_node c(3, "c", with(new_ca.make(other.path, "c"), other / "data-c"));
  c.know(a);
  CHECK(a.linked(c));
  plane_node d(4, "d", with(old_ca.make(other.path, "d"), other / "data-d"));
  d.know(a);
  CHECK(a.told("no TLS with a certificate of our CA"));
}
