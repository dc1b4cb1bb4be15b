// What each command that names a queue does, in terms of backlog, claims, sweep and quota. One function a command;
// after each of them w.ok() says whether its reply counts.
#pragma once

#include "cluster/queue/work.hpp"

namespace burrow::queue {

[[nodiscard]] insert_reply run(work& w, queue_state& q, const insert& what);
[[nodiscard]] take_reply run(work& w, queue_state& q, const take& what);
[[nodiscard]] targets_reply run(work& w, queue_state& q, const change& what);
[[nodiscard]] targets_reply run(work& w, queue_state& q, const remove& what);
[[nodiscard]] purge_reply run(work& w, queue_state& q, const purge& what);
[[nodiscard]] done_reply run(work& w, queue_state& q, const unclaim& what);
[[nodiscard]] settings_reply run(work& w, queue_state& q, const configure& what);
[[nodiscard]] task_reply run(work& w, queue_state& q, const redrive& what);
[[nodiscard]] task_reply run(work& w, queue_state& q, const cancel_task& what);
[[nodiscard]] task_reply run(work& w, queue_state& q, const redrive_step& what);
// Of the whole shard: what another shard has to do with this one.
[[nodiscard]] arrive_reply run(work& w, const arrive& what);
[[nodiscard]] done_reply run(work& w, const left& what);
[[nodiscard]] done_reply run(work& w, const begin_life& what);

/// Nothing refers to the body that came with this item. One that was refused beforehand came with none, and the number
/// that it has is another's.
void not_stored(work& w, const insert_item& item);

/// All settings of the queue, those that no request on messages needs included.
[[nodiscard]] settings settings_of(work& w, const queue_state& q);

/// Where a list or take begins: only places in [from, to), in the order of a take at this priority only; what has a
/// lower one follows whole.
struct place_range {
  place from;
  place to;
  std::uint8_t priority = limits::priorities_max - 1;
};
[[nodiscard]] place_range range_of(work& w, queue_state& q, const position& at, bool lifo);

/// The order of a take, and whether the queue lets it begin. Errors: queue_paused, invalid_cursor.
struct taking_order {
  errc problem = errc::ok;
  bool lifo = false, by_priority = false;
};
[[nodiscard]] taking_order order_of(const queue_record& q, take_action what, take_order asked, const position& from);

/// The message as a reader sees it: a hide that has run out is none, unless the message waits for its turn to move.
[[nodiscard]] message as_seen(const queue_record& q, message m, instant now);

/// So many messages of a task have arrived.
void task_left(work& w, queue_state& q, task_id task, std::uint64_t count);
/// Ended tasks of queues that have nothing else, when their time has come; until the work bound falls to `floor`.
void forget_tasks(work& w, std::size_t floor);

} // namespace burrow::queue
