// The map of a cluster of one, for tests: every shard has one voter on that node, under replica id 1.
#pragma once

#include "cluster/placement/shard_map.hpp"

namespace burrow::test {

inline placement::shard_map first_map(node_id node, std::uint16_t shards) {
  placement::shard_map map;
  map.epoch = 1;
  map.next_replica = {2};
  map.shards.assign(static_cast<std::size_t>(shards) + 1, placement::shard_place{{{{1}, node}}, {}, {}, {node}});
  return map;
}

} // namespace burrow::test
