// Commands that a gateway sends once more because it does not know what became of them (replication.md section 12).
// Each may carry a request_id: the machine keeps the replies to those of every gateway from `answered_below` on, as
// keys of the state, so that a restart or an install loses none of them, and a repeat gets the first one's reply: the
// same ids, the same messages under the same claim. Looked at before the idempotency key, so that such a repeat never
// shows as one to its client. A command without a request id costs nothing here.
//
// What a gateway has to do:
//   - One number for each operation, ascending, however often it is sent; `again` from the second time on.
//   - `answered_below` is raised only over numbers that will never be sent again. An operation that is held for long
//     (`wait`) holds it back, and with it the replies to all that came after: hold by a read, and then take.
//   - A reply to a repeat is the truth. An *error* to one (not_leader, busy, ...) says nothing of what was sent before.
//   - session_lost: the operation may have been done, and what it was answered is not known any more (504).
// Bounds are in limits.hpp (gateway_*).
#pragma once

#include "cluster/queue/repeat_records.hpp"
#include "cluster/queue/work.hpp"

#include <functional>

namespace burrow::queue {

/// Whether this command goes through once(). Only those that clients cause do: what leaders propose is safe to repeat
/// by itself.
[[nodiscard]] bool is_numbered(const command& c);

/// Runs a command that has a request id, unless its reply is kept: then that is told again, and `repeated` set. Check
/// w.ok(). Refusals: session_lost, busy.
[[nodiscard]] reply once(work& w, const command& c, const std::function<reply()>& run, bool& repeated);

/// Drops the replies of gateways that have been silent for too long, until the work bound falls to `floor`.
void forget_gateways(work& w, std::size_t floor);

/// Reads what once() of this command will read, for its loads.
void ask_ahead(work& w, const command& c);

} // namespace burrow::queue
