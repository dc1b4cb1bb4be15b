// What an operator asks for, as data that a command shows before anything is done: which shards, how much, safe or why
// not. Pure: carrying it out is writing `steps` and `state` to shard 0.
#pragma once

#include "cluster/placement/planner.hpp"

#include <optional>

namespace burrow::placement {

/// One replica or leadership that goes from one node to another.
struct shard_move {
  shard_id shard;
  node_id from, to;        ///< to 0: not settled yet
  std::uint64_t bytes = 0; ///< 0: leadership moves, or its size is not known
  bool operator==(const shard_move&) const = default;
};

struct request_plan {
  std::string refusal;              ///< empty: it may be done
  bool forceable = false;           ///< refused, but possible with --force and a reason
  std::vector<shard_move> leaders, replicas;
  std::uint64_t bytes = 0;          ///< of replicas
  std::string summary;              ///< "n2 holds 12 replicas (6.8 GiB). Zone b keeps n5. Safe: ..."
  std::optional<node_state> state;  ///< what the node's entry is to become
  std::vector<step> steps;          ///< to be applied at once
  [[nodiscard]] bool allowed() const { return refusal.empty(); }
};

[[nodiscard]] request_plan drain_plan(const cluster_view& view, node_id node);
/// Ends draining, or leaving as long as the node is not gone.
[[nodiscard]] request_plan undo_plan(const cluster_view& view, node_id node);
[[nodiscard]] request_plan decommission_plan(const cluster_view& view, node_id node);
[[nodiscard]] request_plan move_plan(const cluster_view& view, shard_id shard, node_id from, node_id to);
[[nodiscard]] request_plan transfer_plan(const cluster_view& view, shard_id shard, node_id to);
/// What the planner would do from here, replicas and leaders, if nothing else happened.
[[nodiscard]] request_plan rebalance_plan(const cluster_view& view);

} // namespace burrow::placement
