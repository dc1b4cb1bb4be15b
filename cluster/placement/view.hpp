// What the planner looks at, all of it: it asks nobody anything. The shell where shard 0 leads puts it together.
#pragma once

#include "cluster/placement/shard_map.hpp"

#include <optional>

namespace burrow::placement {

/// A node as membership sees it, from where the planner runs.
struct node_seen {
  node_id node;
  membership::member_state state = membership::member_state::alive;
  instant since; ///< in that state, as long as this planner has looked
  std::uint32_t falls = 0; ///< how often it was alive no more, until it stood for planner_options::falls_kept
  instant fell{};          ///< last
};

/// A member of a group as its leader sees it.
struct member_seen {
  raft::member who;
  bool heard = false;      ///< answers (the leader itself always)
  /// Within limits::log_entries_kept of the leader's commit index; one that does not vote yet is read back nothing for.
  bool caught_up = false;
  instant caught_up_since; ///< while it is
  std::uint64_t lag = 0;   ///< entries
  bool damaged = false;    ///< its log or state is not what it acknowledged: it never votes again
  bool installing = false;
  bool operator==(const member_seen&) const = default;
};

/// What the leader of a shard reports. Of two reports keep the one of the higher term.
struct shard_seen {
  shard_id shard;
  node_id leader;
  burrow::term term;
  raft::configuration config;
  log_index configured;  ///< raft_status::configured
  bool changing = false; ///< a configuration is not committed or joint, or leadership is being handed over
  std::vector<member_seen> members;
  std::uint64_t bytes = 0;
  [[nodiscard]] config_mark mark() const { return {term, configured}; }
  bool operator==(const shard_seen&) const = default;
};

/// Begun by an earlier plan: what was ordered is not ordered again at once (see remember()).
struct transfer_seen {
  shard_id shard;
  node_id from, to;
  instant at;
};

struct planner_options {
  duration dead_after = std::chrono::minutes(10);   ///< a dead node's replicas are replaced
  duration steady = std::chrono::seconds(5);        ///< the preferred node has caught up for so long; twice as long
  std::uint32_t steady_doubled = 5;                 ///< for each fall after the first, so often at most
  duration steady_heir = std::chrono::seconds(30);  ///< an heir, while the preferred one is away
  duration falls_kept = std::chrono::minutes(10);
  duration transfer_again = std::chrono::seconds(5); ///< a transfer that did not take is tried again
  std::size_t transfers_per_second = 8;             ///< of a node, from or to it
  std::size_t moves_per_node = 2;                   ///< copies that it is filling
  std::size_t moves = 8;                            ///< of the cluster
};

struct cluster_view {
  shard_map map;
  std::vector<node_entry> nodes;
  std::vector<node_seen> seen;      ///< a node not named here is not up, since when is unknown
  std::vector<shard_seen> shards;   ///< those with a leader that was heard of lately
  std::vector<transfer_seen> transfers;
  instant now;
  planner_options options;
};

} // namespace burrow::placement
