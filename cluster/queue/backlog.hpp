// The messages of one queue: where they stand, which are visible, and their deadlines. Every change of a message goes
// through here, so that counters, ready keys and deadline groups always agree with the records. Knows no claims' rules.
#pragma once

#include "cluster/queue/work.hpp"

#include <optional>

namespace burrow::queue {

/// A message as read, and as it shall be.
struct held {
  stored_message now;
  std::string stored; ///< its bytes in the view; empty = it is new
  [[nodiscard]] message& item() { return now.item; }
  [[nodiscard]] const message& item() const { return now.item; }
};

/// The message at this place, expired or not. Check w.ok() when there is none.
[[nodiscard]] std::optional<held> read(work& w, const queue_state& q, place at);

/// The live message that shows this id: by name first, then a nameless one by its 26 characters. Removes an expired one
/// that it meets.
[[nodiscard]] std::optional<held> find(work& w, queue_state& q, std::string_view id);

/// Puts a message at the end. `m` has all but id, place and deadlines' bookkeeping. Errors: already_exists when its
/// 26 characters are taken as names, again and again.
[[nodiscard]] errc append(work& w, queue_state& q, message m, held& made);
/// The same for one that comes from another queue: it keeps its id. Loses its name if that is not free; if it has none
/// and its 26 characters are a name here, it gets another id. Never refused.
void append_moved(work& w, queue_state& q, message m, held& made);
/// Whether no live message shows this as its id. One whose ttl has run out loses its name to whoever asks.
[[nodiscard]] bool is_free(work& w, queue_state& q, std::string_view id);

/// Puts back a message that keeps its place and id; places ascend from call to call. For a state that is put together
/// anew (rebuild.hpp): nothing of its bookkeeping is believed. Its name must be free.
void readmit(work& w, queue_state& q, stored_message m);

/// Puts back a message that keeps its place and id; places ascend from call to call. For a state that is put together
/// anew (rebuild.hpp): nothing of its bookkeeping is believed. Its name must be free.
void readmit(work& w, queue_state& q, stored_message m);

/// Why a message goes, for the rates.
enum class going : std::uint8_t { deleted, expired, dead };
/// Removes a message with its name, deadlines and body.
void drop(work& w, queue_state& q, const held& h, going why);
/// The same, but its body stays, and it is not counted as gone.
void detach(work& w, queue_state& q, const held& h);
/// Puts it in line to move to another shard: hidden, its hide has no deadline. `ended`: its ttl has run out, so nobody
/// may see it any more, and its name is free.
void line_up(work& w, queue_state& q, held& h, bool ended);

/// Takes the queue out of those that have a line: all of it is gone.
void end_line(work& w, const queue_state& q);

/// Hides it until then (by a claim or by a delay), or shows it (no_instant).
void set_hide(work& w, queue_state& q, held& h, instant until, bool by_claim);
/// Gives it another priority; its place stays.
void set_priority(work& w, queue_state& q, held& h, std::uint8_t priority);
/// Gives it another expiry (no_instant = never).
void set_expiry(work& w, queue_state& q, held& h, instant expires);
/// Writes it back after changes.
void save(work& w, queue_state& q, held& h);

/// Takes one place out of a group of deadlines. Only for sweeps: the functions above do it by themselves.
void leave_group(work& w, const queue_state& q, instant deadline, std::uint64_t group, place at);

} // namespace burrow::queue
