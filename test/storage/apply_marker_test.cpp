// The mark of the entry being applied, across lives of a process (the map is dropped without end()).
#include "cluster/storage/apply_marker.hpp"
#include "test/support/rocks_directory.hpp"

#include <csignal>
#include <doctest/doctest.h>
#include <fstream>
#include <sys/wait.h>
#include <unistd.h>

namespace burrow::test {

namespace {

apply_marker open(const temp_directory& directory) {
  return std::move(apply_marker::open(directory.path(), 64).value());
}

constexpr shard_id shard{7};

} // namespace

TEST_CASE("a new mark has found nothing, for any shard") {
  const temp_directory directory;
  const auto marker = open(directory);
  for (const std::uint16_t n : {0, 7, 63}) CHECK(marker.found(shard_id{n}).times == 0);
}

TEST_CASE("an entry that was applied to its end is not found") {
  const temp_directory directory;
  {
    auto marker = open(directory);
    marker.begin(shard, log_index{5});
    marker.end(shard);
  }
  CHECK(open(directory).found(shard).times == 0);
}

TEST_CASE("an entry in whose apply the process died is found once, then twice, in its shard alone") {
  const temp_directory directory;
  for (std::uint64_t life = 0; life < 3; ++life) {
    auto marker = open(directory);
    CHECK(marker.found(shard).times == life);
    if (life > 0) CHECK(marker.found(shard).index == log_index{5});
    CHECK(marker.found(shard_id{8}).times == 0);
    // After a start the entries before it are applied again: they must not hide it.
    marker.begin(shard, log_index{4});
    marker.end(shard);
    marker.begin(shard, log_index{5});
  }
}

TEST_CASE("a start that did not get as far keeps what was found and does not count it") {
  const temp_directory directory;
  open(directory).begin(shard, log_index{5});
  CHECK(open(directory).found(shard).times == 1);
  CHECK(open(directory).found(shard).times == 1);
}

TEST_CASE("an entry that gets through after all is forgotten") {
  const temp_directory directory;
  open(directory).begin(shard, log_index{5});
  {
    auto marker = open(directory);
    marker.begin(shard, log_index{5});
    marker.end(shard);
    CHECK(marker.found(shard).times == 0);
  }
  CHECK(open(directory).found(shard).times == 0);
}

TEST_CASE("a mark outlives kill -9") {
  const temp_directory directory;
  const auto child = ::fork();
  if (child == 0) {
    open(directory).begin(shard, log_index{9});
    ::kill(::getpid(), SIGKILL);
  }
  REQUIRE(::waitpid(child, nullptr, 0) == child);
  CHECK(open(directory).found(shard).index == log_index{9});
}

TEST_CASE("a file that is not ours is made anew") {
  const temp_directory directory;
  std::ofstream(directory.path() + "/APPLYING") << "something else";
  CHECK(open(directory).found(shard).times == 0);
  CHECK(apply_marker::open("/proc/no-such-place", 64).code() == errc::io_failed);
}

} // namespace burrow::test
