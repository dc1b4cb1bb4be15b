// Who is let into a cluster, and what may stand in its map.
#include "cluster/base/limits.hpp"
#include "cluster/placement/admit.hpp"

#include "test/support/first_map.hpp"

#include <doctest/doctest.h>

using namespace burrow;
using namespace burrow::placement;

namespace {

node_entry node(std::uint64_t id, const std::string& name, const std::string& zone = "a") {
  return {{id}, name, zone, "10.0.0." + std::to_string(id) + ":7700", "", "", "0.5.0"};
}

admission cluster_of_two() {
  admission known{{1, 2}, 4, 2, test::first_map({1}, 4), {node(1, "n1"), node(2, "n2", "b")}, {}};
  known.seen = {{{1}, membership::member_state::alive, {}}, {{2}, membership::member_state::alive, {}}};
  return known;
}

admit_question asks(const node_entry& self) {
  admit_question q;
  q.self = self;
  return q;
}

std::string refused(const admission& known, const admit_question& q) {
  const auto decided = admit(known, q);
  CHECK(decided.answer.is == standing::refused);
  CHECK(decided.write.empty());
  CHECK(decided.answer.nodes.empty());
  return decided.answer.text;
}

} // namespace

TEST_CASE("a new node is let in, given the map and all nodes, and written down once") {
  auto known = cluster_of_two();
  auto decided = admit(known, asks(node(3, "n3", "c")));
  CHECK(decided.answer.is == standing::admitted);
  CHECK(decided.answer.cluster == known.cluster);
  CHECK(decided.answer.shards == 4);
  CHECK(decided.answer.nodes.size() == 3);
  CHECK(decided.answer.map == known.map);
  REQUIRE(decided.write.size() == 1);
  CHECK(decided.write[0] == node(3, "n3", "c"));
  known.nodes = decided.answer.nodes;
  decided = admit(known, asks(node(3, "n3", "c")));
  CHECK(decided.answer.is == standing::admitted);
  CHECK(decided.write.empty());
}

TEST_CASE("a node that comes back keeps its state, and what it says of itself is taken over") {
  auto known = cluster_of_two();
  known.nodes[1].state = node_state::draining;
  auto q = asks(node(2, "n2", "b"));
  q.self.cluster = "10.9.9.9:7700";
  q.cluster = known.cluster;
  q.empty = false;
  const auto decided = admit(known, q);
  CHECK(decided.answer.is == standing::admitted);
  REQUIRE(decided.write.size() == 1);
  CHECK(decided.write[0].state == node_state::draining);
  CHECK(decided.write[0].cluster == "10.9.9.9:7700");
}

TEST_CASE("strangers are refused, each with its reason") {
  auto known = cluster_of_two();
  auto q = asks(node(3, "n3"));
  q.cluster = hash128{9, 9};
  CHECK(refused(known, q).find("another cluster") != std::string::npos);
  q = asks(node(3, "n3"));
  q.protocol = 99;
  CHECK(refused(known, q) == "this cluster speaks protocol 1, not 99");
  q = asks(node(3, "n3"));
  q.empty = false;
  CHECK(refused(known, q).find("does not know") != std::string::npos);
  CHECK(refused(known, asks(node(3, "n2"))) == "the name n2 is in use by a node that lives");
  CHECK(admit(known, asks(node(3, "n2"))).answer.name_taken);
  CHECK(refused(known, asks(node(3, "N 3"))).find("a node's name") == 0);
  q = asks(node(3, "n3"));
  q.self.cluster = known.nodes[1].cluster;
  CHECK(refused(known, q).find("is that of node n2") != std::string::npos);
  q.self.name = "n1"; // that n1 may die does not help
  CHECK(refused(known, q).find("is that of node n2") != std::string::npos);
  CHECK_FALSE(admit(known, q).answer.name_taken);
  CHECK(refused(known, asks(node(2, "n2", "c"))).find("was in zone b") != std::string::npos);
  known.nodes[1].state = node_state::gone;
  CHECK(refused(known, asks(node(2, "n2", "b"))).find("for good") != std::string::npos);
}

TEST_CASE("the name of a dead node passes on, and the dead one is gone") {
  auto known = cluster_of_two();
  known.seen[1].state = membership::member_state::suspect;
  CHECK(refused(known, asks(node(3, "n2", "b"))).find("in use") != std::string::npos);
  known.seen[1].state = membership::member_state::dead;
  const auto decided = admit(known, asks(node(3, "n2", "b")));
  CHECK(decided.answer.is == standing::admitted);
  REQUIRE(decided.write.size() == 2);
  CHECK(decided.write[0].node == node_id{2});
  CHECK(decided.write[0].state == node_state::gone);
  CHECK(validate(decided.answer.nodes).ok());
}

TEST_CASE("a cluster has a bound of nodes, and forgets gone ones that hold nothing") {
  auto known = cluster_of_two();
  for (std::uint64_t n = 3; n <= limits::cluster_nodes_max; ++n)
    known.nodes.push_back(node(n, "n" + std::to_string(n)));
  CHECK(refused(known, asks(node(1000, "more"))).find("as many nodes") != std::string::npos);
  for (auto& e : known.nodes) {
    if (e.node.value > 3) e.state = node_state::gone;
  }
  for (std::uint64_t n = known.nodes.size() + 1; n <= limits::node_entries_max; ++n) {
    known.nodes.push_back(node(n, "old"));
    known.nodes.back().state = node_state::gone;
  }
  const auto decided = admit(known, asks(node(1000, "more")));
  CHECK(decided.answer.is == standing::admitted);
  REQUIRE(decided.erase.size() == 1);
  CHECK(decided.erase[0] == node_id{4});
  CHECK(validate(decided.answer.nodes).ok());
}

