// Canonical keys and values of the state, machine version 1: equal states give equal bytes. Keys are relative (without
// shard and generation). It knows what is written and how, never why (backlog.hpp, sweep.hpp, quota.hpp).
//
//   0x10                                     shard record: earliest deadline, open sweeps
//   0x11 number:8                            a purged queue number whose keys are still to be swept; value empty
//   0x12 deadline:8 number:8                 the queue's earliest deadline or earlier; value: its queue key's rest
//   0x20 tenant 0x00 queue                   queue record
//   0x21 tenant                              tenant record: counters of this shard
//   0x22 tenant 0x00 queue                   labels and zone of a queue that has any; what else is set is in its record
//   0x23 to 0x25                             what queues remember of requests (remembered.hpp)
//   0x26, 0x27                               what gateways may send again (repeat_records.hpp)
//   0x30 number:8 0x01 place:8               message
//   0x30 number:8 0x02 name                  place of the message of that name (varint)
//   0x30 number:8 0x03 level:1 place:8       visible, and not in the fresh part of the queue; value empty
//   0x30 number:8 0x04 deadline:8 group:8    places that have this deadline (varints)
//   0x30 number:8 0x05 place:8               is in line to move to another shard; value empty
//   0x30 number:8 0x06 id:16                 place of the message of that id, if its number is not the place (varint)
//   0x31 to 0x3F                             moves and tasks (move_records.hpp)
//   0x60 key                                 registry of the cluster (shard 0)
//
// Numbers are big endian. Names have no byte below 0x20, so 0x00 sorts before all of them.
#pragma once

#include "cluster/queue/message.hpp"
#include "cluster/queue/settings.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace burrow::queue {

/// The earlier of two deadlines; no_instant is "none".
[[nodiscard]] constexpr instant earlier(instant a, instant b) {
  if (a == no_instant || b == no_instant) return a == no_instant ? b : a;
  return a < b ? a : b;
}

inline constexpr place place_end{~std::uint64_t{0}};

/// What waits in the shard. `due` may be earlier than the true deadline, never later.
struct shard_record {
  instant due;
  std::uint64_t sweeps = 0;
  std::uint64_t life = 1;   ///< in which moves are numbered (begin_life)
  std::uint64_t moving = 0; ///< messages that leave for other shards
  std::uint64_t lines = 0;  ///< queues with messages in line to move
  bool line_moves = false;  ///< some in line may find room, or need not move any more
  queue_number turn{};      ///< the queue whose line comes first
  std::uint64_t steps = 0;  ///< tasks with a next step
  std::uint64_t ended = 0;  ///< tasks that are to be forgotten one day
  instant gateways_due{};   ///< when to look for silent gateways whose replies are kept; none = there are none
  bool gateways_lost = false; ///< the record of one is gone, though it may come again
  bool operator==(const shard_record&) const = default;
};

/// What moves have to do with a queue.
struct queue_moves {
  std::uint64_t moving = 0, moving_bytes = 0; ///< leave for other shards: no messages of the queue, but bytes of it
  std::uint64_t lined = 0;    ///< messages that are in line to leave; hidden, and counted as such
  std::uint64_t lettered = 0; ///< messages that came from another queue
  std::uint64_t tasks = 0;    ///< redrives that are remembered
  std::uint64_t task = 0;     ///< the one that runs; 0 = none
  bool operator==(const queue_moves&) const = default;
};

/// One queue that holds messages or has settings, or tasks, or of which something is moving. Messages of the lowest
/// priority in [head, tail) are fresh: a visible one has no ready key there, and has one everywhere else, as every
/// visible one of a higher priority has.
struct queue_record {
  queue_number number;
  std::uint64_t revision = 0; ///< raised by any change; never repeats in the shard
  std::uint64_t visible = 0, delayed = 0, claimed = 0;
  std::uint64_t bytes = 0;    ///< of what is moving away, too
  std::uint64_t ready = 0;    ///< ready keys
  std::uint64_t id_like = 0;  ///< messages whose name could be another's 26 characters
  place first;                ///< no message lies below
  place head;
  place tail = place_end;
  instant ttl_last;           ///< expiry of the last message in ttl order; none = nothing is in order
  instant ttl_due;            ///< expiry of the first one in order, or earlier; none = no such message
  place ttl_from;             ///< no message in ttl order lies below
  instant group_due;          ///< earliest deadline with a key of its own, or earlier
  instant registered;         ///< the deadline under which the shard knows this queue (0x12)
  std::uint64_t raised = 0;   ///< messages of a priority above the lowest
  std::uint64_t raised_ready = 0; ///< of these, visible ones; `ready` counts them too
  std::uint64_t settings_revision = 0; ///< 0 = no settings; never repeats in the shard
  queue_rules rules;          ///< what of the settings requests on messages go by
  queue_moves moves;
  bool operator==(const queue_record&) const = default;
  [[nodiscard]] std::uint64_t messages() const { return visible + delayed + claimed; }
  [[nodiscard]] bool has_settings() const { return settings_revision != 0; }
  /// Whether it counts as a queue of its tenant, and has a record.
  [[nodiscard]] bool is_kept() const {
    return messages() > 0 || has_settings() || moves.moving > 0 || moves.tasks > 0;
  }
  /// Whether messages are taken by priority before all else. What came in with a priority keeps it.
  [[nodiscard]] bool by_priority() const { return raised > 0 || rules.priority_max() > 0; }
  /// The same queue without a message; it draws a new number with the next one.
  [[nodiscard]] queue_record emptied() const {
    queue_record r;
    r.settings_revision = settings_revision;
    r.rules = rules;
    r.bytes = moves.moving_bytes;
    r.moves = moves;
    r.moves.lined = r.moves.lettered = 0;
    return r;
  }
};

