#include "test/support/replica_world.hpp"

#include "cluster/storage/keys.hpp"

#include <doctest/doctest.h>

using namespace burrow;
using namespace burrow::test;
using namespace std::chrono_literals;

namespace {

const queue_ref somewhere{"acme", "jobs"};

queue::command insert_of(const std::string& name, const std::string& body, queue_ref where = somewhere) {
  queue::insert what;
  queue::insert_item item;
  item.name = name;
  item.body_size = static_cast<std::uint32_t>(body.size());
  item.body_hash = hash_of(body);
  what.items.push_back(item);
  what.fallback.body_bytes_max = 1 << 20;
  return {std::move(where), {}, what};
}

cookie put(replica_world& world, const std::string& name, const std::string& body) {
  return world.propose(insert_of(name, body), {shared_bytes(body)});
}

queue::command take_of(queue::take_action action, std::uint32_t limit) {
  queue::take what;
  what.action = action;
  what.limit = limit;
  if (action == queue::take_action::claim) what.hide = 30s;
  return {somewhere, {}, what};
}

const queue::insert_result& first_of(const reply_effect& reply) {
  return std::get<queue::insert_reply>(*reply.outcome).items.at(0);
}

const queue::take_reply& take_in(const reply_effect& reply) { return std::get<queue::take_reply>(*reply.outcome); }

/// Full keys, `applied` apart.
std::vector<std::string> stored_keys_of_state(replica_world& world) {
  scan_request all;
  all.from = keys::prefix({1}, {});
  all.to = keys::after_prefix(all.from);
  all.items_max = 1000;
  const auto page = world.disk().scan(family::queue, all, read_tier::disk);
  REQUIRE(page.ok());
  std::vector<std::string> out;
  for (const auto& [key, value] : page->items)
    if (key.substr(keys::prefix_bytes) != keys::applied_relative) out.push_back(key);
  return out;
}

} // namespace

TEST_CASE("an inserted message is taken with its body") {
  replica_world world({});
  REQUIRE(world.start());
  const auto* const stored = world.reply_to(put(world, "one", "hello"));
  REQUIRE(stored != nullptr);
  REQUIRE(stored->outcome.ok());
  CHECK(first_of(*stored).status == queue::insert_status::created);
  CHECK(world.leads());

  const auto* const taken = world.reply_to(world.propose(take_of(queue::take_action::remove, 1), {}, true));
  REQUIRE(taken != nullptr);
  REQUIRE(taken->outcome.ok());
  REQUIRE(take_in(*taken).items.size() == 1);
  CHECK(take_in(*taken).items[0].name == "one");
  REQUIRE(taken->bodies.size() == 1);
  CHECK(taken->bodies[0].view() == "hello");
}

TEST_CASE("no reply leaves before its entry is synced") {
  world_options slow;
  slow.sync_max = 60s;
  replica_world world(slow);
  REQUIRE(world.start());
  const auto from = put(world, "one", "hello");
  for (int n = 0; n < 2000 && world.replies().count(from) == 0; ++n) world.run(100ms);
  REQUIRE(world.replies().count(from) == 1);
  world.disk().crash_keeping(0); // what is not synced at this moment is lost
  CHECK(world.stored_bodies() == 1);
}

TEST_CASE("what was acknowledged before a crash is there after it") {
  replica_world world({});
  REQUIRE(world.start());
  REQUIRE(world.reply_to(put(world, "one", "hello")) != nullptr);
  world.crash();
  REQUIRE(world.start());
  const auto* const taken = world.reply_to(world.propose(take_of(queue::take_action::claim, 5), {}, true));
  REQUIRE(taken != nullptr);
  REQUIRE(take_in(*taken).items.size() == 1);
  CHECK(taken->bodies[0].view() == "hello");
}

