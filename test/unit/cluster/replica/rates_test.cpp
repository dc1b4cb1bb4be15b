#include "cluster/replica/rates.hpp"

#include <doctest/doctest.h>

using namespace burrow;
using namespace std::chrono_literals;

namespace {

const queue_ref jobs{"acme", "jobs"}, mail{"acme", "mail"}, other{"zeta", "jobs"};

queue::activity inserts(std::uint64_t n) { return {.inserted = n}; }

} // namespace

TEST_CASE("what happened to a queue counts for 60 s") {
  rate_table rates(10);
  rates.add(100s, jobs, {.inserted = 60, .claimed = 30, .deleted = 12, .expired = 6, .dead = 3});
  rates.add(100'400ms, jobs, inserts(30));
  rates.add(130s, jobs, inserts(30));
  const auto now = rates.of(159s, jobs);
  CHECK(now.inserted == 120);
  CHECK(now.claimed == 30);
  CHECK(now.deleted == 12);
  CHECK(now.expired == 6);
  CHECK(now.dead == 3);
  CHECK(rates.of(160s, jobs).inserted == 30);
  CHECK(rates.of(160s, jobs).claimed == 0);
  CHECK(rates.of(190s, jobs).inserted == 0);
  CHECK(rates.of(100s, mail).inserted == 0);
}

TEST_CASE("seconds that no rate counts any more leave no memory behind") {
  rate_table rates(10);
  for (int second = 0; second < 1000; ++second) rates.add(second * 1s, jobs, inserts(6));
  CHECK(rates.of(999s, jobs).inserted == 360);
  rates.forget_quiet(1058s);
  CHECK(rates.queues() == 1);
  REQUIRE(rates.quiet_at());
  CHECK(*rates.quiet_at() == 1059s);
  rates.forget_quiet(1059s);
  CHECK(rates.queues() == 0);
  CHECK(!rates.quiet_at());
}

TEST_CASE("over the bound the queue that was quiet for longest is forgotten") {
  rate_table rates(2);
  rates.add(1s, jobs, inserts(60));
  rates.add(2s, mail, inserts(60));
  rates.add(3s, jobs, inserts(60));
  rates.add(4s, other, inserts(60));
  CHECK(rates.queues() == 2);
  CHECK(rates.of(4s, mail).inserted == 0);
  CHECK(rates.of(4s, jobs).inserted == 120);
  CHECK(rates.of(4s, other).inserted == 60);
}
