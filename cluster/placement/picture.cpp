#include "cluster/placement/picture.hpp"

#include <algorithm>

namespace burrow::placement {

using membership::member_state;

picture::picture(const cluster_view& from) : view(from) {
  for (const auto& e : view.nodes) entries_[e.node] = &e;
  for (const auto& s : view.seen) seen_[s.node] = &s;
  reports_.resize(view.map.shards.size());
  for (const auto& s : view.shards) {
    if (s.shard.value < reports_.size()) reports_[s.shard.value] = &s;
  }
  std::set<zone_id> alive;
  for (const auto& [node, e] : entries_) {
    if (takes(node)) takers_.push_back(node);
    if (!stays(node)) continue;
    zones_.insert(e->zone);
    if (up(node)) alive.insert(e->zone);
  }
  zone_gone_ = alive.size() < zones_.size();
}

const node_entry* picture::entry(node_id node) const {
  const auto at = entries_.find(node);
  return at == entries_.end() ? nullptr : at->second;
}

const zone_id& picture::zone(node_id node) const {
  static const zone_id none;
  const auto* const e = entry(node);
  return e == nullptr ? none : e->zone;
}

const shard_seen* picture::report(std::size_t shard) const { return reports_[shard]; }

const member_seen* picture::seen(std::size_t shard, replica_id replica) const {
  const auto* const r = report(shard);
  if (r == nullptr) return nullptr;
  const auto at = std::find_if(r->members.begin(), r->members.end(),
                               [&](const member_seen& m) { return m.who.replica == replica; });
  return at == r->members.end() ? nullptr : &*at;
}

bool picture::up(node_id node) const {
  const auto at = seen_.find(node);
  if (at == seen_.end()) return false;
  return at->second->state == member_state::alive || at->second->state == member_state::suspect;
}

bool picture::lost(node_id node) const {
  const auto* const e = entry(node);
  if (e == nullptr || e->state == node_state::gone) return true;
  const auto at = seen_.find(node);
  return at != seen_.end() && !up(node) && view.now - at->second->since >= view.options.dead_after;
}

bool picture::leaves(node_id node) const {
  const auto* const e = entry(node);
  return e == nullptr || e->state == node_state::leaving || e->state == node_state::gone;
}

bool picture::stays(node_id node) const { return !leaves(node); }

bool picture::takes(node_id node) const {
  const auto* const e = entry(node);
  const auto at = seen_.find(node);
  return e != nullptr && e->state == node_state::storage && at != seen_.end() &&
         at->second->state == member_state::alive;
}

bool picture::answers(std::size_t shard, const raft::member& who) const {
  const auto* const m = seen(shard, who.replica);
  return m != nullptr && up(who.node) && m->heard && !m->damaged;
}

bool picture::ready(std::size_t shard, const raft::member& who) const {
  const auto* const m = seen(shard, who.replica);
  return answers(shard, who) && m->caught_up && !m->installing;
}

duration picture::steady(node_id node) const {
  const auto at = seen_.find(node);
  const auto& o = view.options;
  if (at == seen_.end() || at->second->falls == 0 || view.now - at->second->fell >= o.falls_kept) return o.steady;
  return o.steady * (1U << std::min(at->second->falls - 1, o.steady_doubled));
}

std::size_t picture::spread(const std::vector<node_id>& nodes) const {
  std::set<zone_id> zones;
  for (const auto n : nodes) zones.insert(zone(n));
  return zones.size();
}

} // namespace burrow::placement