TEST_CASE("a claim ends by the clock, and watchers are told") {
  replica_world world({});
  REQUIRE(world.start());
  REQUIRE(world.reply_to(put(world, "one", "hello")) != nullptr);
  REQUIRE(world.reply_to(world.propose(take_of(queue::take_action::claim, 1))) != nullptr);
  const auto before = world.notified;
  world.run(29s);
  CHECK(world.notified == before);
  world.run(3s);
  CHECK(world.notified > before);
  const auto* const taken = world.reply_to(world.propose(take_of(queue::take_action::claim, 1)));
  REQUIRE(taken != nullptr);
  CHECK(take_in(*taken).items.size() == 1);
}

TEST_CASE("an idle shard sets no timer and keeps next to no log") {
  replica_world world({});
  REQUIRE(world.start());
  queue::command endless = insert_of("one", "hello");
  std::get<queue::insert>(endless.what).items[0].ttl = 0ms;
  for (int n = 0; n < 200; ++n) {
    std::get<queue::insert>(endless.what).items[0].name = "m" + std::to_string(n);
    REQUIRE(world.reply_to(world.propose(endless, {shared_bytes(std::string("hello"))})) != nullptr);
  }
  CHECK(world.stored_entries() > 200);
  world.run(40s);
  CHECK(world.stored_entries() < 30);
  world.run(25s); // what happened in the last minute is counted so long
  CHECK(world.asleep());
  const auto persists = world.persists_made;
  world.run(100s);
  CHECK(world.persists_made == persists);
  world.crash();
  REQUIRE(world.start());
  queue::list_messages all;
  const auto* const answer = world.answer_to(world.ask({somewhere, all}));
  REQUIRE(answer != nullptr);
  CHECK(std::get<queue::messages_answer>(*answer->outcome).items.size() == 200);
}

TEST_CASE("while the disk is low inserts are refused and takes go on") {
  replica_world world({});
  REQUIRE(world.start());
  REQUIRE(world.reply_to(put(world, "one", "hello")) != nullptr);
  world.subject().disk_low(true);
  CHECK(world.reply_to(put(world, "two", "hello"))->outcome.code() == errc::no_space);
  CHECK(world.reply_to(world.propose({somewhere, {}, queue::redrive{}}))->outcome.code() == errc::no_space);
  CHECK(world.reply_to(world.propose(take_of(queue::take_action::remove, 1)))->outcome.ok());
  world.subject().disk_low(false);
  CHECK(world.reply_to(put(world, "two", "hello"))->outcome.ok());
}

TEST_CASE("a drained replica refuses new proposals and leaves nothing unwritten") {
  replica_world world({});
  REQUIRE(world.start());
  const auto from = put(world, "one", "hello");
  world.run(1ms);
  world.subject().drain(world.now());
  CHECK(world.reply_to(put(world, "two", "hello"))->outcome.code() == errc::draining);
  CHECK(world.reply_to(from)->outcome.ok());
  world.settle();
  CHECK(world.status().overlay_bytes == 0);
  world.crash();
  REQUIRE(world.start());
  CHECK(world.status().applied.value == 2); // nothing had to be applied again
}

TEST_CASE("a proposal over its bounds is busy, and the replica recovers") {
  replica_world world({});
  REQUIRE(world.start());
  std::size_t busy = 0;
  std::vector<cookie> sent;
  for (int n = 0; n < 6000; ++n) sent.push_back(put(world, "m" + std::to_string(n), "x"));
  world.settle();
  for (const auto c : sent) busy += world.replies().at(c).outcome.code() == errc::busy ? 1 : 0;
  CHECK(busy > 0);
  CHECK(busy < 6000);
  CHECK(world.reply_to(put(world, "late", "x"))->outcome.ok());
  CHECK(world.status().inflight_bytes == 0);
}

TEST_CASE("a flipped bit in a body makes the shard damaged, not the message empty") {
  world_options cold;
  cold.not_here_per_mille = 1000;
  replica_world world(cold);
  REQUIRE(world.start());
  REQUIRE(world.reply_to(put(world, "one", "hello")) != nullptr);
  world.settle();
  world.crash();
  REQUIRE(world.start());
  world.disk().flip(family::body, keys::body({1}, {}, {2}, 0));
  const auto* const taken = world.reply_to(world.propose(take_of(queue::take_action::claim, 1), {}, true));
  REQUIRE(taken != nullptr);
  CHECK_FALSE(taken->outcome.ok());
  CHECK(world.damaged());
  CHECK(world.reply_to(put(world, "two", "x"))->outcome.code() == errc::unavailable);
}

