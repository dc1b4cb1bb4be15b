// Checker 7: no acknowledged insert is lost, and nothing else that was acknowledged either. Each reply that a client
// got stands in the log, once, and says what the log's own machine says; what was refused does not; at the end every
// message that nothing in the log has removed is still to be read, with nothing besides.
#pragma once

#include "cluster/sim/checkers/ledger.hpp"
#include "cluster/sim/history.hpp"

#include <unordered_map>
#include <unordered_set>

namespace burrow::sim {

class acknowledged {
 public:
  void logged(const state_hashes::told& t, findings& found);
  /// A client heard for certain that nothing was done.
  void refused(std::uint64_t number, findings& found);
  /// A client got this operation's reply.
  void replied(const operation& op, findings& found) const;
  /// A whole queue, read when nothing is under way any more.
  static void read_all(const queue_ref& queue, const queue::messages_answer& all, const ledger& book, findings& found);

 private:
  std::unordered_map<std::uint64_t, std::string> digests_; ///< by number of the operation
  std::unordered_set<std::uint64_t> refused_;
};

} // namespace burrow::sim
