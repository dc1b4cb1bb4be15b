// Requests that are held: who is served, when, and who is not (contract section 6).
#include "test/support/actor_world.hpp"

#include <doctest/doctest.h>

using namespace burrow;
using burrow::test::actor_world;
using namespace std::chrono_literals;

namespace {

const queue_ref jobs{"acme", "jobs"};

std::uint64_t count_of(actor_world& w, std::uint64_t number) {
  const auto* r = w.answer<queue::take_reply>(number);
  return r ? r->count : ~std::uint64_t{0};
}

operation reading() {
  operation out;
  out.queue = jobs;
  out.what = queue::list_messages{};
  return out;
}

std::uint64_t list(actor_world& w, duration wait) { return w.send(jobs, queue::list_messages{}, wait); }

} // namespace

TEST_CASE("a held take is answered as soon as a message comes") {
  actor_world w;
  const auto take = w.take(jobs, 1, 10s);
  w.run(3s);
  CHECK_FALSE(w.result_of(take));
  w.put(jobs, "x");
  w.settle();
  CHECK(count_of(w, take) == 1);
}

TEST_CASE("one message goes to the taker that has waited longest") {
  actor_world w;
  std::vector<std::uint64_t> takes;
  for (int i = 0; i < 4; ++i) {
    takes.push_back(w.take(jobs, 1, 60s));
    w.run(10ms);
  }
  for (std::size_t i = 0; i < takes.size(); ++i) {
    w.put(jobs, "x");
    w.run(20ms);
    for (std::size_t j = 0; j < takes.size(); ++j) CHECK((w.result_of(takes[j]) != nullptr) == (j <= i));
  }
}

TEST_CASE("many messages at once serve many takers") {
  actor_world w;
  std::vector<std::uint64_t> takes;
  for (int i = 0; i < 10; ++i) takes.push_back(w.take(jobs, 2, 60s));
  w.run(10ms);
  w.put(jobs, "x", 20);
  w.settle();
  for (const auto t : takes) CHECK(count_of(w, t) == 2);
}

TEST_CASE("one message answers every waiting reader and one taker") {
  actor_world w;
  const auto a = list(w, 60s), b = list(w, 60s);
  const auto take = w.take(jobs, 1, 60s), second = w.take(jobs, 1, 60s);
  w.run(10ms);
  CHECK(w.unanswered() == 4);
  w.put(jobs, "x");
  w.settle();
  CHECK(w.result_of(a));
  CHECK(w.result_of(b));
  CHECK(w.result_of(take));
  CHECK_FALSE(w.result_of(second));
}

TEST_CASE("nothing is claimed for a client that has gone, and the next in line is served") {
  actor_world w;
  auto client = std::make_shared<client_presence>();
  const auto gone = w.take(jobs, 1, 60s, client);
  w.run(10ms);
  const auto next = w.take(jobs, 1, 60s);
  w.run(10ms);
  client->gone = true;
  w.put(jobs, "x");
  w.settle();
  REQUIRE(count_of(w, next) == 1);
  CHECK(w.failure(gone) == errc::timed_out);
  CHECK(w.answer<queue::take_reply>(next)->items.at(0).claims == 1);
}

TEST_CASE("a request that is withdrawn is passed over") {
  actor_world w;
  const auto gone = w.take(jobs, 1, 60s);
  w.run(10ms);
  const auto next = w.take(jobs, 1, 60s);
  w.run(10ms);
  w.withdraw_request(jobs, gone);
  w.run(10ms);
  w.put(jobs, "x");
  w.settle();
  CHECK(count_of(w, next) == 1);
  CHECK_FALSE(w.result_of(gone));
  CHECK(w.metrics().waiters_now() == 0);
}

TEST_CASE("a held request ends when its time is up, not before and a tick later at most") {
  for (const auto wait : {100ms, 777ms, 5000ms}) {
    actor_world w;
    const auto began = w.now().steady;
    const auto take = w.take(jobs, 1, wait);
    w.run(wait + 100ms);
    REQUIRE(w.answered_at(take));
    CHECK(*w.answered_at(take) >= began + wait);
    CHECK(*w.answered_at(take) <= began + wait + 50ms);
    CHECK(count_of(w, take) == 0);
  }
}

TEST_CASE("a hide that runs out wakes a waiter within a second") {
  actor_world w;
  w.put(jobs, "x");
  w.settle();
  operation o;
  queue::take first;
  first.hide = 3s;
  o.what = first;
  o.client = std::make_shared<client_presence>();
  w.send(jobs, std::move(o));
  w.settle();
  const auto hidden_at = w.now().steady;
  const auto wait = w.take(jobs, 1, 30s);
  w.run(2900ms);
  CHECK_FALSE(w.result_of(wait));
  w.run(1100ms);
  REQUIRE(count_of(w, wait) == 1);
  CHECK(*w.answered_at(wait) >= hidden_at + 3s);
  CHECK(*w.answered_at(wait) <= hidden_at + 4s);
}

