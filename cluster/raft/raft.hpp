// The Raft core of one shard's replica: a pure, deterministic state machine without I/O, clock and thread; its
// only chance is the seed. It says what must be sent and persisted, and holds back what depends on the disk
// (replication.md section 3).
//
// Use: feed inputs, then take_output() once and carry it out: persist, tell persisted(ticket), apply what is committed.
// README.md says where each rule of the paper is, and where we leave the paper.
#pragma once

#include "cluster/base/limits.hpp"
#include "cluster/raft/types.hpp"

#include <memory>

namespace burrow::raft {

struct raft_options {
  member self;
  std::uint64_t seed = 1;                ///< of the election timeouts
  std::uint32_t election_ticks_min = 10; ///< drawn anew for each attempt, both included
  std::uint32_t election_ticks_max = 20;
  std::uint32_t election_rank_ticks = 0; ///< added to each attempt: 0 for the preferred successor (section 8)
  std::uint32_t heartbeat_ticks = 2;
  std::uint32_t quorum_ticks = 10;    ///< a leader that heard no quorum for so long steps down
  std::uint32_t transfer_ticks = 10;  ///< a transfer that took no effect within is given up
  std::uint32_t slow_disk_ticks = 20; ///< of a leader without any sync: it hands over, or steps down
  std::uint32_t sleep_after_ticks = 100;  ///< without anything asked for; 0 = never
  std::uint32_t sleep_round_ticks = 1200; ///< between two rounds of a sleeping group; spread by shard
  std::size_t message_bytes_max = limits::raft_message_bytes_max;         ///< of an append, unless one entry is larger
  std::size_t inflight_messages_max = limits::raft_inflight_messages_max; ///< per follower
  std::size_t inflight_bytes_max = limits::raft_inflight_bytes_max;       ///< per follower
  std::size_t catch_up_bytes_max = limits::catch_up_follower_bytes_max;   ///< per follower, of entries read back
  std::uint64_t catch_up_entries = limits::log_entries_kept; ///< a learner further behind may not become a voter
  std::size_t tail_bytes_max = 0;                            ///< of applied entries kept in memory for followers
  std::size_t reads_waiting_max = 4096;
};

/// A joint change: the voters and learners wished for (section 11).
struct config_change {
  std::vector<member> voters;
  std::vector<member> learners;
};

struct raft_status {
  bool leads = false;
  burrow::term term;
  log_index first, last, persisted, committed;
  std::size_t memory_bytes = 0;    ///< of entries
  std::optional<member> leader;    ///< as far as known
  std::optional<log_index> at_all; ///< leader: acknowledged by every follower that it hears; cut the log above it last
  std::size_t inflight_bytes = 0;  ///< leader: sent and not acknowledged, of the fullest follower
  std::size_t catch_up_bytes = 0;  ///< leader: of entries that were read back, to all followers together
  bool asleep = false;
  std::uint32_t sleep_ticks_left = 0; ///< asleep: it does nothing at ticks before this one
  bool change_under_way = false;   ///< a configuration is not committed yet, or joint
  /// Of the entry that brought the configuration in force, or an index later than it and before the next such entry:
  /// of two configurations the one with the higher index is the later one, on whichever replica it was seen.
  log_index configured;
  bool transferring = false;       ///< leader: proposals are refused
};

class raft {
 public:
  raft(raft_options options, stored_state stored);
  ~raft();
  raft(const raft&) = delete;
  raft& operator=(const raft&) = delete;

  /// A message from a peer. Anything from a replica outside the configuration, or not for us, is dropped.
  void step(const peer_message& message);
  /// One logical tick, the only notion of time. A follower that is the only voter campaigns at the next one: there is
  /// nobody to hear from.
  void tick();

  /// Appends one entry for each element; the index of the last. Errors: not_leader, transferring; nothing was done.
  [[nodiscard]] result<log_index> propose(std::vector<command_bytes> commands);
  /// A linearizable read, answered in raft_output::reads, not before an entry of the own term is committed.
  /// Errors: not_leader, busy.
  [[nodiscard]] result<read_id> read();
  /// Enters the joint configuration; leaves it by itself once that is committed. The index of the entry.
  /// Errors: not_leader, transferring, busy (a change is under way, nothing of the own term is committed yet, or a
  /// newcomer has not caught up), invalid_parameter (no voter; one replica twice; a newcomer that is not yet a
  /// learner).
  [[nodiscard]] result<log_index> change(const config_change& wanted);
  /// Proposals are refused until it took effect or was given up.
  /// Errors: not_leader, invalid_parameter (not another voter), busy (a transfer or a change is under way).
  [[nodiscard]] result<void> transfer(node_id to);

  /// Everything up to this ticket is on disk. Tickets may be told in bunches; only the last one counts.
  void persisted(persist_ticket ticket);
  /// The deltas up to meta.index are written, so the log below `keep_from` (at most meta.index + 1) may go.
  void compacted(snapshot_meta meta, log_index keep_from);
  /// The entries that raft_output::fetch asked for, as far as they are still there; always answered, if need be empty.
  void fetched(const std::vector<entry>& found);

  // Installs (section 10). The leader's owner answers raft_output::installs, the follower's raft_output::offer.
  /// The owner has opened a session for a follower named in raft_output::installs.
  void install_ready(node_id to, const manifest& what, session_id session);
  /// Everything came and is checked; take_output() was called before, since what it holds is of the old log. True: the
  /// owner writes the switch now, and the core takes no entries until it is told snapshot_installed(). False: the log
  /// holds that index by now, or another session runs; drop what came.
  [[nodiscard]] bool begin_switch(const snapshot_meta& meta, session_id session);
  /// The switch to an installed state is on disk.
  void snapshot_installed(snapshot_meta meta);
  /// The session cannot be finished: its sender lost it, or what came was damaged. The leader opens another.
  void install_failed(session_id session);

  // Sleep (section 8). An idle group sleeps by itself, and any input wakes it.
  /// Membership calls this node suspect, left or restarted: whoever follows a leader there wakes, and waits for it no
  /// longer than the random part of an election timeout.
  void suspect(node_id node);
  /// This node is suspected by others, or somebody waits for this group: a leader sends a round at once.
  void wake_up();
  /// The same, and wakes all voters: a caller found no leader, or got no answer.
  void wake_group();

  /// What vote and heartbeat answers tell of this replica.
  void tell(const report& about);

  [[nodiscard]] raft_output take_output();
  [[nodiscard]] raft_status status() const;
  [[nodiscard]] const configuration& config() const;
  /// Of a leader, learners included; empty of all others.
  [[nodiscard]] std::vector<follower_progress> followers() const;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace burrow::raft
