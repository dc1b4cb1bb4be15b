// What one more failure would cost, from the configurations that the groups really have and from who answers.
#pragma once

#include "cluster/placement/view.hpp"

#include <string>
#include <vector>

namespace burrow::placement {

struct loss {
  bool any_node = false;              ///< any one node may die and every shard goes on
  bool any_zone = false;              ///< any one zone; false where there is only one
  std::vector<shard_id> stopped;      ///< without a majority now
  std::vector<node_id> needed_nodes;  ///< the death of which would stop a shard
  std::vector<zone_id> needed_zones;
  std::string text;                   ///< "1 zone, or any 1 node", "any 1 node", "nothing"
  std::string hint;                   ///< "add a third node"; may be empty
};
[[nodiscard]] loss can_lose(const cluster_view& view);

} // namespace burrow::placement
