// One replica's share of a node's disk: a stream of atomic writes, of which a crash keeps what was synced and any
// prefix of the rest. It stands for the log writer and the store, with their one write-ahead log.
#pragma once

#include "cluster/base/random.hpp"
#include "cluster/raft/types.hpp"

#include <deque>
#include <optional>
#include <vector>

namespace burrow::sim {

/// The state as of an index, as far as a log of commands makes one: a hash over all of them.
struct applied_state {
  log_index index;
  term in;
  std::uint64_t hash = 0;
};

/// One atomic write: what a turn of the core asked for, the state's progress, or the switch to an installed state.
struct disk_write {
  std::uint64_t number = 0;
  raft::persist_request persist;
  std::vector<std::uint64_t> chain; ///< of persist.entries: a hash of each with all before it
  std::optional<applied_state> applied;
  std::optional<raft::snapshot_meta> installed;
  bool answered = false; ///< written, and not worth a sync
  [[nodiscard]] bool needs_sync() const;
};

/// What a start would find.
struct disk_image {
  raft::hard_state hard;
  raft::snapshot_meta snapshot;
  log_index log_first{1};
  std::deque<raft::entry> log;      ///< log_first..
  std::vector<std::uint64_t> chain; ///< by index from 0; 0 where an install skipped it
  applied_state applied;

  [[nodiscard]] log_index last() const { return {log_first.value + log.size() - 1}; }
  [[nodiscard]] std::uint64_t chain_at(log_index index) const;
  [[nodiscard]] raft::stored_state stored() const;
  void take(const disk_write& w);
};

class disk {
 public:
  /// The number of this write.
  std::uint64_t write(disk_write w);
  /// The log writer takes all that was written so far, and syncs if any of it asks for it. False if nobody waits for an
  /// answer, or it is at work.
  bool begin_sync();
  [[nodiscard]] bool syncing() const { return syncing_ > 0; }
  /// It is done. What it answers, in order; durable if there was a sync.
  std::vector<disk_write> end_sync();

  /// The process or the machine dies: a prefix of what was not synced may have reached the disk.
  void crash(random& chance);
  /// Only the replica dies: the log writer ends what it has begun and drops the rest (fence).
  void fence();
  /// A new disk, for a new replica.
  void format(raft::snapshot_meta initial);

  [[nodiscard]] const disk_image& image() const { return image_; }
  [[nodiscard]] std::uint64_t last_number() const { return last_number_; }

 private:
  disk_image image_;
  std::deque<disk_write> waiting_; ///< written, not synced
  std::size_t syncing_ = 0;        ///< so many of them are in the sync under way
  std::uint64_t last_number_ = 0;
};

} // namespace burrow::sim
