// Where replicas and leaders go: a pure function of a view, so that it can be asked as often as one likes. It runs
// where shard 0 leads, at most once a second or when something changed (replication.md section 11; README.md).
//
// Use: steps = plan(view); write applied(view.map, view.nodes, steps) to shard 0 with if_hash; when that is committed
// publish the map and carry out the orders among the steps (change_members, transfer). Nothing need be remembered but
// view.transfers: an order that was lost is given again, since the next view still shows what is wrong.
#pragma once

#include "cluster/placement/view.hpp"

#include <string>
#include <variant>
#include <vector>

namespace burrow::placement {

// ---- changes of the map ------------------------------------------------------------------------------------------

/// A new replica is wanted; `who.replica` is the map's next.
struct add_learner {
  shard_id shard;
  raft::member who;
  replica_id instead_of; ///< 0: it adds itself
  bool operator==(const add_learner&) const = default;
};
/// A newcomer is wanted no longer, and the group's configuration is free of it: its node may delete it.
struct drop_learner {
  shard_id shard;
  raft::member who;
  bool operator==(const drop_learner&) const = default;
};
/// The group has committed these voters. Also noted, with voters as they were, before a change of them is ordered: so
/// no later plan takes a report from before that change for the present, and drops a newcomer that has become a voter.
struct note_voters {
  shard_id shard;
  std::vector<raft::member> voters;
  config_mark at;
  bool operator==(const note_voters&) const = default;
};
struct set_leaders {
  shard_id shard;
  std::vector<node_id> order;
  bool operator==(const set_leaders&) const = default;
};
/// An emptied node that was to leave.
struct mark_gone {
  node_id node;
  bool operator==(const mark_gone&) const = default;
};

// ---- orders to a leader ------------------------------------------------------------------------------------------

/// To be refused by the leader unless `expected` is the configuration in force there.
struct change_members {
  shard_id shard;
  node_id leader;
  raft::configuration expected;
  std::vector<raft::member> voters, learners;
  bool operator==(const change_members&) const = default;
};
struct transfer {
  shard_id shard;
  node_id from, to;
  bool operator==(const transfer&) const = default;
};

using step = std::variant<add_learner, drop_learner, note_voters, set_leaders, mark_gone, change_members, transfer>;

/// The same view gives the same steps; a cluster that is as it should be gives none. Shard 0 comes first.
[[nodiscard]] std::vector<step> plan(const cluster_view& view);

/// Map and entries with the steps in them; the epoch is one higher if the map differs. Orders change nothing.
struct next_state {
  shard_map map;
  std::vector<node_entry> nodes;
};
[[nodiscard]] next_state applied(shard_map map, std::vector<node_entry> nodes, const std::vector<step>& steps);

/// Adds the transfers that were ordered now and drops those that matter no more.
void remember(std::vector<transfer_seen>& transfers, const std::vector<step>& steps, instant now,
              const planner_options& options);

/// Membership says this of the node now. A change of state is noted with its time, and so is a fall.
void saw(node_seen& node, membership::member_state state, instant now, const planner_options& options);

/// One line for events and logs: "shard 7: copy 190 to n4, instead of 12".
[[nodiscard]] std::string text_of(const step& what, const std::vector<node_entry>& nodes);

} // namespace burrow::placement
