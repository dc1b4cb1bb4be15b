// Checker 8: no message is in two live claims at once, none is taken that is gone, and nothing is done by a receipt
// that is stale.
#pragma once

#include "cluster/sim/checkers/ledger.hpp"

namespace burrow::sim {

class live_claims {
 public:
  /// Before the ledger takes it.
  static void logged(const state_hashes::told& t, const ledger& book, findings& found);
};

} // namespace burrow::sim
