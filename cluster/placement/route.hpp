// Tenant and queue → shard: two fixed hashes, no look-up (ARCHITECTURE section 5). Fixed for ever: a change of either
// hash strands every stored queue, so test vectors pin them (test/unit/cluster/placement/route_test.cpp).
#pragma once

#include "cluster/base/ids.hpp"

#include <vector>

namespace burrow::placement {

/// Data shards are 1..shards; 0 is the metadata shard and never holds a queue.
struct routing {
  std::uint16_t shards = 64;    ///< of the cluster, fixed when it is formed
  std::uint16_t per_tenant = 4; ///< how many of them one tenant uses, at most
};

/// The tenant's shards: the first `per_tenant` by hash(tenant, shard), best first. O(shards log shards).
[[nodiscard]] std::vector<shard_id> shards_of(std::string_view tenant, const routing& how);

/// The shard of a queue: the one of the tenant's with the highest hash(tenant, queue, shard).
[[nodiscard]] shard_id shard_of(const queue_ref& queue, const routing& how);

} // namespace burrow::placement
