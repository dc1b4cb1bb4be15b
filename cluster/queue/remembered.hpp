// What a queue remembers of requests, as it is stored: canonical keys and values like those of snapshot.hpp. What they
// are for is in dedupe.hpp. All this is kept by the queue's name and by a number of its own: it outlives the messages,
// and a purge.
//
//   0x23 tenant 0x00 queue          a queue's memory, if it has any: its number, how many keys and producers
//   0x24 number:8 0x01 key          an idempotency key (0x00 and a varint follow for a later step): request and answer
//   0x24 number:8 0x02 producer     the highest sequence stored, and when it was used last
//   0x25 deadline:8 number:8        one of these is to be looked at then; value: which
//
// The key is kept whole. Its hash would do for honest clients, but xxh3 is not made to withstand others, and two keys
// must never be taken for one.
#pragma once

#include "cluster/base/limits.hpp"
#include "cluster/queue/command.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace burrow::queue {

/// Numbers that one entry draws differ little from each other, in either direction: as varints they are short.
[[nodiscard]] std::uint64_t zigzag(std::uint64_t to, std::uint64_t from);
[[nodiscard]] std::uint64_t unzigzag(std::uint64_t by, std::uint64_t from);

struct memory_record {
  std::uint64_t number = 0; ///< never reused in the shard; 0 = it has no record
  std::uint64_t keys = 0, producers = 0;
  bool operator==(const memory_record&) const = default;
  [[nodiscard]] bool is_kept() const { return keys + producers > 0; }
  /// What it counts to its tenant's stored bytes.
  [[nodiscard]] std::uint64_t bytes() const { return (keys + producers) * limits::dedupe_record_bytes; }
};

/// An insert_result without what the repeat says itself (the name) or what follows from the rest.
struct remembered_item {
  insert_status status = insert_status::failed;
  errc problem = errc::ok;   ///< when failed
  bool named = false;
  message_id id;             ///< when replaced; a new one follows from its place
  burrow::place place;       ///< when created or replaced, as the rest
  std::uint64_t revision = 0;
  duration ttl{0};
  bool operator==(const remembered_item&) const = default;
};
using remembered_insert = std::vector<remembered_item>;

struct remembered_claim {
  claim_id claim;
  bool answered_again = false; ///< so an unclaim comes too late
  std::vector<burrow::place> places; ///< in the order in which they were taken
  burrow::place last, next_place;
  bool more = false, lifo = false, by_priority = false;
  std::uint8_t last_priority = 0;
  bool operator==(const remembered_claim&) const = default;
};

/// A redrive's task, as far as the repeat does not say it itself.
struct remembered_task {
  task_id task;
  std::uint64_t remaining = 0;
  bool operator==(const remembered_task&) const = default;
};
using remembered_answer = std::variant<remembered_insert, remembered_claim, remembered_task>;

struct remembered_key {
  instant at;               ///< when it was first used
  instant expires;
  std::uint64_t number = 0; ///< of its 0x25 key, drawn by the entry that made it
  hash128 request;
  remembered_answer answer;
  bool operator==(const remembered_key&) const = default;
};

struct remembered_producer {
  std::uint64_t sequence = 0;
  instant used;
  bool operator==(const remembered_producer&) const = default;
};

enum class remembered_kind : std::uint8_t { key = 1, producer = 2 };
/// What a 0x25 key is about: the queue, and the rest of the 0x24 key.
struct remembered_name {
  queue_ref queue;
  remembered_kind kind = remembered_kind::key;
  std::string rest;
  bool operator==(const remembered_name&) const = default;
};

namespace key {
inline constexpr char memory_family = 0x23, remembered_family = 0x24, memory_due_family = 0x25;
[[nodiscard]] std::string memory(const queue_ref& ref);
[[nodiscard]] std::string remembered(std::uint64_t number, remembered_kind kind, std::string_view rest);
/// How a key (of a later step) stands in the state.
[[nodiscard]] std::string of_step(std::string_view key, std::uint32_t step);
[[nodiscard]] std::string memory_due(instant deadline, std::uint64_t number);
} // namespace key

[[nodiscard]] std::string encode(const memory_record& x);
[[nodiscard]] std::string encode(const remembered_key& x);
[[nodiscard]] std::string encode(const remembered_producer& x);
[[nodiscard]] std::string encode(const remembered_name& x);

/// Nothing if these are not bytes that encode() could have made.
[[nodiscard]] std::optional<memory_record> decode_memory(std::string_view bytes);
[[nodiscard]] std::optional<remembered_key> decode_key(std::string_view bytes);
[[nodiscard]] std::optional<remembered_producer> decode_producer(std::string_view bytes);
[[nodiscard]] std::optional<remembered_name> decode_name(std::string_view bytes);

} // namespace burrow::queue
