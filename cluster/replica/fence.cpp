#include "cluster/replica/fence.hpp"

namespace burrow {

void fence_table::raise(shard_id shard, start_number start) {
  auto& lowest = lowest_[shard];
  if (lowest < start) lowest = start;
}

bool fence_table::passes(shard_id shard, start_number start) const {
  const auto at = lowest_.find(shard);
  return at == lowest_.end() || at->second <= start;
}

} // namespace burrow
