// The bounds of an account over all of its shards: never passed, and never felt before they are reached.
#include "actors/queue_request.hpp"
#include "test/support/actor_world.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace burrow;
using burrow::test::actor_world;
using burrow::test::actor_world_options;
using namespace std::chrono_literals;

namespace {

struct bounds {
  std::uint64_t bytes = 0, queues = 0;
};

queue_ref queue_of(std::size_t n) { return {"acme", "q" + std::to_string(n)}; }

std::uint64_t put(actor_world& w, const queue_ref& queue, const bounds& max, std::size_t size = 100,
                  const std::string& name = {}) {
  operation o;
  queue::insert insert;
  auto& item = insert.items.emplace_back();
  item.name = name;
  item.body_size = static_cast<std::uint32_t>(size);
  o.bodies.emplace_back(std::string(size, 'x'));
  insert.fallback.tenant_bytes_max = max.bytes;
  insert.fallback.tenant_queues_max = max.queues;
  o.what = std::move(insert);
  return w.send(queue, std::move(o));
}

/// How a put ended: ok, what its item says, or what the request failed with.
errc end_of(actor_world& w, std::uint64_t number) {
  const auto* reply = w.answer<queue::insert_reply>(number);
  if (reply == nullptr) return w.failure(number) == errc::ok ? errc::unknown_outcome : w.failure(number);
  return reply->items.at(0).problem;
}

std::map<errc, std::size_t> ends_of(actor_world& w, const std::vector<std::uint64_t>& numbers) {
  std::map<errc, std::size_t> out;
  for (const auto n : numbers) ++out[end_of(w, n)];
  return out;
}

void delete_all(actor_world& w, const queue_ref& queue) {
  const auto done = w.send(queue, queue::purge{});
  w.run(200ms);
  REQUIRE(w.answer<queue::purge_reply>(done));
}

using counts = std::map<errc, std::size_t>;

} // namespace

TEST_CASE("bytes that many put at once into queues of several shards fill the account to the last one") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    actor_world w({.seed = seed});
    std::vector<std::uint64_t> puts;
    for (std::size_t n = 0; n < 60; ++n) puts.push_back(put(w, queue_of(n % 12), {.bytes = 2050}));
    w.run(2s);
    CHECK(ends_of(w, puts) == counts{{errc::ok, 20}, {errc::quota_exceeded, 40}});
    const auto more = put(w, queue_of(1), {.bytes = 2050}, 51), fits = put(w, queue_of(2), {.bytes = 2050}, 50);
    w.run(200ms);
    CHECK(end_of(w, more) == errc::quota_exceeded);
    CHECK(end_of(w, fits) == errc::ok);
  }
}

TEST_CASE("queues that many make at once are as many as the account may have, and those go on") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    actor_world w({.seed = seed});
    std::vector<std::uint64_t> puts;
    for (std::size_t n = 0; n < 90; ++n) puts.push_back(put(w, queue_of(n % 30), {.queues = 10}));
    w.run(2s);
    CHECK(ends_of(w, puts) == counts{{errc::ok, 30}, {errc::quota_exceeded, 60}});
    std::size_t there = 30;
    for (std::size_t n = 0; n < 30; ++n)
      if (end_of(w, puts[n]) == errc::ok) there = n;
    delete_all(w, queue_of(there));
    puts.clear();
    for (std::size_t n = 100; n < 110; ++n) puts.push_back(put(w, queue_of(n), {.queues = 10}));
    w.run(2s);
    CHECK(ends_of(w, puts) == counts{{errc::ok, 1}, {errc::quota_exceeded, 9}});
  }
}

TEST_CASE("a shard that holds nothing of a full account takes nothing of it either") {
  actor_world w;
  std::vector<std::uint64_t> puts{put(w, queue_of(0), {.bytes = 100, .queues = 1})};
  w.run(200ms);
  for (std::size_t n = 1; n < 12; ++n) {
    puts.push_back(put(w, queue_of(n), {.queues = 1}));
    puts.push_back(put(w, queue_of(n), {.bytes = 100}, 1, "named"));
  }
  w.run(1s);
  CHECK(ends_of(w, puts) == counts{{errc::ok, 1}, {errc::quota_exceeded, 22}});
}

