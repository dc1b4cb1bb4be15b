// Reads are linearizable: one that began after a write was acknowledged sees it (of checker 10, what concerns the core:
// the machine's answers follow from the index). Acknowledged = handed to the leader that proposed it, as committed.
#pragma once

#include "cluster/raft/types.hpp"
#include "cluster/sim/findings.hpp"

#include <algorithm>

namespace burrow::sim {

class reads {
 public:
  void acknowledged(log_index index) { acknowledged_ = std::max(acknowledged_, index); }
  [[nodiscard]] log_index began() const { return acknowledged_; }
  static void served(replica_id who, log_index began, log_index at, findings& found) {
    if (at >= began) return;
    found.add("reads", "replica " + std::to_string(who.value) + " reads at index " + std::to_string(at.value) +
                           ", though " + std::to_string(began.value) + " was acknowledged before the read began");
  }

 private:
  log_index acknowledged_;
};

} // namespace burrow::sim
