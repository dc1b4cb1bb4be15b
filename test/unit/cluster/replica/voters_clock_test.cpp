// The median of the voters' clocks, and a shard's time that goes by it.
#include "cluster/replica/voters_clock.hpp"

#include "cluster/replica/shard_clock.hpp"

#include <doctest/doctest.h>

using namespace burrow;
using namespace std::chrono_literals;

namespace {

constexpr instant noon{1'700'000'000'000};
const raft::configuration three{{{{1}, {1}}, {{2}, {2}}, {{3}, {3}}}, {}, {}};
clock_reading at(duration passed, duration off = 0ms) { return {100s + passed, noon + passed + off}; }

} // namespace

TEST_CASE("nobody knows the median before a majority has told its clocks") {
  voters_clock clocks;
  CHECK_FALSE(clocks.median(three, {1}, at(0s)).has_value());
  clocks.heard({2}, noon + 10s, at(0s));
  CHECK(clocks.median(three, {1}, at(0s)) == noon); // the lower one of two
  clocks.heard({3}, noon + 4s, at(0s));
  CHECK(clocks.median(three, {1}, at(0s)) == noon + 4s);
}

TEST_CASE("one clock that jumps moves nothing, our own neither") {
  voters_clock clocks;
  clocks.heard({2}, noon, at(0s));
  clocks.heard({3}, noon + 1s, at(0s));
  CHECK(clocks.median(three, {1}, at(1s, 1h)) == noon + 2s);
  CHECK(clocks.median(three, {1}, at(1s, -1h)) == noon + 1s);
  clocks.heard({3}, noon + 9h, at(1s));
  CHECK(clocks.median(three, {1}, at(1s)) == noon + 1s);
}

TEST_CASE("what was told long ago says nothing, and a stranger's clock does not count") {
  voters_clock clocks;
  clocks.heard({2}, noon, at(0s));
  clocks.heard({9}, noon, at(0s));
  CHECK(clocks.median(three, {1}, at(5s)).has_value());
  CHECK_FALSE(clocks.median(three, {1}, at(6s)).has_value());
}

TEST_CASE("the clock of a lone voter is its own") {
  const raft::configuration one{{{{1}, {1}}}, {}, {{{2}, {2}}}};
  CHECK(voters_clock().median(one, {1}, at(0s, 7s)) == noon + 7s);
}

TEST_CASE("while nobody knows the median, time runs on as it is") {
  shard_clock clock;
  clock.start(at(0s), {});
  CHECK(clock.now({103s, no_instant}) == noon + 3s);
  CHECK(clock.now(at(4s, 1h)) == noon + 4100ms); // and is pulled again when it is known
}
