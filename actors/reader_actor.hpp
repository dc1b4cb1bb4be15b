// Reads of the store that may block: keys and bodies that are not in memory, and what a replica starts from. A pool of
// limits::readers. Holds nothing but what is pinned for installs, so its end loses those and the reads under way;
// both are asked for again.
#pragma once

#include "actors/shell.hpp"

#include <caf/fwd.hpp>

#include <memory>

namespace burrow {

struct reader_options {
  std::shared_ptr<store> data;
};

/// Understands load, recover and pin_session.
[[nodiscard]] caf::actor spawn_reader(caf::actor_system& system, reader_options options, bool detached = true);

} // namespace burrow
