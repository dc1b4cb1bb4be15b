// What a replica remembers between two inputs. Private to cluster/replica: its source files work on it, one concern
// each: replica.cpp inputs and order, propose.cpp, apply.cpp, reads.cpp, bodies.cpp, persist.cpp, due.cpp, peers.cpp,
// catch_up.cpp, sessions.cpp, pull.cpp.
#pragma once

#include "cluster/base/limits.hpp"
#include "cluster/queue/machine.hpp"
#include "cluster/raft/raft.hpp"
#include "cluster/replica/admission.hpp"
#include "cluster/replica/body_cache.hpp"
#include "cluster/replica/catch_up_room.hpp"
#include "cluster/replica/log_sizes.hpp"
#include "cluster/replica/mover.hpp"
#include "cluster/replica/overlay.hpp"
#include "cluster/replica/rates.hpp"
#include "cluster/replica/shard_clock.hpp"
#include "cluster/replica/state_sums.hpp"
#include "cluster/replica/state_view.hpp"
#include "cluster/replica/stored.hpp"
#include "cluster/replica/voters_clock.hpp"

#include <deque>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <variant>

namespace burrow {

// Whoever has loads under way, and what they brought. The overlay keeps what these may have missed until released.
struct load_holder {
  loaded_set got;
  std::vector<load_id> held;
  bool loading = false;
};

struct replica::impl {
  impl(replica_options o, const store& from, const stored_replica& stored, clock_reading at);

  struct in_flight {
    std::shared_ptr<const local_entry> local;
    log_index index;
  };

  // replica.cpp
  void fail(error why);
  void close_for(log_index entry);
  void hear(clock_reading at);
  void sweep_generations();
  void drain_raft();
  void hold();
  void take_role(const raft::role_change& role);
  void begin_leading();
  void lose_leadership();
  void fail_flights(bool all);
  void forget_flight(const in_flight& what);

  // propose.cpp
  void propose(proposal what);
  void propose(std::vector<raft::command_bytes> entries);
  void propose_waiting();
  [[nodiscard]] raft::command_bytes build_entry(std::vector<proposal> items);
  [[nodiscard]] raft::command_bytes encode_entry(std::shared_ptr<local_entry> local, raft::command_bytes with);
  void propose_clock();

  // apply.cpp
  void apply_committed();
  [[nodiscard]] bool apply_next(const raft::entry& e);
  [[nodiscard]] bool apply_command(const raft::entry& e);
  void applied_one(const raft::entry& e, instant at, queue::delta changes);
  void finish_entry(const local_entry& local, queue::outcome& out);

  // reads.cpp: loads for apply, questions and due work; questions
  struct question_state {
    question what;
    log_index index;
    load_holder loads;
    bool needs_load = false; ///< and waits for its turn
  };
  struct apply_load {};
  /// An append waits for bodies that are on disk only.
  struct send_load {
    raft::peer_message message;
    std::vector<std::pair<std::size_t, std::size_t>> asked; ///< entry, body in it
  };
  struct fetch_load {
    term in;
  };
  struct session_load {
    raft::session_id session;
    std::optional<bulk_message> ask; ///< none: its `applied` record, to begin with
  };
  struct due_load {};
  struct question_load {
    std::list<question_state>::iterator of;
  };
  struct body_load {
    std::variant<reply_effect, answer_effect> what;
    bool may_be_gone = false;
    std::vector<queue::body_ref> bodies;  ///< all of the answer, in order
    std::vector<std::size_t> asked;       ///< which of them are being read
  };
  using load_purpose =
    std::variant<apply_load, due_load, question_load, body_load, send_load, fetch_load, session_load>;

  void start_load(load_holder& holder, std::vector<load_item> items, load_purpose purpose);
  void release(load_holder& holder);
  void loaded(load_id id, std::vector<loaded_item> values);
  [[nodiscard]] bool take_values(load_holder& holder, load_id id, std::vector<loaded_item> values);
  void ask(question what);
  void answer_questions();
  void answer_one(std::list<question_state>::iterator q);

  // bodies.cpp
  void give(reply_effect reply, bool want_bodies);
  void give(answer_effect answer, bool want_bodies);
  void give_with_bodies(std::variant<reply_effect, answer_effect> what, std::vector<queue::body_ref> bodies,
                        bool may_be_gone);
  void give_up(const std::variant<reply_effect, answer_effect>& what);
  void bodies_loaded(body_load load, std::vector<loaded_item> values);
  [[nodiscard]] bool check_body(const queue::body_ref& ref, const shared_bytes& bytes, bool may_be_gone);

