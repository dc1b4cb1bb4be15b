// The load generator under `burrow bench`: many keep-alive connections on one thread, each with one request in flight
// (a closed loop), request bytes written by hand. It must cost a fraction of what the server costs, as both share the
// machine. Knows HTTP framing, not what is asked.
#pragma once

#include "cluster/base/result.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace burrow::bench {

using steady = std::chrono::steady_clock;

struct answer {
  int status = 0; ///< 0: the connection broke, the outcome is unknown
  std::string_view head, body;
  double micros = 0; ///< from the request's first byte sent to the answer's last byte read
};

/// What is asked and what becomes of the answers. Called from run_load's thread.
class source {
public:
  virtual ~source() = default;
  enum class next_step { send, pause, done };
  /// Appends one whole request to `out`, or says that this connection has nothing to ask now (asked again after each
  /// answer on any connection, and every 5 ms), or is done.
  virtual next_step next(std::size_t connection, std::string& out) = 0;
  virtual void answered(std::size_t connection, const answer& what) = 0;
  /// About four times a second.
  virtual void progress() {}
};

/// Runs until every connection is done or `until` is past and what is in flight has been answered.
/// Errors: unavailable if the first connection cannot be made.
[[nodiscard]] result<void> run_load(const std::string& host, const std::string& port, std::size_t connections,
                                    source& from, steady::time_point until);

/// Latencies in microseconds; all samples are kept.
class latencies {
public:
  void add(double micros) { samples_.push_back(static_cast<float>(micros)); }
  [[nodiscard]] std::size_t count() const { return samples_.size(); }
  /// Of 0..1; 0 if there is none. Sorts.
  [[nodiscard]] double percentile(double share);
  void clear() { samples_.clear(); }

private:
  std::vector<float> samples_;
  std::size_t sorted_ = 0;
};

/// Ctrl-C was pressed: the run ends early, with what it has.
[[nodiscard]] bool interrupted();
void catch_interrupt();

} // namespace burrow::bench
