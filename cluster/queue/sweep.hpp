// What time and purges leave behind: due deadlines, worked off a bounded number at a time, and the keys of purged
// queues, removed by clock entries. Until then it is logically gone, which every read and take checks by itself.
#pragma once

#include "cluster/queue/backlog.hpp"

namespace burrow::queue {

/// Works off what is due in one queue, at most `messages_max`; false if something is left.
bool work_off(work& w, queue_state& q, std::size_t messages_max);
/// The same over the whole shard, earliest deadline first.
void work_off_shard(work& w, std::size_t messages_max);

/// Everything in the queue is gone, in one step whatever its size: the queue gets another number at its next insert,
/// and the old number's keys wait to be swept. Returns how many messages there were.
std::uint64_t empty_queue(work& w, queue_state& q);
/// Removes keys of purged queues as far as the work bound allows.
void sweep(work& w);

} // namespace burrow::queue
