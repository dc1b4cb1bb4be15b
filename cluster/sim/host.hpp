// One node of the simulation with its replica: the core, its disk, and the little that the shell and the state machine
// around the core do. It decides nothing: what it does with an output is what raft.hpp says an owner must do.
#pragma once

#include "cluster/raft/raft.hpp"
#include "cluster/sim/disk.hpp"
#include "cluster/sim/plan.hpp"

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace burrow::sim {

struct host {
  std::size_t node = 0;
  raft::member self;
  raft::raft_options options;
  std::uint64_t replaced = 0; ///< how often it came back under a new replica id

  bool up = false;
  std::uint64_t life = 0; ///< events of an earlier life are void
  micros paused_until = 0;
  bool drain_set = false;
  std::uint64_t drift = 1000; ///< length of its ticks, per mille

  std::unique_ptr<raft::raft> core;
  disk store;

  // What dies with the replica.
  applied_state state;
  std::vector<std::uint64_t> chain; ///< of the core's log as far as it was handed out, by index
  struct held_messages {
    std::uint64_t number;
    std::vector<raft::peer_message> messages;
  };
  std::deque<held_messages> held; ///< leave when the disk has this write and all before it
  std::uint64_t core_written = 0, synced = 0;
  std::uint64_t starts = 0;
  log_index written; ///< state is in the stream of writes up to here
  struct read_begun {
    raft::read_id id;
    log_index began;
  };
  std::vector<read_begun> reads;
  struct read_ready {
    log_index at, began;
  };
  std::vector<read_ready> reads_ready;
  std::map<std::uint64_t, raft::snapshot_meta> sessions; ///< that others pull from
  std::optional<raft::install_offer> pulling;
  bool vote_unsynced = false, was_asleep = false;

  [[nodiscard]] log_index last() const { return {chain.size() - 1}; }
  [[nodiscard]] std::uint64_t chain_at(log_index index) const {
    return index.value < chain.size() ? chain[index.value] : 0;
  }
};

} // namespace burrow::sim
