// One node of the simulation with its replicas: a store that may lose what was not synced, the log writer's queue in
// front of it, clocks, and for each shard the replica with the little that its shell does. It decides nothing.
#pragma once

#include "cluster/replica/catch_up_room.hpp"
#include "cluster/replica/writer_queue.hpp"
#include "cluster/sim/log_image.hpp"
#include "cluster/sim/replica_plan.hpp"
#include "cluster/storage/memory_store.hpp"

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace burrow::sim {

/// Of the node's n-th replica of that shard: unlike any other's, since checkers know replicas by their ids.
[[nodiscard]] inline replica_id id_of(std::size_t node, shard_id shard, std::uint64_t nth = 0) {
  return {(node + 1) * 1'000'000 + shard.value * 1000ULL + nth};
}

/// One shard's replica on a node.
struct replica_slot {
  explicit replica_slot(shard_id s)
      : shard(s)
      , handed(s)
      , durable(s) {}

  shard_id shard;
  raft::member self;
  std::uint64_t replaced = 0; ///< how often it came back under a new replica id
  std::unique_ptr<replica> core; ///< null: not running
  start_number start;            ///< lives of the shell in this process
  std::uint64_t life = 0;        ///< events of an earlier life are void
  bool starting = false;         ///< waits for the log writer to be done with its earlier life
  bool damaged = false;
  bool rotten = false; ///< a bit of it has flipped: it must not start again
  bool lost = false;   ///< its disk is not to be trusted: it waits to be replaced

  log_image handed, durable;
  struct handed_batch {
    persist_ticket ticket;
    std::shared_ptr<const write_batch> batch;
  };
  std::deque<handed_batch> unwritten; ///< not told yet
  std::uint64_t timer = 0;            ///< number of the last timer that was set
  micros ticked_at = 0;    ///< the millisecond of its last tick
  std::uint64_t ticks = 0; ///< in that millisecond
  bool drain_set = false, vote_unsynced = false, was_asleep = false, was_leading = false;
  log_index seen_applied;
  struct pin {
    std::shared_ptr<const pinned_state> state;
    micros used = 0;
  };
  std::map<raft::session_id, pin> pins;
  struct load_under_way {
    load_effect what;
    std::vector<loaded_item> values;
  };
  std::map<load_id, load_under_way> loads;
};

struct replica_node {
  std::size_t number = 0;
  node_id id;
  bool up = false;
  std::uint64_t life = 0;
  micros paused_until = 0;
  std::uint64_t drift = 1000; ///< of its steady clock, per mille
  std::int64_t wall_offset_ms = 0;
  bool low = false;
  std::unique_ptr<memory_store> store;
  std::shared_ptr<catch_up_line> catch_up;
  writer_queue writer;
  struct writing_batch {
    writer_queue::batch what;
    std::uint64_t sequence = 0;
  };
  std::optional<writing_batch> writing;
  std::vector<replica_slot> slots; ///< by shard
};

} // namespace burrow::sim
