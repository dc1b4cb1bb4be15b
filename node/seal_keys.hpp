// The keys that seal receipts and cursors: the cluster keeps them in shard 0, and the first one is drawn by whoever
// finds none there. Blocks its caller.
#pragma once

#include "actors/gateway/gateway_actor.hpp"
#include "node/shard_questions.hpp"

namespace burrow {

/// Errors: unavailable (shard 0 is out of service), and what its replica answered: not_leader, busy, timed_out.
[[nodiscard]] result<std::vector<seal_key>> seal_keys(caf::actor_system& system, const shard_reach& shards);

} // namespace burrow
