// The simulated world of whole replicas: raft, queue machine, overlay, installs and clients, over a store that loses
// what was not synced. The rules are those of world.hpp: one thread, virtual time, one seed; a step is one input
// delivered to one replica; phase 1 asks for safety while anything may fail, phase 2 for progress once a quorum has
// healed.
#pragma once

#include "cluster/sim/changes.hpp"
#include "cluster/sim/checkers/acknowledged.hpp"
#include "cluster/sim/checkers/bounds.hpp"
#include "cluster/sim/checkers/commits.hpp"
#include "cluster/sim/checkers/leaders.hpp"
#include "cluster/sim/checkers/linearizable.hpp"
#include "cluster/sim/checkers/live_claims.hpp"
#include "cluster/sim/checkers/logs.hpp"
#include "cluster/sim/checkers/moves.hpp"
#include "cluster/sim/checkers/promises.hpp"
#include "cluster/sim/checkers/quotas.hpp"
#include "cluster/sim/checkers/repeats.hpp"
#include "cluster/sim/checkers/times.hpp"
#include "cluster/sim/clients.hpp"
#include "cluster/sim/events.hpp"
#include "cluster/sim/network.hpp"
#include "cluster/sim/replica_node.hpp"
#include "cluster/sim/replica_packets.hpp"
#include "cluster/sim/world.hpp"

#include <string>
#include <unordered_map>
#include <vector>

namespace burrow::sim {

[[nodiscard]] outcome run_replicas(const replica_plan& p);

class replica_world {
 public:
  explicit replica_world(const replica_plan& p);
  [[nodiscard]] outcome run();
  [[nodiscard]] std::vector<micros> failover(); ///< replica_failover.cpp, instead of run()

 private:
  enum class kind : std::uint8_t { tick, deliver, drain, written, restart, read, loaded, suspect, // of a node
                                   client, patience, transfer, change, fault, quiet, impatient, heal };
  struct event {
    micros at = 0;
    std::uint64_t sequence = 0;
    kind what = kind::tick;
    std::uint32_t node = 0, shard = 0;
    std::uint64_t life = 0;
    std::uint64_t slot = 0; ///< of a message, a load, a client, or a number
  };
  /// What is known of one shard, all nodes together: by the checkers, and for the workload.
  struct shard_facts {
    explicit shard_facts(shard_id s)
        : states(s) {}
    leaders elected;
    logs written;
    commits committed;
    state_hashes states;
    ledger book;
    acknowledged answers;
    repeats again;
    changes members;
    std::unordered_map<std::uint64_t, std::string> records; ///< until committed, by the log's hash up to them
    std::vector<std::uint64_t> chain{0};                    ///< of the committed log, by index
    log_index seen_progress;
  };

  // replica_world.cpp: the loop
  void schedule(micros after, kind what, std::size_t node = 0, std::size_t shard = 0, std::uint64_t slot = 0);
  void next_event();
  void handle(const event& e);
  void handle_world(const event& e);
  [[nodiscard]] bool counts(const event& e) const;
  void run_for(micros length);
  [[nodiscard]] clock_reading clock_of(const replica_node& n) const;
  [[nodiscard]] instant true_time() const { return {1'700'000'000'000 + static_cast<std::int64_t>(now_ / ms)}; }
  [[nodiscard]] std::string describe() const;

  // replica_turn.cpp: what a shell does, and what the checkers look at after each input
  void input_done(replica_node& n, replica_slot& s);
  void drain(replica_node& n, replica_slot& s);
  void look(replica_slot& s);
  void look_at_applied(replica_slot& s, const replica_status& now);
  void commit(replica_slot& s, log_index index);
  void carry_out(replica_node& n, replica_slot& s, persist_effect& e);
  void carry_out(replica_node& n, replica_slot& s, load_effect& e);
  void carry_out(replica_node& n, replica_slot& s, reply_effect& e);
  void carry_out(replica_node& n, replica_slot& s, answer_effect& e);
  void carry_out(replica_node& n, replica_slot& s, send_effect& e);
  void carry_out(replica_node& n, replica_slot& s, pin_effect& e);
  void carry_out(replica_node& n, replica_slot& s, unpin_effect& e);
  void carry_out(replica_node& n, replica_slot& s, timer_effect& e);
  void carry_out(replica_node& n, replica_slot& s, damaged_effect& e);
  void carry_out(replica_node& n, replica_slot& s, distrust_effect& e);
  void carry_out(replica_node& n, replica_slot& s, call_effect& e);
  // Told to waiters, metrics, routing and alarms, none of which this world has.
  void carry_out(replica_node&, replica_slot&, notify_effect&) {}
  void carry_out(replica_node&, replica_slot&, usage_effect&) {}
  void carry_out(replica_node&, replica_slot&, role_effect&) {}
  void carry_out(replica_node&, replica_slot&, leader_effect&) {}
  void carry_out(replica_node&, replica_slot&, time_ahead_effect&) {}