  // moves.cpp: what leaves for other shards, and tasks
  struct driven_task {
    queue_ref queue;
    bool busy = false;       ///< something of it is under way; else it waits until not_before
    duration late{0};        ///< when calls are given up
    duration not_before{0};
    std::vector<place> taken;
    std::size_t calls = 0;   ///< open ones
    std::uint64_t upto = 0;
  };
  struct name_call {
    queue::task_id task;
    shard_id to;
    std::vector<place> places;
  };
  void expect_moves(cookie who, const queue::reply& reply);
  void deliver(reply_effect reply);
  void deliver(answer_effect answer);
  void push_all(std::vector<reply_effect> replies);
  void ask_own(queue::query what, bool want_bodies, std::variant<shard_id, queue::task_id> why);
  void forget_moves();
  /// True if it has asked what is to be sent next.
  bool drive_moves();
  void drive_tasks();
  /// False: it does not lead any more, or hands over.
  bool propose_own(queue::command what);
  [[nodiscard]] bool may_propose() const;
  void own_applied(const queue::command& what);
  void leaving_read(shard_id to, answer_effect answer);
  void called(cookie call, const result<queue::reply>& outcome);
  void called(cookie call, const result<queue::answer>& outcome);
  void task_looked(queue::task_id task, const result<queue::answer>& outcome);
  void retry(queue::task_id task);
  void give_up_late_tasks();
  void propose_step(queue::task_id task);
  [[nodiscard]] std::optional<duration> moves_wake() const;

  // persist.cpp
  void put_raft(const raft::persist_request& p);
  void put_deltas();
  void emit_persist();
  void persisted(persist_ticket ticket);
  void cut_log();
  [[nodiscard]] log_index cut_from() const;
  void note_configs(const raft::persist_request& p);
  [[nodiscard]] bool note_life(std::uint64_t life);
  void put_record();

  // peers.cpp: messages, ticks, reports
  [[nodiscard]] bool has_peers() const;
  [[nodiscard]] bool is_alone() const { return !has_peers() && !core.config().voters.empty(); }
  [[nodiscard]] bool needs_ticks() const;
  void tick_core();
  void received(raft::peer_message m);
  [[nodiscard]] bool take_entries(raft::append_request& m);
  void tell_of_us();
  void leave(raft::peer_message m);
  void leave_held(persist_ticket up_to);
  void bodies_to_send(send_load load, std::vector<loaded_item> values);
  void take_reports(const raft::raft_output& out);
  void compare_states(const raft::reported& r);
  void note_state();
  [[nodiscard]] clock_reading voters_time() const;
  [[nodiscard]] bool group_is_low() const;

  // catch_up.cpp: old entries for a follower that is behind
  void read_back();
  void fetched(fetch_load load, std::vector<loaded_item> values);

  // sessions.cpp: what a leader hands over
  struct session {
    raft::session_id id;
    node_id to;
    log_index at; ///< 0 = not known yet
    bool gaps = false; ///< pull_chunk::gaps
    duration opened{0}, used{0};
  };
  void open_session(node_id to);
  void session_loaded(session_load load, std::vector<loaded_item> values);
  void received(const raft::member& from, const pull_request& m);
  void send_chunk(const raft::member& to, pull_chunk chunk);
  void close_session(raft::session_id id);
  void check_sessions();

  // pull.cpp: what a follower takes over
  struct pull_state {
    raft::install_offer offer;
    std::uint64_t life = 1; ///< as the state that comes knows it
    generation into;
    family where = family::queue;
    std::string from;
    state_sums sums;
    std::optional<codec::applied_record> applied;
    bool asked = false, complete = false, gaps = false;
    bool in_batch = false, writing = false; ///< a chunk is on its way to the disk
    duration heard{0}, asked_at{0}, ask_from{0};
  };
  struct switch_state {
    raft::snapshot_meta meta;
    codec::applied_record applied;
  };
  void start_pull(raft::install_offer offer);
  void received(const raft::member& from, pull_chunk m);
  [[nodiscard]] bool take_chunk(pull_chunk& m);
  void ask_chunk();
  void go_on_pulling();
  void give_up_pull();
  void finish_pull();
  void finish_switch();

