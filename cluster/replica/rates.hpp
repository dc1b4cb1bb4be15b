// What happened to the messages of each queue in the last 60 s, for ~stats. Kept by the leader beside the state, since
// only apply sees every expiry; it starts at nothing with each leadership. A queue that nothing happened to for 60 s
// has no memory here, and neither has a second in which nothing happened.
#pragma once

#include "cluster/base/time.hpp"
#include "cluster/queue/effect.hpp"

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory_resource>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

namespace burrow {

class rate_table {
public:
  static constexpr std::int64_t window_s = 60;

  /// Over `queues_max` the queue that has been quiet for longest is forgotten.
  explicit rate_table(std::size_t queues_max) : queues_max_(queues_max) {}

  /// Times are steady and never go back. O(1), amortised.
  void add(duration now, const queue_ref& queue, const queue::activity& did);
  /// The sum of the last 60 s.
  [[nodiscard]] queue::activity of(duration now, const queue_ref& queue) const;
  /// Lets go of queues that were quiet for the whole window.
  void forget_quiet(duration now);
  /// When forget_quiet() next has something to do.
  [[nodiscard]] std::optional<duration> quiet_at() const;
  void clear();
  [[nodiscard]] std::size_t queues() const { return lines_.size(); }

private:
  struct second {
    std::int64_t at = 0;
    std::uint32_t inserted = 0, claimed = 0, deleted = 0, expired = 0, dead = 0;
  };
  struct line;
  using entry = std::pair<const queue_ref, line>;
  struct line {
    explicit line(std::pmr::memory_resource* from) : seconds(from) {}
    std::pmr::vector<second> seconds; ///< ascending, never empty; a deque would begin with half a KiB
    std::pmr::list<entry*>::iterator turn;
  };
  void forget_front();

  std::size_t queues_max_;
  /// Small pieces that live for a minute between others that live for a moment would keep six times their size from
  /// the kernel.
  std::pmr::unsynchronized_pool_resource pool_;
  std::pmr::unordered_map<queue_ref, line> lines_{&pool_};
  std::pmr::list<entry*> turns_{&pool_}; ///< front = quiet for longest; they point into lines_
};

} // namespace burrow
