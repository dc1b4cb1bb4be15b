// What `burrow bench` asks: sources of requests over numbered messages, and the ledger that says at the end which
// numbers were acknowledged, seen, lost or seen twice. A body begins with its number, sixteen digits.
#pragma once

#include "node/bench_load.hpp"

#include <functional>
#include <memory>
#include <optional>

namespace burrow::bench {

/// One byte a number: acknowledged? how often seen?
class ledger {
public:
  std::uint64_t draw() { marks_.push_back(0); return marks_.size() - 1; }
  void acknowledged(std::uint64_t n) { marks_[n] |= acknowledged_bit; }
  /// The outcome of its insert is not known: it may be there or not.
  void unknown(std::uint64_t n) { marks_[n] |= unknown_bit; }
  void seen(std::uint64_t n);
  /// Every number in an answer of bodies as JSON strings; returns how many.
  std::size_t seen_in(std::string_view json);
  /// The same, without noting them.
  static void numbers_in(std::string_view json, std::vector<std::uint64_t>& out);

  struct verdict {
    std::uint64_t acknowledged = 0, unknown = 0, lost = 0, duplicates = 0, strangers = 0;
  };
  [[nodiscard]] verdict judge() const;

private:
  static constexpr std::uint8_t acknowledged_bit = 1, unknown_bit = 2, seen_bit = 4, twice_bit = 8;
  std::vector<std::uint8_t> marks_;
  std::uint64_t strangers_ = 0;
};

struct workload {
  std::string host, port, account, queue = "q";
  std::size_t size = 1024, batch = 1, connections = 64, queues = 1;
  std::uint64_t count = 0; ///< messages; 0 = by time alone
  double seconds = 10;
  bool nameless = false;   ///< POST ~messages for single inserts, not PUT with a name
  bool keep = false;       ///< nothing is removed: checked by reading
  std::function<void(std::uint64_t done, double seconds)> show;
};

struct outcome {
  double seconds = 0;
  std::uint64_t messages = 0, requests = 0, errors = 0;
  latencies times;
  int first_error = 0;
  [[nodiscard]] double rate() const { return seconds > 0 ? static_cast<double>(messages) / seconds : 0; }
};

/// Inserts, one or `batch` a request, spread over `queues`.
result<outcome> run_insert(const workload& what, ledger& book);
/// Takes `batch` with receipts and acknowledges them by ~ack, until `count` are done or the queue is empty.
result<outcome> run_take(const workload& what, ledger& book);
/// A taker waits, an insert is sent: from its first byte sent to the message delivered. `count` times.
result<outcome> run_longpoll(const workload& what, ledger& book);
/// Removes everything in the queues by DELETE with bodies (or, to keep it, lists it), and notes what was seen.
result<outcome> run_drain(const workload& what, ledger& book);
/// One connection of `quiet` while `flood` runs beside it; outcomes of both.
struct two_outcomes {
  outcome quiet, flood;
};
result<two_outcomes> run_two(const workload& quiet, const workload& flood, ledger& quiet_book, ledger& flood_book);

} // namespace burrow::bench
