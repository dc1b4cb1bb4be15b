// The SYNCED mark by itself: its slots, their checksums, and writing in turn.
#include "cluster/base/bytes.hpp"
#include "cluster/storage/rocks_marker.hpp"
#include "test/support/rocks_directory.hpp"

#include <doctest/doctest.h>

namespace burrow::test {

TEST_CASE("a slot is read back only as it was written") {
  const auto slot = synced_marker::format_slot(1234567);
  CHECK(slot.size() == synced_marker::slot_bytes);
  CHECK(synced_marker::parse_slot(slot) == 1234567);
  CHECK_FALSE(synced_marker::parse_slot({}));
  CHECK_FALSE(synced_marker::parse_slot(slot.substr(0, 15)));
  CHECK_FALSE(synced_marker::parse_slot(std::string(16, '\0')));
  for (std::size_t at = 0; at < slot.size(); ++at) {
    auto bad = slot;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    CHECK_FALSE(synced_marker::parse_slot(bad));
  }
}

TEST_CASE("the bytes of a slot are part of the disk format") {
  CHECK(synced_marker::format_slot(1).substr(0, 8) == std::string("\0\0\0\0\0\0\0\1", 8));
  std::string checksum;
  byte_writer(checksum).u64(hash_of("burrow SYNCED 1", synced_marker::format_slot(1).substr(0, 8)).low);
  CHECK(synced_marker::format_slot(1).substr(8) == checksum);
}

TEST_CASE("a mark only rises, and is written in turn so that a torn write leaves the one before") {
  const temp_directory directory;
  const auto path = directory.path() + "/SYNCED";
  auto made = synced_marker::create(directory.path(), 0);
  REQUIRE(made.ok());
  for (const std::uint64_t n : {5, 9, 7, 12}) REQUIRE(made->advance(n).ok());
  CHECK(made->number() == 12);
  CHECK(synced_marker::open(directory.path())->number() == 12);
  // Whichever slot is torn, the other holds 12 or the 9 before it.
  for (const std::uint64_t slot : {0, 1}) {
    flip_byte(path, slot * synced_marker::block_bytes);
    const auto number = synced_marker::open(directory.path())->number();
    CHECK((number == 12 || number == 9));
    flip_byte(path, slot * synced_marker::block_bytes);
  }
}

TEST_CASE("a mark that is missing or torn twice is lost data, and one that cannot be read an io error") {
  const temp_directory directory;
  CHECK(synced_marker::open(directory.path()).code() == errc::lost_writes);
  REQUIRE(synced_marker::create(directory.path(), 3).ok());
  std::filesystem::resize_file(directory.path() + "/SYNCED", 0);
  CHECK(synced_marker::open(directory.path()).code() == errc::lost_writes);
  CHECK(synced_marker::open("/proc/no-such-place").code() == errc::lost_writes);
  CHECK(synced_marker::create("/proc/no-such-place", 0).code() == errc::io_failed);
}

} // namespace burrow::test
