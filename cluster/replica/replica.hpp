// One shard on one node: raft + queue machine + view over deltas not yet written + log compaction → one ordered list of
// effects. Pure: time comes in with each input, the store is only read in its memory tier, and nothing is sent.
//
// Use: feed inputs (any number), then take_effects() once and carry the list out in order. Not thread-safe: one owner.
#pragma once

#include "cluster/raft/raft.hpp"
#include "cluster/replica/effect.hpp"
#include "cluster/replica/quarantine.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace burrow {

/// What may be chosen for a replica; the simulation draws from the whole range of each.
struct replica_bounds {
  std::uint64_t log_entries_kept = limits::log_entries_kept; ///< below what is written, for a look back
  std::uint64_t cut_interval = limits::log_entries_kept;     ///< many range tombstones slow iterators down
  std::size_t log_bytes_max = limits::log_kept_bytes_max;    ///< kept for followers that are behind, bodies apart
  std::size_t chunk_bytes = limits::install_chunk_bytes;     ///< or one pair
  std::size_t install_bytes_per_s = limits::install_bytes_per_s;
  std::size_t read_back_bytes = limits::catch_up_read_bytes; ///< of entries for a follower that is behind, at a time
  std::uint64_t hash_every = limits::log_entries_kept;       ///< entries between two states that replicas compare
};

class catch_up_room;

struct replica_options {
  shard_id shard;
  node_id self;
  /// A loss was accepted and this shard is not found whole since: its state and bodies are read and compared with its
  /// hashes before it serves, and its life goes up (what it numbered for others may come again).
  bool check_state = false;
  std::shared_ptr<apply_witness> witness; ///< may be null: then no entry is ever suspected
  std::shared_ptr<catch_up_room> catch_up = {}; ///< shared by all shards of a node; null: only each has its bounds
  /// Of a shard that was never here: its members. No value: this replica alone. Without voters it knows nobody, and
  /// waits for a leader that takes it in as a learner.
  std::optional<raft::configuration> initial = {};
  replica_id replica = {};     ///< of a shard that was never here; 0 = made of node and shard
  raft::raft_options core = {}; ///< self, seed and reads_waiting_max are set by the replica
  replica_bounds bounds = {};
};

/// What the store holds of this shard: the end of the log, hard state, applied index. Opaque; made by load_replica().
struct stored_replica;

/// Reads at disk tier and may block: for a reader, not for the owner of a replica. A shard that was never there is a
/// fresh one. With check_state it reads everything, in pieces. Errors: corrupt (the shard is damaged), io_failed.
[[nodiscard]] result<std::shared_ptr<const stored_replica>> load_replica(const store& from,
                                                                         const replica_options& options);

/// The replica of a shard that was never on this node before and is the whole group.
[[nodiscard]] replica_id first_replica_of(node_id node, shard_id shard);

/// What `status`, metrics and tests look at; plain numbers since this life began unless said otherwise.
struct replica_status {
  bool leads = false;
  bool damaged = false, quarantined = false; ///< either: it serves nothing; never both
  term in;
  log_index last, committed, applied, first; ///< of the log
  std::uint64_t entries_applied = 0, commands_applied = 0, applies_abandoned = 0;
  std::size_t waiting_proposals = 0, inflight_commands = 0, inflight_bytes = 0, overlay_bytes = 0;
  std::uint64_t moving = 0, moves_left = 0, arrivals_resent = 0; ///< move_counts
  instant shard_time;
  duration time_ahead{0}; ///< by how much the shard's time is ahead of the clock, while that is an alarm
  std::optional<raft::member> leader; ///< as far as known
  hash128 state_hash;                 ///< at `applied`
  bool asleep = false, switching = false, installing = false;
  std::uint64_t installs = 0, chunks_taken = 0, sessions_opened = 0, messages_dropped = 0;
};

/// Messages that leave for other shards; of this life, those that have left, and those handed over once more.
struct move_counts {
  std::uint64_t open = 0, left = 0, resent = 0;
  bool operator==(const move_counts&) const = default;
};

class replica {
public:
  /// `stored` as load_replica() returned it in this life, after the fence. The store must outlive the replica.
  replica(replica_options options, const store& from, std::shared_ptr<const stored_replica> stored, clock_reading now);
  ~replica();
  replica(const replica&) = delete;
  replica& operator=(const replica&) = delete;

  void propose(clock_reading now, proposal what);
  void ask(clock_reading now, question what);
  /// From the replica of this shard on another node.
  void received(clock_reading now, peer_content message);
  void persisted(clock_reading now, persist_ticket ticket);
  void loaded(clock_reading now, load_id id, std::vector<loaded_item> values);
  /// What another shard answered to a call_effect; one that is answered twice, or too late, is ignored.
  void called(clock_reading now, cookie call, result<queue::reply> outcome);
  void called(clock_reading now, cookie call, result<queue::answer> outcome);
  /// To be called when the time of the last timer_effect is reached; harmless at any other time.
  void tick(clock_reading now);
  /// While true, inserts are refused with no_space; so are they at a leader while a majority says this of itself.
  void disk_low(bool low);
  /// Membership calls this node suspect, left or restarted.
  void suspect(clock_reading now, node_id node);
  /// Others suspect this node: a leader that sleeps sends a round.
  void wake(clock_reading now);
  /// Somebody found no leader, or waits for an answer in vain: all voters wake.
  void wake_group(clock_reading now);
  /// As raft::change and raft::transfer.
  [[nodiscard]] result<log_index> change(clock_reading now, const raft::config_change& wanted);
  [[nodiscard]] result<void> transfer(clock_reading now, node_id to);
  /// Stops taking proposals (`draining`) and writes what is in the overlay; the last persist ends it.
  void drain(clock_reading now);

  [[nodiscard]] std::vector<replica_effect> take_effects();
  [[nodiscard]] replica_status status() const;
  /// As in status(), but cheap.
  [[nodiscard]] move_counts moves() const;
  /// Of the core, for operators and the simulation.
  [[nodiscard]] raft::raft_status group() const;
  [[nodiscard]] const raft::configuration& members() const;
  [[nodiscard]] std::vector<raft::follower_progress> followers() const;

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace burrow
