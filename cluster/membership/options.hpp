// What can be chosen about membership; the defaults are those of a small cluster in one region.
#pragma once

#include "cluster/base/time.hpp"

#include <cstddef>

namespace burrow::membership {

struct options {
  duration probe_every{500};  ///< one member, round robin; longer by the local health score
  duration ack_timeout{250};  ///< then others are asked; as long again, and the member is suspected
  std::size_t relays = 3;     ///< asked to ping in our place
  duration ask_suspect_every{250}; ///< who accuses goes on asking, so that a suspect has many chances to answer
  std::size_t verifiers = 8;  ///< who hears a suspicion pings the suspect itself: so many of the cluster, on average

  /// Suspicion before `dead`: at least suspicion_periods * max(1, log10(n)) * probe_every, at most suspicion_spread
  /// times that; it falls from the most to the least with independent confirmations (Lifeguard section IV.B).
  std::uint32_t suspicion_periods = 3;
  std::uint32_t suspicion_spread = 2;
  std::size_t confirmations = 3;

  duration gossip_every{200}; ///< while there are rumours
  std::size_t gossip_to = 3;  ///< members each time
  std::uint32_t retransmits = 4; ///< lambda: a rumour is told lambda * ceil(log10(n + 1)) times
  duration exchange_every{30'000};
  duration ask_dead_every{5'000}; ///< one of them: perhaps only the network between us was
  duration tell_load_every{5'000}; ///< facts that differ in load and disk alone
  duration keep_dead = std::chrono::hours(24); ///< so that operators see it
  duration keep_left = std::chrono::minutes(10);
  /// Woken so much later than asked for, we were stopped ourselves, and have no right to accuse anybody of silence.
  duration stopped_after{250};
};

} // namespace burrow::membership
