// Claims: grant, extend, release, undo, and the guards under which a request may touch a message. Knows neither the
// order in which messages are taken (walk.hpp) nor when a hide has run out (sweep.hpp).
#pragma once

#include "cluster/queue/backlog.hpp"

namespace burrow::queue {

/// Names must not be empty, not over limits::name_bytes_max, and have no byte below 0x20, which separates them in keys.
[[nodiscard]] bool is_name(std::string_view name);

/// The given ttl or hide, within what a client may ask for; nothing asked: `fallback`.
[[nodiscard]] duration bounded_ttl(std::optional<duration> asked, duration fallback);
[[nodiscard]] duration bounded_hide(std::optional<duration> asked, duration fallback);

/// Whether the guards let a request act on this message (null = there is none). Errors: receipt_stale, etag_mismatch,
/// already_exists, message_not_found.
[[nodiscard]] errc check(const condition& guard, const message* m);

/// Hides it for a claim. The caller has made sure that it may be claimed.
void grant(work& w, queue_state& q, held& h, claim_id claim, duration hide);
/// Sets what is given. hide 0 releases it, its receipt is stale then; another hide extends the claim that it has had
/// last, or delays it. Without either nothing changes. A release may send it away (moving.hpp): it is not in the queue
/// any more then, and if another shard has to be told, it returns which move that is.
std::optional<move_key> change_attributes(work& w, queue_state& q, held& h, const ttl_choice& ttl,
                                          std::optional<duration> hide);
/// Undoes a claim: visible again and not counted, unless the message has moved on.
void undo(work& w, queue_state& q, claim_id claim, place at);

} // namespace burrow::queue
