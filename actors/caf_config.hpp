// CAF's settings for a node (caf.md section 12), in one place. No network module: a single node speaks to nobody.
#pragma once

#include <caf/actor_system_config.hpp>

#include <cstddef>

namespace burrow {

/// `threads`: the scheduler's, 0 = one a core.
struct caf_config : caf::actor_system_config {
  explicit caf_config(std::size_t threads = 0);
};

} // namespace burrow
