// Checker 6: nothing exceeds its limit: messages, what is in flight to a follower, what the log keeps in memory.
#pragma once

#include "cluster/raft/raft.hpp"
#include "cluster/sim/findings.hpp"

namespace burrow::sim {

class bounds {
 public:
  static void leaves(const raft::peer_message& m, const raft::raft_options& o, findings& found);
  /// After an output was taken. `applied` entries may leave memory, what is above may not.
  static void rests(replica_id who, const raft::raft_status& now, const raft::raft_options& o, std::size_t entry_max,
                    std::size_t unapplied_bytes, findings& found);
  /// At any time: what was read back for `followers` of them and is not acknowledged.
  static void reads_back(replica_id who, const raft::raft_status& now, const raft::raft_options& o,
                         std::size_t entry_max, std::size_t followers, findings& found);
};

} // namespace burrow::sim
