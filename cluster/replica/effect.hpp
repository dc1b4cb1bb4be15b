// What a replica asks its shell to do, and what the shell tells it: one ordered list, with what each step waits for.
// The shell carries it out and decides nothing (replication.md sections 2 and 3). Frozen, version 1: actors and the
// simulation build on it; a new effect is a new alternative, an old one keeps its meaning.
//
// Order: persists are handed over in ticket order. The core itself holds back whatever waits for a ticket (replies,
// votes, acknowledgements) until persisted(ticket) comes, so every other effect may be carried out at once.
#pragma once

#include "cluster/base/result.hpp"
#include "cluster/queue/command.hpp"
#include "cluster/queue/effect.hpp"
#include "cluster/queue/query.hpp"
#include "cluster/replica/peer.hpp"
#include "cluster/storage/store.hpp"

#include <cstdint>
#include <memory>
#include <variant>
#include <vector>

namespace burrow {

/// The shell's own number of a request; the core hands it back unread.
using cookie = strong<struct cookie_tag, std::uint64_t>;
/// Numbers the persists of one life of a replica, ascending from 1.
using persist_ticket = strong<struct persist_ticket_tag, std::uint64_t>;
using load_id = strong<struct load_id_tag, std::uint64_t>;

/// What the clocks of this node show. `steady` goes on while the machine sleeps (CLOCK_BOOTTIME) and never back.
struct clock_reading {
  duration steady{0};
  instant wall;
};

// ---- inputs -----------------------------------------------------------------------------------------------------

/// A command to log. Bodies are those that its insert items index.
struct proposal {
  cookie from;
  queue::command what;
  std::vector<shared_bytes> bodies;
  bool want_bodies = false; ///< the reply's messages are to come with their bodies
};

/// A linearizable read.
struct question {
  cookie from;
  queue::query what;
  bool want_bodies = false;
};

/// Entries of the log with their bodies, from `first` on: no more than bytes_max, or one.
struct log_request {
  shard_id shard;
  generation in; ///< of the bodies
  log_index first, last;
  std::size_t bytes_max = ~std::size_t{0};
};

/// One read of the store at disk tier, full keys (reading.hpp).
struct load_item {
  family where = family::queue;
  std::variant<std::string, scan_request, log_request> what; ///< one key, a piece of the map, or of the log
};
using loaded_value = std::variant<store::lookup, scan_page, std::vector<raft::entry>>;
struct loaded_item {
  result<loaded_value> value;
};

// ---- effects ----------------------------------------------------------------------------------------------------

/// Write this batch; tell persisted(ticket) when it is written and, if `sync`, on disk together with all before it.
struct persist_effect {
  persist_ticket ticket;
  std::shared_ptr<const write_batch> batch;
  bool sync = false;
};

/// Read these, one after the other, then call loaded(id, values) with one value for each item, in order. Reading may
/// take place at any time from now on, and no earlier. With a session: from what was pinned for it, with errors
/// unavailable if that is let go.
struct load_effect {
  load_id id;
  std::vector<load_item> items;
  raft::session_id session{}; ///< 0 = the store as it is when it is read
};

/// Pin the store as it is (store::pin) for this session's loads, until unpinned. The shell may refuse, or let go of a
/// pin at any time: two a node, 10 min, 8 GiB written since (replication.md section 10).
struct pin_effect {
  raft::session_id session;
};
struct unpin_effect {
  raft::session_id session;
};

/// To the replica on another node; may get lost.
struct send_effect {
  peer_content what;
};

/// The outcome of a proposal, after apply. Errors: not_leader, busy, no_space, transferring, unavailable (nothing was
/// done), unknown_outcome (perhaps it was). `bodies` has one element for each message in the reply, if wanted.
struct reply_effect {
  cookie to;
  result<queue::reply> outcome;
  std::vector<shared_bytes> bodies;
  bool repeated = false; ///< as its first copy was answered, as far as that is kept (queue/repeats.hpp)
};

/// The answer to a question. Errors: not_leader, busy, unavailable.
struct answer_effect {
  cookie to;
  result<queue::answer> outcome;
  std::vector<shared_bytes> bodies;
};

/// Only a leader says it.
struct notify_effect {
  queue::effect what;
};

/// What a tenant holds on this shard as of the last applied entry; comes before the replies of that entry. Followers
/// say it, too.
struct usage_effect {
  queue::tenant_usage what;
};

/// Leadership began or ended. Waiters of the shard's queues are handed back when it ends.
struct role_effect {
  bool leads = false;
  term in;
};

/// Whom this replica takes for the leader, for routing; nobody: an election is under way, or it was let in by nobody.
struct leader_effect {
  term in;
  std::optional<raft::member> leader;
};

/// Only a leader says it: this member is not to be trusted any more, and placement must replace it.
struct distrust_effect {
  enum class reason : std::uint8_t {
    forgot,   ///< its log ends below what it acknowledged
    diverged, ///< its state at `index` is not the others'
  };
  raft::member who;
  reason why = reason::forgot;
  log_index index;
};

/// Call tick() at `steady` at the latest; replaces the last one said. No value: nothing to wait for, the shard sleeps.
struct timer_effect {
  std::optional<duration> steady;
};

/// This replica met bytes that cannot be what it wrote, or an entry it cannot apply: it serves nothing from now on.
/// Code unavailable: it is quarantined (quarantine.hpp), and its bytes are in order.
struct damaged_effect {
  error why;
};

/// An alarm: when leadership began, the last applied time was further ahead of the clock than a difference of clocks
/// explains, so the shard's time runs at half speed until they meet. Said again while it lasts; 0: they have met.
struct time_ahead_effect {
  duration ahead{0};
};

/// Hand this to the replica that leads another shard, as a proposal or question of anybody's, and give its outcome to
/// called(). It may get lost, and so may the outcome: then it comes again under another number. Arrivals carry their
/// bodies. Only a leader says it; at most limits::move_batches_max arrivals for one shard are open.
struct call_effect {
  shard_id to;
  std::variant<proposal, question> what; ///< `from` is the number of the call
};

using replica_effect = std::variant<persist_effect, load_effect, reply_effect, answer_effect, notify_effect,
                                    usage_effect, role_effect, timer_effect, damaged_effect, time_ahead_effect,
                                    send_effect, pin_effect, unpin_effect, leader_effect, distrust_effect, call_effect>;

} // namespace burrow
