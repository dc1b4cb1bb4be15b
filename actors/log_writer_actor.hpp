// The only writer of the store: entries and deltas of all shards, one write and at most one sync for all that waited
// (replication.md section 5). While it syncs, the next batch gathers in its mailbox; there is no timer in that.
// Decides nothing about order and fences: cluster/replica/writer_queue does. Never restarted.
#pragma once

#include "actors/actor_metrics.hpp"
#include "actors/shell.hpp"
#include "cluster/base/limits.hpp"

#include <caf/fwd.hpp>

#include <functional>
#include <memory>

namespace burrow {

struct log_writer_options {
  std::shared_ptr<store> data;
  clock_source clock;
  std::shared_ptr<actor_metrics> metrics; ///< may be null
  /// Called, from this actor's thread, when the store failed; the actor then ends with an error. Must end the process.
  std::function<void(const error&)> fatal;
  /// After each sync; the node moves the SYNCED marker.
  std::function<void(duration steady)> after_sync;
  /// Once when nothing was written for `idle_after`; the node flushes memtables then.
  std::function<void()> when_idle;
  duration idle_after{10'000};
  duration disk_check_every{1'000}; ///< while writing, and as long as the disk is low
  /// Free bytes below which inserts are refused (besides limits::disk_low_per_cent of the file system), and nothing is
  /// written. Each ends at 1.5 times its value, or a state at the mark would flap.
  std::uint64_t low_bytes = limits::disk_low_bytes, stop_bytes = limits::disk_stop_bytes;
  std::uint64_t low_per_cent = limits::disk_low_per_cent;
};

/// Understands persist, fence, stop_atom (writes and syncs what waits, then ends). `detached`: a thread of its own, as
/// it blocks; tests leave it event-based over memory_store.
[[nodiscard]] caf::actor spawn_log_writer(caf::actor_system& system, log_writer_options options, bool detached = true);

} // namespace burrow
