// One open queue: admits, asks before it claims so that an empty take is never logged, keeps those who wait, and passes
// the rest to its shard's replica actor. Holds nothing durable: it may end at any time, and does when it has been
// without work for a while. Knows nothing of message order, claims or disks.
#pragma once

#include "actors/actor_metrics.hpp"
#include "actors/leaders.hpp"
#include "actors/shell.hpp"
#include "actors/tenant_account.hpp"
#include "actors/tenant_budget.hpp"

#include <caf/fwd.hpp>

#include <memory>

namespace burrow {

/// The same for all queues of a tenant; shared, so that an idle queue is small.
struct queue_settings {
  clock_source clock;
  caf::actor nodes_supervisor;  ///< asked for the replica when it has ended
  std::shared_ptr<tenant_budget> budget;
  std::shared_ptr<tenant_account> account; ///< may be null: then each shard keeps the account's bounds by itself
  std::shared_ptr<actor_metrics> metrics;
  /// Of the node. Where it says that the shard leads elsewhere, requests are handed back as not_leader, and so are
  /// those that are held when leadership ends; their bridge finds the leader. Null: there is no other node.
  std::shared_ptr<const leaders> led_by;
  duration passivate_after{30'000};
  std::size_t inflight_max = 1000;   ///< operations of this queue, those that wait not counted
  std::size_t window = 256;          ///< commands with the replica; the rest lines up here
  duration retry_for{5'000};         ///< how long an operation waits for a replica that cannot take it yet
};

struct queue_actor_options {
  queue_ref queue;
  shard_id shard;
  caf::actor replica;    ///< of `shard`
  caf::actor ticker;
  caf::actor supervisor; ///< its end is ours
  std::shared_ptr<const queue_settings> common;
};

/// Understands submit, withdraw, shard_results, became_takeable, leadership, replicas, services, tick_atom, and
/// stop_atom (answers waiters as if time had run out, finishes what is under way, ends).
[[nodiscard]] caf::actor spawn_queue_actor(caf::event_based_actor& parent, queue_actor_options options);

} // namespace burrow
