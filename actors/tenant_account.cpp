#include "actors/tenant_account.hpp"

#include "cluster/base/assert.hpp"
#include "cluster/base/limits.hpp"

#include <algorithm>

namespace burrow {
namespace {

bool is_wanted(const queue::insert_item& item) { return item.refused == errc::ok; }

/// It may turn out to be the repeat of something that was stored, and then needs no room.
bool may_be_repeat(const queue::insert& what, const queue::insert_item& item) {
  return !what.idempotency_key.empty() || item.sequence > 0;
}
/// What it counts besides its body, at most.
std::uint64_t memory_of(const queue::insert& what, const queue::insert_item& item) {
  return may_be_repeat(what, item) ? limits::dedupe_record_bytes : 0;
}

template <class Which>
void refuse(queue::insert& what, Which which) {
  for (auto& item : what.items)
    if (is_wanted(item) && which(item)) item.refused = errc::quota_exceeded;
}

} // namespace

tenant_account::tenant_account(std::vector<shard_id> shards)
  : shards_(std::move(shards)), queues_(shards_.size()), bytes_(shards_.size()) {}

std::size_t tenant_account::slot_of(shard_id shard) const {
  const auto found = std::ranges::find(shards_, shard);
  BURROW_ASSERT(found != shards_.end());
  return static_cast<std::size_t>(found - shards_.begin());
}

void tenant_account::go_without(shard_id shard) {
  const auto slot = slot_of(shard);
  const std::lock_guard lock(guard_);
  for (auto* pool : {&queues_, &bytes_})
    if (!pool->knows(slot)) pool->holds(slot, 0);
}

bool tenant_account::complete() const {
  const std::lock_guard lock(guard_);
  return queues_.complete();
}

std::optional<account_share> tenant_account::ask(shard_id shard, queue::insert& what, bool queue_exists) {
  auto& bounds = what.fallback;
  const auto max = bounds;
  std::uint64_t size = what.idempotency_key.empty() ? 0 : limits::dedupe_record_bytes;
  bool nameless = true;
  for (const auto& item : what.items) {
    if (!is_wanted(item)) continue;
    size += item.body_size + (item.sequence > 0 ? limits::dedupe_record_bytes : 0);
    nameless = nameless && item.name.empty() && !may_be_repeat(what, item);
  }
  const auto slot = slot_of(shard);
  const std::lock_guard lock(guard_);
  if (!queues_.complete()) return std::nullopt;
  account_share share;
  if (max.tenant_queues_max > 0) share.queues = queues_.ask(slot, 1, max.tenant_queues_max, queue_exists);
  if (max.tenant_bytes_max > 0 && size > 0) share.bytes = bytes_.ask(slot, size, max.tenant_bytes_max, false);

  // Where the shard holds nothing there is nothing to replace either; a bound of zero would mean none.
  const bool no_queue = max.tenant_queues_max > 0 && share.queues.bound == 0;
  const bool no_bytes = max.tenant_bytes_max > 0 && size > 0 && share.bytes.bound == 0;
  const bool tight_bytes = share.bytes.round != 0;
  // These would be refused for want of what others in flight may leave: they come again.
  if ((no_queue && share.queues.contended) || (tight_bytes && share.bytes.contended && (no_bytes || nameless))) {
    queues_.settle(slot, share.queues);
    bytes_.settle(slot, share.bytes);
    return std::nullopt;
  }
  if (no_queue) refuse(what, [](const auto&) { return true; });
  else if (share.queues.bound > 0) bounds.tenant_queues_max = share.queues.bound;
  if (no_bytes) refuse(what, [&](const auto& item) { return item.body_size + memory_of(what, item) > 0; });
  else if (share.bytes.bound > 0) bounds.tenant_bytes_max = share.bytes.bound;
  if (tight_bytes) {
    // Early and cheaply: what replaces nothing needs no entry to be refused.
    const auto held = bytes_.held();
    const auto left = max.tenant_bytes_max > held ? max.tenant_bytes_max - held : 0;
    refuse(what, [&](const auto& item) {
      return item.name.empty() && !may_be_repeat(what, item) && item.body_size > left;
    });
  }
  return share;
}

void tenant_account::settle(shard_id shard, const std::vector<account_share>& done,
                            const std::optional<queue::tenant_usage>& now) {
  const auto slot = slot_of(shard);
  const std::lock_guard lock(guard_);
  if (now) {
    queues_.holds(slot, now->queues);
    bytes_.holds(slot, now->bytes);
  }
  for (const auto& share : done) {
    queues_.settle(slot, share.queues);
    bytes_.settle(slot, share.bytes);
  }
}

bool is_hopeless(const queue::insert& what) {
  return std::ranges::none_of(what.items, [&](const auto& item) {
    return is_wanted(item) || (item.refused == errc::quota_exceeded && may_be_repeat(what, item));
  });
}

queue::insert_reply refused_reply(const queue::insert& what) {
  queue::insert_reply out;
  for (const auto& item : what.items) out.items.emplace_back().problem = item.refused;
  if (what.atomic) out.problem = errc::batch_rejected;
  return out;
}

bool refused_for_room(const queue::insert_reply& reply) {
  return std::ranges::all_of(reply.items, [](const auto& i) { return i.status == queue::insert_status::failed; }) &&
         std::ranges::any_of(reply.items, [](const auto& i) { return i.problem == errc::quota_exceeded; });
}

} // namespace burrow
