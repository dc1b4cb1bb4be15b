// The membership actor: probes over a data plane, members for whoever asks, and replicas told when a node may be gone.
#include "actors/membership_actor.hpp"
#include "test/support/actor_data_plane.hpp"
#include "test/support/actor_world.hpp"

#include <doctest/doctest.h>

using namespace burrow;
using burrow::test::actor_world;
using burrow::test::memory_net;
using membership::member_state;
using namespace std::chrono_literals;

namespace {

membership::member member_of(std::uint64_t n, std::uint64_t life = 1) {
  membership::member m{{n}, life, 0, member_state::alive, {}};
  m.facts.name = "n" + std::to_string(n);
  m.facts.zone = "z" + std::to_string(n);
  m.facts.cluster = "10.0.0." + std::to_string(n) + ":7700";
  return m;
}

struct fixture {
  actor_world w{{.tree = false}};
  std::shared_ptr<memory_net> net = std::make_shared<memory_net>();
  std::map<std::uint64_t, caf::actor> nodes;
  member_list seen; ///< by node 1
  std::vector<std::uint64_t> suspects;
  std::vector<std::string> warnings;
  std::uint64_t superseded = 0;
  caf::actor watcher = w.probe([this](const members_changed& m) { seen = m.members; });
  caf::actor replica = w.probe([this](const node_suspect& m) { suspects.push_back(m.node.value); });

  fixture() {
    for (std::uint64_t n = 1; n <= 3; ++n) start(n, 1);
    for (std::uint64_t n = 2; n <= 3; ++n) meet(n);
    caf::anon_send(nodes[1], get_members{watcher, true});
    caf::anon_send(nodes[1], replicas{{replica, replica}});
    w.run(5s);
  }
  void start(std::uint64_t n, std::uint64_t life) {
    membership_actor_options o;
    o.self = member_of(n, life);
    o.seed = n * 100 + life;
    o.clock = [this] { return w.now(); };
    o.plane = net->join({{1, 2}, {n}, "n" + std::to_string(n), life}, "10.0.0." + std::to_string(n), 7701);
    o.superseded = [this](std::uint64_t life_of_other) { superseded = life_of_other; };
    o.warn = [this](const std::string& text) { warnings.push_back(text); };
    nodes[n] = spawn_membership(w.system(), o);
    w.keep(nodes[n]);
    net->listen({n}, nodes[n]);
  }
  void meet(std::uint64_t n) {
    auto first = member_of(1);
    first.life = 0;
    caf::anon_send(nodes[n], introduce_members{std::make_shared<const std::vector<membership::member>>(1, first)});
  }
  void kill(std::uint64_t n) {
    w.kill(nodes[n]);
    net->leave({n});
  }
  [[nodiscard]] std::optional<membership::member> held(std::uint64_t n) const {
    for (const auto& m : *seen)
      if (m.id.value == n) return m;
    return std::nullopt;
  }
};

} // namespace

TEST_CASE_FIXTURE(fixture, "members find each other by probes alone, and who subscribed hears of it") {
  REQUIRE(seen);
  CHECK(seen->size() == 3);
  for (const auto& m : *seen) CHECK(m.state == member_state::alive);
  for (const auto& m : *seen) CHECK(m.life == 1);
  CHECK(suspects.empty());
}

TEST_CASE_FIXTURE(fixture, "replicas hear of a node that ended, at once, when it is dead and when it is back") {
  kill(3);
  w.run(100ms);
  CHECK(suspects == std::vector<std::uint64_t>{3, 3}); // two replicas
  CHECK(held(3)->state == member_state::suspect);
  w.run(4s);
  CHECK(suspects.size() == 4);
  CHECK(held(3)->state == member_state::dead);
  suspects.clear();
  start(3, 2);
  meet(3);
  w.run(8s);
  CHECK(held(3)->state == member_state::alive);
  CHECK(held(3)->life == 2);
  CHECK(std::ranges::count(suspects, 3U) >= 2);
}

TEST_CASE_FIXTURE(fixture, "whoever leaves is held as left, and nobody connects to it any more") {
  bool gone = false;
  const auto asker = w.probe([&](const left_cluster&) { gone = true; });
  caf::anon_send(nodes[2], leave_cluster{asker});
  w.run(2s);
  CHECK(gone);
  CHECK(held(2)->state == member_state::left);
}

TEST_CASE_FIXTURE(fixture, "a pair whose connection is cut stays alive as long as a third reaches both") {
  net->cut({1}, {3});
  w.run(30s);
  CHECK(held(3)->state != member_state::dead);
  net->heal();
  w.run(5s);
  CHECK(held(3)->state == member_state::alive);
}

TEST_CASE_FIXTURE(fixture, "changed facts reach the others") {
  auto facts = member_of(3).facts;
  facts.draining = true;
  caf::anon_send(nodes[3], set_member_facts{facts});
  w.run(2s);
  CHECK(held(3)->facts.draining);
}

TEST_CASE_FIXTURE(fixture, "unreadable probes cost one line and nothing else") {
  for (int i = 0; i < 100; ++i) caf::anon_send(nodes[1], frame_received{{3}, frame_kind::probe, {}, "\xff\xff"});
  w.run(3s);
  CHECK(warnings.size() == 1);
  CHECK(held(3)->state == member_state::alive);
}

TEST_CASE_FIXTURE(fixture, "a node is told that another process lives under its id") {
  auto twin = member_of(1, 9);
  caf::anon_send(nodes[2], introduce_members{std::make_shared<const std::vector<membership::member>>(1, twin)});
  w.run(1s);
  CHECK(superseded == 0); // an introduction changes nothing that is known
  start(4, 1);
  auto first = member_of(1, 9);
  caf::anon_send(nodes[4], introduce_members{std::make_shared<const std::vector<membership::member>>(1, first)});
  w.run(3s);
  CHECK(superseded == 9);
}

TEST_CASE("addresses are split at their port") {
  CHECK(split_address("10.0.0.1:7700") == std::pair{std::string{"10.0.0.1"}, std::uint16_t{7700}});
  CHECK(split_address("[::1]:7700") == std::pair{std::string{"::1"}, std::uint16_t{7700}});
  for (const auto* bad : {"", ":7700", "host", "host:", "host:0", "host:70000", "host:7x"}) CHECK(!split_address(bad));
}
