// The pure parts of the shells: restart budget, a tenant's shares, and what a queue actor makes of an operation.
#include "actors/queue_request.hpp"
#include "actors/supervisor.hpp"
#include "actors/tenant_budget.hpp"

#include <doctest/doctest.h>

using namespace burrow;
using namespace std::chrono_literals;

TEST_CASE("a restart budget is spent by one failure too many within its period") {
  restart_log log({3, 10s});
  CHECK(log.failed(1s));
  CHECK(log.failed(2s));
  CHECK(log.failed(3s));
  CHECK_FALSE(log.failed(4s));
}

TEST_CASE("failures that lie far apart spend nothing") {
  restart_log log({1, 10s});
  for (int i = 0; i < 20; ++i) CHECK(log.failed(i * 11s));
}

TEST_CASE("the pause before a restart grows with each failure, to a second") {
  restart_log log({100, 1000s});
  CHECK(log.failed(1s));
  CHECK(log.pause() == 0ms);
  auto last = log.pause();
  for (int i = 0; i < 20; ++i) {
    CHECK(log.failed(2s));
    CHECK(log.pause() >= last);
    last = log.pause();
  }
  CHECK(last == 1s);
}

TEST_CASE("a tenant's shares come back when their holders end") {
  auto budget = std::make_shared<tenant_budget>();
  {
    budget_share a(budget, &tenant_budget::waiters, 2), b(budget, &tenant_budget::waiters, 2);
    budget_share c(budget, &tenant_budget::waiters, 2);
    CHECK(a.held());
    CHECK(b.held());
    CHECK_FALSE(c.held());
    CHECK(budget->waiters == 2);
  }
  CHECK(budget->waiters == 0);
}

TEST_CASE("inserts are refused before takes, takes before acknowledgements") {
  CHECK(places_for(0, 1000) < places_for(1, 1000));
  CHECK(places_for(1, 1000) < places_for(2, 1000));
  CHECK(places_for(2, 1000) == 1000);
  CHECK(places_for(0, 1) == 1);
  const auto rank = [](operation_body what) {
    operation one;
    one.what = std::move(what);
    return rank_of(one);
  };
  CHECK(rank(queue::insert{}) == 0);
  CHECK(rank(queue::redrive{}) == 0);
  CHECK(rank(queue::cancel_task{}) == 1);
  CHECK(rank(queue::take{}) == 1);
  CHECK(rank(queue::remove{}) == 2);
}

TEST_CASE("a take in steps goes on where it stopped, below what the first step found") {
  queue_request r;
  r.what = std::make_shared<operation>();
  queue::take take;
  take.limit = 5;
  take.idempotency_key = "k";
  r.what->what = take;
  r.what->in_steps = true;
  r.what->steps_limit = 1500;
  CHECK(std::get<queue::take>(command_of(r)->what).limit == 1000);
  queue::take_reply step;
  step.count = 1000;
  step.more = true;
  step.last = {77};
  step.next_place = {5000};
  step.lifo = true;
  REQUIRE(take_goes_on(r, step));
  const auto next = std::get<queue::take>(command_of(r)->what);
  CHECK(next.limit == 500);
  CHECK(next.from.after == place{77});
  CHECK(next.below == place{5000});
  CHECK(next.order == queue::take_order::lifo);
  CHECK(next.idempotency_key == "k");
  CHECK(next.step == 1); // remembered by itself
  step.count = 500;
  step.last = {60};
  CHECK_FALSE(take_goes_on(r, step));
  CHECK(step.count == 1500);
}
TEST_CASE("each step that a key remembers has a number of its own, one that found nothing too") {
  queue_request r;
  r.what = std::make_shared<operation>();
  queue::take take;
  take.idempotency_key = "k";
  r.what->what = take;
  r.what->in_steps = true;
  const auto goes_on = [&r](std::uint64_t found, std::uint64_t last) {
    queue::take_reply step;
    step.count = found;
    step.more = true;
    step.last = {last};
    REQUIRE(take_goes_on(r, step));
    return std::get<queue::take>(command_of(r)->what).step;
  };
  CHECK(goes_on(0, 10) == 0); // not remembered, so that a repeat begins with what was found first
  CHECK(goes_on(5, 20) == 1);
  CHECK(goes_on(0, 30) == 2);
  CHECK(goes_on(0, 40) == 3);
}

