#include "cluster/raft/quorum.hpp"

#include "cluster/base/limits.hpp"

#include <algorithm>
#include <array>

namespace burrow::raft {
namespace {

bool contains(const std::vector<member>& set, replica_id who) {
  return std::any_of(set.begin(), set.end(), [who](const member& m) { return m.replica == who; });
}

bool majority_says(const std::vector<member>& set, const std::function<bool(replica_id)>& says_yes) {
  std::size_t count = 0;
  for (const auto& m : set) count += says_yes(m.replica) ? 1 : 0;
  return !set.empty() && count >= majority_of(set.size());
}

log_index majority_has(const std::vector<member>& set, const std::function<log_index(replica_id)>& has) {
  if (set.empty()) return {};
  // At most a handful, several times for each entry: sorted in place, without the heap.
  BURROW_ASSERT(set.size() <= limits::raft_members_max);
  std::array<log_index, limits::raft_members_max> indices{};
  std::size_t count = 0;
  for (const auto& m : set) {
    const auto index = has(m.replica);
    auto at = count++;
    for (; at > 0 && indices[at - 1] < index; --at) indices[at] = indices[at - 1];
    indices[at] = index;
  }
  return indices[majority_of(set.size()) - 1];
}

} // namespace

bool is_quorum(const configuration& config, const std::function<bool(replica_id)>& says_yes) {
  return majority_says(config.voters, says_yes) && (config.leaving.empty() || majority_says(config.leaving, says_yes));
}

log_index quorum_index(const configuration& config, const std::function<log_index(replica_id)>& has) {
  const auto now = majority_has(config.voters, has);
  return config.leaving.empty() ? now : std::min(now, majority_has(config.leaving, has));
}

bool is_voter(const configuration& config, replica_id who) {
  return contains(config.voters, who) || contains(config.leaving, who);
}

bool is_alone(const configuration& config, replica_id who) {
  return config.leaving.empty() && config.voters.size() == 1 && config.voters[0].replica == who;
}

bool is_member(const configuration& config, replica_id who) {
  return is_voter(config, who) || contains(config.learners, who);
}

} // namespace burrow::raft
