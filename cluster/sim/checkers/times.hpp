// Of checker 4, the shard's time: it never goes back in the log, and no single clock drives it: it is not ahead of all
// the clocks but one. And checker 10's part of it: a read shows nothing that expired long before it began.
#pragma once

#include "cluster/queue/query.hpp"
#include "cluster/sim/findings.hpp"

namespace burrow::sim {

class times {
 public:
  /// `good`: what the clocks show that nobody meddles with; `apart`: how far they may differ from that.
  static void shows(replica_id who, instant shard, instant good, duration apart, findings& found) {
    if (shard > good + apart) {
      found.add("times", "replica " + std::to_string(who.value) + " has the time " + std::to_string(shard.ms) +
                             ", when no clock but one is beyond " + std::to_string((good + apart).ms));
    }
  }
  /// `sure`: every shard's time was beyond this when the read began, so it goes by a later one.
  static void read(const queue::messages_answer& a, instant sure, findings& found) {
    if (a.now < sure) {
      found.add("times", "a read goes by the time " + std::to_string(a.now.ms) + ", which was over when it began");
    }
    for (const auto& m : a.items) {
      const bool late = m.expires != no_instant && m.expires <= a.now;
      if (late) found.add("times", "a read shows message " + std::to_string(m.place.value) + " after it expired");
    }
  }
};

} // namespace burrow::sim
