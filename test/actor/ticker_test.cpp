// Who is woken, when, and that nothing happens when nobody waits.
#include "actors/ticker_actor.hpp"
#include "test/support/actor_world.hpp"

#include <doctest/doctest.h>

using namespace burrow;
using burrow::test::actor_world;
using namespace std::chrono_literals;

namespace {

struct fixture {
  actor_world w{{.tree = false}};
  std::vector<duration> a, b;
  caf::actor ticker = spawn_ticker(w.system(), {[this] { return w.now(); }});
  caf::actor first = w.probe([this](tick_atom) { a.push_back(w.now().steady); });
  caf::actor second = w.probe([this](tick_atom) { b.push_back(w.now().steady); });
  fixture() { w.keep(ticker); }
  void wake(const caf::actor& who, duration in) { caf::anon_send(ticker, wake_at{w.now().steady + in, who}); }
};

} // namespace

TEST_CASE("a tick comes once, not before its time and a little later at most") {
  fixture f;
  const auto now = f.w.now().steady;
  f.wake(f.first, 333ms);
  f.wake(f.second, 20ms);
  f.w.run(2s);
  REQUIRE(f.a.size() == 1);
  REQUIRE(f.b.size() == 1);
  CHECK(f.a[0] >= now + 333ms);
  CHECK(f.a[0] <= now + 343ms);
  CHECK(f.b[0] >= now + 20ms);
  CHECK(f.b[0] <= now + 30ms);
}

TEST_CASE("the last word counts: later, earlier, or not any more") {
  fixture f;
  const auto now = f.w.now().steady;
  f.wake(f.first, 100ms);
  f.wake(f.first, 500ms);
  f.wake(f.second, 500ms);
  f.wake(f.second, 100ms);
  f.w.run(1s);
  REQUIRE(f.a.size() == 1);
  CHECK(f.a[0] >= now + 500ms);
  REQUIRE(f.b.size() == 1);
  CHECK(f.b[0] <= now + 110ms);
  f.wake(f.first, 100ms);
  caf::anon_send(f.ticker, wake_at{std::nullopt, f.first});
  f.w.run(1s);
  CHECK(f.a.size() == 1);
}

TEST_CASE("a time that has passed ticks at once") {
  fixture f;
  f.wake(f.first, -5s);
  f.w.settle();
  CHECK(f.a.size() == 1);
}
