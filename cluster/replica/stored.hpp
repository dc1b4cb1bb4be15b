// What load_replica() found, and the form in which the replica keeps its own entries beside their encoded bytes.
#pragma once

#include "cluster/codec/log_codec.hpp"
#include "cluster/replica/replica.hpp"

#include <memory>
#include <vector>

namespace burrow {

/// Who waits for the outcome of one command of an entry.
struct origin {
  cookie from;
  bool want_bodies = false;
};

/// What hangs on raft::command_bytes::decoded: the leader applies what it proposed without decoding it.
struct local_entry {
  codec::logged_command command;
  std::vector<origin> origins; ///< one for each command; empty if this life did not propose it, or by itself
  std::size_t bytes = 0;       ///< counted against inflight_bytes_max
  [[nodiscard]] bool is_own_clock() const {
    return origins.empty() && std::holds_alternative<queue::clock>(command.what.commands.front().what);
  }
};

struct stored_replica {
  codec::replica_record record; ///< start number as stored, not yet raised
  bool fresh = false;
  codec::applied_record applied;
  std::vector<raft::term_range> terms; ///< of the entries up to applied.index
  std::size_t log_bytes = 0;           ///< of these entries, about
  std::vector<raft::entry> tail;       ///< above applied.index, decoded
  bool garbage = false;                ///< pairs of other generations than the record's
};

/// Decodes the command of an entry that did not come from here, and hangs it on it. Errors: malformed, too_large.
[[nodiscard]] result<void> decode_payload(raft::entry& e);

/// Whether the state is what its hash says, and every body that it or the tail names is there as it was stored. Reads
/// everything, a piece at a time. Errors: corrupt (naming what), io_failed.
[[nodiscard]] result<void> check_stored(const store& from, shard_id shard, const stored_replica& stored);

} // namespace burrow
