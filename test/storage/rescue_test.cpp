// A store with broken blocks put together anew: everything but the blocks is there, and nothing older in their place.
#include "cluster/storage/keys.hpp"
#include "cluster/storage/rocks_rescue.hpp"
#include "test/support/rocks_directory.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <set>

using namespace burrow;
using namespace burrow::test;

namespace {

std::string key_at(int n) { return keys::body({3}, {0}, {static_cast<std::uint64_t>(n)}, 0); }
std::string text_at(int n) {
  return "body " + std::to_string(n) + std::string(20'000, static_cast<char>('a' + n % 26));
}

/// One bit in the body of message n, wherever a table has it.
void flip(const std::string& database, int n) {
  for (const auto& file : std::filesystem::directory_iterator(database)) {
    if (file.path().extension() != ".sst") continue;
    std::fstream io(file.path(), std::ios::in | std::ios::out | std::ios::binary);
    const std::string all(std::istreambuf_iterator<char>(io), {});
    const auto at = all.find(text_at(n).substr(0, 60));
    if (at == std::string::npos) continue;
    io.clear();
    io.seekp(static_cast<std::streamoff>(at + 50));
    io.put(static_cast<char>(all[at + 50] ^ 1));
  }
}

} // namespace

TEST_CASE("a rescued store lacks what the broken blocks had, and nothing else") {
  const temp_directory scratch;
  rocks_options options;
  options.directory = scratch.path() + "/one";
  constexpr int count = 40;
  {
    auto made = rocks_store::open(options);
    REQUIRE(made.ok());
    write_batch batch;
    for (int n = 0; n < count; ++n) batch.put(family::body, key_at(n), text_at(n));
    batch.put(family::queue, "k", "v");
    REQUIRE((*made)->write(batch).ok());
    REQUIRE((*made)->flush_idle().ok());
    REQUIRE(check_tables(**made).ok());
    REQUIRE((*made)->close().ok());
  }
  const std::set<int> broken{0, 7, 8, 20, 39};
  for (const int n : broken) flip(options.directory + "/rocks", n);
  auto damaged = rocks_store::open(options);
  REQUIRE(damaged.ok());
  CHECK(check_tables(**damaged).code() == errc::corrupt);

  auto other = options;
  other.directory = scratch.path() + "/two";
  const auto gaps = rescue_tables(**damaged, other);
  REQUIRE(gaps.ok());
  CHECK(gaps->size() == 4); // 7 and 8 lie side by side
  REQUIRE((*damaged)->close().ok());
  REQUIRE(exchange_databases(options.directory, other.directory).ok());

  const auto whole = rocks_store::open(options);
  REQUIRE(whole.ok());
  CHECK(check_tables(**whole).ok());
  for (int n = 0; n < count; ++n) {
    const auto got = (*whole)->get(family::body, key_at(n), read_tier::disk);
    REQUIRE(got.ok());
    CHECK_MESSAGE(got->found == !broken.contains(n), "body " << n);
    if (got->found) CHECK(got->value == text_at(n));
  }
  CHECK((*whole)->get(family::queue, "k", read_tier::disk)->value == "v");
}
