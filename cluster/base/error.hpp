// What can go wrong in the world, numbered for the wire. A code is never given another meaning.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace burrow {

enum class errc : std::uint16_t {
  ok = 0,
  // Answers of the queue machine (contract section 15). The reply of an entry carries them.
  queue_not_found = 1,
  message_not_found = 2,
  receipt_stale = 3,
  receipt_required = 4,
  etag_mismatch = 5,
  already_exists = 6,
  body_too_large = 7,
  batch_rejected = 8,
  idempotency_key_reused = 9,
  idempotency_in_progress = 10,
  dedupe_full = 11,
  quota_exceeded = 12,
  queue_full = 13,
  queue_paused = 14,
  ttl_too_long = 15,
  durability_unavailable = 16,
  dead_letter_loop = 17,
  task_running = 18,
  task_not_found = 19,
  invalid_settings = 20,
  account_not_found = 21,
  session_lost = 22,     ///< a repeat from a forgotten gateway: outcome unknown (504)
  invalid_parameter = 23,
  invalid_name = 24,
  invalid_cursor = 25,
  // Answers of the replica and the actors.
  not_leader = 40,       ///< nothing was done; try the leader
  busy = 41,             ///< a bound is reached; nothing was done (503 overloaded)
  transferring = 42,     ///< leadership is on its way elsewhere; nothing was done
  unknown_outcome = 43,  ///< leadership or time was lost after the entry was proposed (504)
  no_space = 44,         ///< the disk reserve is reached; nothing was done
  unavailable = 45,      ///< the shard is damaged or quarantined
  draining = 46,
  too_many_waiters = 47,
  timed_out = 48,        ///< definitely not done in time
  quota_contended = 49,  ///< others in flight may take or leave what is left of the account; nothing was done
  // The store and decoders.
  not_here = 60,         ///< not in memory; load it and ask again
  corrupt = 61,          ///< bytes that cannot be what we wrote
  too_large = 62,        ///< over a limit of limits.hpp
  malformed = 63,        ///< undecodable input from outside
  io_failed = 64,        ///< the file system refused; the process must end if it was a write
  lost_writes = 65,      ///< the store forgot synced data (SYNCED marker)
  config_invalid = 66,
  sync_failed = 67,      ///< a sync failed: nobody knows what is on the disk; the process must end
};

/// The stable name of a code, lower case with dashes, for logs and problem types.
[[nodiscard]] std::string_view to_string(errc code);

/// A code and what a person needs to know besides. `context` never holds secrets or bodies.
struct error {
  errc code = errc::ok;
  std::string context;

  error(errc c) : code(c) {} // NOLINT: a bare code is an error on purpose
  error(errc c, std::string text) : code(c), context(std::move(text)) {}
  bool operator==(errc c) const { return code == c; }
};

} // namespace burrow