TEST_CASE("several who make the last queue together all may") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    actor_world w({.seed = seed});
    for (std::size_t n = 0; n < 4; ++n) put(w, queue_of(n), {.queues = 5});
    w.run(200ms);
    std::vector<std::uint64_t> puts;
    for (std::size_t n = 0; n < 20; ++n) puts.push_back(put(w, queue_of(4), {.queues = 5}));
    w.run(1s);
    CHECK(ends_of(w, puts) == counts{{errc::ok, 20}});
  }
}

TEST_CASE("in a full account a message may still be replaced by one that is no larger than what is left allows") {
  actor_world w;
  const bounds max{.bytes = 1000};
  put(w, queue_of(0), max, 400, "a");
  put(w, queue_of(1), max, 500, "b");
  w.run(200ms);
  const auto try_it = [&](std::size_t queue, const std::string& name, std::size_t size) {
    const auto n = put(w, queue_of(queue), max, size, name);
    w.run(200ms);
    return end_of(w, n);
  };
  CHECK(try_it(0, "a", 501) == errc::quota_exceeded);
  CHECK(try_it(0, "a", 500) == errc::ok);
  CHECK(try_it(0, "a", 500) == errc::ok);
  CHECK(try_it(1, "b", 501) == errc::quota_exceeded);
  CHECK(try_it(2, "c", 1) == errc::quota_exceeded);
  CHECK(try_it(2, "", 1) == errc::quota_exceeded);
  CHECK(try_it(2, "c", 0) == errc::ok);
  CHECK(try_it(0, "a", 499) == errc::ok);
  CHECK(try_it(2, "", 2) == errc::quota_exceeded);
  CHECK(try_it(2, "", 1) == errc::ok);
}

TEST_CASE("a batch stores what fits of it, an atomic one all or nothing") {
  actor_world w;
  const auto batch = [&](bool atomic) {
    operation o;
    queue::insert insert;
    insert.atomic = atomic;
    insert.fallback.tenant_bytes_max = 250;
    for (std::uint32_t n = 0; n < 4; ++n) {
      auto& item = insert.items.emplace_back();
      item.body = n;
      item.body_size = 100;
      o.bodies.emplace_back(std::string(100, 'x'));
    }
    o.what = std::move(insert);
    const auto number = w.send(queue_of(0), std::move(o));
    w.run(200ms);
    REQUIRE(w.answer<queue::insert_reply>(number));
    return *w.answer<queue::insert_reply>(number);
  };
  CHECK(batch(true).problem == errc::batch_rejected);
  const auto some = batch(false);
  CHECK(some.items[1].status == queue::insert_status::created);
  CHECK(some.items[2].problem == errc::quota_exceeded);
  CHECK(some.items[3].problem == errc::quota_exceeded);
}

TEST_CASE("what an account holds is known again after its supervisor was idle, and after replicas were restarted") {
  actor_world w({.passivate_after = 1s, .tenant_idle_after = 2s});
  const bounds max{.bytes = 500, .queues = 5};
  for (std::size_t n = 0; n < 5; ++n) put(w, queue_of(n), max);
  w.run(200ms);
  w.run(20s);
  REQUIRE(w.status().tenants == 0);
  std::vector<std::uint64_t> puts;
  for (std::size_t n = 5; n < 9; ++n) puts.push_back(put(w, queue_of(n), max, 0));
  for (std::size_t n = 0; n < 5; ++n) puts.push_back(put(w, queue_of(n), max, 1));
  w.run(1s);
  CHECK(ends_of(w, puts) == counts{{errc::quota_exceeded, 9}});

  for (std::size_t n = 0; n < 5; ++n) w.kill(w.replica_of(queue_of(n)));
  w.run(2s);
  puts.clear();
  for (std::size_t n = 0; n < 9; ++n) puts.push_back(put(w, queue_of(n), max, 1));
  w.run(1s);
  CHECK(ends_of(w, puts) == counts{{errc::quota_exceeded, 9}});
  delete_all(w, queue_of(0));
  puts = {put(w, queue_of(6), max)};
  w.run(1s);
  CHECK(ends_of(w, puts) == counts{{errc::ok, 1}});
}

