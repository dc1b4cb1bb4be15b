#include "cluster/replica/quota_pool.hpp"

#include "cluster/base/random.hpp"

#include <doctest/doctest.h>

#include <deque>

using namespace burrow;

namespace {

quota_pool pool_of(std::vector<std::uint64_t> held) {
  quota_pool pool(held.size());
  for (std::size_t s = 0; s < held.size(); ++s) pool.holds(s, held[s]);
  return pool;
}

} // namespace

TEST_CASE("a pool is complete when every shard has said what it holds") {
  quota_pool pool(2);
  CHECK(!pool.complete());
  pool.holds(1, 0);
  CHECK(!pool.complete());
  pool.holds(0, 7);
  CHECK(pool.complete());
  CHECK(pool.held() == 7);
}

TEST_CASE("while there is room a command reserves all that it may add, and shards share one maximum") {
  auto pool = pool_of({10, 20});
  const auto a = pool.ask(0, 30, 100, false);
  CHECK(a.bound == 100);
  CHECK(a.reserved == 30);
  const auto b = pool.ask(1, 40, 100, false);
  CHECK(b.reserved == 40);
  const auto c = pool.ask(0, 1, 100, false);
  CHECK(c.round != 0);
  CHECK(c.contended);      // what is in flight may come to nothing
  CHECK(c.bound == 10);    // but until that is known the shard may not grow by it
  pool.settle(0, c);
  pool.settle(1, b);       // refused: it added nothing
  CHECK(pool.ask(0, 40, 100, false).reserved == 40);
}

TEST_CASE("a command that does not fit may have what is left, once") {
  auto pool = pool_of({50, 45});
  const auto a = pool.ask(0, 10, 100, false);
  CHECK(!a.contended);
  CHECK(a.bound == 55);
  const auto b = pool.ask(1, 10, 100, false);
  CHECK(b.bound == 45);
  CHECK(!b.contended);
  pool.settle(0, a);
  pool.settle(1, b);
  CHECK(pool.ask(1, 5, 100, false).reserved == 5);
}

TEST_CASE("where a shard holds nothing and nothing is left, the bound is zero") {
  auto pool = pool_of({100, 0});
  const auto a = pool.ask(1, 1, 100, false);
  CHECK(a.bound == 0);
  CHECK(!a.contended);
}

TEST_CASE("near the maximum, what will probably add nothing takes no room from others") {
  auto pool = pool_of({9990, 0});
  std::vector<quota_share> probable;
  for (int i = 0; i < 100; ++i) probable.push_back(pool.ask(0, 1, 10'000, true));
  for (const auto& p : probable) CHECK(p.reserved == 0);
  for (int i = 0; i < 10; ++i) CHECK(pool.ask(1, 1, 10'000, false).reserved == 1);
  CHECK(pool.ask(1, 1, 10'000, false).reserved == 0);
}

TEST_CASE("what was freed is usable again although tight commands keep coming") {
  auto pool = pool_of({60, 40});
  std::deque<quota_share> flight;
  for (int i = 0; i < 4; ++i) flight.push_back(pool.ask(0, 1, 100, false));
  pool.holds(0, 30);
  std::size_t turns = 0;
  while (true) {
    const auto other = pool.ask(1, 20, 100, false);
    pool.settle(1, other);
    if (other.reserved == 20) break;
    REQUIRE(++turns < 12);
    flight.push_back(pool.ask(0, 1000, 100, false)); // never fits: tight again, before the oldest is settled
    pool.settle(0, flight.front());
    flight.pop_front();
  }
}

TEST_CASE("whatever the order of applies, shards never hold more than the maximum, and at rest all of it can be had") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    burrow::random chance(seed);
    const std::size_t shards = 1 + chance.below(4);
    const std::uint64_t max = 20 + chance.below(200);
    struct command {
      quota_share share;
      std::uint64_t adds; ///< as apply will find out; at most what was asked for
    };
    std::vector<std::uint64_t> held(shards, 0);
    std::vector<std::deque<command>> logs(shards);
    auto pool = pool_of(held);
    const auto sum = [&] {
      std::uint64_t all = 0;
      for (const auto h : held) all += h;
      return all;
    };
    const auto apply = [&](std::size_t s) {
      const auto c = logs[s].front();
      logs[s].pop_front();
      if (c.share.bound > 0 && (c.adds == 0 || held[s] + c.adds <= c.share.bound)) held[s] += c.adds;
      pool.holds(s, held[s]);
      pool.settle(s, c.share);
    };
    for (int step = 0; step < 600; ++step) {
      const auto s = chance.below(shards);
      switch (chance.below(4)) {
        case 0:
        case 1: {
          const auto asked = 1 + chance.below(12);
          logs[s].push_back({pool.ask(s, asked, max, chance.below(3) == 0), chance.below(asked + 1)});
          break;
        }
        case 2:
          if (!logs[s].empty()) apply(s);
          break;
        default:
          held[s] -= std::min<std::uint64_t>(held[s], chance.below(15));
          pool.holds(s, held[s]);
      }
      REQUIRE_MESSAGE(sum() <= max, "seed " << seed << " step " << step);
    }
    for (std::size_t s = 0; s < shards; ++s)
      while (!logs[s].empty()) apply(s);
    const auto left = max - sum();
    if (left > 0) CHECK_MESSAGE(pool.ask(0, left, max, false).reserved == left, "seed " << seed);
  }
}
