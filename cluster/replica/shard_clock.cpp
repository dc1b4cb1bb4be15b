#include "cluster/replica/shard_clock.hpp"

#include <algorithm>

namespace burrow {
namespace {

using namespace std::chrono_literals;
constexpr duration compare_every = 1s;
constexpr int slew_divisor = 10, slow_divisor = 2;

} // namespace

void shard_clock::start(const clock_reading& at, instant last_applied) {
  base_ = last_ = std::max(at.wall, last_applied);
  compared_ = at.steady;
  slow_ = at.wall != no_instant && base_ - at.wall > ahead_max;
  ahead_ = base_ - at.wall;
}

instant shard_clock::running(const clock_reading& at) const {
  const auto passed = std::max(at.steady - compared_, duration{0});
  return base_ + (slow_ ? passed / slow_divisor : passed);
}

void shard_clock::compare(const clock_reading& at) {
  const auto passed = at.steady - compared_;
  if (passed < compare_every) return;
  const auto full_speed = base_ + passed;
  base_ = running(at);
  compared_ = at.steady;
  if (at.wall == no_instant) return;
  const auto difference = at.wall - base_;
  ahead_ = -difference;
  if (slow_) {
    // Half speed is the pull. When they met on the way, time went on with the wall clock, but jumps with it no more.
    slow_ = difference < duration{0};
    if (!slow_) base_ = std::min(at.wall, full_speed);
    return;
  }
  const auto most = passed / slew_divisor;
  base_ = base_ + std::clamp(difference, -most, most);
}

instant shard_clock::now(const clock_reading& at) {
  compare(at);
  last_ = std::max(last_, running(at));
  return last_;
}

duration shard_clock::steady_at(instant deadline, const clock_reading& at) {
  const auto left = std::max(deadline - now(at), duration{0});
  return at.steady + (slow_ ? left * slow_divisor : left);
}

duration shard_clock::ahead(const clock_reading& at) {
  if (!slow_) return duration{0};
  const auto time = now(at);
  if (!slow_) return duration{0};
  return std::max(at.wall == no_instant ? ahead_ : time - at.wall, duration{1});
}

} // namespace burrow
