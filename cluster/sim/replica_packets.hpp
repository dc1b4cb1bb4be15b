// What the network of a world of whole replicas carries: what replicas of one shard say to each other, and what the
// leader of one shard wants of another's, with the outcome.
#pragma once

#include "cluster/replica/effect.hpp"

namespace burrow::sim {

struct shard_call {
  raft::member from;
  shard_id shard; ///< of the caller
  std::variant<proposal, question> what;
};

struct call_outcome {
  raft::member to;
  cookie call;
  std::variant<result<queue::reply>, result<queue::answer>> what;
};

using packet = std::variant<std::monostate, peer_content, shard_call, call_outcome>;

} // namespace burrow::sim