  // due.cpp
  void check_due();
  void tell_time_ahead();
  void emit_timer();
  [[nodiscard]] std::optional<duration> next_wake();

  [[nodiscard]] instant shard_now() { return std::max(clock.now(voters_time()), applied.time); }

  replica_options options;
  const store& source;
  std::string prefix; ///< keys::prefix of the state
  codec::replica_record record;
  raft::raft core;
  codec::command_encoder encoder;
  clock_reading now;
  std::vector<replica_effect> effects;

  // Roles. It serves from the moment an entry of its own term is applied: before, it may not know all that is so.
  bool leads = false, serves = false, damaged = false, draining = false, disk_is_low = false;
  bool quarantined = false; ///< then `damaged` is set too: it serves as little
  term leads_in;
  shard_clock clock;

  // Proposals.
  admission waiting;
  std::deque<in_flight> flight; ///< proposed here and not applied yet, in log order
  std::size_t flight_bytes = 0;

  // Apply.
  quarantine poison;
  std::deque<raft::entry> to_apply;
  std::size_t to_apply_bytes = 0;
  codec::applied_record applied;
  overlay above;
  load_holder apply_loads;
  replica_status counted; ///< the counters of status()
  rate_table rates{limits::rated_queues_max};

  // Loads and questions.
  std::map<load_id, load_purpose> loads;
  load_id last_load;
  std::map<load_id, std::vector<load_item>> asked_items; ///< of loads of the state
  std::set<load_id> held_loads; ///< under way, or their values still in use
  std::map<raft::read_id, std::list<question_state>::iterator> reading; ///< wait for an index
  std::list<question_state> questions;
  std::size_t questions_loading = 0;
  std::vector<std::list<question_state>::iterator> unread; ///< not yet given to the core

  // Moves.
  mover moves;
  held_replies held_answers;
  std::map<queue::task_id, driven_task> driven;
  std::map<cookie, std::variant<shard_id, queue::task_id>> own_questions;
  std::map<cookie, name_call> name_calls;
  std::uint64_t last_own = 0, last_call = 0;

  // Bodies.
  body_cache bodies;
  std::multiset<body_key> pins;

  // Persists.
  struct outstanding {
    persist_ticket ticket;
    raft::persist_ticket of_core;
    std::uint64_t deltas_up_to = 0;
    bool of_pull = false, of_switch = false;
  };
  std::shared_ptr<write_batch> batch;
  raft::persist_ticket batch_core;
  std::uint64_t batch_deltas = 0;
  bool batch_sync = false, batch_switch = false;
  persist_ticket last_ticket;
  std::deque<outstanding> written_later;
  log_index disk_first; ///< first entry still in the store
  log_sizes sizes;      ///< of the entries in the store
  persist_ticket told, last_core_ticket; ///< told written; the last that carried something of the core

  // Peers.
  std::vector<raft::peer_message> to_hold; ///< of this turn
  struct held_messages {
    persist_ticket until;
    std::vector<raft::peer_message> messages;
  };
  std::deque<held_messages> held;
  duration next_tick{0};
  voters_clock clocks;
  struct noted_state {
    log_index index;
    hash128 hash;
  };
  std::deque<noted_state> noted; ///< the last few that replicas compare
  std::map<replica_id, raft::report> reports;
  term leader_told_in;
  std::optional<raft::member> leader_told;
  std::optional<raft::log_range> to_read; ///< entries that the core asked for and nobody has begun to read
  std::optional<load_id> fetching;       ///< that are being read
  catch_up_share catch_up;

  // Installs.
  std::vector<session> sessions;
  std::uint64_t last_session = 0;
  std::unique_ptr<pull_state> pull;
  std::unique_ptr<switch_state> switching; ///< it is on its way to the disk
  std::optional<duration> delta_since; ///< when the oldest unsent delta was made

  // Due work.
  bool due_stale = true;
  queue::pending_work due;
  load_holder due_loads;
  bool clock_in_flight = false;
  duration due_checked{-1'000'000}, clock_proposed{-1'000'000}, active{0};
  std::optional<std::optional<duration>> last_timer;
  std::optional<duration> time_ahead_told; ///< when; no value: there is no alarm
};

} // namespace burrow
