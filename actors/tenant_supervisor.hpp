// One tenant's queue actors: starts them when they are asked for, bounds their number (idle ones make room), counts
// their failures. A tenant whose actors keep failing is answered `busy` for a while; nobody else notices. Before the
// first queue it has the tenant's shards tell its account what they hold. Not on the path of messages.
#pragma once

#include "actors/queue_actor.hpp"
#include "actors/supervisor.hpp"
#include "cluster/placement/route.hpp"

#include <caf/fwd.hpp>

#include <memory>
#include <vector>

namespace burrow {

struct tenant_supervisor_options {
  tenant_id tenant;
  std::shared_ptr<const queue_settings> common;
  placement::routing routing;
  restart_budget budget;
  std::vector<caf::actor> replicas; ///< index = shard number
  services helpers;
  duration idle_after{60'000};      ///< without a queue actor for so long, it asks to be stopped
  duration back_off{5'000};         ///< how long a spent budget answers busy
  std::size_t queues_max = 10'000;  ///< queue actors at a time
};

/// Understands tenant_resolve, account_opened, replicas, services, tick_atom, stop_atom (stops its queue actors, then
/// ends).
[[nodiscard]] caf::actor spawn_tenant_supervisor(caf::actor_system& system, tenant_supervisor_options options);

} // namespace burrow
