// Whole clusters of memberships under loss, delay, cuts, stops and restarts: what must hold whatever the seed.
#include "test/support/members_world.hpp"

#include <doctest/doctest.h>

using namespace burrow;
using burrow::test::members_options;
using burrow::test::members_world;
using membership::member_state;
using namespace std::chrono_literals;

namespace {

/// Every check below says which seed and size it was: `-tc=...` with that seed alone replays it.
#define WITH_SEED(o) INFO("seed " << (o).seed << ", " << (o).nodes << " nodes")

members_options drawn(std::uint64_t seed, std::uint64_t loss = 0) {
  burrow::random r(seed);
  members_options o;
  o.seed = seed;
  o.nodes = r.between(3, 9);
  o.loss_per_mille = loss;
  o.delay_max = duration{static_cast<duration::rep>(r.between(1, 60))};
  o.links = r.chance(500);
  return o;
}

} // namespace

TEST_CASE("nodes that know one find all, and hold the same") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const auto o = drawn(seed);
    WITH_SEED(o);
    members_world w(o);
    REQUIRE(w.run_until([&] { return w.converged(); }, 5s));
    CHECK(w.at(0).members().size() == o.nodes);
    CHECK(w.false_dead == 0);
  }
}

TEST_CASE("nobody who lives is called dead at a loss of up to ten per cent") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    auto o = drawn(seed, seed % 2 == 0 ? 100 : 50);
    if (seed % 8 == 0) o.nodes = 2;
    WITH_SEED(o);
    members_world w(o);
    w.run(120s);
    CHECK(w.false_dead == 0);
    w.set_loss(0);
    CHECK(w.run_until([&] { return w.converged(); }, 10s));
  }
}

TEST_CASE("after a loss of thirty per cent all hold the same again") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const auto o = drawn(seed, 300);
    WITH_SEED(o);
    members_world w(o);
    w.run(60s);
    w.set_loss(0);
    CHECK(w.run_until([&] { return w.converged(); }, 40s));
  }
}

TEST_CASE("a node that is frozen is suspected in about a second, and dead in two to five") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    auto o = drawn(seed);
    o.delay_max = 3ms;
    WITH_SEED(o);
    members_world w(o);
    REQUIRE(w.run_until([&] { return w.converged(); }, 5s));
    w.run(3s);
    const auto from = w.now();
    w.pause(1);
    REQUIRE(w.run_until([&] { return w.all_hold(1, member_state::dead); }, 10s));
    CHECK(w.first(1, member_state::suspect, from).value() <= 2500ms); // nine nodes, each with a round of 4 s
    CHECK(w.last(1, member_state::dead, from).value() <= 5s);
    CHECK(w.first(1, member_state::dead, from).value() >= 1500ms);
    CHECK(w.false_dead == 0);
  }
}

TEST_CASE("a node that was frozen comes back by itself and accuses nobody") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    const auto o = drawn(seed);
    WITH_SEED(o);
    members_world w(o);
    REQUIRE(w.run_until([&] { return w.converged(); }, 5s));
    w.pause(1);
    w.run(duration{static_cast<duration::rep>(burrow::random(seed).between(1000, 30000))});
    const auto from = w.now();
    w.resume(1);
    REQUIRE(w.run_until([&] { return w.converged(); }, 10s));
    for (const auto& c : w.changes)
      if (c.by == 1 && c.when >= from && c.about != 1) CHECK(c.what.now.state == member_state::alive);
    CHECK(w.false_dead == 0);
  }
}

TEST_CASE("a process that dies is suspected as soon as its connections end") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    auto o = drawn(seed);
    o.links = true;
    WITH_SEED(o);
    members_world w(o);
    REQUIRE(w.run_until([&] { return w.converged(); }, 5s));
    const auto from = w.now();
    w.kill(1);
    REQUIRE(w.run_until([&] { return w.all_hold(1, member_state::dead); }, 10s));
    CHECK(w.first(1, member_state::suspect, from).value() <= o.delay_max);
    CHECK(w.last(1, member_state::dead, from).value() <= 3s + 2 * o.delay_max);
    w.start(1);
    CHECK(w.run_until([&] { return w.converged(); }, 10s));
    const auto& back = w.changes;
    const bool new_life = std::ranges::any_of(back, [](const auto& c) { return c.about == 1 && c.what.new_life; });
    CHECK(new_life);
  }
}

TEST_CASE("a pair that cannot reach each other while others reach both is no death") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    auto o = drawn(seed);
    o.links = false;
    WITH_SEED(o);
    members_world w(o);
    REQUIRE(w.run_until([&] { return w.converged(); }, 5s));
    if (seed % 2 == 0) w.cut(0, 1);
    else w.cut_both(0, 1);
    const auto before = w.changes.size();
    w.run(60s);
    for (auto i = before; i < w.changes.size(); ++i) CHECK(w.changes[i].what.now.state != member_state::dead);
  }
}

