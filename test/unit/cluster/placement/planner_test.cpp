// What the planner must do, one rule a case (replication.md section 11). Times and counts are exact where they can be.
#include "cluster/placement/planner.hpp"
#include "cluster/placement/requests.hpp"
#include "cluster/placement/safety.hpp"
#include "test/support/quiet_placement.hpp"

#include <doctest/doctest.h>

#include <map>

using namespace burrow;
using namespace burrow::placement;
using namespace burrow::test;
using namespace std::chrono_literals;

TEST_CASE("a second node gets copies that do not vote") {
  quiet_world w;
  const auto b = w.join("n2", "b");
  w.rest();
  CHECK(w.held(b) == 0);
  for (const auto& g : w.groups) {
    CHECK(g.config.voters.size() == 1);
    REQUIRE(g.config.learners.size() == 1);
    CHECK(g.config.learners[0].node == b);
  }
  CHECK(w.copies == 12);
  const auto risk = can_lose(w.view());
  CHECK(risk.text == "nothing");
  CHECK(risk.hint == "add a third node");
}

TEST_CASE("with a third node each shard goes from one voter to three in one step, shard 0 first") {
  quiet_world w;
  w.join("n2", "b");
  w.rest();
  w.join("n3", "c");
  std::vector<std::size_t> order;
  for (int n = 0; n < 1000 && order.size() < w.groups.size(); ++n) {
    w.turn();
    for (std::size_t s = 0; s < w.groups.size(); ++s) {
      CHECK(w.voters(s) != 2);
      if (w.voters(s) == 3 && std::find(order.begin(), order.end(), s) == order.end()) order.push_back(s);
    }
  }
  REQUIRE(order.size() == w.groups.size());
  const std::size_t of_zero = static_cast<std::size_t>(std::find(order.begin(), order.end(), 0U) - order.begin());
  CHECK(of_zero < 2); // of the two that are copied first
  w.rest();
  CHECK(w.copies == 24);
  CHECK(w.uneven() == "");
  CHECK(can_lose(w.view()).text == "1 zone, or any 1 node");
  CHECK(can_lose(w.view()).hint == "");
}

TEST_CASE("the first copies are of shard 0, and no node fills more than two at a time") {
  quiet_world w;
  w.join("n2", "b");
  w.turn();
  const auto steps = plan(w.view());
  std::vector<std::uint16_t> shards;
  for (std::size_t s = 0; s < w.map.shards.size(); ++s) {
    if (!w.map.shards[s].newcomers.empty()) shards.push_back(static_cast<std::uint16_t>(s));
  }
  CHECK(shards == std::vector<std::uint16_t>{0, 1});
}

TEST_CASE("three nodes in two zones hold three replicas on different nodes; a third zone then gets one of each") {
  quiet_world w;
  const auto a2 = w.join("n2", "a");
  const auto b = w.join("n3", "b");
  w.rest();
  CHECK(w.uneven() == "");
  CHECK(can_lose(w.view()).text == "any 1 node");
  CHECK(can_lose(w.view()).hint == "add nodes in a third zone");
  const auto c = w.join("n4", "c");
  w.rest();
  CHECK(w.uneven() == "");
  CHECK(w.held(c) == 12);
  CHECK(w.held(b) == 12);
  CHECK(w.held(a2) == 6);
  CHECK(can_lose(w.view()).text == "1 zone, or any 1 node");
}

TEST_CASE("three to six nodes and back: no replica moves that need not") {
  six w;
  CHECK(w.uneven() == "");
  CHECK(w.copies == 24 + 18); // each new node half of its zone
  for (const auto n : {w.a2, w.b2, w.c2}) {
    const auto asked = decommission_plan(w.view(), n);
    CHECK(asked.refusal == "");
    CHECK(asked.replicas.size() == 6);
    CHECK(asked.bytes == 6000);
    w.set_state(n, *asked.state);
  }
  w.rest();
  CHECK(w.copies == 24 + 18 + 18);
  for (const auto n : {w.a2, w.b2, w.c2}) CHECK(find(w.entries, n)->state == node_state::gone);
  CHECK(w.uneven() == "");
}

