// Stands between the connections of one Asio thread and the queue actors: numbers requests, finds the queue actor of
// each or the node that leads its shard, sends it again or gives it up when that actor or node is gone, and hands
// results back in groups. Owns no socket, and decides nothing about messages.
#pragma once

#include "actors/gateway/call.hpp"
#include "actors/gateway/forwarding.hpp"
#include "actors/messages.hpp"
#include "cluster/placement/route.hpp"

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

#include <functional>

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(burrow::bridge_work)

namespace burrow {

/// Answers all held requests as if their time had run out, and holds none from now on.
using drain_bridge_atom = caf::atom_constant<caf::atom("gw_drain")>;
using bridge_tick_atom = caf::atom_constant<caf::atom("gw_tick")>;
using bridge_again_atom = caf::atom_constant<caf::atom("gw_again")>;

struct bridge_options {
  caf::actor supervisor;
  placement::routing routing;
  /// Called from the bridge's thread: the calls have their outcome.
  std::function<void(std::vector<call_ptr>)> deliver;
  duration patience{30'000};        ///< how long an outcome may take beyond the request's own `wait`
  std::size_t queues_max = 20'000;  ///< handles kept; over it the one unused for longest is dropped
  forwarding forward;               ///< to the shards that lead on other nodes
};

/// Understands bridge_work and drain_bridge_atom, and what forward_net sends to ports.
[[nodiscard]] caf::actor spawn_bridge(caf::actor_system& system, bridge_options options);

} // namespace burrow
