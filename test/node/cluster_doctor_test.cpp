// What the doctor says of clusters that are hard to bring about: facts in, findings out.
#include "node/cluster_doctor.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace burrow;
using namespace burrow::placement;
using membership::member_state;

namespace {

constexpr std::size_t shard_count = 9;

node_entry entry(std::uint64_t id, std::string zone) {
  const auto name = "n" + std::to_string(id);
  return {{id}, name, std::move(zone), "127.0.0.1:77" + std::to_string(id * 10), "", "", "0.4.0", node_state::storage};
}

void add_shard(cluster_facts& f, const std::vector<std::uint64_t>& on) {
  const auto number = static_cast<std::uint16_t>(f.view.map.shards.size());
  shard_place place;
  shard_seen seen{{number}, {on[number % on.size()]}, {3}, {}, {1}, false, {}, 0};
  for (const auto node : on) {
    const raft::member who{{100 * number + node}, {node}};
    place.voters.push_back(who);
    place.leaders.push_back({node});
    seen.config.voters.push_back(who);
    member_seen m;
    m.who = who;
    m.heard = m.caught_up = true;
    seen.members.push_back(m);
  }
  f.view.map.shards.push_back(place);
  f.view.shards.push_back(seen);
}

/// Three nodes in three zones, each shard on all of them.
cluster_facts healthy() {
  cluster_facts f;
  f.whole = true;
  f.asked = {1};
  f.view.map.epoch = 7;
  f.view.nodes = {entry(1, "a"), entry(2, "b"), entry(3, "c")};
  for (const auto& n : f.view.nodes) {
    f.view.seen.push_back({n.node, member_state::alive, {}});
    f.reports.push_back({n.node, true, 0, 0.001, {{severity::ok, "disk", "/data", "much", "", n.name}}});
  }
  f.linked = {{2}, {3}};
  for (std::size_t i = 0; i < shard_count; ++i) add_shard(f, {1, 2, 3});
  return f;
}

std::vector<finding> of(const cluster_facts& f, std::string_view check) {
  std::vector<finding> out;
  for (auto& one : diagnose_cluster(f))
    if (one.check == check && one.how != severity::ok) out.push_back(std::move(one));
  return out;
}

} // namespace

TEST_CASE("a healthy cluster has nothing to remark, and every check and every node is there") {
  const auto all = diagnose_cluster(healthy());
  CHECK(worst(all) == severity::ok);
  for (const auto* check : {"metadata", "members", "links", "replicas", "safety", "zones", "leaders", "versions",
                            "clocks"})
    CHECK_MESSAGE(std::ranges::count(all, check, &finding::check) == 1, check);
  for (const auto* node : {"n1", "n2", "n3"}) CHECK(std::ranges::count(all, node, &finding::node) == 1);
}

TEST_CASE("each thing that is wrong with a cluster is found, and says what to do") {
  const auto wrong = [](std::string_view check, severity how, std::string_view object, auto change) {
    auto f = healthy();
    change(f);
    const auto found = of(f, check);
    REQUIRE_MESSAGE(found.size() == 1, check);
    CHECK_MESSAGE(found[0].how == how, check);
    CHECK_MESSAGE(found[0].object == object, found[0].object);
    CHECK_MESSAGE(!found[0].advice.empty(), check);
  };
  wrong("metadata", severity::bad, "shard 0", [](auto& f) { f.whole = false; });
  wrong("members", severity::bad, "n2", [](auto& f) { f.view.seen[1].state = member_state::dead; });
  wrong("members", severity::warn, "n2", [](auto& f) { f.view.seen[1].state = member_state::suspect; });
  wrong("members", severity::warn, "n2", [](auto& f) { f.view.seen[1].state = member_state::left; });
  wrong("members", severity::warn, "n3", [](auto& f) { f.reports[2].answered = false; });
  wrong("members", severity::warn, "n3", [](auto& f) { f.view.nodes[2].state = node_state::draining; });
  wrong("links", severity::bad, "n3 (127.0.0.1:7730)", [](auto& f) { f.linked.erase({3}); });
  wrong("replicas", severity::bad, "shards 4", [](auto& f) { f.view.shards.erase(f.view.shards.begin() + 4); });
  wrong("replicas", severity::bad, "shards 5", [](auto& f) { f.view.shards[5].members[1].damaged = true; });
  wrong("replicas", severity::warn, "shards 6", [](auto& f) { f.view.shards[6].members[1].heard = false; });
  wrong("replicas", severity::warn, "shards 7", [](auto& f) { f.view.shards[7].members[1].caught_up = false; });
  wrong("safety", severity::warn, "n1, n3", [](auto& f) {
    f.view.seen[1].state = member_state::dead;
    for (auto& s : f.view.shards) s.members[1].heard = false, s.leader = {1};
  });
  wrong("zones", severity::warn, "cluster", [](auto& f) { f.view.nodes[2].zone = "b"; });
  wrong("versions", severity::warn, "cluster", [](auto& f) { f.view.nodes[2].version = "0.5.0"; });
  wrong("leaders", severity::warn, "n2", [](auto& f) {
    for (auto& s : f.view.shards) s.leader = {2};
  });
}

