// What shards ask of each other (call_effect: arrivals and what drives moves), wherever the other one leads: handed to
// this node's replica, or over the data plane to the node that leads. Decides nothing, and repeats nothing: a call that
// got lost comes again from its replica under another number.
#pragma once

#include "actors/forward_net.hpp"
#include "actors/messages.hpp"
#include "actors/shell.hpp"

#include <caf/fwd.hpp>

#include <memory>

namespace burrow {

/// To the router. Each proposal and question in it is answered to `work.from` by shard_results, as a replica would.
/// Errors of its own: not_leader (nothing was done: nobody is known to lead, or who was asked does not), busy (too much
/// is under way with that node; nothing was done), unknown_outcome (the node was lost).
struct routed_work {
  shard_id shard;
  shard_work work;
};

struct shard_router_options {
  std::shared_ptr<forward_net> net;
  caf::actor supervisor; ///< asked for this node's replicas
  clock_source clock;
  duration patience{10'000}; ///< for an outcome of another node; then: unknown_outcome
};

/// Understands routed_work and replicas (which it asks for itself at its start and whenever one has ended).
[[nodiscard]] caf::actor spawn_shard_router(caf::actor_system& system, shard_router_options options);

} // namespace burrow

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(burrow::routed_work)
