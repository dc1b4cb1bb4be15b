// Checker 10: what clients put, removed, took and read of one queue can be put in one order that keeps to real time and
// in which each answer is right (Wing and Gong, with memoised states). It knows the history alone, not the log. Queues
// are independent, so histories stay short. Freshness is that of replication.md section 9; queues with deadlines would
// need the shard's time as well, so these have none, and counts of them are exact.
#pragma once

#include "cluster/sim/findings.hpp"
#include "cluster/sim/history.hpp"

#include <map>

namespace burrow::sim {

class linearizable {
 public:
  /// An operation on a queue of plain_tenant that was answered, or whose outcome is unknown.
  void add(const operation& op);
  /// Nothing is under way any more: looks for an order of each queue's history.
  void check(findings& found);
  [[nodiscard]] std::uint64_t checked() const { return checked_; }

  /// In the model's terms; public for its own parts.
  struct step {
    enum class kind { put, remove, take, list, count };
    kind what = kind::put;
    micros invoked = 0, returned = 0; ///< never: unknown
    std::string name;
    std::uint64_t body = 0, limit = 0, number = 0;
    bool known = false;
    bool succeeded = false, replaced = false;
    std::vector<std::uint64_t> bodies;
    std::uint64_t count = 0;
  };
  static constexpr micros never = ~micros{0};

 private:
  void check(const queue_ref& queue, const std::vector<step>& steps, findings& found);
  std::map<queue_ref, std::vector<step>> queues_;
  std::uint64_t checked_ = 0;
};

} // namespace burrow::sim
