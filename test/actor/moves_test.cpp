// Messages that move between the replica actors of two shards, also while these are killed.
#include "cluster/placement/route.hpp"
#include "test/support/actor_world.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace burrow;
using burrow::test::actor_world;
using burrow::test::actor_world_options;
using namespace std::chrono_literals;

namespace {

constexpr placement::routing routing{3, 3};

/// A queue of this account on another shard than `from`.
queue_ref elsewhere(const queue_ref& from) {
  for (int n = 0;; ++n) {
    const queue_ref to{from.tenant, "dead" + std::to_string(n)};
    if (placement::shard_of(to, routing) != placement::shard_of(from, routing)) return to;
  }
}

struct moving_world {
  explicit moving_world(const actor_world_options& options) : w(options) {
    queue::configure what;
    what.to.named = bit_of(queue::setting::dead_letter);
    what.to.values.rules.dead_letter = {dead.queue, placement::shard_of(dead, routing), 1, false, true, true, 0};
    const auto set = w.send(jobs, operation_body{what});
    w.run(1s);
    REQUIRE(w.answer<queue::settings_reply>(set));
  }
  std::multiset<std::string> bodies_of(const queue_ref& queue) {
    operation o;
    queue::list_messages all;
    all.match_hidden = true;
    o.what = all;
    o.want_bodies = true;
    const auto list = w.send(queue, std::move(o));
    w.run(5s);
    REQUIRE(w.answer<queue::messages_answer>(list));
    std::multiset<std::string> out;
    for (const auto& b : w.result_of(list)->bodies) out.emplace(b.view());
    return out;
  }
  queue::queue_summary stats_of(const queue_ref& queue) {
    const auto asked = w.send(queue, operation_body{queue::queue_stats{}});
    w.run(1s);
    REQUIRE(w.answer<queue::stats_answer>(asked));
    return w.answer<queue::stats_answer>(asked)->summary;
  }
  void claim(std::uint32_t limit, duration hide) {
    queue::take what;
    what.limit = limit;
    what.hide = hide;
    w.send(jobs, operation_body{what});
    w.run(100ms);
  }

  queue_ref jobs{"acme", "jobs"}, dead = elsewhere(jobs);
  actor_world w;
};

} // namespace

TEST_CASE("a release that sends a message to another shard is answered when it has left") {
  moving_world m({.seed = 3});
  m.w.put(m.jobs, "poison");
  m.w.run(100ms);
  m.claim(1, 60s);
  queue::take release;
  release.action = queue::take_action::change;
  release.match_hidden = true;
  release.hide = 0s;
  const auto asked = m.w.send(m.jobs, operation_body{release});
  for (int n = 0; n < 2000 && !m.w.result_of(asked); ++n) m.w.steps(1);
  if (!m.w.result_of(asked)) m.w.run(500ms);
  REQUIRE(m.w.answer<queue::take_reply>(asked));
  CHECK(m.stats_of(m.jobs).moving == 0);
  CHECK(m.bodies_of(m.jobs).empty());
  CHECK(m.bodies_of(m.dead) == std::multiset<std::string>{"poison"});
  CHECK(m.w.fatal.empty());
}

TEST_CASE("a release whose target does not answer is answered after a second, and goes on by itself") {
  moving_world m({.seed = 4, .replica_budget = {1, 60s}});
  m.w.put(m.jobs, "poison");
  m.w.run(100ms);
  m.claim(1, 60s);
  queue::take release;
  release.action = queue::take_action::change;
  release.match_hidden = true;
  release.hide = 0s;
  // Its restart budget is spent: the target's shard is off for a minute.
  for (int n = 0; n < 3; ++n) {
    m.w.kill(m.w.replica_of(m.dead));
    m.w.run(100ms);
  }
  const auto began = m.w.now().steady;
  const auto asked = m.w.send(m.jobs, operation_body{release});
  m.w.run(2s);
  REQUIRE(m.w.answer<queue::take_reply>(asked));
  CHECK(*m.w.answered_at(asked) - began >= 900ms);
  CHECK(*m.w.answered_at(asked) - began <= 1200ms);
  CHECK(m.stats_of(m.jobs).moving == 1);
  m.w.run(90s);
  CHECK(m.bodies_of(m.dead) == std::multiset<std::string>{"poison"});
  CHECK(m.stats_of(m.jobs).moving == 0);
}