TEST_CASE("a node of three may not be decommissioned, nor the last of a zone without force") {
  three w;
  auto asked = decommission_plan(w.view(), w.c);
  CHECK(asked.refusal == "12 shards could not keep three voters without n3: add a node in zone c first");
  CHECK_FALSE(asked.forceable);
  const auto d = w.join("n4", "a");
  w.rest();
  asked = decommission_plan(w.view(), w.c);
  CHECK(asked.refusal.find("two replicas in one zone") != std::string::npos);
  CHECK(asked.forceable);
  CHECK(decommission_plan(w.view(), d).allowed());
  CHECK(decommission_plan(w.view(), {999}).refusal == "no such node");
}

TEST_CASE("the only machine can be exchanged for another") {
  quiet_world w;
  CHECK(decommission_plan(w.view(), {1}).refusal == "n1 holds the only vote of 12 shards: add a node first");
  const auto b = w.join("n2", "a");
  w.rest();
  REQUIRE(decommission_plan(w.view(), {1}).allowed());
  w.set_state({1}, node_state::leaving);
  w.rest();
  CHECK(w.held(b) == 12);
  CHECK(find(w.entries, {1})->state == node_state::gone);
}

TEST_CASE("a dead node is replaced after ten minutes, in its zone") {
  six w;
  const auto copies = w.copies;
  const auto lost = w.held(w.b2);
  w.die(w.b2);
  w.turn(9min);
  for (int n = 0; n < 50; ++n) w.turn();
  CHECK(w.copies == copies);
  w.turn(1min);
  w.rest();
  CHECK(w.copies == copies + lost);
  CHECK(w.held(w.b) == 12);
  CHECK(w.held(w.b2) == 0);
  // And when it is back it gets its share again.
  w.come_back(w.b2);
  w.rest();
  CHECK(w.uneven() == "");
}

TEST_CASE("a node that comes back in time resumes: nothing was copied") {
  six w;
  const auto copies = w.copies;
  w.die(w.b2);
  w.turn(9min);
  w.come_back(w.b2);
  w.rest();
  CHECK(w.copies == copies);
  CHECK(w.uneven() == "");
}

TEST_CASE("when a whole zone is gone nothing is moved, and the others lead its shards in equal parts") {
  six w;
  const auto copies = w.copies;
  w.die(w.b);
  w.die(w.b2);
  w.turn(1h);
  w.rest();
  CHECK(w.copies == copies);
  CHECK(w.uneven() != "");
  CHECK(can_lose(w.view()).text == "nothing");
  for (const auto n : {w.a, w.a2, w.c, w.c2}) {
    CHECK(w.led(n) >= 2);
    CHECK(w.led(n) <= 4);
  }
  CHECK(decommission_plan(w.view(), w.a2).refusal.find("a whole zone is down") == 0);
  const auto a3 = w.join("n7", "a"); // nor is anything made more even
  w.rest();
  CHECK(w.copies == copies);
  w.come_back(w.b);
  w.rest();
  CHECK(w.held(a3) == 4);
}

TEST_CASE("a zone that is gone holds up the replacement of a node in another") {
  six w;
  const auto copies = w.copies;
  w.die(w.b);
  w.die(w.b2);
  w.die(w.a2);
  w.turn(1h);
  for (int n = 0; n < 200; ++n) w.turn();
  CHECK(w.copies == copies);
  CHECK(w.broken() == "");
}

TEST_CASE("a wiped node comes back as another: its replicas get new ids at once") {
  three w;
  const auto before = w.map.next_replica;
  w.wipe(w.b);
  const auto again = w.join("n2", "b");
  REQUIRE(again.value != 0);
  CHECK(find(w.entries, w.b)->state == node_state::gone);
  w.rest();
  CHECK(w.held(again) == 12);
  CHECK(w.map.next_replica.value == before.value + 12);
  CHECK(w.uneven() == "");
}

TEST_CASE("a damaged replica is replaced on its own node, under a new id") {
  three w;
  const auto copies = w.copies;
  w.damage(4, w.b);
  w.rest();
  CHECK(w.copies == copies + 1);
  CHECK(w.held(w.b) == 12);
  CHECK(w.uneven() == "");
}

