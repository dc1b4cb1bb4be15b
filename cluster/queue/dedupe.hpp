// Requests that may come twice (contract section 10): idempotency keys with the first answer to each, and the highest
// sequence of each producer. Decided where the entry is applied: the second in the log gets the first one's answer,
// whoever proposed it. Both are bounded in number, count to their tenant's bytes, and go by the shard's deadlines.
#pragma once

#include "cluster/queue/work.hpp"

#include <string>
#include <string_view>

namespace burrow::queue {

/// The state of one key, and where the request that has it stands.
struct keyed_request {
  std::string rest;                     ///< of its state key
  std::string stored;                   ///< its bytes in the state; empty = none
  std::optional<remembered_key> record; ///< what they say; may have expired, and not yet be removed
  bool is_repeat = false;               ///< it is remembered
  bool counted = false;                 ///< by reserve()
  duration window{0};
};
/// Looks the key up. Check w.ok().
[[nodiscard]] keyed_request recall(work& w, queue_state& q, std::string_view key, std::uint32_t step = 0);
/// Counts the key before the request does anything. Stored bytes are looked at if `quota` is given. Errors:
/// dedupe_full, quota_exceeded.
[[nodiscard]] errc reserve(work& w, queue_state& q, keyed_request& key, const dedupe_bounds& bounds,
                           const defaults* quota);
/// The request did nothing, so it is not remembered.
void release(work& w, queue_state& q, const keyed_request& key);
void remember(work& w, queue_state& q, const keyed_request& key, hash128 request, remembered_answer first);
/// As if the request had never come.
void forget(work& w, queue_state& q, const keyed_request& key);

/// Whether a key keeps it as an answer: something was stored, or was known to be.
[[nodiscard]] bool is_worth_remembering(const insert_reply& made);
[[nodiscard]] remembered_insert to_remember(const insert_reply& made);
/// The first answer once more. `again` has the names.
[[nodiscard]] insert_reply repeat_of(const work& w, const remembered_key& first, const insert& again);
/// The task as it was made.
[[nodiscard]] task_reply repeat_of(const remembered_key& first, const redrive& again);
/// The claim's messages, as far as its receipts are still good. Marks it as answered again.
[[nodiscard]] take_reply repeat_of(work& w, queue_state& q, keyed_request& key);
/// False if the claim must not be undone any more. Else its key, if it has one, is forgotten.
[[nodiscard]] bool may_undo(work& w, queue_state& q, const unclaim& what);

/// What is known of the producer of an item that has a sequence.
struct sequenced_item {
  std::string stored;
  remembered_producer record;
  bool counted = false;   ///< it has a record, perhaps of one silent for too long
  bool duplicate = false; ///< the sequence, or a higher one, was stored before
};
[[nodiscard]] bool is_sequenced(const insert_item& item);
/// Looks the producer up; a duplicate counts as a sign of life. Check w.ok().
[[nodiscard]] sequenced_item look_up(work& w, queue_state& q, const insert_item& item);
/// Whether there is room for its producer, and the bytes that it will count. Errors: dedupe_full.
[[nodiscard]] errc room_for(work& w, queue_state& q, const sequenced_item& known, const dedupe_bounds& bounds,
                            std::uint64_t& bytes);
/// It was stored.
void note_stored(work& w, queue_state& q, const insert_item& item, const sequenced_item& known);

/// Removes what is due, oldest first, while more than `budget_left` of the work bound is left.
void work_off_memory(work& w, std::size_t budget_left);

/// Reads what recall() and look_up() of this command will read, for their loads.
void ask_ahead(work& w, queue_state& q, const insert& what);
void ask_ahead(work& w, queue_state& q, const take& what);

} // namespace burrow::queue
