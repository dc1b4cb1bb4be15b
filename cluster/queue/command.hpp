// The closed set of commands that are logged, and their replies. Version 1; frozen: proto/log.proto carries exactly
// these. A change of behaviour is a new machine version (version.hpp), a new member gets a new number there.
//
// Every command names its queue and stands alone. An entry holds 1 to limits::entry_commands_max commands that are
// applied in order at one shard time. Bodies travel beside the entry (`bodies`, referred to by index), so that log and
// state hold references only.
#pragma once

#include "cluster/base/error.hpp"
#include "cluster/queue/message.hpp"
#include "cluster/queue/moves.hpp"
#include "cluster/queue/settings.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace burrow::queue {

/// Identifies a request of a gateway that may be repeated by it (replication.md section 12). gateway 0: not repeatable.
struct request_id {
  std::uint64_t gateway = 0;        ///< incarnation of the gateway
  std::uint64_t number = 0;
  std::uint64_t answered_below = 0; ///< all its requests below this are answered
  bool again = false; ///< it was sent before, and nobody knows what became of that (repeats.hpp)
  bool operator==(const request_id&) const = default;
};

/// ttl as a request gives it. 0 ms means never.
using ttl_choice = std::optional<duration>;

/// What the proposing gateway knows and apply may not look up: server-wide defaults, used where the queue's own
/// settings are silent, and what is left of the account's quota elsewhere.
struct defaults {
  duration ttl{0};  ///< 0 = never
  duration hide{0};
  std::uint32_t body_bytes_max = 0;
  std::uint64_t claimed_max = 0;       ///< 0 = no bound
  /// In the log: of this shard, 0 = no bound. On the way there: of the account (actors/tenant_account.hpp).
  std::uint64_t tenant_bytes_max = 0;
  std::uint64_t tenant_queues_max = 0;
  bool operator==(const defaults&) const = default;
};

/// What bounds the memory of a queue for repeated requests. Only a command with a key or a sequence carries it.
struct dedupe_bounds {
  duration window{0};              ///< how long a key is kept where the queue's settings are silent; 0 = not at all
  std::uint64_t keys_max = 0;      ///< of the queue; 0 = no bound
  std::uint64_t producers_max = 0; ///< of the queue; 0 = no bound
  bool operator==(const dedupe_bounds&) const = default;
};

/// Guards on one message (contract sections 7, 15.1). All must hold, else nothing changes.
struct condition {
  std::optional<claim_id> receipt;               ///< the claim that the receipt names; stale if not the message's
  std::optional<std::uint32_t> receipt_claims;   ///< and its claim count
  std::optional<burrow::place> receipt_place;    ///< and its place
  std::vector<std::uint64_t> if_match;           ///< versions; empty = no condition
  bool if_match_any = false;                     ///< If-Match: *
  bool if_none_match = false;                    ///< If-None-Match: *
  bool operator==(const condition&) const = default;
};

/// One message to put. `name` empty makes a message without one.
struct insert_item {
  std::string name;
  std::uint32_t body = 0; ///< index into the entry's bodies
  std::uint32_t body_size = 0;
  hash128 body_hash;
  ttl_choice ttl;
  std::optional<duration> hide;
  message_attributes attributes;
  std::uint64_t sequence = 0; ///< of the producer; 0 = none
  condition guard;
  errc refused = errc::ok;    ///< the gateway already found this entry bad; kept so that replies line up
  bool operator==(const insert_item&) const = default;
};

/// PUT, ~messages. One reply item for each item, in order.
struct insert {
  std::vector<insert_item> items;
  bool atomic = false;
  std::string idempotency_key; ///< empty = none
  hash128 request_hash;        ///< of what makes two requests the same (contract section 10)
  defaults fallback;
  dedupe_bounds bounds;
  bool operator==(const insert&) const = default;
};

enum class take_action : std::uint8_t {
  claim = 0,  ///< POST with hide > 0
  change = 1, ///< POST with ttl, or with hide = 0
  remove = 2, ///< DELETE
};
enum class take_order : std::uint8_t { queue_default = 0, fifo = 1, lifo = 2 };

/// Where a list or take goes on. At most one of the two is set.
struct position {
  std::optional<burrow::place> after; ///< from a cursor: only places beyond it in the direction of travel
  std::optional<bool> lifo;           ///< the direction that the cursor was made in; invalid_cursor in another
  std::optional<std::uint8_t> priority; ///< of a cursor by priority: that of the message at `after`
  std::string marker;                 ///< shown id of a message; unknown = from the start (contract section 8)
  bool operator==(const position&) const = default;
};

