// Checker 5: every acknowledgement that leaves speaks of what is on the sender's disk, every vote granted or asked for
// of a term and vote that are; one vote a term, whatever restarts; nothing is applied that the own disk lacks.
#pragma once

#include "cluster/raft/types.hpp"
#include "cluster/sim/findings.hpp"

#include <map>

namespace burrow::sim {

class promises {
 public:
  /// A message leaves, having waited for the disk or not.
  void leaves(const raft::peer_message& m, bool waited, const raft::hard_state& hard, log_index last, findings& found);
  /// `on_disk`: the log up to `index` as the disk has it, 0 if it ends below.
  static void applies(replica_id who, log_index index, std::uint64_t chain, std::uint64_t on_disk, findings& found);

 private:
  void voted(replica_id who, term t, replica_id whom, findings& found);
  std::map<std::pair<replica_id, term>, replica_id> votes_;
};

} // namespace burrow::sim