/// A tenant that has anything on this shard.
struct tenant_record {
  std::uint64_t queues = 0, messages = 0, bytes = 0;
  bool operator==(const tenant_record&) const = default;
};

/// A message with what only the state needs to know of it.
struct stored_message {
  message item;
  std::uint64_t hide_group = 0; ///< where its hide's deadline stands; 0 = it is not hidden
  std::uint64_t ttl_group = 0;  ///< where its expiry stands; 0 = never, or in ttl order
  bool changed = false;         ///< since the claim that hid it: an unclaim leaves it alone
  bool lined = false;           ///< in line to move: its hide has no group
  bool ended = false;           ///< in line since its ttl ran out: it has no deadline any more
  bool unnamed = false;         ///< its ttl has run out, and the queue has given its name to others
  bool operator==(const stored_message&) const = default;
};

namespace key {
[[nodiscard]] std::string shard();
[[nodiscard]] std::string sweep(queue_number number);
[[nodiscard]] std::string due(instant deadline, queue_number number);
[[nodiscard]] std::string queue(const queue_ref& ref);
[[nodiscard]] std::string tenant(std::string_view tenant);
[[nodiscard]] std::string registry(std::string_view key);
[[nodiscard]] std::string everything(queue_number number);
[[nodiscard]] std::string message(queue_number number, place at);
[[nodiscard]] std::string name(queue_number number, std::string_view name);
[[nodiscard]] std::string more_settings(const queue_ref& ref);
/// Keys of higher priorities sort first.
[[nodiscard]] std::string ready(queue_number number, std::uint8_t priority, place at);
/// The priority in a ready key.
[[nodiscard]] std::uint8_t priority_of(std::string_view key);
[[nodiscard]] std::string group(queue_number number, instant deadline, std::uint64_t group);
[[nodiscard]] std::string line(queue_number number, place at);
[[nodiscard]] std::string id(queue_number number, const message_id& id);
/// One past every key that begins with the family byte `family`.
[[nodiscard]] std::string family_end(char family);

inline constexpr char sweep_family = 0x11, due_family = 0x12, queue_family = 0x20, tenant_family = 0x21,
                      settings_family = 0x22, registry_family = 0x60;
/// The kind byte of a key below 0x30.
enum class kind : std::uint8_t { message = 1, name = 2, ready = 3, group = 4, line = 5, id = 6 };
[[nodiscard]] kind kind_of(std::string_view key);
/// Of any key of the state.
[[nodiscard]] bool is_message(std::string_view key);
/// The last eight bytes of a key: place, group or queue number.
[[nodiscard]] std::uint64_t last_number(std::string_view key);
/// The deadline of a 0x12 or of a group key: the eight bytes before the last.
[[nodiscard]] instant deadline_of(std::string_view key);
/// The queue that a queue key, or the value of a 0x12 key with 0x20 before it, names.
[[nodiscard]] queue_ref queue_of(std::string_view key);
} // namespace key

[[nodiscard]] std::string encode(const shard_record& x);
[[nodiscard]] std::string encode(const queue_record& x);
[[nodiscard]] std::string encode(const tenant_record& x);
[[nodiscard]] std::string encode(const stored_message& x);
/// Labels and zone only; empty if there are none.
[[nodiscard]] std::string encode_more(const settings& x);
[[nodiscard]] std::string encode_place(place x);

/// Nothing if these are not bytes that encode() could have made.
[[nodiscard]] std::optional<shard_record> decode_shard(std::string_view bytes);
[[nodiscard]] std::optional<queue_record> decode_queue(std::string_view bytes);
[[nodiscard]] std::optional<tenant_record> decode_tenant(std::string_view bytes);
[[nodiscard]] std::optional<stored_message> decode_message(place at, std::string_view bytes);
/// Adds labels and zone to `to`; false if these are not bytes that encode_more() could have made.
[[nodiscard]] bool decode_more(std::string_view bytes, settings& to);
/// Places one after another, as names (one) and groups (several) keep them.
[[nodiscard]] std::vector<place> decode_places(std::string_view bytes);

} // namespace burrow::queue
