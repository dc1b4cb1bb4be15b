// Checker 3: the same entry applied at the same index on every replica, also across restarts and installs, and so the
// same state (Raft, figure 3: State Machine Safety). Nothing is applied twice or left out.
#pragma once

#include "cluster/raft/types.hpp"
#include "cluster/sim/findings.hpp"

#include <vector>

namespace burrow::sim {

class states {
 public:
  /// A replica whose state is that of `before` applied this entry and has `state` now.
  void applied(replica_id who, log_index before, const raft::entry& e, std::uint64_t state, findings& found);
  /// A replica has this state at this index without having applied: after a start or an install.
  void found_at(replica_id who, log_index index, std::uint64_t state, findings& found);
  [[nodiscard]] log_index highest() const { return {state_of_.empty() ? 0 : state_of_.size() - 1}; }

 private:
  std::vector<std::uint64_t> state_of_{0}; ///< by index; dense, since somebody applied each
};

} // namespace burrow::sim
