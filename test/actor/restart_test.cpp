// Each kind of actor that may restart is killed under load: only its own requests notice, and what was acknowledged is
// there afterwards.
#include "test/support/actor_world.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace burrow;
using burrow::test::actor_world;
using burrow::test::actor_world_options;
using namespace std::chrono_literals;

namespace {

/// Puts numbered messages into queues of two tenants, kills `kind` again and again, and accounts for everything.
struct load_test {
  explicit load_test(const actor_world_options& options) : w(options) {}

  actor_world w;
  std::map<std::uint64_t, std::pair<queue_ref, std::string>> puts;
  std::vector<queue_ref> queues{{"acme", "a"}, {"acme", "b"}, {"zeta", "a"}};

  void put_some(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      const auto& queue = queues[w.chance().below(queues.size())];
      const auto body = "m" + std::to_string(puts.size());
      puts[w.put(queue, body)] = {queue, body};
    }
  }

  /// Chosen while all is quiet: to find a replica takes turns, after which nothing would be under way any more.
  caf::actor victim(const std::string& kind) {
    const auto& queue = queues[w.chance().below(queues.size())];
    if (kind == "queue") return w.queue_actor_of(queue);
    if (kind == "replica") return w.replica_of(queue);
    const auto& all = w.started(kind);
    return all.empty() ? caf::actor{} : all[all.size() - 1 - w.chance().below(std::min<std::size_t>(all.size(), 2))];
  }

  std::multiset<std::string> stored(const queue_ref& queue) {
    std::multiset<std::string> out;
    for (int tries = 0; tries < 3; ++tries) {
      operation o;
      o.what = queue::list_messages{};
      o.want_bodies = true;
      const auto list = w.send(queue, std::move(o));
      w.run(6s);
      if (!w.answer<queue::messages_answer>(list)) continue;
      for (const auto& b : w.result_of(list)->bodies) out.emplace(b.view());
      break;
    }
    return out;
  }

  void account() {
    std::map<queue_ref, std::multiset<std::string>> all;
    for (const auto& q : queues) all[q] = stored(q);
    std::size_t known = 0;
    for (const auto& [number, put] : puts) {
      const auto* done = w.answer<queue::insert_reply>(number);
      REQUIRE(w.result_of(number));
      const auto copies = all[put.first].count(put.second);
      CHECK(copies <= 1);
      if (done) CHECK(copies == 1);
      else CHECK(w.failure(number) == errc::unknown_outcome);
      known += done ? 1 : 0;
    }
    CHECK(known > puts.size() / 4);
    CHECK(w.fatal.empty());
  }
};

void kill_under_load(const std::string& kind) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    CAPTURE(seed);
    CAPTURE(kind);
    load_test t({.seed = seed, .not_here_per_mille = kind == "reader" ? 500U : 50U});
    for (int round = 0; round < 8; ++round) {
      const auto victim = t.victim(kind);
      t.put_some(10);
      t.w.steps(t.w.chance().below(120));
      if (victim) t.w.kill(victim);
      t.w.steps(t.w.chance().below(60));
      t.w.run(duration{static_cast<std::int64_t>(t.w.chance().below(1500))});
    }
    t.w.run(10s);
    t.account();
  }
}

} // namespace

TEST_CASE("queue actors that die under load lose nothing that was acknowledged") { kill_under_load("queue"); }
TEST_CASE("tenants' supervisors that die under load lose nothing that was acknowledged") { kill_under_load("tenant"); }
TEST_CASE("replicas that die under load lose nothing that was acknowledged") { kill_under_load("replica"); }
TEST_CASE("readers that die under load lose nothing that was acknowledged") { kill_under_load("reader"); }
TEST_CASE("tickers that die under load lose nothing that was acknowledged") { kill_under_load("ticker"); }

