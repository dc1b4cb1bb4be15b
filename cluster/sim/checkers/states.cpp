#include "cluster/sim/checkers/states.hpp"

namespace burrow::sim {

void states::applied(replica_id who, log_index before, const raft::entry& e, std::uint64_t state, findings& found) {
  if (e.index.value != before.value + 1) {
    found.add("states", "replica " + std::to_string(who.value) + " applies index " + std::to_string(e.index.value) +
                            " after " + std::to_string(before.value));
    return;
  }
  if (e.index.value == state_of_.size())
    state_of_.push_back(state);
  else
    found_at(who, e.index, state, found);
}

void states::found_at(replica_id who, log_index index, std::uint64_t state, findings& found) {
  if (index.value >= state_of_.size()) {
    found.add("states", "replica " + std::to_string(who.value) + " has a state of index " +
                            std::to_string(index.value) + ", which nobody applied");
  } else if (state_of_[index.value] != state) {
    found.add("states", "replica " + std::to_string(who.value) + " has another state than others at index " +
                            std::to_string(index.value));
  }
}

} // namespace burrow::sim
