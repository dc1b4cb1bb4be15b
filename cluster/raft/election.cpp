// Time, campaigns, votes, becoming leader, stepping down and handing leadership over.
#include "cluster/raft/quorum.hpp"
#include "cluster/raft/state.hpp"

#include <algorithm>
#include <utility>

namespace burrow::raft {
namespace {

void add(std::vector<replica_id>& to, replica_id who) {
  if (std::find(to.begin(), to.end(), who) == to.end()) to.push_back(who);
}

bool contains(const std::vector<replica_id>& set, replica_id who) {
  return std::find(set.begin(), set.end(), who) != set.end();
}

} // namespace

// ---- time -------------------------------------------------------------------------------------------------------

std::uint32_t raft::state::draw_timeout() {
  // Drawn anew for each attempt, so that rivals do not meet again and again (Raft §5.2).
  const auto drawn = static_cast<std::uint32_t>(chance.between(options.election_ticks_min, options.election_ticks_max));
  return drawn + options.election_rank_ticks;
}

void raft::state::tick() {
  if (persisted_ticket < last_ticket) ++disk_silent_ticks;
  if (std::holds_alternative<leader>(as)) return tick_leader();
  if (alone()) {
    // Nobody to ask and no rival: at once, and once. Another term would not make the vote's sync any faster.
    if (!std::holds_alternative<candidate>(as)) campaign(false);
    return;
  }
  std::uint32_t elapsed = 0, timeout = 0;
  if (auto* const f = std::get_if<follower>(&as)) {
    if (tick_asleep(*f)) return;
    elapsed = ++f->elapsed;
    timeout = f->timeout;
  } else if (auto* const p = std::get_if<pre_candidate>(&as)) {
    elapsed = ++p->elapsed;
    timeout = p->timeout;
  } else if (auto* const c = std::get_if<candidate>(&as)) {
    // Nobody has been asked before our own vote is on disk; giving up earlier, a slow disk would never elect.
    if (c->vote_ticket > 0 && c->vote_ticket <= persisted_ticket) ++c->elapsed;
    elapsed = c->elapsed;
    timeout = c->timeout;
  }
  if (elapsed >= timeout && may_campaign()) ask_pre_votes();
}

void raft::state::tick_leader() {
  auto& l = std::get<leader>(as);
  if (l.asleep) return tick_asleep(l);
  ++l.idle_ticks;
  if (++l.since_quorum >= options.quorum_ticks) {
    l.since_quorum = 0;
    // Check-quorum (Raft thesis §6.2): cut off, it must stop answering, and others may long have another leader.
    const bool heard = is_quorum(config(), [&](replica_id who) {
      const auto* const p = l.find(who);
      return is_self(who) || (p != nullptr && p->active);
    });
    if (!heard) return step_down();
    for (auto& p : l.peers) p.was_active = std::exchange(p.active, false);
  }
  std::erase_if(l.peers, [](progress& p) { return p.departing_ticks > 0 && --p.departing_ticks == 0; });
  if (++l.since_heartbeat >= options.heartbeat_ticks && !try_to_sleep(l)) {
    for (auto& p : l.peers) {
      if (p.look_for_losses()) send_append(p, {});
      offer_again(p);
    }
    if (l.transfer) l.transfer->told = false; // transfer_now may have been lost
    l.since_heartbeat = 0;
    send_heartbeats(l);
  }
  if (l.transfer && --l.transfer->ticks_left == 0) {
    const bool or_step_down = l.transfer->or_step_down;
    l.transfer.reset();
    if (or_step_down) return step_down();
  }
  check_disk();
}

// Heartbeats leave without waiting for the disk, so a leader with a stuck one would keep its followers quiet while
// nothing is applied (section 8). Alone there is nobody to hand over to.
void raft::state::check_disk() {
  auto& l = std::get<leader>(as);
  if (disk_silent_ticks < options.slow_disk_ticks || alone()) return;
  if (l.transfer) {
    l.transfer->or_step_down = true;
    return;
  }
  const auto* const best = l.best_successor(config());
  if (best == nullptr) return step_down();
  start_transfer(l, best->who.replica, true);
}

bool raft::state::may_campaign() const {
  // Who leaves is needed until that is committed: it may be the only one whose log is good enough to be elected
  // (Raft thesis §4.2.2). It does not count itself.
  const bool votes = is_voter(config(), options.self.replica) ||
                     (configs.current_index() > committed && is_voter(configs.previous(), options.self.replica));
  // While an install runs our log is not what we shall have; with a stuck disk we could not lead (sections 10, 8).
  return votes && !installing && disk_silent_ticks < options.slow_disk_ticks;
}

// Within the shortest election timeout of hearing from a leader nobody is let into an election (Raft thesis §4.2.3).
bool raft::state::hears_leader() const {
  if (const auto* const f = std::get_if<follower>(&as)) return f->leader && f->elapsed < options.election_ticks_min;
  return std::holds_alternative<leader>(as); // it has a quorum, or check-quorum would have ended it
}

// ---- asking -----------------------------------------------------------------------------------------------------

void raft::state::ask_pre_votes() {
  as = pre_candidate{0, draw_timeout(), {options.self.replica}};
  if (is_quorum(config(), [&](replica_id who) { return is_self(who); })) return campaign(false);
  for (const auto& m : members_of(config())) {
    if (is_self(m.replica) || !is_voter(config(), m.replica)) continue;
    out.send_now.push_back(
        {options.self, m, {hard.term.value + 1}, vote_request{true, false, entries.last(), entries.last_term()}});
  }
}

void raft::state::campaign(bool transferred) {
  become_follower({hard.term.value + 1}, {});
  change_hard({hard.term, options.self.replica});
  as = candidate{0, draw_timeout(), {}, 0};
  // These leave when the disk has the vote and every entry that `last` speaks of (rules 2 and 3).
  for (const auto& m : members_of(config())) {
    if (is_self(m.replica) || !is_voter(config(), m.replica)) continue;
    send_persisted(m, vote_request{false, transferred, entries.last(), entries.last_term()});
  }
}

void raft::state::count_own_vote() {
  auto* const c = std::get_if<candidate>(&as);
  if (c == nullptr || c->vote_ticket == 0 || persisted_ticket < c->vote_ticket) return;
  add(c->granted, options.self.replica);
  count_votes();
}

void raft::state::count_votes() {
  if (auto* const c = std::get_if<candidate>(&as)) {
    if (is_quorum(config(), [&](replica_id who) { return contains(c->granted, who); })) become_leader();
  } else if (auto* const p = std::get_if<pre_candidate>(&as)) {
    if (is_quorum(config(), [&](replica_id who) { return contains(p->granted, who); })) campaign(false);
  }
}

void raft::state::on(const member& from, burrow::term t, const vote_answer& m) {
  if (!m.granted) return; // a higher term has been entered already
  out.reports.push_back({from, m.about});
  if (m.pre) {
    auto* const p = std::get_if<pre_candidate>(&as);
    if (p != nullptr && t.value == hard.term.value + 1) add(p->granted, from.replica);
  } else if (auto* const c = std::get_if<candidate>(&as)) {
    add(c->granted, from.replica);
  }
  count_votes();
}

// ---- answering --------------------------------------------------------------------------------------------------

bool raft::state::is_up_to_date(const vote_request& theirs) const {
  return std::pair(theirs.last_term, theirs.last) >= std::pair(entries.last_term(), entries.last()); // Raft §5.4.1
}

void raft::state::on(const member& from, burrow::term t, const vote_request& m) {
  const bool free = t > hard.term || hard.vote.value == 0 || hard.vote == from.replica;
  const auto* const f = std::get_if<follower>(&as);
  const bool led = hears_leader() || (t == hard.term && f != nullptr && f->leader);
  const bool granted = free && is_up_to_date(m) && (m.transfer || !led);
  if (m.pre) {
    // The answer is for the term asked about; a refusal tells our own.
    out.send_now.push_back({options.self, from, granted ? t : hard.term, vote_answer{true, granted, about}});
    return;
  }
  if (!granted) return send(from, vote_answer{false, false, about});
  if (hard.vote != from.replica) change_hard({hard.term, from.replica});
  become_follower(hard.term, {}); // and gives the candidate a whole timeout
  send_persisted(from, vote_answer{false, true, about});
}

void raft::state::on(const member& from, burrow::term, const transfer_now&) {
  const auto* const f = std::get_if<follower>(&as);
  if (f == nullptr || f->leader != from || !may_campaign()) return;
  campaign(true); // its leader wants it, so nobody needs to be asked first (Raft thesis §3.10)
}

// ---- changes of role --------------------------------------------------------------------------------------------

void raft::state::change_hard(hard_state next) {
  BURROW_ASSERT(next.term >= hard.term);
  BURROW_ASSERT(next.term > hard.term || hard.vote.value == 0 || hard.vote == next.vote); // one vote a term
  hard = next;
  hard_changed = true;
}

void raft::state::become_follower(burrow::term t, std::optional<member> of) {
  if (auto* const l = std::get_if<leader>(&as)) fail_reads(*l);
  if (t > hard.term) {
    change_hard({t, {}});
    verified = {};
    // What was not handed out speaks for a term that is over; the entries it acknowledges may yet be truncated.
    out.send_now.clear();
    out.send_persisted.clear();
    stop_installing();
  }
  follower next;
  next.leader = std::move(of);
  next.timeout = draw_timeout();
  as = std::move(next);
}

void raft::state::become_leader() {
  // An empty entry at once: older entries are committed only together with one of the own term (Raft §5.4.2, §8).
  const log_index first{entries.last().value + 1};
  as = leader{};
  auto& l = std::get<leader>(as);
  l.first_of_term = first;
  follow_members(l, first);
  append_own({first, hard.term, entry_kind::empty, {}, {}});
  send_heartbeats(l);
}

// ---- transfer (Raft thesis §3.10) -------------------------------------------------------------------------------

result<void> raft::transfer(node_id to) {
  auto& s = *state_;
  s.wake_up();
  auto* const l = std::get_if<leader>(&s.as);
  if (l == nullptr) return errc::not_leader;
  for (const auto& v : s.config().voters) {
    if (v.node != to || s.is_self(v.replica)) continue;
    if (l->transfer || is_joint(s.config())) return errc::busy;
    s.start_transfer(*l, v.replica, false);
    return {};
  }
  return error{errc::invalid_parameter, "no other voter on that node"};
}

void raft::state::start_transfer(leader& l, replica_id to, bool or_step_down) {
  l.transfer = leader::transfer_to{to, options.transfer_ticks, false, or_step_down};
}

/// The target may campaign when it has all that we have.
void raft::state::push_transfer(leader& l) {
  if (!l.transfer || l.transfer->told) return;
  const auto* const p = l.find(l.transfer->to);
  if (p == nullptr || p->match != entries.last()) return;
  l.transfer->told = true;
  send(p->who, transfer_now{});
}

} // namespace burrow::raft