TEST_CASE("inserts that were in flight when a replica was killed keep no room for ever, and none is given twice") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    actor_world w({.seed = seed, .replica_budget = {1000, 1s}});
    const bounds max{.bytes = 2000};
    std::vector<std::uint64_t> puts;
    for (int round = 0; round < 10; ++round) {
      std::set<caf::actor> replicas;
      for (std::size_t n = 0; n < 9; ++n) replicas.insert(w.replica_of(queue_of(n)));
      for (std::size_t n = 0; n < 6; ++n) puts.push_back(put(w, queue_of(w.chance().below(9)), max));
      w.steps(w.chance().below(120));
      for (const auto& replica : replicas) w.kill(replica);
      w.run(100ms);
    }
    w.run(10s);
    // Those of which nobody knows may be stored.
    auto ends = ends_of(w, puts);
    CHECK(ends[errc::unknown_outcome] > 0);
    std::uint64_t bytes = 0;
    for (std::size_t n = 0; n < 9; ++n) {
      const auto stats = w.send(queue_of(n), queue::queue_stats{});
      w.run(100ms);
      REQUIRE(w.answer<queue::stats_answer>(stats));
      bytes += w.answer<queue::stats_answer>(stats)->summary.bytes;
    }
    CHECK(bytes <= 2000);
    CHECK(bytes >= 100 * ends[errc::ok]);
    puts.clear();
    for (std::size_t n = 0; n < 40; ++n) puts.push_back(put(w, queue_of(n % 9), max));
    w.run(2s);
    ends = ends_of(w, puts);
    CHECK(ends[errc::ok] == (2000 - bytes) / 100);
    CHECK(ends[errc::quota_exceeded] == 40 - (2000 - bytes) / 100);
  }
}

TEST_CASE("looking at many queues neither opens more actors than there may be nor locks anybody out") {
  actor_world w({.queue_actors_per_tenant_max = 5});
  const auto held = w.take(queue_of(0), 1, 60s);
  w.run(100ms);
  std::vector<std::uint64_t> looks;
  for (std::size_t n = 1; n <= 50; ++n) looks.push_back(w.send(queue_of(n), queue::list_messages{}));
  for (int n = 0; n < 200; ++n) {
    w.run(20ms);
    REQUIRE(w.metrics().queue_actors_now() <= 5);
  }
  for (const auto n : looks) CHECK(w.answer<queue::messages_answer>(n));
  const auto put = w.put(queue_of(0), "x");
  w.run(100ms);
  CHECK(w.answer<queue::insert_reply>(put));
  REQUIRE(w.answer<queue::take_reply>(held));
  CHECK(w.answer<queue::take_reply>(held)->count == 1);
}

TEST_CASE("when every queue actor has somebody who waits, a new queue is busy, and those that are open are not") {
  actor_world w({.queue_actors_per_tenant_max = 3});
  for (std::size_t n = 0; n < 3; ++n) w.take(queue_of(n), 1, 60s);
  w.run(100ms);
  const auto other = w.send(queue_of(9), queue::list_messages{});
  w.run(3s);
  CHECK(w.failure(other) == errc::busy);
  const auto put = w.put(queue_of(1), "x");
  w.run(100ms);
  CHECK(w.answer<queue::insert_reply>(put));
}

TEST_CASE("a claim in steps hands on what each of its steps claimed, in case it has to be undone") {
  actor_world w;
  for (int i = 0; i < 25; ++i) w.put(queue_of(0), "x", 100);
  w.settle();
  operation o;
  queue::take take;
  take.hide = 30s;
  o.what = take;
  o.in_steps = true;
  o.client = std::make_shared<client_presence>();
  const operation asked = o;
  const auto all = w.send(queue_of(0), std::move(o));
  w.settle();
  REQUIRE(w.answer<queue::take_reply>(all));
  CHECK(w.answer<queue::take_reply>(all)->count == 2500);
  auto undo = w.result_of(all)->claimed_before;
  auto last = undo_of(asked, *w.answer<queue::take_reply>(all), w.result_of(all)->step);
  undo.insert(undo.end(), last.begin(), last.end());
  for (auto& u : undo) w.send(queue_of(0), std::move(u));
  w.settle();
  const auto stats = w.send(queue_of(0), queue::queue_stats{});
  w.settle();
  CHECK(w.answer<queue::stats_answer>(stats)->summary.visible == 2500);
}
