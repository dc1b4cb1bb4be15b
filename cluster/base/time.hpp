// Time inside the cores: a point (instant) and a length (duration), both in whole milliseconds.
// There is no now() here. Cores are told the time; only actors have a clock.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>

namespace burrow {

/// A length of time in milliseconds. Never negative in commands.
using duration = std::chrono::milliseconds;

/// Milliseconds since the Unix epoch, as the shard's leader counts them (shard time).
/// 0 stands for "none" where a field is optional (no expiry, not hidden).
struct instant {
  std::int64_t ms = 0;

  auto operator<=>(const instant&) const = default;

  friend constexpr instant operator+(instant t, duration d) { return {t.ms + d.count()}; }
  friend constexpr instant operator-(instant t, duration d) { return {t.ms - d.count()}; }
  friend constexpr duration operator-(instant a, instant b) { return duration{a.ms - b.ms}; }
};

inline constexpr instant no_instant{0};

/// Whole seconds left until `deadline`, rounded up; 0 if it is due. This is how attributes are shown
/// (contract section 4.2), so a message read right after ttl=100 shows 100.
constexpr std::int64_t seconds_left(instant deadline, instant now) {
  return deadline <= now ? 0 : (deadline.ms - now.ms + 999) / 1000;
}

} // namespace burrow
