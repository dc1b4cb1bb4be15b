// Every actor message type, in one registered block. They stay inside the process (what leaves it is protobuf), so they
// may hold pointers and move-only-by-sharing payloads. Requests and answers are one-way messages paired by numbers: a
// CAF request timeout lives until it expires (caf.md section 3), and a lost partner is noticed by monitoring.
#pragma once

#include "actors/operation.hpp"
#include "actors/tenant_account.hpp"
#include "cluster/replica/replica.hpp"

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/type_id.hpp>
#include <caf/atom.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace burrow {

// ---- bridge <-> queue actor -------------------------------------------------------------------------------------

/// bridge → queue actor. Answered by exactly one `completed` item with the same number, unless the actor dies. An actor
/// that ends with reason `normal` (passivation) has begun none of what was sent to it and not answered: send it again.
struct submit {
  std::uint64_t number = 0; ///< chosen by the bridge
  std::shared_ptr<operation> what;
  caf::actor from;
};
/// queue actor → bridge: all that is ready at once.
struct completed {
  std::vector<std::pair<std::uint64_t, std::shared_ptr<operation_result>>> items;
};
/// bridge → queue actor: the client of a held request is gone (its presence says so too): forget it, no answer needed.
struct withdraw {
  std::uint64_t number = 0;
  caf::actor from;
};

// ---- whoever needs a queue or a shard -> supervisors --------------------------------------------------------------

/// To the node supervisor, which passes it on to the tenant's supervisor. Answered to `from` by `resolved`.
struct resolve {
  queue_ref queue;
  caf::actor from;
};
struct resolved {
  queue_ref queue;
  result<caf::actor> handle = errc::unavailable; ///< errors: busy (tenant's actors or restart budget), draining
};
/// To the node supervisor: the replica actors of all shards, index = shard number; null where there is none here.
/// Answered by `replicas`, and again whenever one of them is another, until the asker ends.
struct get_replicas {
  caf::actor from;
};
struct replicas {
  std::vector<caf::actor> by_shard;
};

// ---- queue actor or bridge <-> replica actor --------------------------------------------------------------------

/// Any number of proposals and questions; cookies are the sender's own.
struct shard_work {
  std::vector<proposal> proposals;
  std::vector<question> questions;
  caf::actor from;
  std::shared_ptr<tenant_account> account; ///< of the inserts among them; null: the shard's own bounds are all
  bool queue_exists = false;               ///< their queue did a moment ago; a guess that may be wrong
};
/// Their outcomes, all that is ready at once, in no particular order.
struct shard_results {
  std::vector<reply_effect> replies;
  std::vector<answer_effect> answers;
};
/// queue actor → replica actor: tell me (by `became_takeable`) when something in this queue may have become takeable,
/// until `watch` with on = false or my end.
struct watch {
  queue_ref queue;
  bool on = true;
  caf::actor from;
};
struct became_takeable {
  queue_ref queue;
  std::uint64_t count = 1;
};
/// tenant supervisor → replica actor: from now on tell this account what the shard holds of the tenant. Answered by
/// `account_opened` once it has been told.
struct account_open {
  tenant_id tenant;
  std::shared_ptr<tenant_account> account;
  caf::actor from;
};
struct account_opened {
  shard_id shard;
  errc problem = errc::ok; ///< unavailable: the shard will not tell; any other: ask again
};
/// replica actor → watchers: leadership of the shard began (true) or ended.
struct leadership {
  shard_id shard;
  bool leads = false;
};

// ---- replica actor <-> log writer, readers, ticker ----------------------------------------------------------------

struct persist {
  shard_id shard;
  start_number start;
  persist_effect what;
  caf::actor from;
};
struct persisted {
  shard_id shard;
  start_number start;
  persist_ticket ticket;
};
/// Everything older of this shard that is still queued is dropped; then `fenced`.
struct fence {
  shard_id shard;
  start_number start;
  caf::actor from;
};
struct fenced {
  shard_id shard;
  start_number start;
};
/// log writer → replica actors: free space passed a mark.
struct disk_state {
  bool low = false;  ///< inserts are refused
  bool stop = false; ///< nothing is written any more
};

struct load {
  start_number start;
  load_effect what;
  caf::actor from;
};
/// replica actor → reader: keep the store as it is now for the loads of this session, or let it go. A reader may
/// refuse, or let go at any time: the loads then come back with `unavailable`.
struct pin_session {
  raft::session_id session;
  bool on = true;
  caf::actor from;
};
struct loaded {
  start_number start;
  load_id id;
  std::shared_ptr<std::vector<loaded_item>> values;
};
struct recover {
  start_number start;
  replica_options options;
  caf::actor from;
};
struct recovered {
  start_number start;
  result<std::shared_ptr<const stored_replica>> stored = errc::io_failed;
};

/// To the ticker: send me `tick_atom` at this steady time (clock_reading::steady), once; no value: not any more.
struct wake_at {
  std::optional<duration> steady;
  caf::actor from;
};

// ---- of the group ------------------------------------------------------------------------------------------------