TEST_CASE("draining is refused where shards would stop, or a second zone would be down") {
  quiet_world one;
  CHECK(drain_plan(one.view(), {1}).refusal == "shards would stop without n1: add two more nodes");
  three w;
  w.set_state(w.a, node_state::draining);
  CHECK(drain_plan(w.view(), w.b).refusal.find("one zone at a time") != std::string::npos);
  w.set_state(w.a, node_state::storage);
  w.die(w.a);
  w.turn();
  const auto asked = drain_plan(w.view(), w.b);
  CHECK(asked.refusal == "shards would stop without n2: n1 is down");
  CHECK(asked.forceable);
}

TEST_CASE("a move is data first, and refused where it makes no sense") {
  six w;
  const auto& voters = w.map.shards[3].voters;
  const auto on = [&](node_id n) {
    return std::any_of(voters.begin(), voters.end(), [&](auto& v) { return v.node == n; });
  };
  const auto from = on(w.a) ? w.a : w.a2, to = on(w.a) ? w.a2 : w.a;
  CHECK(move_plan(w.view(), {3}, from, on(w.b) ? w.b2 : w.b).refusal.find("two replicas in one zone") !=
        std::string::npos);
  CHECK(move_plan(w.view(), {3}, to, from).refusal.find("has no vote") != std::string::npos);
  CHECK(move_plan(w.view(), {3}, from, to).refusal.find("it would be moved back") != std::string::npos);
  CHECK(move_plan(w.view(), {99}, from, to).refusal == "no such shard");
  const auto steps = w.steps_taken;
  CHECK(rebalance_plan(w.view()).replicas.empty());
  CHECK(rebalance_plan(w.view()).leaders.empty());
  const auto lead = w.groups[3].leader;
  const auto& order = w.map.shards[3].leaders;
  const auto heir = order[0] == lead ? order[1] : order[0];
  const auto asked = transfer_plan(w.view(), {3}, heir);
  REQUIRE(asked.allowed());
  REQUIRE(asked.steps.size() == 2);
  w.map = applied(w.map, w.entries, asked.steps).map;
  CHECK(w.map.shards[3].leaders.front() == heir);
  CHECK(w.steps_taken == steps);
  w.rest();
  CHECK(w.uneven() == "");
}

TEST_CASE("a move that keeps the balance is carried out and stays") {
  quiet_world w(10); // 11 shards: 6 and 5 in a zone
  w.join("n2", "b");
  w.join("n3", "c");
  w.rest();
  const auto a2 = w.join("n4", "a");
  w.rest();
  const node_id more = w.held({1}) > w.held(a2) ? node_id{1} : a2, less = more == a2 ? node_id{1} : a2;
  std::uint16_t shard = 0;
  for (std::size_t s = 1; s < w.map.shards.size(); ++s) {
    for (const auto& v : w.map.shards[s].voters) {
      if (v.node == more) shard = static_cast<std::uint16_t>(s);
    }
  }
  const auto asked = move_plan(w.view(), {shard}, more, less);
  CHECK(asked.refusal == "");
  CHECK(asked.bytes == 1000);
  w.map = applied(w.map, w.entries, asked.steps).map;
  w.rest();
  CHECK(w.held(less) == 6);
  CHECK(w.uneven() == "");
}

TEST_CASE("an old report changes nothing") {
  three w;
  auto seen = w.view();
  const auto place = seen.map.shards[2];
  auto& r = seen.shards[2];
  r.term = {0};
  r.config.voters = {place.voters[0]};
  CHECK(plan(seen).empty());
  r.term = {100};
  const auto steps = plan(seen);
  REQUIRE(steps.size() == 1);
  CHECK(std::holds_alternative<note_voters>(steps[0]));
}

TEST_CASE("plans of a thousand shards and many nodes are made, and the map fits into a value of the registry") {
  placement_world w({1, 1024, false});
  for (int n = 2; n <= 12; ++n) w.join("n" + std::to_string(n), std::string(1, static_cast<char>('a' + n % 3)));
  auto seen = w.view();
  seen.options.moves = seen.options.moves_per_node = 100'000;
  const auto steps = plan(seen);
  CHECK(steps.size() == 2050); // two learners each
  const auto next = applied(seen.map, seen.nodes, steps);
  CHECK(validate(next.map).ok());
  for (const auto& s : steps) CHECK(text_of(s, seen.nodes).find("shard ") == 0);
}
