// The shard's time while this replica leads: a base taken at election plus the steady clock, pulled towards the wall
// clock at 10 % and never back (replication.md section 12). If what was applied lies further ahead of the wall clock
// than clocks differ, that is an alarm, and time runs at half speed until the two meet.
#pragma once

#include "cluster/replica/effect.hpp"

namespace burrow {

/// The `wall` of each reading is the voters' median; no_instant while nobody knows it, and then time runs on as it is.
class shard_clock {
public:
  /// Over it, the start of leadership raises the alarm.
  static constexpr duration ahead_max{5'000};

  /// At election. Time begins at the wall clock, but not below what was applied.
  void start(const clock_reading& at, instant last_applied);
  /// Never goes back. Compares with the wall clock when a second has passed since it last did.
  [[nodiscard]] instant now(const clock_reading& at);
  /// When now() will reach `deadline`, as far as can be said today.
  [[nodiscard]] duration steady_at(instant deadline, const clock_reading& at);
  /// While the alarm lasts: by how much the shard's time is ahead of the wall clock, at least 1 ms. Else 0.
  [[nodiscard]] duration ahead(const clock_reading& at);

private:
  void compare(const clock_reading& at);
  [[nodiscard]] instant running(const clock_reading& at) const;

  instant base_; ///< the time at `compared_`
  duration compared_{0};
  instant last_;
  duration ahead_{0}; ///< when it was last compared
  bool slow_ = false;
};

} // namespace burrow
