// Opens connections of CAF's remoting, on a thread of its own: first a connect of ours that gives up after half a
// second, since CAF's own never does and holds up every other meanwhile.
#pragma once

#include "actors/cluster_messages.hpp"

#include <caf/fwd.hpp>

namespace burrow {

/// Understands control_dial, answered by control_dialled; stop_atom.
[[nodiscard]] caf::actor spawn_control_dialer(caf::actor_system& system, bool tls);

} // namespace burrow
