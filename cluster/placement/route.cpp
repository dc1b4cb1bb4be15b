#include "cluster/placement/route.hpp"

#include "cluster/base/assert.hpp"
#include "cluster/base/bytes.hpp"

#include <algorithm>

namespace burrow::placement {
namespace {

// The bytes hashed are part of the disk format: each text with its length before it, the shard big endian behind.
std::uint64_t score(std::string_view tenant, std::string_view queue, shard_id shard) {
  std::string bytes;
  bytes.reserve(tenant.size() + queue.size() + 8);
  byte_writer out(bytes);
  out.sized(tenant);
  if (!queue.empty()) out.sized(queue);
  out.u16(shard.value);
  return hash_of(bytes).low;
}

} // namespace

std::vector<shard_id> shards_of(std::string_view tenant, const routing& how) {
  BURROW_ASSERT(how.shards > 0 && how.shards < 0xFFFF && how.per_tenant > 0);
  std::vector<std::pair<std::uint64_t, shard_id>> scored;
  scored.reserve(how.shards);
  for (std::uint16_t n = 1; n <= how.shards; ++n) scored.emplace_back(score(tenant, {}, {n}), shard_id{n});
  const auto count = std::min<std::size_t>(how.per_tenant, how.shards);
  // Equal hashes are settled by the number, so that the choice never depends on the order of a sort.
  std::partial_sort(scored.begin(), scored.begin() + static_cast<std::ptrdiff_t>(count), scored.end(),
                    [](const auto& a, const auto& b) {
                      return a.first != b.first ? a.first > b.first : a.second < b.second;
                    });
  std::vector<shard_id> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(scored[i].second);
  return out;
}

shard_id shard_of(const queue_ref& queue, const routing& how) {
  shard_id best;
  std::uint64_t highest = 0;
  for (const auto shard : shards_of(queue.tenant, how)) {
    const auto points = score(queue.tenant, queue.queue, shard);
    if (best.value == 0 || points > highest || (points == highest && shard < best)) {
      best = shard;
      highest = points;
    }
  }
  return best;
}

} // namespace burrow::placement
