// What a queue may ask of the outside. Effects are data, harmless when repeated, and dropped by followers.
#pragma once

#include "cluster/base/ids.hpp"

#include <variant>

namespace burrow::queue {

/// Something in this queue may have become takeable: serve its waiters.
struct became_visible {
  queue_ref queue;
  std::uint64_t count = 1;
};

using effect = std::variant<became_visible>;

} // namespace burrow::queue
