// Runs one shard of this node: feeds cluster/replica what its mailbox holds, then carries out the effects, once for a
// whole drain. Starts by a fence at the log writer, then has a reader recover what is stored. Decides nothing about the
// shard, nor whose turn it is between tenants (cluster/replica/admission); owns who asked what.
#pragma once

#include "actors/actor_metrics.hpp"
#include "actors/data_plane.hpp"
#include "actors/shard_notice.hpp"
#include "actors/shell.hpp"

#include <caf/fwd.hpp>

#include <functional>
#include <memory>
#include <optional>

namespace burrow {

/// Told, by an actor's thread, which node leads this shard as far as its replica here knows; nobody: it does not know.
using leader_sink = std::function<void(shard_id, std::optional<node_id>)>;

struct replica_actor_options {
  replica_options shard;
  start_number start; ///< higher than that of every earlier life in this process
  std::shared_ptr<store> data;
  clock_source clock;
  services helpers;
  std::shared_ptr<actor_metrics> metrics; ///< may be null
  notice_sink notice;                     ///< may be null
  std::shared_ptr<data_plane> plane;      ///< to the rest of the group; null: there is none
  leader_sink leader;                     ///< may be null
};

/// Understands shard_work, watch, persisted, fenced, recovered, loaded, disk_state, writer_state, services, tick_atom,
/// get_replica_state, peer_said, node_suspect, wake_group, change_group, and stop_atom (drains, then ends). While it
/// is not running it answers work with not_leader.
[[nodiscard]] caf::actor spawn_replica_actor(caf::actor_system& system, replica_actor_options options);

} // namespace burrow
