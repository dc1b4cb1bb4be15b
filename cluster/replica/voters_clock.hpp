// The voters' wall clocks, as their answers told them, and the one that counts: the lower median of a majority
// (replication.md section 12). So no single clock moves a shard's time, not even the leader's own.
#pragma once

#include "cluster/raft/types.hpp"
#include "cluster/replica/effect.hpp"

#include <optional>
#include <vector>

namespace burrow {

class voters_clock {
public:
  /// What was told longer ago says nothing: that voter may be gone, or its clock set.
  static constexpr duration fresh{5'000};

  /// A voter told its clock. `at`: our own reading at that moment.
  void heard(replica_id who, instant wall, const clock_reading& at);
  /// The lower median of the voters' clocks now, our own among them. Nothing while they are not a majority.
  [[nodiscard]] std::optional<instant> median(const raft::configuration& config, replica_id self,
                                              const clock_reading& at) const;
  void forget() { std::vector<told>().swap(told_); }

private:
  struct told {
    replica_id who;
    instant wall;
    duration at; ///< our steady clock
  };
  std::vector<told> told_; ///< one each, of a handful
};

} // namespace burrow
