// One replica over a store that may lose what was not synced, with a virtual clock, a log writer that takes its time,
// and readers that answer later. Everything is drawn from one seed. It carries out effects and decides nothing.
#pragma once

#include "cluster/base/random.hpp"
#include "cluster/replica/replica.hpp"
#include "cluster/storage/memory_store.hpp"

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace burrow::test {

struct world_options {
  std::uint64_t seed = 1;
  std::uint64_t not_here_per_mille = 0;
  duration sync_max{20};
  duration read_max{10};
  bool lose_unsynced = true;
  bool check_state = false;
  std::shared_ptr<apply_witness> witness;
};

class replica_world {
public:
  explicit replica_world(const world_options& options);

  /// Begins a life: reads the store, makes the replica. False if the shard is damaged.
  [[nodiscard]] bool start();
  /// Process and unsynced writes are gone.
  void crash();

  cookie propose(queue::command what, std::vector<shared_bytes> bodies = {}, bool want_bodies = false);
  cookie ask(queue::query what, bool want_bodies = false);
  /// Lets time pass and everything that is due happen.
  void run(duration time);
  /// Runs until this is answered; a world that cannot do it within a minute of its time has no answer.
  const reply_effect* reply_to(cookie what);
  const answer_effect* answer_to(cookie what);
  /// Writes everything and lets the replica rest.
  void settle();

  [[nodiscard]] bool damaged() const { return damaged_; }
  [[nodiscard]] bool leads() const { return leads_; }
  [[nodiscard]] bool asleep() const { return !timer_; }
  [[nodiscard]] const std::map<cookie, reply_effect>& replies() const { return replies_; }
  [[nodiscard]] replica_status status() const { return replica_->status(); }
  /// The state hash as the `applied` record has it, and as it is recomputed from the stored state.
  [[nodiscard]] std::pair<hash128, hash128> state_hashes() const;
  [[nodiscard]] std::size_t stored_bodies() const { return store_.size(family::body); }
  [[nodiscard]] std::size_t stored_entries() const { return store_.size(family::raft_log); }

  memory_store& disk() { return store_; }
  replica& subject() { return *replica_; }
  [[nodiscard]] clock_reading now() const { return {steady_, {wall_ms_ + steady_.count()}}; }
  void shift_wall(std::int64_t ms) { wall_ms_ += ms; }
  random& chance() { return chance_; }
  std::size_t notified = 0, loads_made = 0, persists_made = 0;
  std::vector<duration> times_ahead; ///< as told
  std::string damage;                ///< why the last start failed, or the replica did
  void check_at_start(bool on) { options_.check_state = on; }

private:
  void carry_out();
  void write_queued();
  void finish_sync();
  [[nodiscard]] duration later(duration most);

  struct load {
    load_id id;
    std::vector<load_item> items;
    std::optional<std::vector<loaded_item>> values; ///< read at some moment, told at a later one
    duration read_at, told_at;
  };

  world_options options_;
  random chance_;
  memory_store store_;
  duration steady_{1000};
  std::int64_t wall_ms_ = 1'700'000'000'000;
  std::unique_ptr<replica> replica_;
  std::deque<persist_effect> queued_;
  struct syncing {
    std::vector<persist_ticket> tickets;
    std::uint64_t sequence;
    duration done_at;
    bool sync;
  };
  std::optional<syncing> syncing_;
  std::vector<load> loads_;
  std::optional<duration> timer_;
  std::map<cookie, reply_effect> replies_;
  std::map<cookie, answer_effect> answers_;
  std::uint64_t last_cookie_ = 0;
  bool damaged_ = false, leads_ = false;
};

} // namespace burrow::test
