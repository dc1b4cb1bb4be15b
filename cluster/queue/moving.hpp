// How a message leaves a queue for another, in the machine: when a rule sends it, whether there is room, who waits in
// line, and what another shard brings (replication.md section 12). Who moves things on by hand is redrive.cpp.
#pragma once

#include "cluster/queue/backlog.hpp"
#include "cluster/queue/move_records.hpp"

#include <optional>

namespace burrow::queue {

/// Whether the queue's rule sends this message away when its claim ends.
[[nodiscard]] bool is_doomed(const queue_record& q, const message& m);
/// Whether takes and lists see it: its hide is over, and it does not wait for its turn to move.
[[nodiscard]] bool shows(const queue_record& q, const message& m, instant now);

/// Sends a message away by the queue's rule, which applies to it. Afterwards it is not in the queue any more, or in
/// line. What it has become if another shard has to be told: it is on its way, or has no number yet.
std::optional<move_key> send_off(work& w, queue_state& q, held& h, going why);
/// Its ttl has run out, and it was met: it goes, or moves if the rule says so.
void expire(work& w, queue_state& q, held& h);

/// Whether one more message may leave for that shard.
[[nodiscard]] bool has_room(work& w, shard_id to);
/// A message goes to another queue: on this shard at once, else there must be room. The body goes along.
std::optional<move_key> move_on(work& w, queue_state& q, const held& h, moved_message m, shard_id to, task_id task);
/// Lets messages in line leave, or come back if no rule sends them any more, as far as room and work bound go, at most
/// `messages_max` of them.
void advance_lines(work& w, std::size_t messages_max);

} // namespace burrow::queue