  // replica_moves.cpp: what shards have to do with each other
  void put_on_wire(std::size_t from, std::size_t to, shard_id shard, packet what);
  void deliver(replica_node& n, replica_slot& s, packet& what);
  template <class Outcome>
  [[nodiscard]] bool is_of_call(replica_node& n, cookie to, Outcome& outcome);
  void count_end_of(const replica_slot& s);
  void moves_end();
  void write_to(std::size_t shard, replica_node& n);

  // replica_disk.cpp: the log writer, the readers, starts
  void start_writing(replica_node& n);
  void written(replica_node& n);
  void start(replica_node& n, replica_slot& s);
  void read(replica_node& n, replica_slot& s, std::uint64_t load);
  void check_store(const replica_node& n, const replica_slot& s, bool at_rest);

  // replica_faults.cpp
  void start_node(replica_node& n);
  void crash(replica_node& n);
  void restart_actor(replica_node& n, replica_slot& s);
  void replace(replica_node& n, replica_slot& s);
  void begin_anew(replica_node& n, replica_slot& s);
  void fault();
  void move_clock(replica_node& n);

  // replica_losses.cpp: disks that rot or forget, and what becomes of their replicas
  [[nodiscard]] bool may_lose(const replica_node& n, std::size_t shard) const;
  void rot(replica_node& n, replica_slot& s);
  void forget(replica_node& n);
  [[nodiscard]] bool has_lost(std::size_t shard) const;
  [[nodiscard]] bool lost_any() const;
  [[nodiscard]] std::optional<raft::config_change> without_lost(const replica& leader, std::size_t shard) const;
  void lose(replica_slot& s);
  void replace_lost();
  void tell_membership(const replica_node& of);
  void aim(replica_node& n);

  // replica_work.cpp: clients and operators
  void act(std::size_t client);
  void send(operation op, std::size_t client, replica_node& n);
  void done(std::uint64_t number, bool answered, errc code);
  void finish(operation op);
  void transfer();
  void change();
  void impatient();
  [[nodiscard]] replica_node* leading(std::size_t shard);

  // replica_calm.cpp: phase 2
  void heal_and_wait();
  [[nodiscard]] bool reaches_one_state(std::size_t shard);
  [[nodiscard]] std::uint64_t steps_of_installs(std::size_t shard) const;
  [[nodiscard]] bool is_one_state(std::size_t shard, log_index goal);
  void look_at_rest(std::size_t shard);
  [[nodiscard]] bool falls_asleep(std::size_t shard);
  void read_everything(std::size_t shard);
  [[nodiscard]] const operation* ask_leader(std::size_t shard, std::variant<queue::command, queue::query> what);

  const replica_plan plan_;
  random chance_;
  network net_;
  std::vector<replica_node> nodes_;
  std::vector<shard_facts> shards_;
  clients clients_;
  micros now_ = 0;
  std::uint64_t trace_ = 0, steps_ = 0;
  event_queue<event> events_;
  std::vector<packet> slots_;
  std::vector<std::uint64_t> free_slots_;
  bool calm_ = false;
  micros quiet_until_ = 0;
  std::uint64_t aimed_ = 0; ///< how much what has just happened is worth a crash
  static constexpr std::uint64_t often = 1, sometimes = 5, seldom = 20;

  struct under_way {
    operation op;
    std::size_t client;
  };
  std::map<std::uint64_t, under_way> open_; ///< by number
  std::uint64_t last_operation_ = 0;
  operation asked_; ///< of phase 2
  struct caller {
    raft::member who;
    shard_id shard;
    cookie call;
  };
  std::map<cookie, caller> calls_; ///< of one shard to another, by the number that it has at the other

  findings found_;
  coverage met_;
  promises promises_;
  linearizable linearizable_;
  moves moves_{std::string(moving_tenant)};
};

} // namespace burrow::sim
