// How long a suspect has to refute: less with each independent accuser (Lifeguard section IV.B, Local Health Aware
// Suspicion). Owns the time left of one suspicion; who may clear it is is_newer()'s matter.
#pragma once

#include "cluster/base/ids.hpp"
#include "cluster/membership/options.hpp"

#include <vector>

namespace burrow::membership {

class suspicion {
public:
  /// `here`: members that are alive or suspect, ourselves included. The first accuser is no confirmation.
  suspicion(const options& o, std::size_t here, duration now, node_id accuser);

  /// True: one who had not accused it yet, and that still counts. Then it is to be told on.
  bool confirm(node_id accuser);
  [[nodiscard]] bool accused_by(node_id who) const;
  [[nodiscard]] node_id first_accuser() const { return accusers_.front(); }
  /// When it is dead.
  [[nodiscard]] duration deadline() const;
  /// We were stopped ourselves for so long: that time does not count.
  void delay(duration by) { start_ += by; }

private:
  std::vector<node_id> accusers_; ///< at most needed_ + 1
  std::size_t needed_;
  duration start_, least_, most_;
};

} // namespace burrow::membership
