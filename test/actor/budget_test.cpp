// A tenant's places: who holds one, for how long, and that none is lost; and when a queue actor may end for want of
// work.
#include "test/support/actor_world.hpp"

#include <doctest/doctest.h>

using namespace burrow;
using burrow::test::actor_world;
using namespace std::chrono_literals;

namespace {
const queue_ref jobs{"acme", "jobs"};
} // namespace

TEST_CASE("a queue with waiters is not passivated") {
  actor_world w({.passivate_after = 2s});
  const auto began = w.now().steady;
  const auto take = w.take(jobs, 1, 10s);
  w.settle();
  const auto actor = w.queue_actor_of(jobs);
  REQUIRE(actor);
  w.run(9s);
  CHECK(w.queue_actor_of(jobs) == actor);
  CHECK_FALSE(w.result_of(take));
  w.run(1100ms);
  REQUIRE(w.answered_at(take));
  CHECK(*w.answered_at(take) <= began + 10s + 50ms);
  w.run(3s);
  CHECK_FALSE(w.is_open(jobs));
}

TEST_CASE("a tenant's budget comes back when its queue actors die") {
  actor_world w({.waiters_per_tenant_max = 3, .inflight_per_tenant_max = 10});
  w.put(jobs, "x");
  w.settle();
  const queue_ref empty{"acme", "empty"};
  for (int round = 0; round < 5; ++round) {
    CAPTURE(round);
    std::vector<std::uint64_t> takes, puts;
    for (int i = 0; i < 3; ++i) takes.push_back(w.take(empty, 1, 60s));
    w.run(100ms);
    for (const auto t : takes) CHECK_FALSE(w.result_of(t));
    for (int i = 0; i < 5; ++i) puts.push_back(w.put(jobs, "x"));
    w.steps(4);
    w.kill(w.queue_actor_of(jobs));
    w.kill(w.queue_actor_of(empty));
    w.run(2s);
    for (const auto p : puts) {
      CHECK(w.result_of(p));
      CHECK(w.failure(p) != errc::busy);
    }
    for (const auto t : takes) CHECK(w.failure(t) == errc::unknown_outcome);
    CHECK(w.metrics().waiters_now() == 0);
  }
  const auto last = w.put(jobs, "x");
  w.settle();
  CHECK(w.answer<queue::insert_reply>(last));
}

TEST_CASE("held requests take no place of those that do something") {
  actor_world w({.waiters_per_tenant_max = 100, .inflight_per_tenant_max = 10});
  std::vector<std::uint64_t> takes;
  for (int i = 0; i < 30; ++i) {
    takes.push_back(w.take({"acme", "empty"}, 1, 60s));
    w.run(5ms);
  }
  for (const auto t : takes) CHECK_FALSE(w.result_of(t));
  CHECK(w.metrics().waiters_now() == 30);
  const auto here = w.put({"acme", "empty"}, "x"), there = w.put(jobs, "x");
  w.settle();
  CHECK(w.answer<queue::insert_reply>(here));
  CHECK(w.answer<queue::insert_reply>(there));
}
