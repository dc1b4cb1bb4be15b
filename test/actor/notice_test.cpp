// What a shard tells the people who look after the node: once when it happens, in the metrics as long as it lasts.
#include "cluster/storage/keys.hpp"
#include "test/support/actor_world.hpp"

#include <doctest/doctest.h>

using namespace burrow;
using burrow::test::actor_world;
using namespace std::chrono_literals;

namespace {

const queue_ref jobs{"acme", "jobs"};

/// The shard on which the queue's only message lies, by its body.
shard_id shard_of_body(actor_world& w) {
  const auto page = w.disk().scan(family::body, {.from = "", .to = "", .items_max = 10}, read_tier::disk);
  REQUIRE(page.ok());
  REQUIRE(page->items.size() == 1);
  byte_reader in(page->items.front().first);
  return shard_id{in.u16()};
}

} // namespace

TEST_CASE("a damaged shard is told once, counted, shown, and keeps no other from serving") {
  actor_world w;
  w.put(jobs, "hello");
  w.run(1s);
  const auto shard = shard_of_body(w);
  w.disk().flip(family::raft_state, keys::raft_state(shard));
  w.kill(w.replica_of(jobs)); // its next life meets the flipped byte
  w.run(5s);
  REQUIRE(w.notices.size() == 1);
  CHECK(w.notices.front().what == shard_notice::kind::damaged);
  CHECK(w.notices.front().shard == shard);
  CHECK_FALSE(w.notices.front().why.empty());
  CHECK(w.metrics().shards_damaged_now() == 1);
  const auto status = w.status();
  CHECK_FALSE(status.ready);
  CHECK(status.settled);
  for (const auto& s : status.shards) {
    CHECK(s.replica.damaged == (s.shard == shard));
    CHECK(s.why.empty() == (s.shard != shard));
  }
  const auto refused = w.put(jobs, "more");
  w.run(1s);
  CHECK(w.failure(refused) == errc::unavailable);
  w.run(60s);
  CHECK(w.notices.size() == 1);
}

TEST_CASE("a shard whose clock was set back tells so, and when it has met the clock") {
  actor_world w;
  w.put(jobs, "hello");
  w.run(1s);
  w.shift_wall(-60s);
  w.kill(w.replica_of(jobs)); // it takes its time anew when it leads again
  w.run(1s);
  REQUIRE(w.notices.size() == 1);
  CHECK(w.notices.front().what == shard_notice::kind::time_ahead);
  CHECK(w.notices.front().ahead > 55s);
  CHECK(w.metrics().shard_time_ahead_now() > 55);
  w.run(60s);
  CHECK(w.notices.size() == 1);
  CHECK(w.metrics().shard_time_ahead_now() < 40); // half a minute less, told every ten seconds
  w.run(70s);
  REQUIRE(w.notices.size() == 2);
  CHECK(w.notices.back().what == shard_notice::kind::time_met);
  CHECK(w.metrics().shard_time_ahead_now() == 0);
}
