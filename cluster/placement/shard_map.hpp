// Which replica of which shard lives where, as shard 0 keeps it in one value and all nodes know it by its epoch.
//
// Voters follow: the map notes what a shard's group has committed, never the other way round. Learners lead: the
// planner writes a newcomer down first, its node then runs it, and the group's leader is told to take it in. So a
// planner that dies between two steps leaves nothing that the next one does not see.
#pragma once

#include "cluster/base/result.hpp"
#include "cluster/membership/member.hpp"
#include "cluster/raft/types.hpp"

#include <string_view>
#include <vector>

namespace burrow::placement {

/// A replica on its way in.
struct newcomer {
  raft::member who;
  replica_id instead_of; ///< the voter that it replaces when it has caught up; 0: it only adds itself
  auto operator<=>(const newcomer&) const = default;
};

/// When a group's configuration was in force: of two reports of leaders the one with the higher mark is the later one.
/// A leader of a later term has all that was committed before; within a term there is one leader, whose log only grows.
struct config_mark {
  burrow::term term;
  log_index index; ///< raft_status::configured
  auto operator<=>(const config_mark&) const = default;
};

struct shard_place {
  std::vector<raft::member> voters; ///< as last noted
  config_mark noted;                ///< what is reported from before that is old
  std::vector<newcomer> newcomers;  ///< wanted as learners
  std::vector<node_id> leaders;     ///< the voters' nodes, the preferred leader first
  bool operator==(const shard_place&) const = default;
};

struct shard_map {
  std::uint64_t epoch = 0;            ///< 0: there is none yet
  replica_id next_replica{1};         ///< above every one that was ever placed
  std::vector<shard_place> shards;    ///< by number, the metadata shard first
  bool operator==(const shard_map&) const = default;
};

/// What an operator or the planner has decided of a node; whether it lives is membership's to say.
enum class node_state : std::uint8_t {
  storage = 1,  ///< holds replicas and leads
  draining = 2, ///< holds what it has, leads nothing, gets nothing new; can be undone
  leaving = 3,  ///< is emptied for good (decommission)
  gone = 4      ///< holds nothing and is never let in again; its name is free
};
[[nodiscard]] std::string_view to_string(node_state state);

/// One node in shard 0's registry.
struct node_entry {
  node_id node;
  std::string name;              ///< unique among those that are not gone
  zone_id zone;
  std::string cluster, http, admin; ///< HOST:PORT each, as in member_facts; http and admin may be empty
  std::string version;
  node_state state = node_state::storage;
  bool operator==(const node_entry&) const = default;
};

/// Agrees with itself: bounds, no replica or node twice in a shard (but for a newcomer that takes the place of the
/// voter on its own node), every replica below next_replica, leaders a permutation of the voters' nodes. Errors:
/// malformed.
[[nodiscard]] result<void> validate(const shard_map& map);
/// Bounds, characters of names, addresses of the form HOST:PORT. Errors: malformed.
[[nodiscard]] result<void> validate(const node_entry& entry);
/// Each, and: no id twice, no name twice among those not gone. Errors: malformed, too_large.
[[nodiscard]] result<void> validate(const std::vector<node_entry>& entries);
/// 1 to 64 of [a-z0-9._-].
[[nodiscard]] bool is_node_name(std::string_view text);
/// HOST:PORT or [IPv6]:PORT, printable and without blanks.
[[nodiscard]] bool is_address(std::string_view text);

[[nodiscard]] const node_entry* find(const std::vector<node_entry>& entries, node_id node);
[[nodiscard]] const node_entry* find_name(const std::vector<node_entry>& entries, std::string_view name); ///< not gone

/// A replica that a node must run. What it runs besides it may delete once the map is of a later epoch than the one
/// that placed it.
struct duty {
  shard_id shard;
  raft::member who;
  bool voter = false;
  bool operator==(const duty&) const = default;
};
/// By shard. Where a newcomer takes the place of this node's own damaged replica only the newcomer is named.
[[nodiscard]] std::vector<duty> duties_of(const shard_map& map, node_id node);

/// The keys of shard 0's registry.
inline constexpr std::string_view map_key = "placement/map", node_prefix = "placement/node/";
[[nodiscard]] std::string node_key(node_id node); ///< the prefix and 16 hex digits

} // namespace burrow::placement
