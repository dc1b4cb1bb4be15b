// What one seed draws before anything runs: topology, settings, times and fault rates. Rare settings find more than
// many steps do, so each is drawn from its whole range, and most faults are absent from most seeds.
#pragma once

#include "cluster/base/random.hpp"
#include "cluster/raft/raft.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace burrow::sim {

/// Virtual time in microseconds.
using micros = std::uint64_t;
inline constexpr micros ms = 1000, tick_length = 50 * ms;

struct range {
  std::uint64_t low = 0, high = 0;
  [[nodiscard]] std::uint64_t draw(random& chance) const { return chance.between(low, high); }
};

struct plan {
  std::uint64_t seed = 0;
  std::uint64_t steps = 0; ///< of phase 1
  std::size_t nodes = 3, voters = 3;
  raft::raft_options core; ///< without self and seed

  // Times.
  range sync{100, 3 * ms}, delay{100, 2 * ms}, restart{0, 2000 * ms};
  micros drain_wait = 0;             ///< inputs gather for so long before the output is taken
  std::uint64_t drift_per_mille = 0; ///< how far a node's ticks may be off

  // Chances, per mille.
  std::uint64_t loss = 0, duplicate = 0;
  std::uint64_t aimed = 0; ///< a crash at one of the aimed moments
  std::uint64_t long_sync = 0;

  // Faults at random moments.
  micros fault_every = 0; ///< on average; 0 = none
  struct weights {
    std::uint64_t crash = 0, crash_all = 0, restart_actor = 0, cut = 0, heal = 0, stall = 0, pause = 0, fail_sync = 0,
                  replace = 0, lose_session = 0;
    /// One of them by its weight, in the order above; nothing if there are none.
    [[nodiscard]] std::optional<std::size_t> draw(random& chance) const;
  } faults;

  // What is done to the group.
  micros quiet_every = 0; ///< on average; then nothing is asked for a while, so that groups fall asleep
  micros propose_every = 20 * ms, read_every = 0, transfer_every = 0, change_every = 0;
  std::uint64_t batch_max = 1;
  std::uint64_t body_max = 0;
  std::uint64_t cut_every = 0; ///< applied entries between two cuts of the log; 0 = never
  std::uint64_t cut_keep = 0;
  range pull{1 * ms, 200 * ms}; ///< how long an install takes

  /// Whether heartbeats over a good network come often enough that nobody campaigns against a healthy leader.
  [[nodiscard]] bool keeps_leader() const;
  [[nodiscard]] std::string text() const; ///< one line, for a failing run
};

[[nodiscard]] plan draw_plan(std::uint64_t seed);

/// Small values as likely as large ones: 2^x for an x drawn evenly.
[[nodiscard]] std::uint64_t spread(random& chance, std::uint64_t low, std::uint64_t high);

} // namespace burrow::sim