TEST_CASE("a release wakes a waiter at once") {
  actor_world w;
  w.put(jobs, "x");
  w.settle();
  const auto first = w.take(jobs);
  w.settle();
  const auto wait = w.take(jobs, 1, 30s);
  w.run(10ms);
  CHECK_FALSE(w.result_of(wait));
  queue::change release;
  release.hide = duration{0};
  release.targets.resize(1);
  release.targets[0].id = w.answer<queue::take_reply>(first)->items.at(0).shown_id();
  w.send(jobs, release);
  w.run(20ms);
  CHECK(count_of(w, wait) == 1);
}

TEST_CASE("held requests of a tenant are bounded and cost it alone") {
  actor_world w({.waiters_per_tenant_max = 3});
  std::vector<std::uint64_t> takes;
  for (int i = 0; i < 4; ++i) takes.push_back(w.take({"acme", std::to_string(i)}, 1, 60s));
  const auto other = w.take({"other", "q"}, 1, 60s);
  w.run(20ms);
  std::size_t refused = 0;
  for (const auto t : takes) refused += w.failure(t) == errc::too_many_waiters ? 1 : 0;
  CHECK(refused == 1);
  CHECK_FALSE(w.result_of(other));
  CHECK(w.metrics().waiters_now() == 4);
}

TEST_CASE("a stream keeps one place among the held requests, whether it waits or not, until it is gone") {
  actor_world w({.waiters_per_tenant_max = 1});
  w.put(jobs, "x");
  w.settle();
  operation first = reading();
  first.seat = std::make_shared<budget_share>();
  auto seat = first.seat;
  const auto page = w.send(jobs, first);
  w.run(20ms);
  CHECK(w.answer<queue::messages_answer>(page)->items.size() == 1);
  CHECK(seat->held());
  // Nothing is held now, but the place is taken: by the stream's own next page, and against everybody else.
  auto more = first;
  more.wait = 60s;
  std::get<queue::list_messages>(more.what).from.after = w.answer<queue::messages_answer>(page)->last;
  const auto next = w.send(jobs, more);
  operation other = reading();
  other.seat = std::make_shared<budget_share>();
  const auto refused = w.send(jobs, other), taker = w.take({"acme", "empty"}, 1, 60s);
  w.run(20ms);
  CHECK_FALSE(w.result_of(next));
  CHECK(w.failure(refused) == errc::too_many_waiters);
  CHECK(w.failure(taker) == errc::too_many_waiters);
  w.put(jobs, "y");
  w.settle();
  CHECK(w.answer<queue::messages_answer>(next)->items.size() == 1);
  *seat = {};
  const auto later = w.take({"acme", "empty"}, 1, 60s);
  w.run(20ms);
  CHECK_FALSE(w.result_of(later));
}

TEST_CASE("a list that its client has already is not held, one that it has not is") {
  actor_world w;
  const auto empty = w.send(jobs, queue::list_messages{});
  w.run(20ms);
  const auto revision = w.answer<queue::messages_answer>(empty)->revision;
  REQUIRE(revision.has_value());
  operation known = reading();
  known.wait = 60s;
  known.known_revisions = {*revision + 7, *revision};
  auto unknown = known;
  unknown.known_revisions.pop_back();
  const auto at_once = w.send(jobs, known), held = w.send(jobs, unknown);
  w.run(20ms);
  REQUIRE(w.answer<queue::messages_answer>(at_once) != nullptr);
  CHECK(w.answer<queue::messages_answer>(at_once)->revision == revision);
  CHECK_FALSE(w.result_of(held));
  w.put(jobs, "x");
  w.settle();
  CHECK(w.answer<queue::messages_answer>(held)->items.size() == 1);
}

TEST_CASE("waiting writes nothing, and idle waiters look for nothing") {
  actor_world w;
  for (int i = 0; i < 5; ++i) w.take(jobs, 1, 60s);
  w.run(2s);
  const auto before = w.disk().sequence();
  w.run(10s);
  CHECK(w.disk().sequence() == before);
  CHECK(w.unanswered() == 5);
}

TEST_CASE("whatever the order of turns, every waiting taker gets one of as many messages") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    CAPTURE(seed);
    actor_world w({.seed = seed, .not_here_per_mille = seed % 3 == 0 ? 300U : 0U});
    std::vector<std::uint64_t> takes;
    for (int round = 0; round < 20; ++round) {
      if (w.chance().chance(500)) takes.push_back(w.take(jobs, 1, 60s));
      else w.put(jobs, "x");
      w.steps(w.chance().below(30));
    }
    const auto puts = 20 - takes.size();
    for (std::size_t i = puts; i < takes.size(); ++i) w.put(jobs, "x");
    w.run(3s);
    for (const auto t : takes) CHECK(count_of(w, t) == 1);
  }
}

TEST_CASE("a message that comes while its taker is being held is not missed, not even for a moment") {
  actor_world w;
  for (int i = 0; i < 200; ++i) {
    CAPTURE(i);
    const queue_ref queue{"acme", std::to_string(i)};
    w.put({"acme", "opens"}, "x");
    const auto take = w.take(queue, 1, 60s);
    w.steps(w.chance().below(40));
    w.put(queue, "x");
    w.settle();
    CHECK(count_of(w, take) == 1);
  }
}
