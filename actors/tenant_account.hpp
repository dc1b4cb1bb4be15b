// What one tenant holds on all of its shards, and what its inserts in flight may add: so that the bounds of an account
// are those of the account and not of each shard. One object a tenant and node, shared by its shards' replica actors;
// calls take a few comparisons under a lock that is never held for longer.
//
// A replica actor asks before it proposes an insert and settles when it is applied, together with what the shard then
// holds. How shares are dealt is in cluster/replica/quota_pool.hpp.
#pragma once

#include "cluster/queue/command.hpp"
#include "cluster/queue/effect.hpp"
#include "cluster/replica/quota_pool.hpp"

#include <mutex>
#include <optional>
#include <vector>

namespace burrow {

/// What an insert in flight holds of its account.
struct account_share {
  quota_share queues, bytes;
  [[nodiscard]] bool contended() const { return queues.contended || bytes.contended; }
};

class tenant_account {
public:
  /// The shards that may hold something of the tenant.
  explicit tenant_account(std::vector<shard_id> shards);

  /// Turns the account's bounds in the command into those of the shard. Items that surely do not fit are marked as
  /// refused. `queue_exists`: it did a moment ago. Nothing: try again in a moment, others in flight are in the way or
  /// not all shards are known.
  [[nodiscard]] std::optional<account_share> ask(shard_id shard, queue::insert& what, bool queue_exists);
  /// These inserts are applied (or never will be), and this is what the shard holds if that changed.
  void settle(shard_id shard, const std::vector<account_share>& done, const std::optional<queue::tenant_usage>& now);
  /// A shard that will not tell counts as holding what it last said, or nothing: others go on, and it serves nothing.
  void go_without(shard_id shard);
  [[nodiscard]] bool complete() const;

private:
  [[nodiscard]] std::size_t slot_of(shard_id shard) const;

  mutable std::mutex guard_;
  const std::vector<shard_id> shards_;
  quota_pool queues_, bytes_;
};

/// Whether every item was refused beforehand, and none can be the repeat of something stored, which only apply knows.
[[nodiscard]] bool is_hopeless(const queue::insert& what);
/// The reply to such an insert.
[[nodiscard]] queue::insert_reply refused_reply(const queue::insert& what);
/// True if it changed nothing, and would not have been refused had there been more room.
[[nodiscard]] bool refused_for_room(const queue::insert_reply& reply);

} // namespace burrow
