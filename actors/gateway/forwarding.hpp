// How a bridge reaches the shards that lead on other nodes. Without a net, as in tests of a bridge alone, every shard
// leads here.
#pragma once

#include "actors/forward_net.hpp"
#include "cluster/base/limits.hpp"

#include <functional>
#include <memory>

namespace burrow {

struct forwarding {
  std::shared_ptr<forward_net> net;
  /// Asks this node's replica of the shard to see to it that there is a leader. May be null; any thread.
  std::function<void(shard_id)> wake;
  duration leader_wait = limits::leader_wait_max; ///< how long an operation waits while nobody is known to lead
};

} // namespace burrow
