// Lifeguard's local health (section IV.A): signs that we ourselves are slow make us slower to accuse others. One number
// from 0 (healthy) to `worst`.
#pragma once

#include "cluster/base/time.hpp"

#include <algorithm>
#include <cstdint>

namespace burrow::membership {

class health {
public:
  static constexpr std::uint32_t worst = 7;

  /// A probe of ours failed and relays kept silent too; a suspicion of us had to be refuted; we were stopped.
  void worse(std::uint32_t by = 1) { score_ = std::min(worst, score_ + std::min(by, worst)); }
  /// A probe was answered in time.
  void better() { score_ -= score_ > 0 ? 1 : 0; }
  [[nodiscard]] std::uint32_t score() const { return score_; }
  [[nodiscard]] duration scaled(duration d) const { return d * (1 + score_); }

private:
  std::uint32_t score_ = 0;
};

} // namespace burrow::membership