/// POST and DELETE on a queue: acts on the first `limit` matches in one step.
struct take {
  take_action action = take_action::claim;
  std::uint32_t limit = 1;           ///< 1 to limits::entry_messages_max
  std::uint64_t bytes_max = 0;       ///< stop before the bodies pass this, but take at least one; 0 = no bound
  ttl_choice ttl;                    ///< given: the new ttl of each match
  std::optional<duration> hide;
  bool match_hidden = false;
  take_order order = take_order::queue_default;
  position from;
  std::optional<burrow::place> below; ///< only messages placed before this one (a call in several steps)
  std::vector<burrow::place> only;    ///< if not empty: exactly these, as far as they match (match_meta)
  std::string idempotency_key; ///< of a claim; others have no use for one
  hash128 request_hash;
  defaults fallback;
  dedupe_bounds bounds;
  std::uint32_t step = 0;             ///< of a call in several steps: which one; each is remembered by itself
  bool operator==(const take&) const = default;
};

/// Names one message: by shown id, or by place when a receipt says it.
struct target {
  std::string id;
  condition guard;
  bool operator==(const target&) const = default;
};

/// POST on one message, ~extend: sets attributes; no claim is counted. hide = 0 releases.
struct change {
  std::vector<target> targets; ///< each stands alone
  ttl_choice ttl;
  std::optional<duration> hide;
  bool operator==(const change&) const = default;
};

/// DELETE on one message, ~ack.
struct remove {
  std::vector<target> targets; ///< each stands alone
  bool operator==(const remove&) const = default;
};

/// Everything that is in the queue now is gone at once (purge mark); swept later by entries of bounded size.
struct purge {
  bool operator==(const purge&) const = default;
};

/// A claim whose answer could not be written is undone: visible again, claim not counted. Messages that have moved
/// on meanwhile (another claim, a change) are left alone. With the key of the claim that is forgotten too; a claim that
/// was answered again since is left alone, for that answer may have arrived.
struct unclaim {
  claim_id claim;
  std::vector<burrow::place> places;
  std::string idempotency_key{}; ///< empty = none
  std::uint32_t step = 0;        ///< as in take
  bool operator==(const unclaim&) const = default;
};

/// Works off due deadlines and sweeps of the whole shard, bounded. Names no queue.
struct clock {
  bool operator==(const clock&) const = default;
};

/// Shard 0: the registry of the cluster (cluster id, MAC keys, nodes). Small values only; names no queue.
struct registry_put {
  std::string key; ///< at most limits::name_bytes_max
  std::string value; ///< at most 64 KiB; empty erases
  bool only_if_absent = false;
  /// Only if this is hash_of() the value in force ("" where there is none): what was read is still so. Else
  /// etag_mismatch, and the value in force. Repeating what was done already is no mismatch.
  std::optional<hash128> if_hash{};
  bool operator==(const registry_put&) const = default;
};

/// Switches the machine version on (version.hpp). Names no queue.
struct set_version {
  std::uint16_t version = 1;
  bool operator==(const set_version&) const = default;
};

/// ~settings. Settings live with their queue, which they keep even without messages.
enum class configure_action : std::uint8_t {
  replace = 0, ///< PUT: what is not named takes its default
  merge = 1,   ///< PATCH
  forget = 2,  ///< DELETE: as if they had never been set
};
struct configure {
  configure_action action = configure_action::replace;
  settings_change to;
  condition guard; ///< if_match: revisions of the settings, 0 = there are none; if_none_match: only if there are none
  defaults fallback;
  bool operator==(const configure&) const = default;
};

// ---- moves (moves.hpp) ------------------------------------------------------------------------------------------

/// POST ~redrive: makes a task that moves messages of this queue on. Reply: task_reply; its problem: task_running (the
/// queue has one), invalid_parameter (`to` is the queue itself; or it is null and not one message among them came from
/// another queue), quota_exceeded (of queues, if the queue does not exist; of bytes for its key), dedupe_full,
/// idempotency_key_reused, busy (nothing was done).
struct redrive {
  std::optional<std::string> to; ///< a queue of the same tenant; nothing: each to where it came from
  shard_id to_shard;             ///< of `to` (placement/route.hpp)
  std::vector<std::string> ids;  ///< shown ids; empty = all. At most limits::redrive_ids_max
  std::uint64_t limit = 0;       ///< moved at most; 0 = no bound
  std::uint32_t max_per_second = 100; ///< 1 to limits::redrive_rate_max
  std::string idempotency_key;   ///< empty = none
  hash128 request_hash;
  defaults fallback;             ///< its ttl: of the messages where the target has no default_ttl
  dedupe_bounds bounds;
  bool operator==(const redrive&) const = default;
};
/// DELETE ~tasks/{task}: no other move begins. Reply: task_reply; task_not_found. One that has ended stays as it is.
struct cancel_task {
  task_id task;
  bool operator==(const cancel_task&) const = default;
};
/// The next messages of a task, as many as its rate, the room for moves and the work bound allow. Proposed by the
/// leader when the task's time has come. Reply: task_reply.
struct redrive_step {
  task_id task;
  std::uint64_t upto = 0;    ///< decided are places (of a task with ids: numbers in its list) below this
  std::vector<place> taken;  ///< of these the destination, on another shard, has the name
  bool operator==(const redrive_step&) const = default;
};