/// data plane → replica actor: what the replica of this shard on another node said, as it came (peer.proto).
struct peer_said {
  node_id from;
  std::string bytes;
};
/// membership → replica actors: this node is suspect, dead or gone, or began a new life.
struct node_suspect {
  node_id node;
};
/// To a replica actor: somebody found no leader, or waits for an answer in vain: all voters wake.
struct wake_group {};
/// To a replica actor that leads: change the members, or hand leadership over. That it is done shows in replica_state;
/// what is refused changes nothing, and whoever still wants it asks again.
struct change_group {
  std::variant<raft::config_change, node_id> what; ///< node_id: transfer leadership there
  raft::configuration expected; ///< of a change: what it starts from; refused if another is in force
};

// ---- administration ---------------------------------------------------------------------------------------------

struct get_status {
  caf::actor from;
};
struct group_state {
  raft::configuration members;
  std::vector<raft::follower_progress> followers; ///< a leader's view
  std::vector<raft::member> distrusted;           ///< by the leader
  log_index configured;                           ///< of the configuration in force
  bool changing = false;                          ///< it is not committed yet, or joint; or leadership is handed over
};
struct shard_status {
  shard_id shard;
  replica_status replica;
  bool running = false;
  std::string why; ///< of a shard that is damaged or quarantined
  group_state group;
  /// It has a leader, here or on another node.
  [[nodiscard]] bool led(node_id self) const {
    return running && (replica.leads || (replica.leader && replica.leader->node != self));
  }
  /// Nothing to wait for: it has a leader, or is out of service for good.
  [[nodiscard]] bool settled(node_id self) const { return replica.damaged || replica.quarantined || led(self); }
};
/// To a replica actor (node supervisor only). Answered by `replica_state`.
struct get_replica_state {
  caf::actor from;
};
struct replica_state {
  shard_status status;
  bool disk_low = false, disk_stop = false;
};
/// To the node supervisor: run this replica of the shard, as a newcomer if it was never here, or none any more. What
/// another replica of the shard left here is erased.
struct host_shard {
  shard_id shard;
  std::optional<replica_id> replica;
};
/// To the node supervisor: hand calls between shards to this one.
struct use_router {
  caf::actor router;
};
/// To the node supervisor: nobody is known to lead this shard.
struct wake_shard {
  shard_id shard;
};
struct node_status {
  std::vector<shard_status> shards; ///< those with a replica here
  std::size_t tenants = 0, queue_actors = 0, restarts = 0;
  bool ready = false;   ///< every shard here has a leader and can be written to
  bool settled = false; ///< every shard has one or is out of service for good: waiting longer helps nobody
  bool disk_low = false, disk_stop = false;
};

// ---- supervision ------------------------------------------------------------------------------------------------

/// node supervisor → replica, tenant and queue actors: the node's helpers as they are now, after one was restarted.
struct services {
  caf::actor log_writer, ticker;
  caf::actor router; ///< shard_calls.hpp; null on a lone node: calls between shards stay here
  std::vector<caf::actor> readers;
};
/// log writer → replica actors: too much waits for the disk (or no longer): new proposals are answered `busy`.
struct writer_state {
  bool busy = false;
};
/// node supervisor → tenant supervisor: a `resolve` under a number, so that it can be asked again of a new one.
struct tenant_resolve {
  std::uint64_t number = 0;
  std::string queue;
};
struct tenant_resolved {
  std::uint64_t number = 0;
  result<caf::actor> handle = errc::unavailable;
};
/// tenant supervisor → queue actor: end if you have been without work for so long, others need the place.
struct make_room {
  duration idle_for{0};
};
/// tenant supervisor → node supervisor: I have had no queue actor for a while; stop me if nothing is on its way to me.
struct tenant_idle {
  tenant_id tenant;
  caf::actor from;
};

// Atoms of 0.17 are told apart by their text alone (caf.md section 11), so these are Burrow's in the whole process.
using tick_atom = caf::atom_constant<caf::atom("b_tick")>;   ///< ticker → who asked: the time has come
using flush_atom = caf::atom_constant<caf::atom("b_flush")>; ///< to oneself: all that waited in the mailbox is in
using stop_atom = caf::atom_constant<caf::atom("b_stop")>;   ///< finish what is under way, answer waiters, then end
inline constexpr tick_atom tick_atom_v{};
inline constexpr flush_atom flush_atom_v{};
inline constexpr stop_atom stop_atom_v{};

} // namespace burrow

#define BURROW_MESSAGE_TYPES(X)                                                                                        \
  X(submit) X(completed) X(withdraw) X(resolve) X(resolved) X(get_replicas) X(replicas) X(shard_work)                  \
  X(shard_results) X(watch) X(became_takeable) X(leadership) X(persist) X(persisted) X(fence) X(fenced)                \
  X(disk_state) X(load) X(loaded) X(recover) X(recovered) X(wake_at) X(get_status) X(node_status)                      \
  X(get_replica_state) X(replica_state) X(services) X(writer_state) X(tenant_resolve) X(tenant_resolved)               \
  X(tenant_idle) X(make_room) X(account_open) X(account_opened) X(peer_said) X(node_suspect) X(wake_group)             \
  X(pin_session) X(host_shard) X(use_router) X(wake_shard) X(change_group)

#define BURROW_UNSAFE(name) CAF_ALLOW_UNSAFE_MESSAGE_TYPE(burrow::name)
BURROW_MESSAGE_TYPES(BURROW_UNSAFE)
#undef BURROW_UNSAFE
