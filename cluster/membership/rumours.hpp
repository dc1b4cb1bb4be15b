// Rumours that are being spread: each is told a bounded number of times, those told least first, and a newer statement
// about a member takes the place of the older ones (SWIM section 4.1).
#pragma once

#include "cluster/membership/messages.hpp"
#include "cluster/membership/options.hpp"

#include <cstddef>
#include <span>
#include <vector>

namespace burrow::membership {

class rumour_queue {
public:
  /// Older statements about that member go. Several accusers of one suspicion stay side by side.
  void add(const rumour& r);
  void forget(node_id about);
  [[nodiscard]] bool empty() const { return waiting_.empty(); }
  [[nodiscard]] std::size_t size() const { return waiting_.size(); }

  /// At most `count`, to be told to one member; not to the one they are about, which would learn nothing, unless it is
  /// accused. Each counts as told; told `times_max` times it goes.
  [[nodiscard]] std::vector<rumour> take(std::size_t count, std::uint32_t times_max, node_id to);

  /// lambda * ceil(log10(n + 1)): enough for all to hear it with high probability.
  [[nodiscard]] static std::uint32_t times_max(const options& o, std::size_t here);

private:
  struct item {
    rumour what;
    std::uint32_t told = 0;
  };
  std::vector<item> waiting_; ///< ascending by `told`; at most limits::rumours_queued_max
};

} // namespace burrow::membership
