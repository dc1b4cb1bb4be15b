// A view with its look-ups made once. Private to cluster/placement.
#pragma once

#include "cluster/placement/view.hpp"

#include <map>
#include <set>

namespace burrow::placement {

class picture {
 public:
  explicit picture(const cluster_view& view);

  const cluster_view& view;

  [[nodiscard]] const node_entry* entry(node_id node) const;
  [[nodiscard]] const zone_id& zone(node_id node) const; ///< "" of a stranger
  [[nodiscard]] const shard_seen* report(std::size_t shard) const;
  [[nodiscard]] const shard_place& place(std::size_t shard) const { return view.map.shards[shard]; }
  /// As the leader of the shard sees this replica; null if it does not.
  [[nodiscard]] const member_seen* seen(std::size_t shard, replica_id replica) const;

  /// Alive or only suspected.
  [[nodiscard]] bool up(node_id node) const;
  /// Will not come back, as far as one can tell: dead for long, or gone.
  [[nodiscard]] bool lost(node_id node) const;
  /// To be emptied.
  [[nodiscard]] bool leaves(node_id node) const;
  /// May be given something new: not drained, and not even suspected.
  [[nodiscard]] bool takes(node_id node) const;
  /// Holds replicas for the time being and after: storage or draining.
  [[nodiscard]] bool stays(node_id node) const;
  /// Up, hears its leader, is not damaged: it counts for a majority.
  [[nodiscard]] bool answers(std::size_t shard, const raft::member& who) const;
  /// And has what the leader has.
  [[nodiscard]] bool ready(std::size_t shard, const raft::member& who) const;
  /// How long it has to have caught up before it leads again by preference. Who falls time and again would else take
  /// its shards down with it each time, and get them back each time.
  [[nodiscard]] duration steady(node_id node) const;

  [[nodiscard]] const std::vector<node_id>& takers() const { return takers_; }
  /// Of the nodes that stay, dead ones too.
  [[nodiscard]] std::size_t zones() const { return zones_.size(); }
  /// Every node that stays in some zone is down: nothing is moved, lest the rest of a zone get two votes of a shard.
  [[nodiscard]] bool a_zone_is_gone() const { return zone_gone_; }
  [[nodiscard]] std::size_t spread(const std::vector<node_id>& nodes) const; ///< zones among them

 private:
  std::map<node_id, const node_entry*> entries_;
  std::map<node_id, const node_seen*> seen_;
  std::vector<const shard_seen*> reports_;
  std::vector<node_id> takers_;
  std::set<zone_id> zones_;
  bool zone_gone_ = false;
};

} // namespace burrow::placement
