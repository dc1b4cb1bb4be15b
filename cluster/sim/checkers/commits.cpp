#include "cluster/sim/checkers/commits.hpp"

namespace burrow::sim {

void commits::committed(replica_id who, term in, log_index index, std::uint64_t chain, findings& found) {
  if (index.value >= chain_of_.size()) {
    chain_of_.resize(index.value + 1);
    term_of_.resize(index.value + 1, in);
  }
  auto& known = chain_of_[index.value];
  if (known == 0) known = chain;
  if (chain != 0 && known != chain) {
    found.add("commits", "replica " + std::to_string(who.value) + " commits another entry than others at index " +
                             std::to_string(index.value));
  }
}

void commits::lacks(replica_id who, log_index index, findings& found) {
  found.add("commits", "leader " + std::to_string(who.value) + " lacks what was committed at index " +
                           std::to_string(index.value));
}

void commits::saw(replica_id who, const raft::raft_status& now, findings& found) {
  auto& before = seen_[who];
  if (now.term < before.in || now.committed < before.committed || now.committed > now.last) {
    found.add("commits", "term or commit index of replica " + std::to_string(who.value) + " went back");
  }
  before.in = now.term;
  before.committed = now.committed;
}

void commits::restarted(replica_id who, term on_disk, log_index applied, findings&) { seen_[who] = {on_disk, applied}; }

} // namespace burrow::sim
