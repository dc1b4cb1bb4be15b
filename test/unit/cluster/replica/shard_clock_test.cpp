// The shard's time: begins at the wall clock or at what was applied, is pulled and never jumps, never goes back.
#include "cluster/replica/shard_clock.hpp"

#include "test/support/replica_world.hpp"

#include <doctest/doctest.h>

using namespace burrow;
using namespace burrow::test;
using namespace std::chrono_literals;

namespace {

constexpr instant noon{1'700'000'000'000};

/// `passed` after the start, the wall clock having been at noon then, and moved by `moved` since.
clock_reading after(duration passed, duration moved = 0ms) { return {100s + passed, noon + passed + moved}; }

} // namespace

TEST_CASE("time begins at the wall clock, but not below what was applied") {
  shard_clock clock;
  clock.start(after(0s), noon - 10s);
  CHECK(clock.now(after(0s)) == noon);
  clock.start(after(0s), noon + 3s);
  CHECK(clock.now(after(0s)) == noon + 3s);
}

TEST_CASE("a difference is slewed at ten per cent, and never jumps") {
  shard_clock clock;
  clock.start(after(0s), {});
  CHECK(clock.now(after(1s, 10s)) == noon + 1100ms);
  CHECK(clock.now(after(2s, 10s)) == noon + 2200ms);
  CHECK(clock.now(after(3s, -10s)) == noon + 3100ms);
}

TEST_CASE("up to five seconds ahead of the clock is no alarm") {
  shard_clock clock;
  clock.start(after(0s), noon + 5s);
  CHECK(clock.ahead(after(0s)) == 0ms);
  CHECK(clock.now(after(1s)) == noon + 5900ms); // slewed as any difference
}

TEST_CASE("further ahead it is an alarm, and time runs at half speed until they meet") {
  shard_clock clock;
  clock.start(after(0s), noon + 20s);
  CHECK(clock.ahead(after(0s)) == 20s);
  CHECK(clock.now(after(0s)) == noon + 20s);
  CHECK(clock.now(after(500ms)) == noon + 20'250ms);
  for (auto t = 1s; t <= 39s; ++t) {
    CAPTURE(t.count());
    CHECK(clock.now(after(t)) == noon + 20s + duration(t) / 2);
    CHECK(clock.ahead(after(t)) == 20s - duration(t) / 2);
  }
  CHECK(clock.ahead(after(40s)) == 0ms);
  CHECK(clock.now(after(41s)) == noon + 41s); // and from then on at the speed of clocks
  CHECK(clock.now(after(42s)) == noon + 42s);
}

TEST_CASE("a long look away from an alarmed clock ends where the clocks met, not behind") {
  shard_clock clock;
  clock.start(after(0s), noon + 20s);
  CHECK(clock.now(after(1h)) == noon + 1h);
  CHECK(clock.ahead(after(1h)) == 0ms);
}

TEST_CASE("an alarmed clock does not jump with a wall clock that does") {
  shard_clock clock;
  clock.start(after(0s), noon + 20s);
  CHECK(clock.now(after(2s, 1h)) == noon + 22s);
  CHECK(clock.now(after(3s, 1h)) == noon + 23'100ms); // pulled as usual
}

TEST_CASE("a deadline is awaited twice as long while time runs at half speed") {
  shard_clock clock;
  clock.start(after(0s), noon + 20s);
  CHECK(clock.steady_at(noon + 23s, after(0s)) == 106s);
  CHECK(clock.now(after(6s)) == noon + 23s);
}

TEST_CASE("a replica whose clock was set back tells by how much it is ahead, again and again, and when they met") {
  replica_world world({});
  REQUIRE(world.start());
  queue::insert what;
  queue::insert_item item;
  item.name = "one";
  item.body_size = 1;
  item.body_hash = hash_of("x");
  what.items.push_back(item);
  what.fallback.body_bytes_max = 1 << 20;
  REQUIRE(world.reply_to(world.propose({{"acme", "jobs"}, {}, what}, {shared_bytes(std::string("x"))})) != nullptr);
  world.settle();
  CHECK(world.times_ahead.empty());
  world.crash();
  world.shift_wall(-3'600'000);
  REQUIRE(world.start());
  world.run(1s);
  REQUIRE(world.times_ahead.size() == 1);
  CHECK(world.times_ahead.front() > 3590s);
  CHECK(world.status().time_ahead > 3590s);
  world.run(25s);
  CHECK(world.times_ahead.size() == 3);
  world.shift_wall(3'600'000);
  world.run(20s);
  REQUIRE(world.times_ahead.size() == 4);
  CHECK(world.times_ahead.back() == 0s);
  CHECK(world.status().time_ahead == 0s);
  world.run(100s);
  CHECK(world.times_ahead.size() == 4);
}
