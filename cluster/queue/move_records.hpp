// Keys and values of moves and tasks in the state; the rest is in snapshot.hpp, and its rules hold here too.
//
//   0x31 to:2                                moves to that shard: last number, how many are open, the lowest of them
//   0x32 to:2 life:8 number:8                a message that leaves for it
//   0x33 number:8                            a queue with messages in line; value: its queue key's rest
//   0x34 from:2                              moves from that shard: everything below is done with
//   0x35 from:2 life:8 number:8              came from there and may come again; value empty
//   0x36 tenant 0x00 queue 0x00 task:8       a task of that queue
//   0x37 due:8 task:8                        the next step of a running task; value: its queue key's rest
//   0x38 tenant 0x00 queue 0x00 task:8       the ids that a running task was given
//   0x39 deadline:8 task:8                   when an ended task may be forgotten; value: its queue key's rest
#pragma once

#include "cluster/queue/snapshot.hpp"

namespace burrow::queue {

/// Moves to one shard.
struct pair_record {
  std::uint64_t last = 0; ///< number given out last, whatever the life
  std::uint64_t open = 0;
  move_number lowest;     ///< of the open ones, if there are any
  bool operator==(const pair_record&) const = default;
};

/// A message that leaves: as it shall arrive (with the body that it has here), where it was, and for which task.
struct leaving_message {
  moved_message moved;
  queue_ref from;
  std::uint64_t task = 0; ///< of `from`; 0 = none
  bool operator==(const leaving_message&) const = default;
};

struct task_record {
  task_view view; ///< `remaining` is what matched at the start
  shard_id to_shard;
  std::int64_t fallback_ttl_ms = 0;
  std::uint64_t next = 0;  ///< place (with ids: number in the list) to look at next
  std::uint64_t until = 0; ///< one past the last
  bool has_ids = false;
  bool walked = false;     ///< nothing is left to look at
  std::uint64_t open = 0;  ///< its messages that have not arrived yet
  std::uint64_t paced_us = 0; ///< up to this moment the rate is used up; microseconds of shard time
  instant due;             ///< its entry under 0x37 or, when it has ended, under 0x39
  bool operator==(const task_record&) const = default;
};

namespace key {
inline constexpr char pair_family = 0x31, leaving_family = 0x32, line_family = 0x33, source_family = 0x34,
                      arrived_family = 0x35, task_family = 0x36, step_family = 0x37, ids_family = 0x38,
                      forget_family = 0x39;
[[nodiscard]] std::string pair(shard_id to);
[[nodiscard]] std::string leaving(shard_id to, const move_number& n);
[[nodiscard]] std::string line_of(queue_number number);
[[nodiscard]] std::string source(shard_id from);
[[nodiscard]] std::string arrived(shard_id from, const move_number& n);
[[nodiscard]] std::string task(const queue_ref& of, task_id task);
[[nodiscard]] std::string task_ids(const queue_ref& of, task_id task);
[[nodiscard]] std::string step(instant due, task_id task);
[[nodiscard]] std::string forget(instant deadline, task_id task);
/// The shard in a key of families 0x31, 0x32, 0x34, 0x35.
[[nodiscard]] shard_id shard_of(std::string_view key);
/// The number of a leaving or arrived key.
[[nodiscard]] move_number move_of(std::string_view key);
[[nodiscard]] bool is_leaving(std::string_view key);
} // namespace key

[[nodiscard]] std::string encode(const pair_record& x);
[[nodiscard]] std::string encode(const move_number& x);
[[nodiscard]] std::string encode(const leaving_message& x);
[[nodiscard]] std::string encode(const task_record& x);
[[nodiscard]] std::string encode(const std::vector<std::string>& ids);

[[nodiscard]] std::optional<pair_record> decode_pair(std::string_view bytes);
[[nodiscard]] std::optional<move_number> decode_move(std::string_view bytes);
[[nodiscard]] std::optional<leaving_message> decode_leaving(const move_number& number, std::string_view bytes);
[[nodiscard]] std::optional<task_record> decode_task(task_id id, std::string_view bytes);
[[nodiscard]] std::optional<std::vector<std::string>> decode_ids(std::string_view bytes);

} // namespace burrow::queue
