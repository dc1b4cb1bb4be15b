// Where the replicas of every shard should come to lie, found from where they are with as few moves as possible: what
// is in flight counts as arrived, and a goal that is reached is its own goal. Private to cluster/placement.
#pragma once

#include "cluster/placement/picture.hpp"

#include <vector>

namespace burrow::placement {

enum class reason : std::uint8_t { none, grow, repair, separate, balance };

/// One of the places that a shard's replicas take.
struct slot {
  raft::member voter;               ///< that holds it now; replica 0: nobody yet
  node_id to;                       ///< where it should be
  const newcomer* pending = nullptr; ///< already on its way there
  bool fresh = false;               ///< the voter is damaged: a new replica on the same node
  reason why = reason::none;
  /// A newcomer has to be added for it.
  [[nodiscard]] bool open() const { return pending == nullptr && (fresh || voter.node != to); }
};

struct shard_goal {
  std::vector<slot> slots;
  bool grown = false;     ///< three voters; never fewer again
  bool may_grow = false;  ///< the slots are three nodes in as many zones as there are
  bool moves_out = false; ///< one voter, on a node that leaves
};

/// By shard.
[[nodiscard]] std::vector<shard_goal> goal_of(const picture& seen);

} // namespace burrow::placement