TEST_CASE("only a member's word is passed back to who asks to be let in") {
  const hash128 ours{1, 2}, other{3, 4};
  admit_answer said;
  for (const auto is : {standing::admitted, standing::refused, standing::member}) {
    said = no_admission(is, "", ours);
    CHECK(is_word_of_member(said, ours));
  }
  said.cluster = other;
  CHECK_FALSE(is_word_of_member(said, ours));
  for (const auto is : {standing::empty, standing::promised}) {
    said = no_admission(is, "");
    CHECK_FALSE(is_word_of_member(said, ours));
  }
}

TEST_CASE("who was in a cluster joins that one, and asks on while its name is taken") {
  const hash128 ours{1, 2}, other{3, 4};
  const auto in = no_admission(standing::admitted, "", other), out = no_admission(standing::refused, "why", other);
  CHECK(news_in(in, std::nullopt, {}) == admit_news::admitted);
  CHECK(news_in(in, other, {}) == admit_news::admitted);
  CHECK(news_in(in, ours, duration{1'000'000}) == admit_news::of_others);
  CHECK(news_in(out, std::nullopt, {}) == admit_news::refused);
  CHECK(news_in(out, other, {}) == admit_news::refused);
  auto taken = out;
  taken.name_taken = true; // as somebody's who has just ended
  for (const auto& was_in : {std::optional<hash128>{}, std::optional(other)}) {
    CHECK(news_in(taken, was_in, {}) == admit_news::name_taken);
    CHECK(news_in(taken, was_in, duration{59'999}) == admit_news::name_taken);
    CHECK(news_in(taken, was_in, duration{60'000}) == admit_news::refused);
  }
  CHECK(news_in(no_admission(standing::admitted, ""), std::nullopt, {}) == admit_news::none);
  for (const auto is : {standing::empty, standing::promised, standing::member})
    CHECK(news_in(no_admission(is, "", ours), std::nullopt, {}) == admit_news::none);
}

TEST_CASE("names and addresses that cannot be are none") {
  for (const auto* const good : {"n1", "a.b_c-9", "0"}) CHECK(is_node_name(good));
  for (const auto* const bad : {"", "N1", "a b", "a/b", "\xc3\xa9"}) CHECK_FALSE(is_node_name(bad));
  CHECK_FALSE(is_node_name(std::string(65, 'a')));
  for (const auto* const good : {"localhost:1", "10.0.0.1:65535", "[::1]:7700", "a-b.example:80"})
    CHECK(is_address(good));
  for (const auto* const bad :
       {"", ":1", "a", "a:", "a:0", "a:65536", "a:1x", "::1:5", "[]:1", "a b:1", "a/:1", "a:999999"}) {
    CHECK_FALSE(is_address(bad));
  }
}

TEST_CASE("a map that does not agree with itself is refused") {
  const auto broken = [](auto change) {
    auto map = test::first_map({1}, 2);
    map.next_replica = {10};
    map.shards[1].voters = {{{1}, {1}}, {{2}, {2}}, {{3}, {3}}};
    map.shards[1].leaders = {{2}, {1}, {3}};
    CHECK(validate(map).ok());
    change(map);
    return !validate(map).ok();
  };
  CHECK(broken([](auto& m) { m.epoch = 0; }));
  CHECK(broken([](auto& m) { m.shards[0].voters.clear(); }));
  CHECK(broken([](auto& m) { m.next_replica = {3}; }));
  CHECK(broken([](auto& m) { m.shards[1].voters[2] = {{2}, {3}}; }));
  CHECK(broken([](auto& m) { m.shards[1].voters[2] = {{3}, {2}}; }));
  CHECK(broken([](auto& m) { m.shards[1].leaders[0] = {4}; }));
  CHECK(broken([](auto& m) { m.shards[1].leaders.pop_back(); }));
  CHECK(broken([](auto& m) { m.shards[1].newcomers = {{{{4}, {2}}, {}}}; }));
  CHECK(broken([](auto& m) { m.shards[1].newcomers = {{{{4}, {2}}, {3}}}; }));
  CHECK(broken([](auto& m) { m.shards[1].newcomers = {{{{4}, {5}}, {9}}}; }));
  CHECK(broken([](auto& m) { m.shards[1].newcomers = {{{{4}, {5}}, {}}, {{{5}, {5}}, {}}}; }));
  CHECK(broken([](auto& m) { m.shards[1].newcomers.assign(6, {{{4}, {5}}, {}}); }));
  CHECK_FALSE(broken([](auto& m) { m.shards[1].newcomers = {{{{4}, {2}}, {2}}}; })); // for a damaged one, in its place
}

TEST_CASE("a node's duties are its voters and newcomers; a newcomer in its own place stands for both") {
  auto map = test::first_map({1}, 2);
  map.next_replica = {10};
  map.shards[1].newcomers = {{{{5}, {2}}, {}}};
  map.shards[2].newcomers = {{{{6}, {1}}, {1}}};
  CHECK(duties_of(map, {1}) ==
        std::vector<duty>{{{0}, {{1}, {1}}, true}, {{1}, {{1}, {1}}, true}, {{2}, {{6}, {1}}, false}});
  CHECK(duties_of(map, {2}) == std::vector<duty>{{{1}, {{5}, {2}}, false}});
  CHECK(duties_of(map, {3}).empty());
  CHECK(node_key({0xab}) == "placement/node/00000000000000ab");
}
