// A bar on standard error, on a terminal only: what is done of how much, how fast, how long still.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace burrow {

class progress_bar {
public:
  /// Shows nothing off a terminal, or if `wanted` is false.
  /// `unit` stands behind the numbers; empty: they are bytes.
  progress_bar(std::string what, bool wanted, std::string unit = {});
  ~progress_bar();
  progress_bar(const progress_bar&) = delete;
  progress_bar& operator=(const progress_bar&) = delete;

  /// Draws a few times a second at most.
  void show(std::uint64_t done, std::uint64_t total);

private:
  std::string what_, unit_;
  bool shown_, drawn_ = false;
  std::chrono::steady_clock::time_point began_, last_;
};

} // namespace burrow
