// The restart budget: whether a child that failed may start again, and when. Pure: told the time, starts nothing. What
// a spent budget means (a tenant that answers busy, a shard that is off, the end of the process) is its owner's matter.
#pragma once

#include "cluster/base/time.hpp"

#include <cstddef>
#include <deque>

namespace burrow {

/// What a supervisor allows: at most `restarts` within `within`; one more spends it.
struct restart_budget {
  std::size_t restarts = 10;
  duration within{10'000};
};

class restart_log {
public:
  explicit restart_log(restart_budget allowed) : allowed_(allowed) {}

  /// A child failed at `now` (steady). True: it may start again, after pause(); false: the budget is spent.
  bool failed(duration now);
  /// Grows with the failures still remembered, so that a child that fails at once does not spin: none after the first,
  /// then 10 ms doubled for each, at most a second.
  [[nodiscard]] duration pause() const;
  /// Failures within the period, as of the last failed().
  [[nodiscard]] std::size_t count() const { return failures_.size(); }
  /// As new: after a back-off.
  void forget() { failures_.clear(); }

private:
  restart_budget allowed_;
  std::deque<duration> failures_; ///< at most allowed_.restarts + 1
};

} // namespace burrow
