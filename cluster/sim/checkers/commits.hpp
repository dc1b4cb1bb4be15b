// Checker 4: a leader's log contains every entry that was ever committed (Raft, figure 3: Leader Completeness); what is
// committed stays so; commit index, term and applied index never go back, but for the applied index to what the disk
// held.
#pragma once

#include "cluster/raft/raft.hpp"
#include "cluster/sim/findings.hpp"

#include <map>
#include <vector>

namespace burrow::sim {

class commits {
 public:
  /// A replica was handed this as committed, in this term; `chain` is its log up to there.
  void committed(replica_id who, term in, log_index index, std::uint64_t chain, findings& found);
  /// It leads term `in`; `chain_at` tells its log. Only what was committed in earlier terms must be there: votes may
  /// come late, and elect for a term that the others have left behind.
  template <class Chain>
  void elected(replica_id who, term in, log_index last, Chain&& chain_at, findings& found) const {
    log_index top{chain_of_.size() - 1};
    while (top.value > 0 && term_of_[top.value] >= in) --top.value;
    if (last < top)
      lacks(who, top, found);
    else if (const auto chain = chain_at(top); chain != 0 && chain != chain_of_[top.value])
      lacks(who, top, found);
  }
  /// After every step.
  void saw(replica_id who, const raft::raft_status& now, findings& found);
  /// It starts again, with this term on its disk.
  void restarted(replica_id who, term on_disk, log_index applied, findings& found);
  [[nodiscard]] log_index highest() const { return {chain_of_.size() - 1}; }

 private:
  static void lacks(replica_id who, log_index index, findings& found);
  struct seen {
    term in;
    log_index committed;
  };
  std::vector<std::uint64_t> chain_of_{0}; ///< by index; 0 where an install skipped it
  std::vector<term> term_of_{term{}};      ///< of the replica that was handed it first
  std::map<replica_id, seen> seen_;
};

} // namespace burrow::sim
