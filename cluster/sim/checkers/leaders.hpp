// Checker 1: at most one leader a term (Raft, figure 3: Election Safety).
#pragma once

#include "cluster/base/ids.hpp"
#include "cluster/sim/findings.hpp"

#include <map>

namespace burrow::sim {

class leaders {
 public:
  /// False if this replica is known to lead this term already.
  bool elected(term t, replica_id who, findings& found) {
    const auto [at, first] = of_.emplace(t.value, who);
    if (at->second != who) {
      found.add("leaders", "term " + std::to_string(t.value) + " has two: " + std::to_string(at->second.value) +
                               " and " + std::to_string(who.value));
    }
    return first;
  }

 private:
  std::map<std::uint64_t, replica_id> of_;
};

} // namespace burrow::sim
