// One a node: sends tick_atom to whoever asked to be woken, at the time asked for or a few milliseconds later. Stands
// still when nobody waits. CAF's timers cannot be cancelled, so few are set: one for each slot of `grain` at most, and
// only when none that comes earlier is under way.
#pragma once

#include "actors/shell.hpp"

#include <caf/fwd.hpp>

namespace burrow {

struct ticker_options {
  clock_source clock;
  duration grain{5}; ///< wake-ups are rounded up to it, so that those of many actors share one timer
};

/// Understands wake_at, stop_atom.
[[nodiscard]] caf::actor spawn_ticker(caf::actor_system& system, ticker_options options);

} // namespace burrow
