// Moves (replication.md section 12; contract section 12): a message leaves a queue for another of the same tenant, by
// a dead-letter rule or by a redrive. If both queues lie on one shard that is one entry. Else it is three, and each may
// be repeated: S logs that it leaves, T logs `arrive`, and once T has answered S logs `left`. What these commands and
// the views of tasks consist of is here; command.hpp has the commands, README.md why they are as they are.
#pragma once

#include "cluster/queue/message.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace burrow::queue {

/// Where messages of a queue go that nobody could handle. A queue's owner sets it (settings.hpp).
struct dead_letter_rule {
  std::string queue;            ///< of the same tenant; not the queue itself
  shard_id shard;               ///< on which that queue lies (placement/route.hpp): apply knows no map
  std::uint16_t max_claims = 1; ///< 1 to limits::dead_letter_claims_max
  bool expired = false;         ///< a message whose ttl runs out moves, too
  /// What a move sets back is up to the dialect that made the rule: natively both.
  bool resets_claims = true, resets_ttl = true;
  /// The ttl that stands in where the target sets none: the default_ttl of server and dialect when the rule was made.
  std::int64_t fallback_ttl_s = 0; ///< 0 = never
  bool operator==(const dead_letter_rule&) const = default;
};

/// Names a move of one pair of shards. `life` is that of the source (raised when it lost acknowledged data): what it
/// numbers after that must not be taken for what it numbered before.
struct move_number {
  std::uint64_t life = 1;
  std::uint64_t number = 0; ///< ascending from 1 for each pair; 0 = none
  auto operator<=>(const move_number&) const = default;
};

/// A move as its source knows it.
struct move_key {
  shard_id to;
  move_number number; ///< number 0: it waits for its turn and has none yet
  auto operator<=>(const move_key&) const = default;
};

/// A message as it is to arrive: claims, origin and so on are set already, place and deadline of hiding are not.
struct moved_message {
  move_number number;
  queue_ref to;
  message what;                ///< body.n: index into the bodies that come along
  std::optional<duration> ttl; ///< its ttl begins anew: the target's default_ttl or, if it has none, this (0 = never)
  bool operator==(const moved_message&) const = default;
};

// ---- tasks --------------------------------------------------------------------------------------------------------

using task_id = strong<struct task_tag, std::uint64_t>; ///< unique in its shard
/// As clients see it: "t-" and lower-case hexadecimal digits. parse_task() is the inverse.
[[nodiscard]] std::string text_of(task_id id);
[[nodiscard]] std::optional<task_id> parse_task(std::string_view text);

enum class task_state : std::uint8_t { running = 0, done = 1, cancelled = 2, failed = 3 };
[[nodiscard]] std::string_view to_string(task_state s);

/// A redrive (contract section 12). moved, skipped and failed are exact, remaining is approximate.
struct task_view {
  task_id id;
  task_state state = task_state::running;
  std::uint64_t moved = 0, skipped = 0, failed = 0, remaining = 0;
  instant started, finished;     ///< finished: no_instant = it is not
  std::optional<std::string> to; ///< nothing: each message to where it came from
  std::uint64_t limit = 0;       ///< 0 = none
  std::uint32_t max_per_second = 0;
  bool operator==(const task_view&) const = default;
};

} // namespace burrow::queue
