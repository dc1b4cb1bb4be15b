#include "cluster/membership/suspicion.hpp"

#include "cluster/base/assert.hpp"

#include <algorithm>
#include <cmath>

namespace burrow::membership {

suspicion::suspicion(const options& o, std::size_t here, duration now, node_id accuser)
  : accusers_{accuser}, needed_(std::min(o.confirmations, here < 2 ? 0 : here - 2)), start_(now) {
  BURROW_ASSERT(o.suspicion_periods > 0 && o.suspicion_spread > 0);
  const double scale = std::max(1.0, std::log10(static_cast<double>(std::max<std::size_t>(here, 1))));
  const auto periods = static_cast<double>(o.suspicion_periods) * scale;
  least_ = duration{static_cast<duration::rep>(periods * static_cast<double>(o.probe_every.count()))};
  most_ = least_ * o.suspicion_spread;
}

bool suspicion::confirm(node_id accuser) {
  if (accusers_.size() > needed_ || accused_by(accuser)) return false;
  accusers_.push_back(accuser);
  return true;
}

bool suspicion::accused_by(node_id who) const { return std::ranges::find(accusers_, who) != accusers_.end(); }

duration suspicion::deadline() const {
  if (needed_ == 0) return start_ + least_; // nobody else could confirm
  // max - (max - min) * log(c + 1) / log(k + 1)
  const double part = std::log(static_cast<double>(accusers_.size())) / std::log(static_cast<double>(needed_ + 1));
  const auto shorter = static_cast<duration::rep>(static_cast<double>((most_ - least_).count()) * part);
  return start_ + std::max(least_, most_ - duration{shorter});
}

} // namespace burrow::membership
