#include "cluster/replica/voters_clock.hpp"

#include "cluster/base/limits.hpp"

#include <algorithm>

namespace burrow {

void voters_clock::heard(replica_id who, instant wall, const clock_reading& at) {
  for (auto& t : told_) {
    if (t.who == who) {
      t = {who, wall, at.steady};
      return;
    }
  }
  if (told_.size() == limits::raft_members_max) told_.erase(told_.begin());
  told_.push_back({who, wall, at.steady});
}

std::optional<instant> voters_clock::median(const raft::configuration& config, replica_id self,
                                            const clock_reading& at) const {
  std::vector<instant> walls;
  walls.reserve(config.voters.size());
  for (const auto& v : config.voters) {
    if (v.replica == self) {
      walls.push_back(at.wall);
      continue;
    }
    for (const auto& t : told_) {
      // By our steady clock since: whatever our own wall clock does meanwhile must not move theirs.
      if (t.who == v.replica && at.steady - t.at <= fresh) walls.push_back(t.wall + (at.steady - t.at));
    }
  }
  if (walls.empty() || walls.size() * 2 <= config.voters.size()) return std::nullopt;
  const auto middle = walls.begin() + static_cast<std::ptrdiff_t>((walls.size() - 1) / 2);
  std::nth_element(walls.begin(), middle, walls.end());
  return *middle;
}

} // namespace burrow
