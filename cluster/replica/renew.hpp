// A replica made another one, while nobody else has the store: for a copy of a shard (a restored backup), and for what
// is left of one (a repair). What it will number from now on, its predecessor never has (README.md, "Renewal").
#pragma once

#include "cluster/base/ids.hpp"
#include "cluster/base/result.hpp"
#include "cluster/storage/store.hpp"

namespace burrow {

struct renewal {
  shard_id shard;
  node_id node;       ///< where it lives from now on, alone in its group
  replica_id replica; ///< drawn for it
  /// Whether entries that wait to be applied are; without, the log stays as it is and so do its numbers. For a shard
  /// that an entry has closed (quarantine).
  bool apply = true;
};

/// So many indices of the log are left out: more than a predecessor can have used since.
inline constexpr std::uint64_t renewal_gap = std::uint64_t{1} << 32;

/// Gives the shard's replica its new id in a group of its own, in a later term and life, applies what its log holds and
/// goes on behind a gap. Synced when it returns; begun and not finished, it can be begun again. A shard that was never
/// there stays so. Errors: corrupt (the shard is damaged; its record is renewed if it can be read), io_failed.
[[nodiscard]] result<void> renew_replica(store& data, const renewal& what);

} // namespace burrow
