#include "actors/supervisor.hpp"

#include <algorithm>

namespace burrow {

bool restart_log::failed(duration now) {
  while (!failures_.empty() && failures_.front() + allowed_.within < now) failures_.pop_front();
  failures_.push_back(now);
  if (failures_.size() <= allowed_.restarts) return true;
  failures_.pop_front();
  return false;
}

duration restart_log::pause() const {
  if (failures_.size() <= 1) return duration{0};
  const auto doublings = std::min<std::size_t>(failures_.size() - 2, 7);
  return std::min(duration{10} * (1 << doublings), duration{1000});
}

} // namespace burrow
