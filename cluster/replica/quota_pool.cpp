#include "cluster/replica/quota_pool.hpp"

#include "cluster/base/assert.hpp"

#include <algorithm>

namespace burrow {
namespace {

/// Closer to the maximum than so many commands, those that will probably add nothing reserve nothing.
constexpr std::uint64_t near_commands = 1024;

} // namespace

std::uint64_t quota_pool::shard_state::level() const {
  return std::max({held.value_or(0), ending.bound, current.bound}) + reserved;
}

bool quota_pool::complete() const {
  return std::ranges::all_of(shards_, [](const auto& s) { return s.held.has_value(); });
}

std::uint64_t quota_pool::held() const {
  std::uint64_t sum = 0;
  for (const auto& s : shards_) sum += s.held.value_or(0);
  return sum;
}

quota_share quota_pool::ask(std::size_t shard, std::uint64_t amount, std::uint64_t max, bool perhaps_none) {
  auto& mine = shards_[shard];
  std::uint64_t level = 0;
  for (const auto& s : shards_) level += s.level();
  const auto left = max > level ? max - level : 0;
  if (amount <= left && (!perhaps_none || left / near_commands >= amount)) {
    mine.reserved += amount;
    return {.bound = max, .reserved = amount};
  }
  const auto held_now = held();
  quota_share out;
  out.contended = held_now <= max && amount <= max - held_now;
  // Only who cannot have all of it may get a part: else a single growing replacement would keep others waiting.
  out.bound = mine.held.value_or(0) + (out.contended ? 0 : left);
  out.round = mine.current.number;
  mine.current.bound = std::max(mine.current.bound, out.bound);
  ++mine.current.open;
  return out;
}

void quota_pool::settle(std::size_t shard, const quota_share& share) {
  auto& mine = shards_[shard];
  BURROW_ASSERT(share.reserved <= mine.reserved);
  mine.reserved -= share.reserved;
  if (share.round == 0) return;
  auto& round = share.round == mine.current.number ? mine.current : mine.ending;
  BURROW_ASSERT(round.number == share.round && round.open > 0);
  --round.open;
  if (mine.ending.open > 0) return;
  // The one before is over. If the current one is, too, it ends at once; else nobody joins it any more.
  mine.ending = mine.current.open > 0 ? mine.current : tight_round{};
  mine.current = {mine.current.number + 1, 0, 0};
}

} // namespace burrow
