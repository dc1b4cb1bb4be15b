#include "cluster/placement/requests.hpp"

#include "cluster/placement/goal.hpp"
#include "cluster/placement/leaders.hpp"
#include "cluster/placement/safety.hpp"

#include <algorithm>

namespace burrow::placement {
namespace {

std::string counted(std::size_t n, const char* what) {
  return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
}

std::string name_of(const cluster_view& view, node_id node) {
  const auto* const e = find(view.nodes, node);
  return e == nullptr ? "an unknown node" : e->name;
}

std::string size_text(std::uint64_t bytes) {
  static constexpr const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  std::uint64_t tenths = bytes * 10;
  for (; tenths >= 10'240 && unit < 4; ++unit) tenths /= 1024;
  return std::to_string(tenths / 10) + (unit == 0 ? "" : "." + std::to_string(tenths % 10)) + " " + units[unit];
}

request_plan refused(std::string why, bool forceable = false) {
  request_plan out;
  out.refusal = std::move(why);
  out.forceable = forceable;
  return out;
}

std::uint64_t bytes_of(const picture& seen, std::size_t shard) {
  const auto* const r = seen.report(shard);
  return r == nullptr ? 0 : r->bytes;
}

cluster_view with_state(cluster_view view, node_id node, node_state state) {
  for (auto& e : view.nodes) {
    if (e.node == node) e.state = state;
  }
  return view;
}

/// What this node leads, and who would take it.
std::vector<shard_move> led_by(const cluster_view& view, node_id node) {
  const auto after = with_state(view, node, node_state::draining);
  const picture seen(after);
  std::vector<shard_move> out;
  for (const auto& r : view.shards) {
    if (r.leader == node) out.push_back({r.shard, node, successor(seen, r.shard.value).value_or(node_id{}), 0});
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.shard < b.shard; });
  return out;
}

/// The replicas that the planner still has to copy, as it sees things.
std::vector<shard_move> copies_of(const picture& seen, const std::vector<shard_goal>& goals, std::uint64_t& bytes) {
  std::vector<shard_move> out;
  for (std::size_t n = 0; n < goals.size(); ++n) {
    for (const auto& s : goals[n].slots) {
      if (!s.open() && (s.pending == nullptr || seen.ready(n, s.pending->who))) continue;
      if (s.open() && s.pending == nullptr && s.voter.replica.value == 0 && !seen.takes(s.to)) continue;
      out.push_back({{static_cast<std::uint16_t>(n)}, s.voter.node, s.to, bytes_of(seen, n)});
      bytes += bytes_of(seen, n);
    }
  }
  return out;
}

std::string others_in_zone(const cluster_view& view, const node_entry& entry) {
  std::string out;
  for (const auto& e : view.nodes) {
    const bool stays = e.state == node_state::storage || e.state == node_state::draining;
    if (e.node != entry.node && e.zone == entry.zone && stays) out += (out.empty() ? "" : ", ") + e.name;
  }
  return out;
}

/// Why a node that is emptied could not be, or "".
request_plan check_leaving(const cluster_view& view, const node_entry& entry) {
  const auto after = with_state(view, entry.node, node_state::leaving);
  const picture seen(after);
  if (seen.a_zone_is_gone()) return refused("a whole zone is down, and nothing is moved until a node of it is back");
  const picture with(view);
  const auto before = goal_of(with), goals = goal_of(seen);
  const auto ends = [](const shard_goal& goal) {
    std::vector<node_id> out;
    for (const auto& s : goal.slots) out.push_back(s.to);
    return out;
  };
  std::size_t stuck = 0, poorer = 0;
  for (std::size_t n = 0; n < goals.size(); ++n) {
    if (!goals[n].grown) {
      stuck += goals[n].moves_out && goals[n].slots.size() < 2;
      continue;
    }
    const auto then = ends(goals[n]);
    stuck += std::any_of(then.begin(), then.end(), [&](node_id to) { return seen.leaves(to); });
    poorer += seen.spread(then) < seen.spread(ends(before[n]));
  }
  if (stuck > 0 && !goals.empty() && goals.front().grown) {
    return refused(counted(stuck, "shard") + " could not keep three voters without " + entry.name +
                   ": add a node" + (with.zones() < 3 ? "" : " in zone " + entry.zone) + " first");
  }
  if (stuck > 0)
    return refused(entry.name + " holds the only vote of " + counted(stuck, "shard") + ": add a node first");
  if (poorer > 0) {
    return refused(counted(poorer, "shard") + " would have two replicas in one zone: zone " + entry.zone +
                   " would lose its only copy", true);
  }
  return {};
}

} // namespace

request_plan drain_plan(const cluster_view& view, node_id node) {
  const auto* const entry = find(view.nodes, node);
  if (entry == nullptr || entry->state == node_state::gone) return refused("no such node");
  if (entry->state == node_state::leaving)
    return refused(entry->name + " is being decommissioned: it leads nothing already");
  const auto risk = can_lose(view);
  request_plan out;
  const picture seen(view);
  if (seen.up(node) && std::find(risk.needed_nodes.begin(), risk.needed_nodes.end(), node) != risk.needed_nodes.end()) {
    out = refused("shards would stop without " + entry->name + (risk.hint.empty() ? "" : ": " + risk.hint), true);
  }
  for (const auto& e : view.nodes) {
    if (e.node != node && e.state == node_state::draining && out.allowed() && e.zone != entry->zone) {
      out = refused(e.name + " in zone " + e.zone + " is being drained: one zone at a time", true);
    }
  }
  out.leaders = led_by(view, node);
  out.state = node_state::draining;
  out.summary = entry->name + " leads " + counted(out.leaders.size(), "shard") + ".";
  return out;
}

request_plan undo_plan(const cluster_view& view, node_id node) {
  const auto* const entry = find(view.nodes, node);
  if (entry == nullptr || entry->state == node_state::gone) return refused("no such node");
  request_plan out;
  out.state = node_state::storage;
  out.summary = entry->name + " is " + std::string(to_string(entry->state)) + ".";
  return out;
}

request_plan decommission_plan(const cluster_view& view, node_id node) {
  const auto* const entry = find(view.nodes, node);
  if (entry == nullptr || entry->state == node_state::gone) return refused("no such node");
  auto out = check_leaving(view, *entry);
  const auto after = with_state(view, node, node_state::leaving);
  const picture seen(after);
  for (auto& m : copies_of(seen, goal_of(seen), out.bytes)) {
    if (m.from == node || m.from.value == 0) out.replicas.push_back(m);
  }
  out.bytes = 0;
  for (const auto& m : out.replicas) out.bytes += m.bytes;
  out.leaders = led_by(view, node);
  out.state = node_state::leaving;
  const auto others = others_in_zone(view, *entry);
  out.summary = entry->name + " holds " + counted(duties_of(view.map, node).size(), "replica") + ", and " +
                std::to_string(out.replicas.size()) + " (" + size_text(out.bytes) + ") must be copied. Zone " +
                entry->zone + (others.empty() ? " keeps no node." : " keeps " + others + ".");
  return out;
}

request_plan move_plan(const cluster_view& view, shard_id shard, node_id from, node_id to) {
  const picture seen(view);
  if (shard.value >= view.map.shards.size()) return refused("no such shard");
  const auto& place = seen.place(shard.value);
  const auto name = "shard " + std::to_string(shard.value);
  const auto on = [&](node_id node) {
    return std::find_if(place.voters.begin(), place.voters.end(), [&](const auto& v) { return v.node == node; });
  };
  const auto old = on(from);
  if (old == place.voters.end()) return refused(name + " has no vote on " + name_of(view, from));
  if (on(to) != place.voters.end()) return refused(name + " is on " + name_of(view, to) + " already");
  if (!seen.takes(to)) return refused(name_of(view, to) + " takes no replicas: it is down, draining or leaving");
  if (seen.a_zone_is_gone()) return refused("a whole zone is down, and nothing is moved until a node of it is back");
  if (!place.newcomers.empty()) return refused(name + " is being moved already");
  if (place.voters.size() < 3) return refused(name + " has one voter until there are three nodes");
  const auto* const r = seen.report(shard.value);
  if (r == nullptr) return refused(name + " has no leader");
  std::vector<node_id> now, then;
  for (const auto& v : place.voters) {
    now.push_back(v.node);
    then.push_back(v.node == from ? to : v.node);
  }
  if (seen.spread(then) < seen.spread(now)) return refused(name + " would have two replicas in one zone");
  std::map<node_id, std::size_t> held;
  for (const auto& goal : goal_of(seen)) {
    for (const auto& s : goal.slots) ++held[s.to];
  }
  if (seen.takes(from) && held[to] + 1 >= held[from] - 1 + 2) {
    return refused(name_of(view, to) + " holds " + counted(held[to], "replica") + " and " + name_of(view, from) + " " +
                   std::to_string(held[from]) + ": it would be moved back");
  }
  request_plan out;
  out.bytes = r->bytes;
  out.replicas = {{shard, from, to, r->bytes}};
  out.steps = {add_learner{shard, {view.map.next_replica, to}, old->replica}};
  out.summary =
      name + " goes from " + name_of(view, from) + " to " + name_of(view, to) + " (" + size_text(r->bytes) + ").";
  return out;
}

request_plan transfer_plan(const cluster_view& view, shard_id shard, node_id to) {
  const picture seen(view);
  if (shard.value >= view.map.shards.size()) return refused("no such shard");
  const auto name = "shard " + std::to_string(shard.value);
  const auto* const r = seen.report(shard.value);
  if (r == nullptr) return refused(name + " has no leader");
  if (r->leader == to) return refused(name_of(view, to) + " leads " + name + " already");
  if (r->changing || !r->config.leaving.empty()) return refused(name + " is changing its voters or leader now");
  const auto& voters = r->config.voters;
  const auto at = std::find_if(voters.begin(), voters.end(), [&](const auto& v) { return v.node == to; });
  if (at == voters.end()) return refused(name + " has no vote on " + name_of(view, to));
  if (!seen.takes(to)) return refused(name_of(view, to) + " leads nothing: it is down, draining or leaving");
  if (!seen.ready(shard.value, *at)) return refused(name_of(view, to) + " has not caught up with " + name);
  request_plan out;
  auto order = seen.place(shard.value).leaders;
  const auto preferred = std::find(order.begin(), order.end(), to);
  if (preferred != order.end()) std::rotate(order.begin(), preferred, preferred + 1);
  if (order != seen.place(shard.value).leaders) out.steps.push_back(set_leaders{shard, order});
  out.steps.push_back(transfer{shard, r->leader, to});
  out.leaders = {{shard, r->leader, to, 0}};
  out.summary = name + " is handed from " + name_of(view, r->leader) + " to " + name_of(view, to) + ".";
  return out;
}

request_plan rebalance_plan(const cluster_view& view) {
  request_plan out;
  if (view.map.epoch == 0) return refused("there is no cluster yet");
  const picture seen(view);
  out.replicas = copies_of(seen, goal_of(seen), out.bytes);
  const auto orders = leader_orders(seen);
  for (const auto& r : view.shards) {
    if (r.shard.value >= orders.size()) continue;
    const auto first = orders[r.shard.value].front();
    if (first != r.leader && seen.takes(first)) out.leaders.push_back({r.shard, r.leader, first, 0});
  }
  out.summary = counted(out.replicas.size(), "replica") + " (" + size_text(out.bytes) + ") and " +
                counted(out.leaders.size(), "leader") + " to move.";
  return out;
}

} // namespace burrow::placement