TEST_CASE("two copies in one zone are named where there are three zones") {
  auto f = healthy();
  f.view.nodes.push_back(entry(4, "a"));
  f.view.seen.push_back({{4}, member_state::alive, {}});
  f.linked.insert({4});
  CHECK(of(f, "zones").empty());
  add_shard(f, {1, 4, 3});
  const auto found = of(f, "zones");
  REQUIRE(found.size() == 1);
  CHECK(found[0].object == "shards 9");
}

TEST_CASE("zones with unevenly many nodes are a warning") {
  auto f = healthy();
  for (std::uint64_t id : {4, 5}) {
    f.view.nodes.push_back(entry(id, "a"));
    f.view.seen.push_back({{id}, member_state::alive, {}});
    f.linked.insert({id});
  }
  CHECK(of(f, "zones").size() == 1);
}

TEST_CASE("the clock that is off is named, whichever node is asked, and only if it is surely so") {
  auto f = healthy();
  f.reports[2].ahead_s = 0.4;
  auto found = of(f, "clocks");
  REQUIRE(found.size() == 1);
  CHECK(found[0].object == "n3");
  CHECK(found[0].how == severity::warn);
  CHECK(found[0].evidence.find("0.40 s ahead of") != std::string::npos);
  f.reports[2].within_s = 0.3; // the answer took long: the clock may be right
  CHECK(of(f, "clocks").empty());
  f = healthy();
  f.reports[1].ahead_s = f.reports[2].ahead_s = 7; // seen from n1, which is the one that is behind
  found = of(f, "clocks");
  REQUIRE(found.size() == 1);
  CHECK(found[0].object == "n1");
  CHECK(found[0].how == severity::bad);
  CHECK(found[0].evidence.find("behind") != std::string::npos);
}

TEST_CASE("a cluster of one or two is not scolded for what it cannot have, but two are told to be three") {
  cluster_facts f;
  f.whole = true;
  f.asked = {1};
  f.view.nodes = {entry(1, "a")};
  f.view.seen = {{{1}, member_state::alive, {}}};
  f.reports = {{{1}, true, 0, 0, {}}};
  add_shard(f, {1});
  CHECK(worst(diagnose_cluster(f)) == severity::ok);
  f.view.nodes.push_back(entry(2, "b"));
  f.view.seen.push_back({{2}, member_state::alive, {}});
  f.linked = {{2}};
  f.reports.push_back({{2}, true, 0, 0, {}});
  const auto found = of(f, "safety");
  REQUIRE(found.size() == 1);
  CHECK(found[0].advice.find("third node") != std::string::npos);
}

TEST_CASE("findings survive the way to another node, and what is none is refused") {
  const std::vector<finding> all{{severity::bad, "disk", "/data", "full", "make room", "n2"},
                                 {severity::ok, "sync", "/data", "fast", "", ""}};
  const auto again = findings_of(to_json(all));
  REQUIRE(again);
  REQUIRE(again->size() == 2);
  CHECK((*again)[0].node == "n2");
  CHECK((*again)[0].how == severity::bad);
  CHECK((*again)[1].node.empty());
  CHECK_FALSE(findings_of(nlohmann::ordered_json::parse("nonsense", nullptr, false)));
  CHECK_FALSE(findings_of({{"findings", 3}}));
  CHECK(findings_of({{"findings", {1, "x"}}})->size() == 2);
}