TEST_CASE("messages arrive once each, though the replicas on both sides are killed again and again") {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    CAPTURE(seed);
    moving_world m({.seed = seed, .not_here_per_mille = seed % 2 == 0 ? 100U : 0U, .replica_budget = {1000, 60s}});
    std::multiset<std::string> all;
    for (int n = 0; n < 60; ++n) {
      const auto body = "m" + std::to_string(n);
      const auto put = m.w.put(m.jobs, body);
      m.w.run(5ms);
      if (n % 10 == 9) m.w.run(100ms);
      if (n % 10 == 9) m.claim(10, 50ms);
      if (n % 4 == 0) {
        const auto victim = m.w.replica_of(m.w.chance().chance(500) ? m.jobs : m.dead);
        m.w.steps(m.w.chance().below(60));
        m.w.kill(victim);
      }
      m.w.run(2s);
      // What nobody knows of may have been stored or not.
      if (m.w.answer<queue::insert_reply>(put)) all.insert(body);
    }
    for (int n = 0; n < 20; ++n) m.claim(100, 50ms);
    m.w.run(10s);
    CHECK(m.stats_of(m.jobs).moving == 0);
    auto found = m.bodies_of(m.dead);
    for (const auto& body : m.bodies_of(m.jobs)) found.insert(body);
    for (const auto& body : std::set<std::string>(found.begin(), found.end())) CHECK(found.count(body) == 1);
    for (const auto& body : all) CHECK(found.count(body) == 1);
    CHECK(m.bodies_of(m.dead).size() > 20);
    CHECK(m.w.fatal.empty());
  }
}

TEST_CASE("a redrive brings messages back from another shard, but for a name that is taken there") {
  moving_world m({.seed = 9});
  for (const auto* name : {"a", "b", "c"}) {
    operation o;
    queue::insert what;
    what.items.resize(1);
    what.items[0].name = name;
    what.items[0].body_size = 1;
    what.fallback.body_bytes_max = 100;
    o.what = what;
    o.bodies.emplace_back(std::string(name));
    m.w.send(m.jobs, std::move(o));
  }
  m.w.run(100ms);
  m.claim(3, 50ms);
  m.w.run(2s);
  REQUIRE(m.stats_of(m.dead).visible == 3);
  operation again;
  queue::insert what;
  what.items.resize(1);
  what.items[0].name = "b";
  what.items[0].body_size = 3;
  what.fallback.body_bytes_max = 100;
  again.what = what;
  again.bodies.emplace_back(std::string("new"));
  m.w.send(m.jobs, std::move(again));
  m.w.run(100ms);
  queue::redrive back;
  const auto asked = m.w.send(m.dead, operation_body{back});
  m.w.run(100ms);
  REQUIRE(m.w.answer<queue::task_reply>(asked));
  const auto id = m.w.answer<queue::task_reply>(asked)->task.id;
  m.w.run(3s);
  const auto seen = m.w.send(m.dead, operation_body{queue::get_task{id}});
  m.w.run(1s);
  REQUIRE(m.w.answer<queue::task_answer>(seen));
  const auto task = m.w.answer<queue::task_answer>(seen)->item.value();
  CHECK(task.state == queue::task_state::done);
  CHECK(task.moved == 2);
  CHECK(task.skipped == 1);
  CHECK(m.bodies_of(m.jobs) == std::multiset<std::string>{"a", "c", "new"});
  CHECK(m.bodies_of(m.dead) == std::multiset<std::string>{"b"});
}
