#include "cluster/replica/overlay.hpp"

#include "cluster/storage/keys.hpp"

#include <algorithm>

namespace burrow {
namespace {

constexpr std::size_t change_overhead_bytes = 128;

std::size_t size_of(const queue::delta& d) {
  std::size_t total = change_overhead_bytes;
  for (const auto& c : d.changes) total += change_overhead_bytes + c.key.size() + (c.value ? c.value->size() : 0);
  return total + d.bodies_erased.size() * sizeof(queue::body_ref);
}

} // namespace

void overlay::add(const codec::applied_record& state, queue::delta changes) {
  const auto size = size_of(changes);
  deltas_.push_back({state, std::move(changes), size, {}});
  ++last_;
  bytes_ += size;
  unsent_bytes_ += size;
  for (const auto& c : deltas_.back().changes.changes) put(c, last_);
}

void overlay::put(const queue::delta::change& change, std::uint64_t number) {
  const auto at = slots_.lower_bound(change.key);
  if (at == slots_.end() || at->first != change.key) {
    slots_.emplace_hint(at, change.key, slot{&change, number});
    return;
  }
  // The key must point into the delta that lives longest, so the node is moved over, without a new allocation.
  const auto next = std::next(at);
  auto node = slots_.extract(at);
  node.key() = change.key;
  node.mapped() = {&change, number};
  slots_.insert(next, std::move(node));
}

std::uint64_t overlay::write_to(write_batch& batch, const target& where, const std::set<body_key>& pinned) {
  auto end = sent_;
  for (; end < last_; ++end) {
    const auto& bodies = numbered(end + 1).changes.bodies_erased;
    const auto is_pinned = [&](const queue::body_ref& b) { return pinned.count({b.index, b.n}) > 0; };
    if (!pinned.empty() && std::any_of(bodies.begin(), bodies.end(), is_pinned)) break;
  }
  if (end == sent_) return 0;
  for (auto number = sent_ + 1; number <= end; ++number) {
    const auto& d = numbered(number);
    for (const auto& c : d.changes.changes) {
      // Overwritten within this batch: the later value stands for both. Later than the batch: it cannot.
      const auto& latest = slots_.at(c.key);
      if (latest.number != number && latest.number <= end) continue;
      auto key = keys::queue(where.shard, where.generation, c.key);
      if (c.value) batch.put(family::queue, std::move(key), *c.value);
      else batch.erase(family::queue, std::move(key));
    }
    for (const auto& b : d.changes.bodies_erased) {
      batch.erase(family::body, keys::body(where.shard, where.generation, b.index, b.n));
    }
    unsent_bytes_ -= d.bytes;
  }
  batch.put(family::queue, keys::queue(where.shard, where.generation, keys::applied_relative),
            codec::encode_applied(where.shard, numbered(end).state));
  sent_ = end;
  return end;
}

void overlay::written(std::uint64_t number, load_id last_load) {
  BURROW_ASSERT(number <= sent_);
  for (; written_ < number; ++written_) {
    auto& d = numbered(written_ + 1);
    d.written_before = last_load;
    for (const auto& b : d.changes.bodies_erased) erased_.emplace_back(b.index, b.n);
    if (written_ + 1 == number) written_state_ = d.state;
  }
}

void overlay::retire(std::optional<load_id> oldest_load) {
  while (first_ <= written_ && (!oldest_load || *oldest_load > deltas_.front().written_before)) {
    for (const auto& c : deltas_.front().changes.changes) {
      const auto at = slots_.find(c.key);
      if (at->second.number == first_) slots_.erase(at);
    }
    bytes_ -= deltas_.front().bytes;
    deltas_.pop_front();
    ++first_;
  }
}

} // namespace burrow
