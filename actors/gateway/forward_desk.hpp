// Where other nodes' questions are answered: operations by a bridge of its own, proposals and questions by this node's
// replicas. An operation or question whose shard leads elsewhere goes there if it has a hop left; nobody waits here for
// a leader, the asker does. What a node asked whose stream has ended is given up, and its claims are undone.
#pragma once

#include "actors/forward_net.hpp"
#include "actors/messages.hpp"
#include "actors/shell.hpp"
#include "cluster/base/limits.hpp"
#include "cluster/placement/route.hpp"

#include <caf/fwd.hpp>

#include <memory>

namespace burrow {

struct forward_desk_options {
  std::shared_ptr<forward_net> net; ///< it takes its place there by itself
  caf::actor supervisor;
  placement::routing routing;
  clock_source clock;
  std::size_t flight_max = limits::forward_flight_max; ///< of one node; over it: busy
};

/// Ends by an exit message, and its bridge with it.
[[nodiscard]] caf::actor spawn_forward_desk(caf::actor_system& system, forward_desk_options options);

} // namespace burrow
