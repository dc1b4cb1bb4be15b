#include "test/support/placement_world.hpp"

#include "test/support/first_map.hpp"

#include "cluster/placement/admit.hpp"
#include "cluster/placement/requests.hpp"
#include "cluster/placement/safety.hpp"

#include <algorithm>

namespace burrow::test {

using namespace placement;
using namespace std::chrono_literals;

placement_world::placement_world(options with) : with_(with), chance_(with.seed) {
  const auto first = join("n1", "a");
  map = first_map(first, with_.shards);
  groups.resize(map.shards.size());
  for (auto& g : groups) {
    g.config.voters = {{{1}, first}};
    g.leader = first;
    g.replicas[{1}] = {false, true, now};
  }
}

void placement_world::expect(bool holds, const std::string& what) {
  if (!holds && broken_.empty())
    broken_ = "seed " + std::to_string(with_.seed) + " at " + std::to_string(now.ms) + ": " + what;
}

node_id placement_world::join(const std::string& name, const std::string& zone) {
  admission known{{1, 1}, with_.shards, 4, map, entries, view().seen};
  admit_question q;
  q.self = {{next_node_}, name, zone, "10.0.0." + std::to_string(next_node_) + ":7700", "", "", "1"};
  const auto decided = admit(known, q);
  if (decided.answer.is != standing::admitted) return {};
  entries = decided.answer.nodes;
  nodes[{next_node_}] = {true, false, now, {{next_node_}, membership::member_state::alive, now}};
  return {next_node_++};
}

void placement_world::is_up(node_id n, bool up) {
  auto& one = nodes[n];
  one.up = up;
  one.since = now;
  saw(one.seen, up ? membership::member_state::alive : membership::member_state::dead, now, {});
}
void placement_world::die(node_id n) { is_up(n, false); }
void placement_world::come_back(node_id n) {
  if (!nodes[n].wiped) is_up(n, true);
}
void placement_world::wipe(node_id n) {
  is_up(n, false);
  nodes[n].wiped = true;
}
void placement_world::set_state(node_id n, node_state state) {
  for (auto& e : entries) {
    if (e.node == n) e.state = state;
  }
}
void placement_world::damage(std::size_t shard, node_id n) {
  for (const auto& v : groups[shard].config.voters) {
    if (v.node == n) groups[shard].replicas[v.replica].damaged = true;
  }
}

const node_entry& placement_world::entry(node_id n) const { return *find(entries, n); }

bool placement_world::answers(const group& g, const raft::member& who) const {
  const auto at = g.replicas.find(who.replica);
  return nodes.at(who.node).up && at != g.replicas.end() && !at->second.damaged;
}
bool placement_world::majority(const group& g, const members& voters) const {
  const auto count = std::count_if(voters.begin(), voters.end(), [&](const auto& v) { return answers(g, v); });
  return static_cast<std::size_t>(count) * 2 > voters.size();
}

std::size_t placement_world::spread(const members& of) const {
  std::set<zone_id> out;
  for (const auto& m : of) out.insert(entry(m.node).zone);
  return out.size();
}
std::size_t placement_world::zones() const {
  std::set<zone_id> out;
  for (const auto& e : entries) {
    if (e.state == node_state::storage || e.state == node_state::draining) out.insert(e.zone);
  }
  return out.size();
}
bool placement_world::zone_gone() const {
  std::map<zone_id, bool> alive;
  for (const auto& e : entries) {
    if (e.state == node_state::storage || e.state == node_state::draining) alive[e.zone] |= nodes.at(e.node).up;
  }
  return std::any_of(alive.begin(), alive.end(), [](const auto& z) { return !z.second; });
}
bool placement_world::healthy() const {
  return std::all_of(groups.begin(), groups.end(), [&](const group& g) {
    const auto& v = g.config.voters;
    return !g.joint && v.size() >= 3 && std::all_of(v.begin(), v.end(), [&](const auto& m) { return answers(g, m); });
  });
}

/// A group elects, copies to its learners and leaves its joint configuration.
void placement_world::act(std::size_t shard) {
  auto& g = groups[shard];
  const bool able = majority(g, g.config.voters) && (!g.joint || majority(g, g.config.leaving));
  if (!able) g.leader = {};
  const auto leads = std::find_if(g.config.voters.begin(), g.config.voters.end(),
                                  [&](const auto& v) { return v.node == g.leader && answers(g, v); });
  if (able && leads == g.config.voters.end() && !(g.joint && g.leader.value != 0 && nodes.at(g.leader).up)) {
    members may;
    for (const auto& v : g.config.voters) {
      if (answers(g, v) && g.replicas[v.replica].full) may.push_back(v);
    }
    g.leader = may.empty() ? node_id{} : may[chance_.below(may.size())].node;
    g.led_since = now;
    ++g.term.value;
  }
  if (g.leader.value == 0) return;
  for (const auto& l : g.config.learners) {
    if (!nodes.at(l.node).up) continue;
    auto [at, fresh] = g.replicas.try_emplace(l.replica);
    if (fresh) {
      at->second.full_at = now + duration(static_cast<std::int64_t>(chance_.between(1'000, 40'000)));
      ++copies;
    } else if (!at->second.full && at->second.full_at <= now) {
      at->second.full = true;
    }
  }
  if (g.joint && g.joint_until <= now) {
    g.config.leaving.clear();
    g.joint = false;
    ++g.configured.value;
  }
}

shard_seen placement_world::report(std::size_t shard) const {
  const auto& g = groups[shard];
  shard_seen out{{static_cast<std::uint16_t>(shard)}, g.leader, g.term, g.config, g.configured, g.joint, {}, 1000};
  for (const auto* const set : {&g.config.voters, &g.config.leaving, &g.config.learners}) {
    for (const auto& m : *set) {
      const auto at = g.replicas.find(m.replica);
      const bool there = at != g.replicas.end();
      // Who comes back has caught up a second later.
      const bool full = there && at->second.full && nodes.at(m.node).up && now - nodes.at(m.node).since >= 1s;
      const auto since = full ? std::max({at->second.full_at, nodes.at(m.node).since, g.led_since}) : instant{};
      out.members.push_back({m, answers(g, m), full, since, full ? 0U : 5000U, there && at->second.damaged,
                             there && !at->second.full});
    }
  }
  return out;
}

cluster_view placement_world::view() const {
  cluster_view out;
  out.map = map;
  out.nodes = entries;
  out.now = now;
  out.transfers = transfers_;
  for (const auto& [id, n] : nodes) {
    out.seen.push_back(n.seen);
  }
  for (std::size_t s = 0; s < groups.size(); ++s) {
    if (groups[s].leader.value != 0) out.shards.push_back(report(s));
  }
  return out;
}

void placement_world::turn(duration passes) {
  now = now + passes;
  for (std::size_t s = 0; s < groups.size(); ++s) act(s);
  auto seen = view();
  if (with_.faults) {
    for (auto& r : seen.shards) {
      const auto shard = r.shard.value;
      if (chance_.chance(50) && old_reports_.count(shard) != 0) r = old_reports_[shard]; // of a leader that was
      else if (chance_.chance(100)) old_reports_[shard] = r;
    }
    seen.shards.erase(
        std::remove_if(seen.shards.begin(), seen.shards.end(), [&](const auto&) { return chance_.chance(50); }),
        seen.shards.end());
  }
  const auto steps = plan(seen);
  check_steps(seen, steps);
  steps_taken += steps.size();
  if (with_.faults && chance_.chance(100)) return; // whoever planned died before it was written
  const auto next = applied(map, entries, steps);
  map = next.map;
  entries = next.nodes;
  check_map();
  check_rate(steps);
  check_noted(seen, steps);
  remember(transfers_, steps, now, seen.options);
  for (const auto& s : steps) {
    if (!with_.faults || !chance_.chance(100)) carry_out(s);
  }
}

void placement_world::carry_out(const step& what) {
  if (const auto* const order = std::get_if<change_members>(&what)) return change(*order);
  const auto* const order = std::get_if<transfer>(&what);
  if (order == nullptr) return;
  auto& g = groups[order->shard.value];
  if (g.leader != order->from || g.joint || !nodes.at(order->to).up || (with_.faults && chance_.chance(100))) return;
  g.leader = order->to;
  g.led_since = now;
  ++g.term.value;
  ++transfers;
}

void placement_world::change(const change_members& order) {
  auto& g = groups[order.shard.value];
  if (g.leader != order.leader || g.joint || !(g.config == order.expected)) return;
  for (const auto& v : order.voters) {
    const bool was = std::count(g.config.voters.begin(), g.config.voters.end(), v) != 0;
    const bool learnt = std::count(g.config.learners.begin(), g.config.learners.end(), v) != 0;
    if (!was && (!learnt || !g.replicas[v.replica].full)) return;
  }
  g.joint = order.voters != g.config.voters;
  g.config = {order.voters, g.joint ? g.config.voters : members{}, order.learners};
  g.joint_until = now + duration(static_cast<std::int64_t>(chance_.below(3'000)));
  ++g.configured.value;
}

// ---- driving -----------------------------------------------------------------------------------------------------

bool placement_world::settle(duration quiet, duration most) {
  const auto until = now + most;
  auto last = now;
  while (now < until && broken_.empty()) {
    const auto before = steps_taken;
    turn();
    if (steps_taken != before) last = now;
    if (now - last >= quiet) return true;
  }
  return false;
}

void placement_world::random_event() {
  std::vector<node_id> up, down;
  std::set<zone_id> all;
  for (const auto& e : entries) {
    if (e.state == node_state::gone) continue;
    (nodes[e.node].up ? up : down).push_back(e.node);
    all.insert(e.zone);
  }
  const auto pick = [&](const std::vector<node_id>& of) { return of[chance_.below(of.size())]; };
  const auto kind = chance_.below(12);
  if (kind <= 2 && up.size() + down.size() < 9) {
    join("n" + std::to_string(next_node_), std::string(1, static_cast<char>('a' + chance_.below(1 + with_.seed % 4))));
  } else if (kind == 3 && !up.empty()) {
    die(pick(up));
  } else if (kind <= 6 && !down.empty()) {
    come_back(pick(down));
  } else if (kind == 7 && !up.empty()) {
    const auto n = pick(up);
    const auto asked = decommission_plan(view(), n);
    if (asked.allowed()) set_state(n, *asked.state);
  } else if (kind == 8 && !up.empty()) {
    const auto n = pick(up);
    const auto was = entry(n).state;
    const auto asked = was == node_state::draining ? undo_plan(view(), n) : drain_plan(view(), n);
    if (asked.allowed()) set_state(n, *asked.state);
  } else if (kind == 9 && chance_.chance(300)) {
    const auto z = entry(pick(up.empty() ? down : up)).zone;
    for (const auto& e : entries) {
      if (e.zone == z && e.state != node_state::gone) die(e.node);
    }
  } else if (kind == 10 && healthy()) {
    damage(chance_.below(groups.size()), pick(up));
  } else if (kind == 11 && healthy() && can_lose(view()).any_node) {
    const auto n = pick(up);
    const auto before = entry(n);
    if (before.state != node_state::storage) return;
    wipe(n);
    join(before.name, before.zone);
  }
}

std::string placement_world::uneven() const {
  std::map<zone_id, std::map<node_id, std::size_t>> held;
  std::map<node_id, std::size_t> led;
  for (const auto& e : entries) {
    if (e.state != node_state::storage) continue;
    held[e.zone][e.node] = 0;
    led[e.node] = 0;
  }
  for (const auto& g : groups) {
    if (g.config.voters.size() < 3) return "a group of " + std::to_string(g.config.voters.size());
    if (spread(g.config.voters) < std::min<std::size_t>(3, zones())) return "two voters in one zone";
    for (const auto& v : g.config.voters) ++held[entry(v.node).zone][v.node];
    if (!g.config.learners.empty()) return "a learner that nobody wants";
    ++led[g.leader];
  }
  const auto apart = [](const auto& of) {
    std::size_t low = ~std::size_t{0}, high = 0;
    for (const auto& [who, n] : of) low = std::min(low, n), high = std::max(high, n);
    return high - low;
  };
  for (const auto& [zone, of] : held) {
    if (apart(of) > 1) return "replicas differ by " + std::to_string(apart(of)) + " in zone " + zone;
  }
  return apart(led) > 1 ? "leaders differ by " + std::to_string(apart(led)) : "";
}

} // namespace burrow::test
