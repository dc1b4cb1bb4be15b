// What a step makes of the map, and of a log line.
#include "cluster/placement/planner.hpp"

#include "cluster/base/assert.hpp"

#include <algorithm>

namespace burrow::placement {
namespace {

struct applying {
  shard_map& map;
  std::vector<node_entry>& nodes;

  shard_place& place(shard_id shard) const {
    BURROW_ASSERT(shard.value < map.shards.size());
    return map.shards[shard.value];
  }

  void operator()(const add_learner& s) const {
    BURROW_ASSERT(s.who.replica >= map.next_replica);
    place(s.shard).newcomers.push_back({s.who, s.instead_of});
    map.next_replica = {s.who.replica.value + 1};
  }
  void operator()(const drop_learner& s) const {
    auto& all = place(s.shard).newcomers;
    all.erase(std::remove_if(all.begin(), all.end(), [&](const newcomer& c) { return c.who == s.who; }), all.end());
  }
  void operator()(const note_voters& s) const {
    auto& p = place(s.shard);
    p.voters = s.voters;
    p.noted = s.at;
    const auto votes = [&](auto&& fits) { return std::any_of(p.voters.begin(), p.voters.end(), fits); };
    const auto done = [&](const newcomer& c) {
      return votes([&](const raft::member& v) { return v.replica == c.who.replica; }) ||
             (c.instead_of.value != 0 && !votes([&](const raft::member& v) { return v.replica == c.instead_of; })) ||
             (c.instead_of.value == 0 && votes([&](const raft::member& v) { return v.node == c.who.node; }));
    };
    p.newcomers.erase(std::remove_if(p.newcomers.begin(), p.newcomers.end(), done), p.newcomers.end());
    // Who still votes keeps its place in the order, until the next plan sees to it.
    std::vector<node_id> order;
    for (const auto n : p.leaders) {
      if (votes([&](const raft::member& v) { return v.node == n; })) order.push_back(n);
    }
    for (const auto& v : p.voters) {
      if (std::find(order.begin(), order.end(), v.node) == order.end()) order.push_back(v.node);
    }
    p.leaders = std::move(order);
  }
  void operator()(const set_leaders& s) const { place(s.shard).leaders = s.order; }
  void operator()(const mark_gone& s) const {
    for (auto& e : nodes) {
      if (e.node == s.node) e.state = node_state::gone;
    }
  }
  void operator()(const change_members&) const {}
  void operator()(const transfer&) const {}
};

struct telling {
  const std::vector<node_entry>& nodes;

  std::string name(node_id node) const {
    const auto* const e = find(nodes, node);
    return e == nullptr ? "an unknown node" : e->name;
  }
  static std::string shard(shard_id s) { return "shard " + std::to_string(s.value) + ": "; }
  std::string list(const std::vector<node_id>& of) const {
    std::string out;
    for (const auto n : of) out += (out.empty() ? "" : " ") + name(n);
    return out;
  }
  std::string list(const std::vector<raft::member>& of) const {
    std::vector<node_id> all;
    for (const auto& m : of) all.push_back(m.node);
    return list(all);
  }

  std::string operator()(const add_learner& s) const {
    const auto instead = s.instead_of.value == 0 ? "" : ", instead of replica " + std::to_string(s.instead_of.value);
    return shard(s.shard) + "copy to " + name(s.who.node) + " as replica " + std::to_string(s.who.replica.value) +
           instead;
  }
  std::string operator()(const drop_learner& s) const {
    return shard(s.shard) + "no copy to " + name(s.who.node) + " any more";
  }
  std::string operator()(const note_voters& s) const { return shard(s.shard) + "voters are " + list(s.voters); }
  std::string operator()(const set_leaders& s) const { return shard(s.shard) + "preferred leaders " + list(s.order); }
  std::string operator()(const mark_gone& s) const { return name(s.node) + " is empty and gone"; }
  std::string operator()(const change_members& s) const {
    return shard(s.shard) + "voters to be " + list(s.voters) +
           (s.learners.empty() ? "" : ", learners " + list(s.learners));
  }
  std::string operator()(const transfer& s) const {
    return shard(s.shard) + "leadership from " + name(s.from) + " to " + name(s.to);
  }
};

} // namespace

next_state applied(shard_map map, std::vector<node_entry> nodes, const std::vector<step>& steps) {
  const auto before = map;
  for (const auto& s : steps) std::visit(applying{map, nodes}, s);
  if (!(map == before)) ++map.epoch;
  return {std::move(map), std::move(nodes)};
}

void remember(std::vector<transfer_seen>& transfers, const std::vector<step>& steps, instant now,
              const planner_options& options) {
  const auto kept = std::max(options.transfer_again, duration(std::chrono::seconds(1)));
  const auto over = [&](const transfer_seen& t) { return now - t.at >= kept; };
  transfers.erase(std::remove_if(transfers.begin(), transfers.end(), over), transfers.end());
  for (const auto& s : steps) {
    if (const auto* const t = std::get_if<transfer>(&s)) transfers.push_back({t->shard, t->from, t->to, now});
  }
}

void saw(node_seen& node, membership::member_state state, instant now, const planner_options& options) {
  using membership::member_state;
  if (node.state == state) return;
  if (node.state == member_state::alive) {
    node.falls = node.falls > 0 && now - node.fell >= options.falls_kept ? 1 : node.falls + 1;
    node.fell = now;
  }
  node.state = state;
  node.since = now;
}

std::string text_of(const step& what, const std::vector<node_entry>& nodes) { return std::visit(telling{nodes}, what); }

} // namespace burrow::placement
