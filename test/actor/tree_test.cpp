// The whole way of a message through the tree, without faults.
#include "test/support/actor_world.hpp"

#include <doctest/doctest.h>

using namespace burrow;
using burrow::test::actor_world;

namespace {
const queue_ref jobs{"acme", "jobs"};
} // namespace

TEST_CASE("what is put is taken with its body, and gone once acknowledged") {
  actor_world w;
  const auto put = w.put(jobs, "hello");
  w.settle();
  REQUIRE(w.answer<queue::insert_reply>(put));
  CHECK(w.answer<queue::insert_reply>(put)->items.at(0).status == queue::insert_status::created);

  const auto take = w.take(jobs);
  w.settle();
  const auto* taken = w.answer<queue::take_reply>(take);
  REQUIRE(taken);
  REQUIRE(taken->count == 1);
  CHECK(w.result_of(take)->bodies.at(0).view() == "hello");

  const auto ack = w.ack(jobs, *taken);
  w.settle();
  REQUIRE(w.answer<queue::targets_reply>(ack));
  CHECK(w.answer<queue::targets_reply>(ack)->items.at(0).problem == errc::ok);
  const auto list = w.send(jobs, queue::list_messages{});
  w.settle();
  CHECK(w.answer<queue::messages_answer>(list)->items.empty());
}

TEST_CASE("an answer to a write leaves only after a sync") {
  actor_world w;
  const auto put = w.put(jobs, "x");
  while (!w.result_of(put)) w.steps(1);
  CHECK(w.disk().unsynced_batches() == 0);
}

TEST_CASE("an empty take is answered without anything written") {
  actor_world w;
  w.run(duration{1000});
  const auto before = w.disk().sequence();
  const auto take = w.take(jobs);
  w.settle();
  REQUIRE(w.answer<queue::take_reply>(take));
  CHECK(w.answer<queue::take_reply>(take)->count == 0);
  CHECK(w.disk().sequence() == before);
}

TEST_CASE("what many clients send at once shares a few writes") {
  actor_world w;
  w.put(jobs, "first");
  w.run(duration{1000});
  const auto before = w.disk().synced();
  std::vector<std::uint64_t> puts;
  for (int i = 0; i < 100; ++i) puts.push_back(w.put(jobs, "x"));
  w.settle();
  for (const auto p : puts) CHECK(w.answer<queue::insert_reply>(p));
  CHECK(w.disk().synced() - before < 1000);
}

TEST_CASE("a take in steps handles everything that was there at its start") {
  actor_world w;
  for (int i = 0; i < 25; ++i) w.put(jobs, "x", 100);
  w.settle();
  operation o;
  queue::take take;
  take.action = queue::take_action::remove;
  o.what = take;
  o.in_steps = true;
  o.client = std::make_shared<client_presence>();
  const auto all = w.send(jobs, std::move(o));
  w.settle();
  REQUIRE(w.answer<queue::take_reply>(all));
  CHECK(w.answer<queue::take_reply>(all)->count == 2500);
  const auto list = w.send(jobs, queue::list_messages{});
  w.settle();
  CHECK(w.answer<queue::messages_answer>(list)->items.empty());
}

TEST_CASE("a take in steps stops at its own limit") {
  actor_world w;
  for (int i = 0; i < 25; ++i) w.put(jobs, "x", 100);
  w.settle();
  operation o;
  queue::take take;
  take.hide = duration{60'000};
  o.what = take;
  o.in_steps = true;
  o.steps_limit = 1700;
  o.client = std::make_shared<client_presence>();
  const auto some = w.send(jobs, std::move(o));
  w.settle();
  REQUIRE(w.answer<queue::take_reply>(some));
  CHECK(w.answer<queue::take_reply>(some)->count == 1700);
}

TEST_CASE("a node is ready when every shard leads") {
  actor_world w;
  w.put(jobs, "x");
  w.settle();
  const auto status = w.status();
  CHECK(status.ready);
  CHECK(status.shards.size() == 4);
  CHECK(status.tenants == 1);
  CHECK(status.queue_actors == 1);
}

TEST_CASE("a queue actor without work ends, and the next request opens the queue again") {
  actor_world w({.passivate_after = duration{2'000}});
  w.put(jobs, "x");
  w.settle();
  REQUIRE(w.is_open(jobs));
  w.run(duration{1'900});
  CHECK(w.is_open(jobs));
  w.run(duration{400});
  CHECK_FALSE(w.is_open(jobs));
  CHECK(w.metrics().queue_actors_now() == 0);
  const auto take = w.take(jobs);
  w.settle();
  REQUIRE(w.answer<queue::take_reply>(take));
  CHECK(w.answer<queue::take_reply>(take)->count == 1);
}

TEST_CASE("a queue actor without work ends on time, whenever its last work was") {
  actor_world w({.passivate_after = duration{2'000}});
  w.put(jobs, "x");
  w.run(duration{500});
  w.put(jobs, "y");
  w.run(duration{2'300});
  CHECK_FALSE(w.is_open(jobs));
}

TEST_CASE("nothing keeps the memory of a queue actor that has ended") {
  actor_world w({.passivate_after = duration{2'000}});
  w.put(jobs, "x");
  w.settle();
  const auto open = w.queue_actor(jobs);
  REQUIRE(open);
  w.run(duration{2'500});
  CHECK(open.get()->weak_refs == 1); // ours
}

TEST_CASE("a tenant's supervisor ends when it has had no queue for a while") {
  actor_world w({.passivate_after = duration{500}, .tenant_idle_after = duration{1'000}});
  w.put(jobs, "x");
  w.settle();
  CHECK(w.status().tenants == 1);
  w.run(duration{2'500});
  CHECK(w.status().tenants == 0);
  const auto put = w.put(jobs, "y");
  w.settle();
  CHECK(w.answer<queue::insert_reply>(put));
}

TEST_CASE("a full tenant is refused inserts first, acknowledgements last") {
  actor_world w({.inflight_per_tenant_max = 10});
  w.put(jobs, "x", 20);
  w.settle();
  const auto take = w.take(jobs, 5);
  w.settle();
  std::vector<std::uint64_t> puts;
  for (int i = 0; i < 9; ++i) puts.push_back(w.put(jobs, "x"));
  const auto late_take = w.take(jobs);
  const auto ack = w.ack(jobs, *w.answer<queue::take_reply>(take));
  const auto other = w.put({"other", "jobs"}, "x");
  w.settle();
  CHECK(w.failure(puts.front()) == errc::ok);
  CHECK(w.failure(puts.back()) == errc::busy);
  CHECK(w.failure(late_take) == errc::ok);
  CHECK(w.failure(ack) == errc::ok);
  CHECK(w.failure(other) == errc::ok);
}

TEST_CASE("a stop answers waiters, writes what was accepted and ends the tree") {
  actor_world w;
  const auto wait = w.take({"acme", "empty"}, 1, duration{60'000});
  w.settle();
  const auto put = w.put(jobs, "kept");
  w.steps(20);
  w.stop();
  w.run(duration{100});
  REQUIRE(w.answer<queue::take_reply>(wait));
  CHECK(w.answer<queue::take_reply>(wait)->count == 0);
  CHECK(w.result_of(put));
  CHECK(w.disk().unsynced_batches() == 0);
  CHECK(w.fatal.empty());
  CHECK(w.metrics().queue_actors_now() == 0);
}
