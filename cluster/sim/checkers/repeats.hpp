// Checker 9: an insert that comes again with its key, within the key's window, stores nothing and is answered as the
// first time; a producer's sequence is stored once. It goes by the order of the log and the shard's time, and knows
// nothing of how the machine remembers. That what clients heard is what the log says is `acknowledged`'s affair.
#pragma once

#include "cluster/sim/checkers/state_hashes.hpp"

#include <map>
#include <string>

namespace burrow::sim {

class repeats {
 public:
  void logged(const state_hashes::told& t, findings& found);
  [[nodiscard]] std::uint64_t met() const { return met_; } ///< repeats that were known as such

 private:
  struct first_answer {
    hash128 request;
    instant until;
    std::string digest;
  };
  struct producer {
    std::uint64_t sequence = 0; ///< highest stored
    instant used;
  };
  void take_keyed(const state_hashes::told& t, const queue::insert& c, const queue::insert_reply& r, findings& found);
  void take_sequences(const state_hashes::told& t, const queue::insert& c, const queue::insert_reply& r,
                      findings& found);
  std::map<std::pair<queue_ref, std::string>, first_answer> keys_;
  std::map<std::pair<queue_ref, std::string>, producer> producers_;
  std::uint64_t met_ = 0;
};

} // namespace burrow::sim
