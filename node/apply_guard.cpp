#include "node/apply_guard.hpp"

#include "cluster/base/assert.hpp"

#include <utility>

namespace burrow {

result<std::shared_ptr<apply_guard>> apply_guard::open(const std::string& directory, std::size_t shard_count) {
  auto marker = apply_marker::open(directory, shard_count);
  if (!marker) return marker.error();
  return std::make_shared<apply_guard>(std::move(*marker), shard_count);
}

apply_guard::apply_guard(apply_marker marker, std::size_t shard_count)
  : marker_(std::move(marker)), held_(shard_count, held::nothing) {
  for (std::size_t n = 0; n < shard_count; ++n) {
    const quarantine known(found(shard_id{static_cast<std::uint16_t>(n)}));
    if (known.of(known.suspect()) == attempt::alone) ++suspects_;
  }
}

apply_finding apply_guard::found(shard_id shard) const {
  const auto known = marker_.found(shard);
  return {known.index, known.times};
}

void apply_guard::begin(shard_id shard, log_index index, bool alone) {
  BURROW_ASSERT(held_[shard.value] == held::nothing);
  // Whoever saw no suspect need not lock: none comes up while the process lives.
  if (alone) {
    turn_.lock();
    held_[shard.value] = held::exclusive;
  } else if (suspects_.load(std::memory_order_acquire) > 0) {
    turn_.lock_shared();
    held_[shard.value] = held::shared;
  }
  marker_.begin(shard, index);
}

void apply_guard::end(shard_id shard) {
  const bool was_alone = held_[shard.value] == held::exclusive;
  marker_.end(shard);
  if (was_alone) suspects_.fetch_sub(1, std::memory_order_release);
  leave(shard);
}

void apply_guard::abandoned(shard_id shard) {
  marker_.abandoned(shard);
  leave(shard);
}

void apply_guard::leave(shard_id shard) {
  const auto had = std::exchange(held_[shard.value], held::nothing);
  if (had == held::exclusive) turn_.unlock();
  else if (had == held::shared) turn_.unlock_shared();
}

} // namespace burrow
