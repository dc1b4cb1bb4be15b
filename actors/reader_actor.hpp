// Reads of the store that may block: keys and bodies that are not in memory, and what a replica starts from. A pool of
// limits::readers. Holds no state, so its end loses only the reads under way, which are asked again.
#pragma once

#include "actors/shell.hpp"

#include <caf/fwd.hpp>

#include <memory>

namespace burrow {

struct reader_options {
  std::shared_ptr<store> data;
};

/// Understands load and recover.
[[nodiscard]] caf::actor spawn_reader(caf::actor_system& system, reader_options options, bool detached = true);

} // namespace burrow
