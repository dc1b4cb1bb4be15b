// What a tenant holds on this shard, and whether more is admitted. Counts bodies, and a fixed size for each idempotency
// key and producer: names and attributes are bounded per message. Taking and deleting is never refused here.
#pragma once

#include "cluster/queue/work.hpp"

namespace burrow::queue {

/// Adds what this entry has changed in one queue.
void add_change(tenant_record& sum, const queue_state& q);

/// Whether the tenant may store a message of `size` bytes in the queue, in place of `replaced` bytes.
/// Errors: quota_exceeded.
[[nodiscard]] errc admit(work& w, const queue_state& q, const defaults& bounds, std::uint64_t size,
                         std::uint64_t replaced);

/// Whether the tenant may store so many bytes that are no message's. Errors: quota_exceeded.
[[nodiscard]] errc admit_bytes(work& w, const queue_state& q, const defaults& bounds, std::uint64_t size);

/// Whether a queue that holds nothing may get settings. Errors: quota_exceeded.
[[nodiscard]] errc admit_queue(work& w, const queue_state& q, const defaults& bounds);

/// Messages that may still be claimed in the queue.
[[nodiscard]] std::uint64_t claims_left(const queue_record& q, const defaults& bounds);

} // namespace burrow::queue