TEST_CASE("a flipped bit anywhere in the state makes the shard damaged, whether a read or an apply meets it") {
  std::size_t keys_of_state = 1, met_by_reads = 0, met_by_applies = 0;
  for (std::size_t n = 0; n < 2 * keys_of_state; ++n) {
    CAPTURE(n);
    world_options cold;
    cold.not_here_per_mille = 1000;
    cold.lose_unsynced = false;
    replica_world world(cold);
    REQUIRE(world.start());
    REQUIRE(world.reply_to(put(world, "one", "hello")) != nullptr);
    world.settle();
    world.crash();
    REQUIRE(world.start());
    const auto state = stored_keys_of_state(world);
    keys_of_state = state.size();
    world.disk().flip(family::queue, state.at(n / 2));
    bool done = false;
    std::size_t found = 0;
    if (n % 2 == 0) {
      const auto* const list = world.answer_to(world.ask({somewhere, queue::list_messages{}}));
      REQUIRE(list != nullptr);
      done = list->outcome.ok();
      if (done) found = std::get<queue::messages_answer>(*list->outcome).items.size();
      else ++met_by_reads;
    } else {
      const auto* const taken = world.reply_to(world.propose(take_of(queue::take_action::claim, 1), {}, true));
      REQUIRE(taken != nullptr);
      done = taken->outcome.ok();
      if (done) found = take_in(*taken).items.size();
      else ++met_by_applies;
    }
    // Either nobody needed that value, or the shard is out of service. It never says that there is nothing.
    CHECK((done ? found == 1 : world.damaged()));
  }
  CHECK(keys_of_state == 4); // queue, tenant, message, name
  CHECK(met_by_reads > 1);
  CHECK(met_by_applies > 1);
}

TEST_CASE("a flipped bit in the log makes the shard damaged at its start") {
  replica_world world({});
  REQUIRE(world.start());
  REQUIRE(world.reply_to(put(world, "one", "hello")) != nullptr);
  world.crash();
  world.disk().flip(family::raft_log, keys::raft_log({1}, {2}));
  CHECK_FALSE(world.start());
}

TEST_CASE("a reply waits for bodies that are not in memory, also when its own take removed them") {
  world_options cold;
  cold.not_here_per_mille = 1000;
  cold.read_max = 500ms;
  replica_world world(cold);
  REQUIRE(world.start());
  REQUIRE(world.reply_to(put(world, "one", "hello")) != nullptr);
  world.settle();
  world.crash(); // so that no body is in the replica's memory
  REQUIRE(world.start());
  const auto* const taken = world.reply_to(world.propose(take_of(queue::take_action::remove, 1), {}, true));
  REQUIRE(taken != nullptr);
  REQUIRE(taken->outcome.ok());
  CHECK(taken->bodies.at(0).view() == "hello");
  world.settle();
  CHECK(world.stored_bodies() == 0);
}

TEST_CASE("the statistics of a queue say how often things happened to it in the last minute, expiries too") {
  replica_world world({});
  REQUIRE(world.start());
  const auto rates = [&] {
    const auto* answer = world.answer_to(world.ask({somewhere, queue::queue_stats{}}));
    REQUIRE(answer);
    return std::get<queue::stats_answer>(*answer->outcome).last_minute;
  };
  auto brief = insert_of("b", "x");
  std::get<queue::insert>(brief.what).items[0].ttl = 2s;
  world.propose(std::move(brief), {shared_bytes("x")});
  REQUIRE(world.reply_to(put(world, "a", "x")));
  CHECK(rates().inserted == 2);
  world.run(3s);
  CHECK(rates().expired == 1);
  REQUIRE(world.reply_to(world.propose(take_of(queue::take_action::remove, 1))));
  CHECK(rates().deleted == 1);
  world.run(61s);
  CHECK(rates().inserted == 0);
  CHECK(rates().deleted == 0);
  CHECK(world.asleep());
}
