// The words of the Raft core: entries, hard state, configuration, messages between replicas, and what one step hands
// out. Frozen: replica, codec and simulation build on them. The core copies pointers to payloads and looks into none.
#pragma once

#include "cluster/base/bytes.hpp"
#include "cluster/base/ids.hpp"
#include "cluster/base/result.hpp"
#include "cluster/base/time.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

namespace burrow::raft {

// ---- who takes part ---------------------------------------------------------------------------------------------

struct member {
  replica_id replica; ///< never used twice: a node that lost its disk comes back under a new one
  node_id node;
  auto operator<=>(const member&) const = default;
};

/// Who votes. While `leaving` is not empty the configuration is joint: a decision needs a majority of both sets
/// (Raft §6). Learners get the log and do not vote.
struct configuration {
  std::vector<member> voters;
  std::vector<member> leaving; ///< the old voters of a joint configuration
  std::vector<member> learners;
  bool operator==(const configuration&) const = default;
};

// ---- the log ----------------------------------------------------------------------------------------------------

/// Numbers are part of the disk format.
enum class entry_kind : std::uint8_t { empty = 0, command = 1, configuration = 2 };

/// One body of an entry. `bytes` absent: on disk, or gone because a later entry removed its message. Equality of
/// entries is that of hashes, never of bytes (replication.md section 4).
struct body_part {
  shared_bytes bytes;
  std::uint32_t size = 0;
  hash128 hash;
  bool gone = false; ///< it was looked for on the disk that has the entry, and is not there
};

/// What is proposed: the encoded command, its bodies beside it, and whatever the owner of the core wants to have back
/// with the committed entry (the decoded command). Opaque to the core.
struct command_bytes {
  shared_bytes command;
  std::vector<body_part> bodies;
  std::shared_ptr<const void> decoded; ///< absent after a restart and on a follower: decode `command`
  [[nodiscard]] std::size_t size() const {
    std::size_t total = command.size();
    for (const auto& b : bodies) total += b.size;
    return total;
  }
};

struct entry {
  log_index index;
  burrow::term term;
  entry_kind kind = entry_kind::empty;
  command_bytes payload;                       ///< of a command
  std::shared_ptr<const configuration> config; ///< of a configuration
  [[nodiscard]] std::size_t size() const { return 32 + payload.size(); }
};

/// Indices first..last; empty if last < first.
struct log_range {
  log_index first, last;
  bool operator==(const log_range&) const = default;
};

/// A term and the first index of the log that has it; it holds up to the next range's first.
struct term_range {
  burrow::term term;
  log_index first;
  bool operator==(const term_range&) const = default;
};

// ---- what is on disk --------------------------------------------------------------------------------------------

struct hard_state {
  burrow::term term;
  replica_id vote; ///< 0 = none in this term
  bool operator==(const hard_state&) const = default;
};

/// What is known of the state at an index without the entries before it (replication.md section 10).
struct snapshot_meta {
  log_index index;
  burrow::term term;
  configuration config;
  std::uint16_t machine_version = 1;
  hash128 state_hash;
  bool operator==(const snapshot_meta&) const = default;
};

/// What a start finds. `applied` is committed by definition: only committed entries are applied.
struct stored_state {
  hard_state hard;
  snapshot_meta snapshot;         ///< index 0: the log is whole
  log_index log_first{1};         ///< the first entry kept; snapshot.index may lie beyond it
  std::vector<term_range> terms;  ///< of log_first..applied, ascending; may be empty if log_first is applied + 1
  log_index applied;              ///< at least snapshot.index
  std::vector<entry> tail;        ///< all entries above `applied`
  /// In force at `applied`, where a configuration entry lies between the snapshot and it; else that of the snapshot.
  std::optional<configuration> applied_config;
};

// ---- between replicas -------------------------------------------------------------------------------------------
// Every message names sender, receiver and the sender's term. Lost, repeated, delayed or reordered: all are allowed.

/// What a replica tells of itself with vote and heartbeat answers; the core passes it on unread.
struct report {
  instant wall;
  std::uint64_t disk_free = 0;
  log_index hash_index;
  hash128 state_hash;
};

struct vote_request {
  bool pre = false; ///< a question only: neither side changes its term (Raft thesis §9.6)
  bool transfer = false;
  log_index last;
  burrow::term last_term;
};
struct vote_answer {
  bool pre = false;
  bool granted = false;
  report about;
};
struct append_request {
  log_index previous;
  burrow::term previous_term;
  log_index committed;
  std::vector<entry> entries;
};
struct append_answer {
  bool accepted = false;
  log_index verified;      ///< accepted: last index checked by this append; refused: the hint
  burrow::term hint_term;  ///< refused: term at the hint
  log_index previous;      ///< refused: which probe this answers, so that an old refusal is known as one
};
struct heartbeat {
  log_index committed;
  std::uint64_t round = 0; ///< answers with this number or a later one confirm leadership for its reads
};
struct heartbeat_answer {
  std::uint64_t round = 0;
  log_index received; ///< verified, not yet synced: flow control only
  report about;
  log_index last;     ///< of its log; it cannot end below what was acknowledged before the round began
};
struct install_request {
  snapshot_meta meta;
  std::uint64_t session = 0;
};
struct install_answer {
  bool installed = false;
  log_index index;
  std::uint64_t session = 0; ///< not installed: this session is of no use any more
};
struct transfer_now {};
struct sleep_request {
  log_index committed;
  std::uint64_t question = 0; ///< ascending in a term; only agreement to the latest one counts
};
struct sleep_answer {
  bool asleep = false;
  std::uint64_t question = 0; ///< which one this answers
};
struct wake {};

struct peer_message {
  member from, to;
  burrow::term term;
  std::variant<vote_request, vote_answer, append_request, append_answer, heartbeat, heartbeat_answer, install_request,
               install_answer, transfer_now, sleep_request, sleep_answer, wake>
      what;
};

// ---- what a step hands out --------------------------------------------------------------------------------------

/// Names what a persist makes durable: the last index with its term, so that an old ticket never counts for entries
/// that replaced truncated ones.
struct persist_ticket {
  std::uint64_t number = 0; ///< ascending from 1; 0 = nothing to persist
  log_index index;          ///< last entry of the log once this is on disk
  burrow::term term;        ///< and its term
  bool operator==(const persist_ticket&) const = default;
};

/// One batch, atomic. Order: truncate, entries, then the rest.
struct persist_request {
  persist_ticket ticket;
  std::optional<hard_state> hard;
  std::optional<log_index> truncate_from; ///< drop this entry and all after it, with their bodies
  std::vector<entry> entries;
  std::optional<configuration> config;    ///< the one in force from these entries on
  std::optional<snapshot_meta> snapshot;
  std::optional<log_index> log_first;     ///< older entries may go; needs no sync
  [[nodiscard]] bool empty() const { return ticket.number == 0; }
};

using read_id = strong<struct read_id_tag, std::uint64_t>;

/// Serve when the applied index has reached `index`, or fail.
struct read_result {
  read_id id;
  result<log_index> index = errc::not_leader;
};

struct role_change {
  bool leads = false;
  burrow::term term;
  std::optional<member> leader; ///< as far as known
};

/// Hands the log over to a learner or voter that is behind it (section 10).
struct manifest {
  snapshot_meta meta;
};
using session_id = strong<struct session_tag, std::uint64_t>;

/// What a follower needs to pull the state from its leader.
struct install_offer {
  member from;
  snapshot_meta meta;
  session_id session;
};
struct reported {
  member who;
  report about;
};

/// What a leader knows of another member.
struct follower_progress {
  member who;
  log_index match;     ///< acknowledged: on its disk
  bool active = false; ///< heard from since the last check of the quorum, or in the period before it
  bool installing = false;
  bool from_memory = false; ///< what it lacks, if anything, was proposed a moment ago: nothing is read back for it
};

struct raft_output {
  std::vector<peer_message> send_now;       ///< may leave at once
  persist_request persist;
  std::vector<peer_message> send_persisted; ///< only after `persist` and all earlier tickets are on disk
  std::vector<entry> committed;             ///< to apply, in order, each index exactly once per life
  std::vector<read_result> reads;
  std::optional<log_range> fetch;           ///< old entries to read back for a slow follower
  std::vector<node_id> installs;            ///< followers behind our log: open a session, then install_ready()
  std::optional<install_offer> offer;       ///< a leader has a session for us: pull, then begin_switch()
  std::vector<member> damaged;              ///< their logs end below what they acknowledged: replace them
  std::vector<reported> reports;            ///< what others told of themselves
  std::optional<role_change> role;
};

} // namespace burrow::raft
