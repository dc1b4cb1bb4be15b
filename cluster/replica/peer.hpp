// What replicas of one shard say to each other: Raft's messages, and the pull of a state that an install hands over.
// Lost, repeated, delayed or reordered: all are allowed. proto/peer.proto carries exactly these.
#pragma once

#include "cluster/raft/types.hpp"
#include "cluster/storage/store.hpp"

#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace burrow {

/// The follower wants the pairs of one family of the pinned state from this key on; `queue` comes before `body`.
struct pull_request {
  raft::session_id session;
  family where = family::queue;
  std::string from;  ///< without shard and generation; empty = from the start
  bool done = false; ///< nothing more is wanted, and the session may end
  bool operator==(const pull_request&) const = default;
};

/// A piece of what was asked for, or `lost`: this session is over.
struct pull_chunk {
  raft::session_id session;
  family where = family::queue;
  std::string from; ///< as asked
  std::vector<std::pair<std::string, std::string>> items;
  bool complete = false; ///< this family has nothing beyond the last item
  bool lost = false;
  /// The sender does not serve yet: bodies may be missing that a committed entry removes which it has not applied.
  bool gaps = false;
  bool operator==(const pull_chunk&) const = default;
};

/// Travels on the stream for bulk, so that it never delays a heartbeat.
struct bulk_message {
  raft::member from, to;
  std::variant<pull_request, pull_chunk> what;
};

using peer_content = std::variant<raft::peer_message, bulk_message>;

} // namespace burrow
