// Checker 2: equal index and term on two replicas means equal logs up to there (Raft, figure 3: Log Matching). Each log
// is known by a chain of hashes, so one comparison covers all that comes before.
#pragma once

#include "cluster/raft/types.hpp"
#include "cluster/sim/findings.hpp"

#include <unordered_map>

namespace burrow::sim {

/// Two numbers into one, for hashes that never leave a run. Small numbers that differ little must not collide, so `a`
/// goes through a bijection before `b` joins it, and the sum through another.
constexpr std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  std::uint64_t z = (a + 0x9e3779b97f4a7c15ULL) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 29)) + b;
  z = (z ^ (z >> 30)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

/// What an entry is: its term, kind and content.
[[nodiscard]] std::uint64_t hash_of_entry(const raft::entry& e);

class logs {
 public:
  /// A replica hands this entry to its disk; `chain` is the hash of its log up to and with it.
  void written(replica_id who, const raft::entry& e, std::uint64_t chain, findings& found);

 private:
  std::unordered_map<std::uint64_t, std::uint64_t> chain_of_; ///< by index and term
};

} // namespace burrow::sim
