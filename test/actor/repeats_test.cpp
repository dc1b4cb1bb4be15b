// Operations that a gateway sends once more, through queue actors: what is told again, and what cannot be.
#include "test/support/actor_world.hpp"

#include <doctest/doctest.h>

using namespace burrow;
using burrow::test::actor_world;
using namespace std::chrono_literals;

namespace {

const queue_ref jobs{"acme", "jobs"};

operation put(std::uint64_t number, bool again = false, const std::string& key = {}) {
  operation out;
  queue::insert what;
  auto& item = what.items.emplace_back();
  item.body_size = 1;
  item.body_hash = hash_of("x");
  what.idempotency_key = key;
  what.bounds = {600s, 100, 10};
  out.what = std::move(what);
  out.bodies.emplace_back("x");
  out.repeat_id = {9, number, 0, again};
  return out;
}

operation take(std::uint64_t number, bool again, queue::take_action action = queue::take_action::claim) {
  operation out;
  queue::take what;
  what.action = action;
  what.limit = 2;
  if (action == queue::take_action::claim) what.hide = 60s;
  out.what = std::move(what);
  out.want_bodies = true;
  out.client = std::make_shared<client_presence>();
  out.repeat_id = {9, number, 0, again};
  return out;
}

template <class Reply>
const Reply& answer(actor_world& w, operation what) {
  const auto n = w.send(jobs, std::move(what));
  w.settle();
  const auto* r = w.answer<Reply>(n);
  REQUIRE(r != nullptr);
  return *r;
}
errc failure(actor_world& w, operation what) {
  const auto n = w.send(jobs, std::move(what));
  w.settle();
  return w.failure(n);
}

} // namespace

TEST_CASE("an insert sent again is stored once and answered the same, also by the next life of its replica") {
  actor_world w;
  const auto first = answer<queue::insert_reply>(w, put(1));
  CHECK(w.metrics().repeats_now(repeated::answered) == 0);
  CHECK(answer<queue::insert_reply>(w, put(1, true)).items == first.items);
  CHECK(w.metrics().repeats_now(repeated::answered) == 1);
  w.kill(w.replica_of(jobs));
  w.run(1s);
  const auto n = w.send(jobs, put(1, true));
  w.run(1s);
  REQUIRE(w.answer<queue::insert_reply>(n) != nullptr);
  CHECK(w.answer<queue::insert_reply>(n)->items == first.items);
  CHECK(answer<queue::take_reply>(w, take(2, false)).count == 1);
}

TEST_CASE("a claim sent again gets its messages with their bodies, though no look would find any") {
  actor_world w;
  w.put(jobs, "body", 2);
  w.settle();
  const auto first = answer<queue::take_reply>(w, take(1, false));
  REQUIRE(first.items.size() == 2);
  auto held = take(1, true);
  held.wait = 20s;
  const auto n = w.send(jobs, std::move(held));
  w.settle();
  REQUIRE(w.answer<queue::take_reply>(n) != nullptr);
  CHECK(w.answer<queue::take_reply>(n)->items == first.items);
  REQUIRE(w.result_of(n)->bodies.size() == 2);
  CHECK(w.result_of(n)->bodies[1].view() == "body");
}

TEST_CASE("a take that was held and found nothing takes what comes, under its number") {
  actor_world w;
  auto held = take(1, false);
  held.wait = 20s;
  const auto n = w.send(jobs, std::move(held));
  w.settle();
  REQUIRE(w.result_of(n) == nullptr);
  w.put(jobs, "late");
  w.settle();
  REQUIRE(w.answer<queue::take_reply>(n) != nullptr);
  CHECK(w.answer<queue::take_reply>(n)->count == 1);
  CHECK(answer<queue::take_reply>(w, take(1, true)).items == w.answer<queue::take_reply>(n)->items);
}

TEST_CASE("what was removed and has to be shown is an unknown outcome, and a count where that is all") {
  actor_world w;
  w.put(jobs, "body", 4);
  w.settle();
  CHECK(answer<queue::take_reply>(w, take(1, false, queue::take_action::remove)).count == 2);
  CHECK(failure(w, take(1, true, queue::take_action::remove)) == errc::unknown_outcome);
  auto silent = take(1, true, queue::take_action::remove);
  silent.want_bodies = false;
  silent.in_steps = true;
  silent.steps_limit = 2;
  CHECK(answer<queue::take_reply>(w, std::move(silent)).count == 2);
}

TEST_CASE("copies of an operation with a key that run together get one answer each, and no conflict") {
  actor_world w;
  w.put({"acme", "jobs"}, "opens the queue");
  w.settle();
  const auto first = w.send(jobs, put(1, false, "k")), second = w.send(jobs, put(1, true, "k"));
  const auto other = w.send(jobs, put(2, false, "k"));
  w.settle();
  REQUIRE(w.answer<queue::insert_reply>(first));
  REQUIRE(w.answer<queue::insert_reply>(second));
  CHECK_FALSE(w.answer<queue::insert_reply>(second)->replayed);
  CHECK(w.answer<queue::insert_reply>(first)->items == w.answer<queue::insert_reply>(second)->items);
  CHECK(w.failure(other) == errc::idempotency_in_progress);
  CHECK(answer<queue::insert_reply>(w, put(3, false, "k")).replayed); // the key is free again
}

TEST_CASE("what is finished with is session_lost, and counted") {
  actor_world w;
  answer<queue::insert_reply>(w, put(1));
  auto next = put(2);
  next.repeat_id.answered_below = 2;
  answer<queue::insert_reply>(w, std::move(next));
  CHECK(failure(w, put(1, true)) == errc::session_lost);
  CHECK(w.metrics().repeats_now(repeated::lost) == 1);
  CHECK(w.metrics().repeats_now(repeated::answered) == 0);
}

TEST_CASE("an insert sent again is answered as stored though the account is full by now") {
  actor_world w;
  auto what = put(1);
  std::get<queue::insert>(what.what).fallback.tenant_bytes_max = 1;
  auto again = what;
  again.repeat_id.again = true;
  const auto first = answer<queue::insert_reply>(w, std::move(what));
  REQUIRE(first.items.at(0).status == queue::insert_status::created);
  CHECK(answer<queue::insert_reply>(w, std::move(again)).items == first.items);
}
