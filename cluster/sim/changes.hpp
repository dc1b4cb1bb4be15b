// Which change of a group's members comes next: works towards a drawn set of voters, newcomers as learners first.
#pragma once

#include "cluster/base/random.hpp"
#include "cluster/raft/raft.hpp"

#include <optional>
#include <vector>

namespace burrow::sim {

class changes {
 public:
  /// `all`: the replica of each node, in the order of their numbers from 1 on.
  [[nodiscard]] std::optional<raft::config_change> next(const raft::configuration& now,
                                                        const std::vector<raft::member>& all, random& chance);

 private:
  void draw(const raft::configuration& now, std::vector<raft::member> all, random& chance);
  std::vector<raft::member> target_; ///< voters
};

} // namespace burrow::sim