TEST_CASE("a queue that is being opened when its tenant's supervisor dies is opened by the next") {
  actor_world w({.tenant_budget = {100, 10'000ms}});
  w.put({"acme", "first"}, "x");
  w.settle();
  for (std::size_t turns = 0; turns < 20; ++turns) {
    CAPTURE(turns);
    const auto put = w.put({"acme", std::to_string(turns)}, "x");
    w.steps(turns);
    w.kill(w.started("tenant").back());
    w.run(2s);
    CHECK(w.result_of(put));
  }
}

TEST_CASE("only the requests of a dead queue actor notice") {
  actor_world w;
  const queue_ref mine{"acme", "a"}, other{"acme", "b"};
  w.put(mine, "x");
  w.put(other, "x");
  w.settle();
  const auto held = w.take({"acme", "empty"}, 1, 5s);
  w.settle();
  const auto lost = w.put(mine, "y");
  const auto kept = w.put(other, "y");
  w.steps(3);
  w.kill(w.queue_actor_of(mine));
  w.settle();
  CHECK(w.result_of(lost));
  CHECK(w.answer<queue::insert_reply>(kept));
  CHECK_FALSE(w.result_of(held));
  const auto after = w.put(mine, "z");
  w.settle();
  CHECK(w.answer<queue::insert_reply>(after));
}

TEST_CASE("waiters outlive their shard's replica and are served by its successor") {
  actor_world w;
  const queue_ref jobs{"acme", "jobs"};
  const auto take = w.take(jobs, 1, 60s);
  w.run(100ms);
  w.kill(w.replica_of(jobs));
  w.run(500ms);
  CHECK_FALSE(w.result_of(take));
  w.put(jobs, "x");
  w.run(1s);
  REQUIRE(w.answer<queue::take_reply>(take));
  CHECK(w.answer<queue::take_reply>(take)->count == 1);
}

TEST_CASE("waiters' time runs out although the ticker died") {
  actor_world w;
  const auto take = w.take({"acme", "jobs"}, 1, 2s);
  w.run(100ms);
  w.kill(w.started("ticker").back());
  w.run(2s);
  CHECK(w.answer<queue::take_reply>(take));
}

TEST_CASE("a tenant whose queue actors keep failing is busy for a while, and alone") {
  actor_world w({.tenant_budget = {3, 10'000ms}});
  const queue_ref jobs{"acme", "jobs"}, other{"zeta", "jobs"};
  for (int i = 0; i < 4; ++i) {
    w.put(jobs, "x");
    w.settle();
    w.kill(w.queue_actor_of(jobs));
    w.settle();
  }
  const auto refused = w.put(jobs, "x");
  const auto fine = w.put(other, "x");
  w.settle();
  CHECK(w.failure(refused) == errc::busy);
  CHECK(w.answer<queue::insert_reply>(fine));
  w.run(6s);
  const auto again = w.put(jobs, "x");
  w.settle();
  CHECK(w.answer<queue::insert_reply>(again));
}

TEST_CASE("a shard whose replica keeps failing is off, everything else goes on") {
  actor_world w({.shards = 8, .replica_budget = {2, 60'000ms}});
  const queue_ref jobs{"acme", "jobs"};
  const auto shard = placement::shard_of(jobs, {8, 8});
  queue_ref other{"acme", "0"};
  for (int i = 1; placement::shard_of(other, {8, 8}) == shard; ++i) other.queue = std::to_string(i);
  for (int i = 0; i < 3; ++i) {
    w.kill(w.replica_of(jobs));
    w.run(200ms);
  }
  const auto off = w.put(jobs, "x"), on = w.put(other, "x");
  w.run(6s);
  CHECK(w.answer<queue::insert_reply>(on));
  REQUIRE(w.result_of(off));
  CHECK(w.result_of(off)->failed());
  const auto later = w.put(jobs, "x"); // its queue actor has known for a while that there is no replica
  w.run(6s);
  CHECK(w.failure(later) == errc::not_leader);
  CHECK_FALSE(w.status().ready);
  w.run(60s);
  CHECK(w.status().ready);
  CHECK(w.fatal.empty());
}

TEST_CASE("the end of the log writer is the end of the node") {
  actor_world w;
  w.kill(w.started("log_writer").front());
  w.settle();
  CHECK(w.fatal.size() == 1);
}

TEST_CASE("a sync that fails ends the node and acknowledges nothing") {
  actor_world w;
  w.put({"acme", "jobs"}, "x");
  w.settle();
  w.disk().fail_sync(1);
  const auto put = w.put({"acme", "jobs"}, "y");
  w.settle();
  CHECK_FALSE(w.fatal.empty());
  CHECK_FALSE(w.answer<queue::insert_reply>(put));
}
