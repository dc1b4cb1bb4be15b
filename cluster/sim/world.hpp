// The simulated world: one thread, virtual time, one seed. A step is one input delivered to one replica; after each the
// checkers look. Phase 1 asks for safety while anything may fail, phase 2 for progress once a quorum has healed.
//
//   const auto result = sim::run(sim::draw_plan(4711));
//   if (!result.wrong.empty()) ...   the same seed fails the same way, to the byte: compare `trace`
#pragma once

#include "cluster/sim/checkers/bounds.hpp"
#include "cluster/sim/checkers/commits.hpp"
#include "cluster/sim/checkers/leaders.hpp"
#include "cluster/sim/checkers/logs.hpp"
#include "cluster/sim/checkers/promises.hpp"
#include "cluster/sim/checkers/reads.hpp"
#include "cluster/sim/checkers/states.hpp"
#include "cluster/sim/changes.hpp"
#include "cluster/sim/events.hpp"
#include "cluster/sim/host.hpp"
#include "cluster/sim/network.hpp"

#include <string>
#include <vector>

namespace burrow::sim {

struct outcome {
  std::string wrong; ///< empty: nothing was found
  std::uint64_t steps = 0;
  std::uint64_t trace = 0; ///< a hash over everything that happened
  coverage met;
};

[[nodiscard]] outcome run(const plan& p);

class world {
 public:
  explicit world(const plan& p);
  [[nodiscard]] outcome run();

 private:
  enum class kind : std::uint8_t {
    // Of a replica.
    tick,
    deliver,
    drain,
    synced,
    restart,
    fetched,
    session,
    pull,
    suspect,
    // Of the world.
    propose,
    read,
    transfer,
    change,
    fault,
    quiet,
    impatient,
    heal
  };
  struct event {
    micros at = 0;
    std::uint64_t sequence = 0;
    kind what = kind::tick;
    std::uint32_t node = 0;
    std::uint64_t life = 0;
    std::uint64_t slot = 0; ///< of a message, or a number
  };

  // world.cpp: the loop
  void schedule(micros after, kind what, std::size_t node = 0, std::uint64_t slot = 0);
  void next_event();
  void handle(const event& e);
  void handle_world(kind what);
  void run_for(micros length);
  void heal_and_wait();
  void check_progress();
  [[nodiscard]] bool reaches_one_state();
  [[nodiscard]] std::string describe() const;

  // turn.cpp: what an owner of a core does
  void input_done(host& h);
  void drain(host& h);
  void write_persist(host& h, raft::raft_output& out);
  void send_all(host& h, raft::raft_output& out);
  void apply(host& h, const raft::raft_output& out);
  void take_reads(host& h, const raft::raft_output& out);
  void take_role(host& h, const raft::raft_output& out);
  void cut_log(host& h);
  void start_sync(host& h);
  void sync_done(host& h);
  void leave(host& h, const raft::peer_message& m, bool waited);
  void transmit(const raft::peer_message& m);

  // installs.cpp
  void open_session(host& h, node_id to);
  void start_pull(host& h, raft::install_offer offer);
  void pull_done(host& h, std::uint64_t session);
  void fetch_done(host& h, std::uint64_t first, std::uint64_t count);

  // faults.cpp
  void start(host& h);
  void crash(host& h);
  void restart_actor(host& h);
  void replace(host& h);
  void fault();
  void tell_membership(const host& of);
  void aim(host& h);
  [[nodiscard]] host& any_host() { return hosts_[chance_.below(hosts_.size())]; }

  // workload.cpp
  void propose();
  void read();
  void transfer();
  void change();
  void impatient();
  [[nodiscard]] host* leading();

  const plan plan_;
  random chance_;
  network net_;
  std::vector<host> hosts_;
  micros now_ = 0;
  std::uint64_t trace_ = 0, steps_ = 0;
  event_queue<event> events_;
  std::vector<raft::peer_message> slots_;
  std::vector<std::uint64_t> free_slots_;
  bool calm_ = false;
  micros quiet_until_ = 0;
  log_index seen_progress_;
  std::uint64_t aimed_ =
      0; ///< how much what has just happened is worth a crash; acknowledgements are many, the rest few
  static constexpr std::uint64_t often = 1, seldom = 20;

  std::uint64_t last_command_ = 0, last_session_ = 0;
  changes changes_;

  findings found_;
  coverage met_;
  leaders leaders_;
  logs logs_;
  states states_;
  commits commits_;
  promises promises_;
  reads reads_;
};

} // namespace burrow::sim
