// What a queue may ask of the outside. Effects are data, harmless when repeated, and dropped by followers.
#pragma once

#include "cluster/base/ids.hpp"

#include <cstdint>
#include <variant>

namespace burrow::queue {

/// Something in this queue may have become takeable: serve its waiters.
struct became_visible {
  queue_ref queue;
  std::uint64_t count = 1;
};

using effect = std::variant<became_visible>;

/// What one entry did to the messages of a queue, counted where it happens: for rates, no part of the state.
struct activity {
  std::uint64_t inserted = 0; ///< replaced ones too
  std::uint64_t claimed = 0;
  std::uint64_t deleted = 0;  ///< by id, take or purge
  std::uint64_t expired = 0;
  std::uint64_t dead = 0;     ///< moved to a dead-letter queue
  bool operator==(const activity&) const = default;
};
struct queue_activity {
  queue_ref queue;
  activity did;
};
/// What a tenant holds on this shard after the entry.
struct tenant_usage {
  tenant_id tenant;
  std::uint64_t queues = 0, bytes = 0;
};

} // namespace burrow::queue
