// What became of every message, by the log alone: a plain model that knows commands and replies and nothing of how the
// machine keeps them. Checkers 7, 8 and 13 read it.
#pragma once

#include "cluster/sim/checkers/state_hashes.hpp"

#include <map>
#include <string>

namespace burrow::sim {

struct ledger_message {
  std::string name;
  std::uint32_t size = 0;
  hash128 body;
  instant expires;
  claim_id claim; ///< the last one, until it was released; what a receipt must name
  instant until;  ///< hidden by it
};

class ledger {
 public:
  using queue_messages = std::map<place, ledger_message>;

  /// After the checkers have looked at what it was before.
  void take(const state_hashes::told& t);
  [[nodiscard]] const ledger_message* find(const queue_ref& queue, place at) const;
  [[nodiscard]] const std::map<queue_ref, queue_messages>& queues() const { return queues_; }

 private:
  void take(const state_hashes::told& t, const queue::insert& c, const queue::insert_reply& r);
  void take(const state_hashes::told& t, const queue::take& c, const queue::take_reply& r);
  void take_targets(const state_hashes::told& t, const queue::targets_reply& r, bool removes);
  std::map<queue_ref, queue_messages> queues_; ///< of what was not removed; expired ones stay
};

} // namespace burrow::sim