/// Messages from another shard; an item that came before has no effect. Names no queue. Reply: arrive_reply.
struct arrive {
  shard_id from;
  move_number done_below; ///< the lowest open from there to here in its applied state: what is below never comes again
  std::vector<moved_message> items;
  bool operator==(const arrive&) const = default;
};
/// Their target has them: they are gone from here. Names no queue. Reply: done_reply.
struct left {
  shard_id to;
  std::vector<move_number> numbers;
  bool operator==(const left&) const = default;
};
/// Acknowledged data of this shard was lost: moves are numbered in a new life from here on. Names no queue.
struct begin_life {
  std::uint64_t life = 1;
  bool operator==(const begin_life&) const = default;
};

using action = std::variant<insert, take, change, remove, purge, unclaim, clock, registry_put, set_version, configure,
                            redrive, cancel_task, redrive_step, arrive, left, begin_life>;

struct command {
  queue_ref queue; ///< both empty for commands of the whole shard
  request_id request;
  action what;
  bool operator==(const command&) const = default;
};

/// What one log entry carries.
struct entry_command {
  std::vector<command> commands;
  bool operator==(const entry_command&) const = default;
};

// ---- replies: one for each command, in order -------------------------------------------------------------------

enum class insert_status : std::uint8_t { created = 0, replaced = 1, duplicate = 2, failed = 3 };

struct insert_result {
  insert_status status = insert_status::failed;
  errc problem = errc::ok;   ///< when failed
  message_id id;             ///< internal id of the message
  std::string name;
  burrow::place place;
  std::uint64_t revision = 0;
  instant expires;           ///< no_instant = never
  duration ttl{0};           ///< in force; 0 = never
  bool operator==(const insert_result&) const = default;
};

struct insert_reply {
  std::vector<insert_result> items;
  errc problem = errc::ok; ///< of the request as a whole (batch_rejected, dedupe_full, ...)
  bool replayed = false;   ///< answered from the idempotency key
  std::uint64_t dropped = 0; ///< older messages that made room (overflow)
};

struct take_reply {
  std::vector<message> items;    ///< as they are after the change; for remove as they were
  std::uint64_t count = 0;       ///< matched and handled
  burrow::place last;            ///< place of the last one examined, for a cursor or the next step; 0 = none
  bool more = false;             ///< the step ended by a bound: there may be more matches beyond `last`
  burrow::place next_place;      ///< first place not yet given out when this was applied (bound of a multi-step call)
  bool lifo = false;             ///< the order that was in force
  bool by_priority = false;      ///< and whether it went by priority first
  std::uint8_t last_priority = 0;///< of the message at `last`
  bool queue_exists = false;     ///< it holds messages (after the command)
  bool visible_left = false;     ///< something takeable is left: wake the next waiter
  bool replayed = false;         ///< an earlier claim's messages, as far as it still holds them
  std::uint64_t first_count = 0; ///< when replayed: how many that claim took
  errc problem = errc::ok;
  instant now;                   ///< shard time, for what is left of ttl and hide
  std::vector<move_key> moves;   ///< to other shards, begun by what it released: it is answered when they have left
};

/// For each target: ok and the message as it is now (change) or was (remove), or why not.
struct target_result {
  errc problem = errc::ok;
  std::optional<message> item;
};
struct targets_reply {
  std::vector<target_result> items;
  bool queue_exists = false; ///< it held messages when the command began
  bool visible_left = false;
  instant now;
  std::vector<move_key> moves; ///< as in take_reply
};

struct purge_reply {
  std::uint64_t count = 0; ///< messages that were there; 0: the queue did not exist
};
struct done_reply {
  errc problem = errc::ok;
  bool changed = false;
  std::string value; ///< registry_put: the value now in force
};

struct settings_reply {
  errc problem = errc::ok;
  bool created = false;       ///< there were none
  settings value;             ///< now
  std::uint64_t revision = 0; ///< 0 = there are none
};

struct task_reply {
  errc problem = errc::ok;
  task_view task; ///< now; when replayed: as it was made
  bool replayed = false; ///< answered from the idempotency key
};
/// For each item: ok (it is here, now or since an earlier time), or why it has to come again.
struct arrive_reply {
  std::vector<errc> items;
};

/// To a command with a request id, whatever it is: nothing was done by it. session_lost: it may have been done before,
/// and what it was answered is forgotten. busy: the gateway has too many that are not answered.
struct refused_reply {
  errc problem = errc::session_lost;
};

using reply = std::variant<insert_reply, take_reply, targets_reply, purge_reply, done_reply, settings_reply, task_reply,
                           arrive_reply, refused_reply>;

} // namespace burrow::queue
