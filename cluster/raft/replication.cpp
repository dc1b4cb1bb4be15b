// The leader's side of replication (Raft §5.3): append, send, count, commit. Counting goes by what disks have: a leader
// counts itself by its own persisted index, never by its in-memory tail.
#include "cluster/raft/quorum.hpp"
#include "cluster/raft/state.hpp"

#include <algorithm>

namespace burrow::raft {
namespace {

constexpr std::uint64_t fetch_entries_max = 256; ///< read back at a time for a follower that is behind our memory

} // namespace

result<log_index> raft::propose(std::vector<command_bytes> commands) {
  auto& s = *state_;
  s.wake_up();
  const auto* const l = std::get_if<leader>(&s.as);
  if (l == nullptr) return errc::not_leader;
  if (l->transfer) return errc::transferring;
  for (auto& c : commands) {
    s.append_own({{s.entries.last().value + 1}, s.hard.term, entry_kind::command, std::move(c), {}});
  }
  return s.entries.last();
}

void raft::state::append_own(entry e) {
  const auto config_of_it = e.config;
  const auto index = e.index;
  entries.append(std::move(e));
  if (!config_of_it) return;
  configs.append(index, *config_of_it);
  config_changed = true;
  follow_members(std::get<leader>(as), index); // a newcomer is probed with this entry
}

/// One progress for each member but ourselves. Who is not a member any more hears of it for a while.
void raft::state::follow_members(leader& l, log_index next) {
  const auto members = members_of(config());
  for (auto& p : l.peers) {
    const bool stays = std::find(members.begin(), members.end(), p.who) != members.end();
    if (stays)
      p.departing_ticks = 0;
    else if (p.departing_ticks == 0)
      p.departing_ticks = 2 * options.election_ticks_max;
  }
  for (const auto& m : members) {
    if (!is_self(m.replica) && l.find(m.replica) == nullptr)
      l.peers.emplace_back(m, next);
  }
}

// ---- sending ----------------------------------------------------------------------------------------------------

// Once for each drain, not for each proposal: this is what makes batches under load.
void raft::state::replicate() {
  auto* const l = std::get_if<leader>(&as);
  if (l == nullptr) return;
  for (auto& p : l->peers) send_appends(*l, p);
  push_transfer(*l);
}

void raft::state::send_appends(leader& l, progress& p) {
  while (p.next <= entries.last() && p.may_send(options.inflight_messages_max, options.inflight_bytes_max)) {
    if (p.next < entries.first() || !entries.term_at({p.next.value - 1})) return need_install(p);
    if (!entries.in_memory(p.next)) return read_back(l, p);
    send_append(p, entries.copy_some(p.next, entries.last(), options.message_bytes_max));
  }
}

/// For who is so far behind there is a window of its own, and nothing is read before there is room in it. Where its log
/// agrees with ours is found out first, without entries: what it refuses was read in vain.
void raft::state::read_back(leader& l, progress& p) {
  if (p.how == progress::mode::probe) {
    send_append(p, {});
    return p.sent({p.next.value - 1}, 0, false);
  }
  if (l.fetching || !p.may_send(options.inflight_messages_max, options.catch_up_bytes_max)) return;
  l.fetching = true;
  const auto end = std::min(entries.memory_first().value - 1, p.next.value + fetch_entries_max - 1);
  out.fetch = log_range{p.next, {end}};
}

/// Where its log agrees with ours is known, and nothing that it lacks has to be read back, or was and is under way.
bool raft::state::from_memory(const progress& p) const {
  // After an install to the end of the log nothing is left to probe a newcomer with: where nobody writes it would wait
  // for a vote for ever. What it has acknowledged is all there is.
  const bool agrees =
      p.how == progress::mode::pipeline || (p.how == progress::mode::probe && p.match == entries.last());
  return agrees && p.catch_up_bytes() == 0 && entries.in_memory(p.next);
}

void raft::state::send_append(progress& p, std::vector<entry> some, bool read_back) {
  const log_index previous{p.next.value - 1};
  const auto previous_term = entries.term_at(previous);
  if (!previous_term) return need_install(p); // the log was cut above what it has
  std::size_t bytes = 0;
  for (const auto& e : some) bytes += e.size();
  const log_index last{previous.value + some.size()};
  send(p.who, append_request{previous, *previous_term, committed, std::move(some)});
  p.asleep = false;
  if (last > previous) p.sent(last, bytes, read_back);
}

void raft::fetched(const std::vector<entry>& found) {
  auto& s = *state_;
  auto* const l = std::get_if<leader>(&s.as);
  if (l == nullptr) return;
  l->fetching = false;
  for (auto& p : l->peers) {
    while (p.how == progress::mode::pipeline &&
           p.may_send(s.options.inflight_messages_max, s.options.catch_up_bytes_max)) {
      std::vector<entry> some;
      std::size_t bytes = 0;
      for (const auto& e : found) {
        if (e.index.value != p.next.value + some.size()) continue;
        // Read back from a log that may have been truncated meanwhile: only what is ours now is sent.
        if (s.entries.term_at(e.index) != e.term) break;
        bytes += e.size();
        if (!some.empty() && bytes > s.options.message_bytes_max) break;
        some.push_back(e);
      }
      if (some.empty()) break;
      s.send_append(p, std::move(some), true);
    }
  }
}

void raft::state::send_heartbeats(leader& l) {
  ++l.round;
  for (auto& p : l.peers) {
    p.asleep = false;
    p.match_at_round = p.match;
    send(p.who, heartbeat{committed, l.round});
  }
}

// ---- answers ----------------------------------------------------------------------------------------------------

void raft::state::on(const member& from, burrow::term, const append_answer& m) {
  auto* const l = std::get_if<leader>(&as);
  auto* const p = l == nullptr ? nullptr : l->find(from.replica);
  if (p == nullptr || p->damaged || m.verified > entries.last()) return;
  p->active = true;
  if (m.accepted) {
    if (!p->acknowledged(m.verified)) return;
    if (p->how == progress::mode::install && p->next >= entries.first()) p->end_install(p->match);
    return advance_commit();
  }
  // Entries of ours with a higher term than its hint cannot be in its log, so a round trip settles a whole term.
  (void)p->refused(m.previous, entries.last_at_or_below(m.verified, m.hint_term));
}

void raft::state::on(const member& from, burrow::term, const heartbeat_answer& m) {
  auto* const l = std::get_if<leader>(&as);
  auto* const p = l == nullptr ? nullptr : l->find(from.replica);
  if (p == nullptr || p->damaged) return;
  // Within a term nothing that it acknowledged is truncated, so its disk has forgotten: an old image, or worse. What
  // else it promised, nobody knows (section 11).
  if (m.round == l->round && m.last < p->match_at_round) {
    p->damaged = true;
    p->match = {};
    out.damaged.push_back(from);
    return;
  }
  p->heard(m.received);
  p->round = std::max(p->round, m.round);
  out.reports.push_back({from, m.about});
  answer_reads(*l);
}

// ---- committing -------------------------------------------------------------------------------------------------

void raft::state::advance_commit() {
  auto* const l = std::get_if<leader>(&as);
  if (l == nullptr) return;
  const auto reached = quorum_index(config(), [&](replica_id who) {
    if (is_self(who)) return entries.persisted();
    const auto* const p = l->find(who);
    return p == nullptr ? log_index{} : p->match;
  });
  // Only an entry of the own term is committed by counting; older ones are committed with it (Raft §5.4.2).
  if (reached <= committed || reached < l->first_of_term) return;
  BURROW_ASSERT(entries.term_at(reached) == hard.term);
  committed = reached;
  if (configs.current_index() > committed) return;
  if (is_joint(config())) {
    // The second step follows by itself (Raft §6).
    append_own({{entries.last().value + 1},
                hard.term,
                entry_kind::configuration,
                {},
                std::make_shared<const configuration>(left(config()))});
  } else if (!is_voter(config(), options.self.replica)) {
    resign(*l);
  }
}

/// A leader that is not in the new configuration leads until that is committed, and no longer (Raft §6).
void raft::state::resign(leader& l) {
  const auto* const best = l.best_successor(config());
  if (best != nullptr) send(best->who, transfer_now{}); // spares the others a timeout
  become_follower(hard.term, {});
}

} // namespace burrow::raft
