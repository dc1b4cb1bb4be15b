#include "cluster/queue/quota.hpp"

namespace burrow::queue {

void add_change(tenant_record& sum, const queue_state& q) {
  sum.queues += std::uint64_t{q.record.is_kept()} - std::uint64_t{q.before.is_kept()};
  sum.messages += q.record.messages() - q.before.messages();
  sum.bytes += q.record.bytes - q.before.bytes;
  if (q.memory) sum.bytes += q.memory->record.bytes() - q.memory->before.bytes();
}

errc admit_bytes(work& w, const queue_state& q, const defaults& bounds, std::uint64_t size) {
  if (bounds.tenant_bytes_max == 0) return errc::ok;
  return w.usage(q.ref.tenant).bytes + size <= bounds.tenant_bytes_max ? errc::ok : errc::quota_exceeded;
}

errc admit_queue(work& w, const queue_state& q, const defaults& bounds) {
  if (bounds.tenant_queues_max == 0 || q.record.is_kept()) return errc::ok;
  return w.usage(q.ref.tenant).queues < bounds.tenant_queues_max ? errc::ok : errc::quota_exceeded;
}

errc admit(work& w, const queue_state& q, const defaults& bounds, std::uint64_t size, std::uint64_t replaced) {
  const bool queue_counts = bounds.tenant_queues_max > 0 && !q.record.is_kept();
  const bool bytes_count = bounds.tenant_bytes_max > 0 && size > replaced;
  if (!queue_counts && !bytes_count) return errc::ok;
  const tenant_record held = w.usage(q.ref.tenant);
  if (queue_counts && held.queues >= bounds.tenant_queues_max) return errc::quota_exceeded;
  if (bytes_count && held.bytes - replaced + size > bounds.tenant_bytes_max) return errc::quota_exceeded;
  return errc::ok;
}

std::uint64_t claims_left(const queue_record& q, const defaults& bounds) {
  const std::uint64_t most = q.rules.max_claimed.value_or(bounds.claimed_max);
  if (most == 0) return ~std::uint64_t{0};
  return most > q.claimed ? most - q.claimed : 0;
}

} // namespace burrow::queue
