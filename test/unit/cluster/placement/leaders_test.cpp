// Who leads, and when leadership is handed over: one rule a case (replication.md section 11).
#include "cluster/placement/planner.hpp"
#include "cluster/placement/requests.hpp"
#include "test/support/quiet_placement.hpp"

#include <doctest/doctest.h>

using namespace burrow;
using namespace burrow::placement;
using namespace burrow::test;
using namespace std::chrono_literals;

TEST_CASE("a drained node hands its leaders over, eight a second, and gets them back") {
  six w(65);
  const auto led = w.led(w.a);
  CHECK(led == 11);
  const auto asked = drain_plan(w.view(), w.a);
  CHECK(asked.allowed());
  CHECK(asked.leaders.size() == led);
  for (const auto& m : asked.leaders) CHECK(m.to.value != 0);
  w.set_state(w.a, *asked.state);
  const auto held = w.held(w.a);
  w.turn();
  CHECK(w.led(w.a) == led - 8);
  w.rest();
  CHECK(w.led(w.a) == 0);
  CHECK(w.held(w.a) == held);
  w.set_state(w.a, node_state::storage);
  w.rest();
  CHECK(w.uneven() == "");
}

TEST_CASE("the preferred node gets its leadership back when it has caught up for 5 s") {
  three w(64);
  const auto led = w.led(w.b);
  CHECK(led >= 21);
  w.die(w.b);
  w.turn();
  w.turn();
  CHECK(w.led(w.b) == 0);
  w.come_back(w.b);
  for (int n = 0; n < 4; ++n) w.turn();
  CHECK(w.led(w.b) == 0);
  for (int n = 0; n < 4; ++n) w.turn();
  CHECK(w.led(w.b) == led);
  const auto transfers = w.transfers;
  w.rest();
  CHECK(w.transfers == transfers);
}

TEST_CASE("leaders are spread within ten seconds of the last vote of a cluster that formed") {
  quiet_world w(64);
  w.join("n2", "b");
  w.join("n3", "c");
  const auto grown = [&] {
    return std::all_of(w.groups.begin(), w.groups.end(),
                       [](const auto& g) { return g.config.voters.size() == 3 && !g.joint; });
  };
  for (int n = 0; n < 3'600 && !grown(); ++n) w.turn();
  REQUIRE(grown());
  for (int n = 0; n < 10; ++n) w.turn();
  CHECK(w.uneven() == "");
}

TEST_CASE("while the preferred node is away for less than 30 s nobody stands in for it") {
  three w(23);
  w.die(w.b);
  w.turn();
  w.turn(); // its shards have elected
  const auto transfers = w.transfers;
  for (int n = 0; n < 28; ++n) w.turn();
  CHECK(w.transfers == transfers);
  for (int n = 0; n < 10; ++n) w.turn();
  CHECK(w.transfers > transfers);
}

TEST_CASE("who falls time and again waits twice as long for its leaders each time, until it has stood for a while") {
  three w(23);
  const auto led = w.led(w.b);
  const auto back_after = [&] {
    w.die(w.b);
    for (int n = 0; n < 3; ++n) w.turn();
    w.come_back(w.b);
    int seconds = 0;
    for (; w.led(w.b) == 0 && seconds < 1'000; ++seconds) w.turn();
    return seconds;
  };
  const auto first = back_after();
  CHECK(first <= 7);
  CHECK(back_after() == first + 5);
  CHECK(back_after() == first + 15);
  CHECK(back_after() == first + 35);
  CHECK(back_after() == first + 75);
  CHECK(back_after() == first + 155);
  CHECK(back_after() == first + 155); // no longer than that
  w.rest();
  CHECK(w.led(w.b) == led);
  w.turn(11min);
  CHECK(back_after() == first);
}
