#include "cluster/queue/work.hpp"

#include "cluster/base/assert.hpp"
#include "cluster/queue/quota.hpp"

#include <algorithm>

namespace burrow::queue {

std::uint64_t work::number() {
  BURROW_ASSERT(drawn_ < (std::uint64_t{1} << number_bits));
  return base() + drawn_++;
}

std::uint64_t work::group() {
  if (group_left_ == 0) {
    group_ = number();
    group_left_ = group_places_max;
  }
  --group_left_;
  return group_;
}

queue_state& work::open(const queue_ref& ref) {
  std::string key = key::queue(ref);
  const auto at = queues_.lower_bound(key);
  if (at != queues_.end() && at->first == key) return at->second;
  queue_state& q = queues_.try_emplace(at, key)->second;
  q.ref = ref;
  q.key = std::move(key);
  if (auto bytes = draft_.get(q.key)) {
    const auto read = decode_queue(*bytes);
    BURROW_ASSERT(read && read->is_kept());
    q.before = q.record = *read;
    q.stored = std::move(*bytes);
  }
  return q;
}

memory_record& work::memory(queue_state& q) {
  if (q.memory) return q.memory->record;
  auto& m = q.memory.emplace();
  if (auto bytes = draft_.get(key::memory(q.ref))) {
    const auto read = decode_memory(*bytes);
    BURROW_ASSERT(read && read->is_kept());
    m.before = m.record = *read;
    m.stored = std::move(*bytes);
  }
  return m.record;
}

const shard_record& work::shard_state() {
  if (shard_loaded_) return shard_;
  shard_loaded_ = true;
  if (auto bytes = draft_.get(key::shard())) {
    const auto read = decode_shard(*bytes);
    BURROW_ASSERT(read);
    shard_before_ = shard_ = *read;
    shard_stored_ = std::move(*bytes);
  }
  return shard_;
}

pair_record& work::pair(shard_id to) {
  const auto [at, fresh] = pairs_.try_emplace(to);
  auto& p = at->second;
  if (!fresh) return p.record;
  p.stored = draft_.get(key::pair(to));
  if (p.stored) {
    const auto read = decode_pair(*p.stored);
    BURROW_ASSERT(read);
    p.before = p.record = *read;
  }
  return p.record;
}

void work::note_sweep(std::int64_t change) {
  static_cast<void>(shard_state());
  shard_.sweeps += static_cast<std::uint64_t>(change);
}

const std::optional<std::string>& work::stored_tenant(const tenant_id& tenant) {
  const auto at = tenants_.lower_bound(tenant);
  if (at != tenants_.end() && at->first == tenant) return at->second;
  return tenants_.emplace_hint(at, tenant, draft_.get(key::tenant(tenant)))->second;
}

tenant_record work::usage(const tenant_id& tenant) {
  tenant_record sum;
  if (const auto& bytes = stored_tenant(tenant)) {
    const auto read = decode_tenant(*bytes);
    BURROW_ASSERT(read);
    sum = *read;
  }
  const std::string from = key::queue({tenant, {}});
  for (auto at = queues_.lower_bound(from); at != queues_.end() && at->second.ref.tenant == tenant; ++at)
    add_change(sum, at->second);
  return sum;
}

void work::register_due(queue_state& q) {
  queue_record& r = q.record;
  const instant want = q.exists() ? earlier(r.ttl_due, r.group_due) : no_instant;
  if (want == r.registered) return;
  // A registration that is too early does no harm: once it is due the truth is looked up. Moving it with every
  // acknowledgement would write two keys each time.
  if (r.registered > now() && want != no_instant && r.registered <= want) return;
  const std::string_view name = std::string_view(q.key).substr(1);
  if (r.registered != no_instant) draft_.erase(key::due(r.registered, r.number), name);
  if (want != no_instant) {
    draft_.put(key::due(want, r.number), std::string(name), std::nullopt);
    note_due(want);
  }
  r.registered = want;
  q.changed = true;
}

void work::note_due(instant deadline) {
  static_cast<void>(shard_state());
  shard_.due = earlier(shard_.due, deadline);
}

void work::mark(queue_state& q) {
  draft_.mark();
  saved_ = q;
  bodies_saved_ = bodies_erased_.size();
}
void work::roll_back(queue_state& q) {
  draft_.roll_back();
  q = *saved_;
  bodies_erased_.resize(bodies_saved_);
}

void work::store(queue_state& q) {
  queue_record& r = q.record;
  if (r.number.value != 0) register_due(q);
  if (!r.is_kept()) {
    if (!q.stored.empty()) draft_.erase(q.key, q.stored);
    return;
  }
  if (!q.exists()) r = r.emptied();
  // Only fresh messages are left: nothing lies below the head.
  if (r.delayed == 0 && r.claimed == 0 && r.ready == 0) r.first = r.head;
  r.revision = number();
  draft_.put(q.key, encode(r), q.stored.empty() ? std::nullopt : std::optional<std::string_view>(q.stored));
}

void work::store_memory(queue_state& q) {
  const auto& [stored, before, record] = *q.memory;
  if (record == before) return;
  const std::string key = key::memory(q.ref);
  if (!record.is_kept()) {
    if (!stored.empty()) draft_.erase(key, stored);
    return;
  }
  draft_.put(key, encode(record), stored.empty() ? std::nullopt : std::optional<std::string_view>(stored));
}

void work::store_tenants(outcome& out) {
  for (auto at = queues_.begin(); at != queues_.end();) {
    const tenant_id& tenant = at->second.ref.tenant;
    tenant_record change; // modulo 2^64, as unsigned numbers are
    for (; at != queues_.end() && at->second.ref.tenant == tenant; ++at)
      add_change(change, at->second);
    if (change == tenant_record{}) continue;
    const auto& stored = stored_tenant(tenant);
    if (!ok()) return;
    tenant_record sum = stored ? decode_tenant(*stored).value_or(tenant_record{}) : tenant_record{};
    sum.queues += change.queues;
    sum.messages += change.messages;
    sum.bytes += change.bytes;
    out.usage.push_back({tenant, sum.queues, sum.bytes});
    if (sum != tenant_record{}) draft_.put(key::tenant(tenant), encode(sum), stored);
    else if (stored) draft_.erase(key::tenant(tenant), *stored);
  }
}

void work::store_shard() {
  if (refresh_) {
    shard_.due = shard_.gateways_due;
    for (const char family : {key::due_family, key::memory_due_family, key::forget_family}) {
      if (family == key::forget_family && shard_.ended == 0) continue;
      const auto first = draft_.scan({.from = std::string(1, family), .to = key::family_end(family),
                                      .order = direction::ascending, .items_max = 1});
      if (!ok()) return;
      if (!first.items.empty()) shard_.due = earlier(shard_.due, key::deadline_of(first.items.front().first));
    }
  }
  if (!shard_loaded_ || shard_ == shard_before_) return;
  if (shard_ == shard_record{}) draft_.erase(key::shard(), shard_stored_);
  else draft_.put(key::shard(), encode(shard_),
                  shard_stored_.empty() ? std::nullopt : std::optional<std::string_view>(shard_stored_));
}

void work::store_pairs() {
  for (const auto& [to, p] : pairs_)
    if (p.record != p.before) draft_.put(key::pair(to), encode(p.record), p.stored);
}

void work::finish(outcome& out) {
  for (auto& [key, q] : queues_) {
    if (q.changed) store(q);
    if (q.memory) store_memory(q);
  }
  store_tenants(out);
  store_shard();
  store_pairs();
  gateways_.store(index());
  if (!ok()) return;
  out.leaving_to.assign(leaving_to_.begin(), leaving_to_.end());
  for (const auto& [key, q] : queues_) {
    if (q.shown > 0) out.effects.emplace_back(became_visible{q.ref, q.shown});
    if (q.did != activity{}) out.activity.push_back({q.ref, q.did});
  }
  out.changes.changes = draft_.take();
  out.changes.bodies_erased = std::move(bodies_erased_);
}

} // namespace burrow::queue
