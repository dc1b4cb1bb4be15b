// What clients did and what they heard: the history that is checked. An unknown outcome "may have happened".
#pragma once

#include "cluster/queue/command.hpp"
#include "cluster/queue/query.hpp"
#include "cluster/sim/plan.hpp"

#include <optional>
#include <string>
#include <vector>

namespace burrow::sim {

struct operation {
  std::uint64_t number = 0; ///< unique in a run; the logged command carries it as its request's number
  shard_id shard;
  std::optional<queue::command> command; ///< or
  std::optional<queue::query> query;
  std::vector<shared_bytes> bodies;
  micros invoked = 0;
  std::optional<micros> returned; ///< no value: unknown
  std::optional<queue::reply> reply;
  std::optional<queue::answer> answer;
  [[nodiscard]] const queue_ref& queue() const { return command ? command->queue : query->queue; }
};

/// Everything of a reply that two replicas must agree on, as text.
[[nodiscard]] std::string digest_of(const queue::reply& reply);

/// Queues of this tenant hold messages without deadlines, so that what they hold follows from the history alone.
inline constexpr std::string_view plain_tenant = "plain", busy_tenant = "busy", bounded_tenant = "bounded";
/// Messages of this one's queues move between queues and shards, so that they are followed by checker 12 alone.
inline constexpr std::string_view moving_tenant = "moving";

} // namespace burrow::sim
