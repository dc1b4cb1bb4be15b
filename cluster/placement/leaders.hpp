// Who should lead what. Private to cluster/placement.
#pragma once

#include "cluster/placement/picture.hpp"

#include <vector>

namespace burrow::placement {

/// For each shard its voters' nodes, the preferred leader first: every node is first as often as any other, as far as
/// what lies where allows, and when it dies its leaders fall to the others in equal parts. As few firsts as possible
/// differ from those of the map; nodes that leave come last.
[[nodiscard]] std::vector<std::vector<node_id>> leader_orders(const picture& seen);

/// Whom this shard's leader should hand over to now, if to anybody.
[[nodiscard]] std::optional<node_id> successor(const picture& seen, std::size_t shard);

} // namespace burrow::placement
