// The queue machine: apply(meta, command, view) → replies + effects + delta. Pure, total, deterministic, versioned.
// It keeps nothing between two calls, draws nothing from outside, and reads only through the view.
#pragma once

#include "cluster/queue/command.hpp"
#include "cluster/queue/effect.hpp"
#include "cluster/queue/query.hpp"
#include "cluster/queue/view.hpp"

namespace burrow::queue {

/// What travels with an entry. `now` is the shard's time at this entry: max(leader's time, last applied time).
struct apply_meta {
  shard_id shard;
  log_index index;
  instant now;
};

struct outcome {
  /// Not empty: the view did not have these. Nothing else of this outcome counts; load them and apply again.
  std::vector<load_request> missing;
  std::vector<reply> replies; ///< one for each command, in order
  std::vector<std::size_t> repeated; ///< which commands were answered by what is kept of an earlier one (repeats.hpp)
  std::vector<effect> effects;
  std::vector<queue_activity> activity; ///< of queues with any
  std::vector<tenant_usage> usage;      ///< of tenants whose counters changed
  std::vector<shard_id> leaving_to;     ///< shards that something began to leave for, ascending
  delta changes;
};

/// Applies one entry. Total: every decodable entry gets its replies. At most limits::entry_messages_max messages are
/// examined or changed, due deadlines worked off before the commands included.
[[nodiscard]] outcome apply(const apply_meta& meta, const entry_command& entry, view& state);

/// Keys that apply(entry) will surely read, known without reading anything: one load instead of many.
[[nodiscard]] std::vector<load_request> keys(const entry_command& entry);

struct query_outcome {
  std::vector<load_request> missing; ///< as in outcome
  answer result;
};

/// Reads at shard time `now`, which may be later than the last applied time. Changes nothing.
[[nodiscard]] query_outcome ask(shard_id shard, instant now, const query& question, view& state);

/// What the shard waits for: the earliest deadline (no_instant = none), and whether there is work that waits for none
/// (sweeps; messages in line for which there is room to move).
struct pending_work {
  std::vector<load_request> missing; ///< not empty: nothing else counts
  instant earliest;
  bool sweeping = false;
  std::uint64_t life = 1;             ///< as the state knows it (begin_life)
  std::uint64_t moving = 0;           ///< messages that leave for other shards
  std::vector<shard_id> leaving_to;   ///< shards that something leaves for
  struct due_task {
    queue_ref queue;
    task_id task;
    instant due; ///< of its next step
  };
  std::vector<due_task> tasks; ///< running ones with a next step, earliest first; at most limits::tasks_driven_max
};
[[nodiscard]] pending_work pending(view& state);

} // namespace burrow::queue
