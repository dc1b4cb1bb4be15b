// How a bridge reaches the shards that lead on other nodes. Without a net, as in tests of a bridge alone, every shard
// leads here.
#pragma once

#include "actors/forward_net.hpp"
#include "cluster/base/limits.hpp"

#include <memory>

namespace burrow {

struct forwarding {
  std::shared_ptr<forward_net> net;
  duration leader_wait = limits::leader_wait_max; ///< how long an operation waits while nobody is known to lead
};

} // namespace burrow
