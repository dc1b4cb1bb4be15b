// What the core remembers between two inputs. Private to cluster/raft: each of its source files works on it.
#pragma once

#include "cluster/base/random.hpp"
#include "cluster/raft/config_change.hpp"
#include "cluster/raft/log.hpp"
#include "cluster/raft/progress.hpp"
#include "cluster/raft/raft.hpp"

#include <utility>

namespace burrow::raft {

// Roles are alternatives of one variant, so that nothing of an earlier role can be read in a later one (section 15).
struct follower {
  std::optional<member> leader;
  std::uint32_t elapsed = 0; ///< ticks since we heard from it, or since the timer was started afresh
  std::uint32_t timeout = 0;
  bool asleep = false;
  std::uint32_t slept_ticks = 0;
};
/// Asks whether it could win, before it raises its term (Raft thesis §9.6).
struct pre_candidate {
  std::uint32_t elapsed = 0;
  std::uint32_t timeout = 0;
  std::vector<replica_id> granted;
};
struct candidate {
  std::uint32_t elapsed = 0;
  std::uint32_t timeout = 0;
  std::vector<replica_id> granted;
  std::uint64_t vote_ticket = 0; ///< our own vote counts when this is on disk; 0 = not handed out yet
};
struct leader {
  log_index first_of_term;     ///< the empty entry; nothing is committed by counting below it (Raft §5.4.2)
  std::vector<progress> peers; ///< all members but ourselves, and for a while those who leave
  std::uint32_t since_heartbeat = 0;
  std::uint32_t since_quorum = 0;
  struct waiting_read {
    read_id id;
    log_index index;
    std::uint64_t round;
  };
  std::vector<read_id> reads_new;  ///< no round asks for them yet
  std::vector<waiting_read> reads; ///< ascending rounds
  std::uint64_t round = 0;
  struct transfer_to {
    replica_id to;
    std::uint32_t ticks_left;
    bool told;
    bool or_step_down; ///< our disk is stuck: lead no longer, whatever becomes of it
  };
  std::optional<transfer_to> transfer;
  bool fetching = false;
  std::uint32_t idle_ticks = 0; ///< since anything was asked for
  bool asleep = false;
  std::uint32_t slept_ticks = 0;
  std::uint64_t sleep_question = 0; ///< the latest; one higher than any that was asked if something woke us since

  [[nodiscard]] progress* find(replica_id who);
  /// The voter with most of our log, among equals one that was heard of late.
  [[nodiscard]] const progress* best_successor(const configuration& config) const;
};
using role = std::variant<follower, pre_candidate, candidate, leader>;

struct raft::state {
  state(raft_options o, stored_state stored);

  // raft.cpp
  void step(const peer_message& m);
  [[nodiscard]] bool may_speak(const peer_message& m) const;
  [[nodiscard]] bool enter_term(const peer_message& m);
  void answer_older_term(const peer_message& m);
  void send(member to, decltype(peer_message::what) what);           ///< claims nothing about our disk
  void send_persisted(member to, decltype(peer_message::what) what); ///< does, so it waits for the disk (rule 2)
  void take_persist();
  void take_committed();
  void announce_role();
  [[nodiscard]] const configuration& config() const { return configs.current(); }
  [[nodiscard]] bool alone() const;
  [[nodiscard]] bool is_switching() const { return installing && installing->switching; }
  [[nodiscard]] bool is_self(replica_id who) const { return who == options.self.replica; }

  // election.cpp
  void tick();
  void tick_leader();
  void check_disk();
  [[nodiscard]] std::uint32_t draw_timeout();
  [[nodiscard]] bool may_campaign() const;
  [[nodiscard]] bool hears_leader() const;
  [[nodiscard]] bool is_up_to_date(const vote_request& theirs) const;
  void ask_pre_votes();
  void campaign(bool transferred);
  void count_own_vote();
  void count_votes();
  void change_hard(hard_state next);
  void become_follower(burrow::term t, std::optional<member> of);
  void become_leader();
  void start_transfer(leader& l, replica_id to, bool or_step_down);
  void push_transfer(leader& l);
  void on(const member& from, burrow::term t, const vote_request& m);
  void on(const member& from, burrow::term t, const vote_answer& m);
  void on(const member& from, burrow::term t, const transfer_now& m);

  // replication.cpp: the leader's side
  void replicate();
  void send_appends(leader& l, progress& p);
  void send_append(progress& p, std::vector<entry> entries, bool read_back = false);
  void read_back(leader& l, progress& p);
  [[nodiscard]] bool from_memory(const progress& p) const;
  void send_heartbeats(leader& l);
  void advance_commit();
  void resign(leader& l);
  void append_own(entry e);
  void follow_members(leader& l, log_index next);
  void on(const member& from, burrow::term t, const append_answer& m);
  void on(const member& from, burrow::term t, const heartbeat_answer& m);

  // follow.cpp: the follower's side
  follower& follow(const member& from);
  void append_theirs(const append_request& m);
  void commit_up_to(log_index index);
  void on(const member& from, burrow::term t, const append_request& m);
  void on(const member& from, burrow::term t, const heartbeat& m);

  // reads.cpp
  void start_read_round();
  void answer_reads(leader& l);
  void fail_reads(leader& l);

  // sleep.cpp
  [[nodiscard]] bool is_idle(const leader& l) const;
  [[nodiscard]] bool try_to_sleep(leader& l);
  void tick_asleep(leader& l);
  [[nodiscard]] bool tick_asleep(follower& f);
  /// Two rounds of the leader and an election.
  [[nodiscard]] std::uint32_t sleep_ticks_max() const {
    return 2 * options.sleep_round_ticks + options.election_ticks_max;
  }
  void rouse(leader& l);
  [[nodiscard]] bool is_asleep() const;
  void wake_up(std::optional<member> by = {});
  void step_down();
  void on(const member& from, burrow::term t, const sleep_request& m);
  void on(const member& from, burrow::term t, const sleep_answer& m);
  void on(const member&, burrow::term, const wake&) {} // that it came has woken us

  // install.cpp
  void need_install(progress& p);
  void offer_again(progress& p);
  void stop_installing();
  void on(const member& from, burrow::term t, const install_request& m);
  void on(const member& from, burrow::term t, const install_answer& m);

  raft_options options;
  hard_state hard;
  burrow::raft::log entries;
  config_history configs;
  snapshot_meta snapshot;
  log_index committed;
  log_index handed_out; ///< given out as committed up to here
  /// Our log is that of this term's leader up to here; a heartbeat's commit index counts only so far (rule 8). It
  /// belongs to the term, not to the follower: who campaigned in vain and comes back is sent nothing again.
  log_index verified;
  random chance;
  role as;
  report about; ///< goes out with answers, unread

  // What the next persist must carry.
  bool hard_changed = false;
  bool config_changed = false;
  bool snapshot_changed = false;
  std::optional<log_index> truncated; ///< the first of what is on its way to the disk and must go again

  std::uint64_t last_ticket = 0;
  std::uint64_t persisted_ticket = 0;
  std::uint64_t replaced_ticket = 0;   ///< no ticket below it says anything of the log: it was truncated or replaced
  std::uint32_t disk_silent_ticks = 0; ///< with a ticket open all the while

  struct incoming {
    member from;
    snapshot_meta meta;
    std::uint64_t session;
    bool switching; ///< the switch is on its way to the disk: no entries until it is there
  };
  std::optional<incoming> installing;

  role_change announced;
  read_id last_read;
  raft_output out; ///< gathered since the last take_output()
};

} // namespace burrow::raft