TEST_CASE("a node that nobody hears is dead, though it hears them") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    auto o = drawn(seed);
    o.links = false;
    WITH_SEED(o);
    members_world w(o);
    REQUIRE(w.run_until([&] { return w.converged(); }, 5s));
    for (std::size_t n = 0; n < o.nodes; ++n)
      if (n != 1) w.cut(1, n);
    CHECK(w.run_until([&] { return w.all_hold(1, member_state::dead); }, 10s));
    w.heal();
    CHECK(w.run_until([&] { return w.converged(); }, 40s));
  }
}

TEST_CASE("two halves call each other dead, and are one again once healed") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    const auto o = drawn(seed, seed % 3 == 0 ? 100 : 0);
    WITH_SEED(o);
    members_world w(o);
    w.run(10s);
    w.split({0, 2});
    REQUIRE(w.run_until([&] { return w.holds(1, 0) == member_state::dead; }, 15s));
    // The smaller side takes the silence of so many for a fault of its own first (Lifeguard), and is slower.
    REQUIRE(w.run_until([&] { return w.holds(0, 1) == member_state::dead; }, 120s));
    w.heal();
    w.set_loss(0);
    CHECK(w.run_until([&] { return w.converged(); }, 60s));
  }
}

TEST_CASE("whoever leaves is gone at once, without a suspicion, and is forgotten") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const auto o = drawn(seed);
    WITH_SEED(o);
    members_world w(o);
    REQUIRE(w.run_until([&] { return w.converged(); }, 5s));
    w.leave(1);
    REQUIRE(w.run_until([&] { return w.all_hold(1, member_state::left); }, 1s));
    w.run(500ms);
    const auto from = w.now();
    w.kill(1);
    w.run(5s);
    CHECK(!w.first(1, member_state::suspect, from));
    w.run(11min);
    CHECK(w.at(0).find(members_world::id_of(1)) == nullptr);
    CHECK(w.converged());
  }
}

TEST_CASE("anything may happen, and when it stops all hold the same") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    auto o = drawn(seed);
    WITH_SEED(o);
    burrow::random r(seed * 7919);
    members_world w(o);
    std::set<std::size_t> paused, dead;
    for (int turn = 0; turn < 25; ++turn) {
      const auto n = r.below(o.nodes);
      switch (r.below(7)) {
      case 0: w.set_loss(r.below(301)); break;
      case 1: w.cut(n, r.below(o.nodes)); break;
      case 2: w.split({n, r.below(o.nodes)}); break;
      case 3: w.heal(); break;
      case 4: if (!dead.contains(n)) { w.pause(n); paused.insert(n); } break;
      case 5: if (!dead.contains(n)) { w.kill(n); dead.insert(n); paused.erase(n); } break;
      default:
        if (dead.erase(n) == 1) w.start(n);
        else if (paused.erase(n) == 1) w.resume(n);
      }
      w.run(duration{static_cast<duration::rep>(r.below(6000))});
    }
    for (const auto n : paused) w.resume(n);
    for (const auto n : dead) w.start(n);
    w.set_loss(0);
    w.heal();
    // Nodes that started while they were alone know nobody but node 0, so it may take an exchange or two.
    CHECK(w.run_until([&] { return w.converged(); }, 90s));
  }
}

TEST_CASE("a cluster at rest sends two frames a node and period, and a busy one stays bounded") {
  for (const std::size_t nodes : {3, 5, 9, 30}) {
    members_options o;
    o.nodes = nodes;
    WITH_SEED(o);
    members_world w(o);
    REQUIRE(w.run_until([&] { return w.converged(); }, 10s));
    w.run(10s);
    const auto frames = w.frames, messages = w.messages;
    w.run(60s);
    const auto per_node = [&](std::size_t n) { return static_cast<double>(n) / 60.0 / static_cast<double>(nodes); };
    CHECK(per_node(w.frames - frames) <= 4.1);
    CHECK(per_node(w.messages - messages) <= 0.2);
    const auto before = w.frames + w.messages;
    for (std::size_t n = 0; n < nodes / 3; ++n) w.pause(n);
    w.set_loss(300);
    w.run(60s);
    CHECK(per_node(w.frames + w.messages - before) <= 60);
  }
}

TEST_CASE("a lone node is never woken") {
  members_options o;
  o.nodes = 1;
  members_world w(o);
  CHECK(!w.at(0).next_wake());
}
