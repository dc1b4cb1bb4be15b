#include "cluster/sim/changes.hpp"

#include <algorithm>
#include <utility>

namespace burrow::sim {

void changes::draw(const raft::configuration& now, std::vector<raft::member> all, random& chance) {
  for (auto i = all.size(); i > 1; --i) std::swap(all[i - 1], all[chance.below(i)]);
  // One voter grows to three and stays there: it never becomes one again (section 11).
  const std::size_t size = now.voters.size() == 1 && chance.chance(300) ? 1
                           : all.size() >= 5 && chance.chance(300)      ? 5
                                                                        : 3;
  target_.assign(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(std::min(size, all.size())));
}

std::optional<raft::config_change> changes::next(const raft::configuration& now, const std::vector<raft::member>& all,
                                                 random& chance) {
  if (target_.empty() || chance.chance(50)) draw(now, all, chance);
  for (const auto& m : target_) { // a target that was replaced meanwhile is nobody
    if (all[m.node.value - 1] == m) continue;
    target_.clear();
    return std::nullopt;
  }
  auto learners = now.learners;
  const auto has = [](const std::vector<raft::member>& set, raft::member m) {
    return std::find(set.begin(), set.end(), m) != set.end();
  };
  bool complete = true;
  for (const auto& m : target_) {
    if (has(now.voters, m) || has(now.learners, m)) continue;
    learners.push_back(m);
    complete = false;
  }
  if (complete && std::is_permutation(now.voters.begin(), now.voters.end(), target_.begin(), target_.end())) {
    target_.clear();
    return std::nullopt;
  }
  return complete ? raft::config_change{target_, {}} : raft::config_change{now.voters, learners};
}

} // namespace burrow::sim
