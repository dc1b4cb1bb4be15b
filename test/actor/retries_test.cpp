// Requests with an idempotency key in a queue actor: who is told to come again, who waits, and what is undone.
#include "actors/queue_request.hpp"
#include "test/support/actor_world.hpp"

#include <doctest/doctest.h>

using namespace burrow;
using burrow::test::actor_world;
using namespace std::chrono_literals;

namespace {

const queue_ref jobs{"acme", "jobs"};
constexpr queue::dedupe_bounds bounds{600s, 100, 10};

operation put(const std::string& key, const std::string& body = "x") {
  operation out;
  queue::insert what;
  auto& item = what.items.emplace_back();
  item.body_size = static_cast<std::uint32_t>(body.size());
  item.body_hash = hash_of(body);
  what.idempotency_key = key;
  what.request_hash = item.body_hash;
  what.bounds = bounds;
  out.what = std::move(what);
  out.bodies.emplace_back(body);
  return out;
}

operation claim(const std::string& key, duration wait = duration{0}) {
  operation out;
  queue::take what;
  what.hide = 60s;
  what.idempotency_key = key;
  what.bounds = bounds;
  out.what = std::move(what);
  out.wait = wait;
  out.client = std::make_shared<client_presence>();
  return out;
}

const queue::take_reply& taken(actor_world& w, std::uint64_t number) {
  const auto* r = w.answer<queue::take_reply>(number);
  REQUIRE(r != nullptr);
  return *r;
}

} // namespace

TEST_CASE("the repeat of a request that is running is told to come again, and then gets its answer") {
  actor_world w;
  w.put(jobs, "opens the queue");
  w.settle();
  const auto first = w.send(jobs, put("k")), second = w.send(jobs, put("k")), other = w.send(jobs, put("l"));
  w.settle();
  REQUIRE(w.answer<queue::insert_reply>(first));
  CHECK(w.failure(second) == errc::idempotency_in_progress);
  CHECK(w.answer<queue::insert_reply>(other));
  const auto third = w.send(jobs, put("k")), reused = w.send(jobs, put("k", "y"));
  w.settle();
  CHECK(w.failure(reused) == errc::idempotency_in_progress);
  REQUIRE(w.answer<queue::insert_reply>(third));
  CHECK(w.answer<queue::insert_reply>(third)->replayed);
  CHECK(w.answer<queue::insert_reply>(third)->items == w.answer<queue::insert_reply>(first)->items);
  const auto late = w.send(jobs, put("k", "y"));
  w.settle();
  CHECK(w.answer<queue::insert_reply>(late)->problem == errc::idempotency_key_reused);
}

TEST_CASE("held claims with one key all get the one claim, and keep nobody else waiting") {
  actor_world w;
  std::vector<std::uint64_t> same;
  for (int i = 0; i < 3; ++i) same.push_back(w.send(jobs, claim("k", 60s)));
  w.run(10ms);
  const auto other = w.take(jobs, 1, 60s);
  w.run(10ms);
  w.put(jobs, "x", 2);
  w.settle();
  const auto& first = taken(w, same[0]);
  CHECK(first.count == 1);
  for (const auto one : same) CHECK(taken(w, one).items == first.items);
  CHECK(taken(w, same[2]).replayed);
  CHECK(taken(w, other).count == 1);
  CHECK(taken(w, other).items[0].id != first.items[0].id);
}

TEST_CASE("a held claim that was woken for nothing is served by the next message") {
  actor_world w;
  const auto held = w.send(jobs, claim("k", 60s));
  w.run(10ms);
  auto named = put({});
  std::get<queue::insert>(named.what).items[0].name = "m";
  w.send(jobs, std::move(named));
  w.send(jobs, queue::remove{{{"m", {}}}}); // in the same entry: it was there, and is gone
  w.run(10ms);
  CHECK_FALSE(w.result_of(held));
  w.put(jobs, "x");
  w.run(10ms);
  REQUIRE(w.result_of(held));
  CHECK(taken(w, held).count == 1);
}

TEST_CASE("an empty claim with a key stays out of the log") {
  actor_world w;
  w.settle();
  const auto before = w.disk().sequence();
  for (int i = 0; i < 20; ++i) {
    const auto one = w.send(jobs, claim("k"));
    w.settle();
    CHECK(taken(w, one).count == 0);
  }
  CHECK(w.disk().sequence() == before);
}

TEST_CASE("a repeat finds its claim in a queue where nothing is visible any more") {
  actor_world w;
  w.put(jobs, "x");
  w.settle();
  const auto first = w.send(jobs, claim("k"));
  w.settle();
  const auto again = w.send(jobs, claim("k"));
  w.settle();
  CHECK(taken(w, again).replayed);
  CHECK(taken(w, again).items == taken(w, first).items);
}

TEST_CASE("a request whose replica died is not running any more, and its repeat is told from the log") {
  actor_world w;
  w.put(jobs, "opens the queue");
  w.settle();
  const auto first = w.send(jobs, put("k"));
  w.steps(6);
  w.kill(w.replica_of(jobs));
  w.run(1s);
  CHECK((w.failure(first) == errc::unknown_outcome || w.answer<queue::insert_reply>(first)));
  const auto again = w.send(jobs, put("k"));
  w.settle();
  REQUIRE(w.answer<queue::insert_reply>(again));
  const auto stats = w.send(jobs, queue::queue_stats{});
  w.settle();
  CHECK(w.answer<queue::stats_answer>(stats)->summary.visible == 2);
}

TEST_CASE("undoing a claim forgets its key, but not once it was answered again") {
  actor_world w;
  w.put(jobs, "x");
  w.settle();
  const auto what = claim("k");
  const auto undo = [&](std::uint64_t number) {
    for (auto& one : undo_of(what, taken(w, number), w.result_of(number)->step)) w.send(jobs, std::move(one));
    w.settle();
  };
  const auto first = w.send(jobs, claim("k"));
  w.settle();
  undo(first);
  const auto second = w.send(jobs, claim("k"));
  w.settle();
  CHECK_FALSE(taken(w, second).replayed);
  const auto again = w.send(jobs, claim("k"));
  w.settle();
  CHECK(taken(w, again).replayed);
  CHECK(undo_of(what, taken(w, again), 0).empty());
  undo(second);
  const auto stats = w.send(jobs, queue::queue_stats{});
  w.settle();
  CHECK(w.answer<queue::stats_answer>(stats)->summary.claimed == 1);
}
