// Runs one shard of this node: feeds cluster/replica what its mailbox holds, then carries out the effects, once for a
// whole drain. Starts by a fence at the log writer, then has a reader recover what is stored. Decides nothing about the
// shard, nor whose turn it is between tenants (cluster/replica/admission); owns who asked what.
#pragma once

#include "actors/actor_metrics.hpp"
#include "actors/shard_notice.hpp"
#include "actors/shell.hpp"

#include <caf/fwd.hpp>

#include <memory>

namespace burrow {

struct replica_actor_options {
  replica_options shard;
  start_number start; ///< higher than that of every earlier life in this process
  std::shared_ptr<store> data;
  clock_source clock;
  services helpers;
  std::shared_ptr<actor_metrics> metrics; ///< may be null
  notice_sink notice;                     ///< may be null
};

/// Understands shard_work, watch, persisted, fenced, recovered, loaded, disk_state, writer_state, services, tick_atom,
/// get_replica_state, and stop_atom (drains, then ends). While it is not running it answers work with not_leader.
[[nodiscard]] caf::actor spawn_replica_actor(caf::actor_system& system, replica_actor_options options);

} // namespace burrow
