// Quiescence: an idle group sends nothing but a round a minute (replication.md section 8). It only stops timers, so no
// rule of safety depends on it: a leader that sleeps confirms no read without a round, and commits nothing.
#include "cluster/raft/quorum.hpp"
#include "cluster/raft/state.hpp"

#include <algorithm>

namespace burrow::raft {

// ---- the leader -------------------------------------------------------------------------------------------------

/// Everybody has everything, and nothing has been asked for in a while.
bool raft::state::is_idle(const leader& l) const {
  if (options.sleep_after_ticks == 0 || l.idle_ticks < options.sleep_after_ticks || l.peers.empty()) return false;
  if (committed != entries.last() || entries.persisted() != entries.last() || handed_out != committed) return false;
  if (l.transfer || is_joint(config()) || !l.reads.empty() || !l.reads_new.empty()) return false;
  return std::all_of(l.peers.begin(), l.peers.end(), [&](const progress& p) {
    // Also one that is still probed: after an install to the end of the log nothing is left to probe it with.
    return p.match == entries.last() && p.departing_ticks == 0 && p.how != progress::mode::install;
  });
}

/// In place of a heartbeat. While some have not agreed it is one: who refuses has heard from its leader.
bool raft::state::try_to_sleep(leader& l) {
  if (!is_idle(l)) return false;
  // Learners, too: they must hear of the last commit, and one that is away would be forgotten.
  const bool agreed = std::all_of(l.peers.begin(), l.peers.end(), [](const progress& p) { return p.asleep; });
  if (agreed) {
    l.asleep = true;
    l.slept_ticks = 0;
    for (auto& p : l.peers) p.shrink();
    l.reads.shrink_to_fit();
    return true;
  }
  l.since_heartbeat = 0;
  ++l.sleep_question;
  for (auto& p : l.peers) {
    p.asleep = false; // who agreed to an earlier question may have been woken since
    send(p.who, sleep_request{committed, l.sleep_question});
  }
  return true;
}

/// Once a minute it asks again: who agrees sleeps on, and if somebody does not answer the group is awake.
void raft::state::tick_asleep(leader& l) {
  if (++l.slept_ticks < options.sleep_round_ticks) return;
  rouse(l);
  (void)try_to_sleep(l);
}

/// Check-quorum was suspended and starts from zero.
void raft::state::rouse(leader& l) {
  l.asleep = false;
  l.since_quorum = 0;
  for (auto& p : l.peers) {
    p.asleep = false;
    p.active = true;
  }
}

void raft::state::on(const member& from, burrow::term, const sleep_answer& m) {
  auto* const l = std::get_if<leader>(&as);
  auto* const p = l == nullptr ? nullptr : l->find(from.replica);
  if (p == nullptr) return;
  p->active = true;
  // An agreement may arrive after what has woken its sender again.
  p->asleep = m.asleep && m.question == l->sleep_question;
}

// ---- the follower -----------------------------------------------------------------------------------------------

void raft::state::on(const member& from, burrow::term, const sleep_request& m) {
  auto& f = follow(from);
  commit_up_to(std::min(m.committed, verified));
  const bool agrees = committed == m.committed && entries.last() == committed && entries.persisted() == committed &&
                      handed_out == committed && !installing;
  f.asleep = agrees;
  f.slept_ticks = 0;
  send(from, sleep_answer{agrees, m.question});
}

/// True: its timer stands still.
bool raft::state::tick_asleep(follower& f) {
  if (!f.asleep) return false;
  // Two rounds of the leader were missed: then it may be cut off from us alone, which membership does not see.
  if (++f.slept_ticks > sleep_ticks_max()) wake_up();
  return f.asleep;
}

// ---- waking -----------------------------------------------------------------------------------------------------

bool raft::state::is_asleep() const {
  if (const auto* const f = std::get_if<follower>(&as)) return f->asleep;
  const auto* const l = std::get_if<leader>(&as);
  return l != nullptr && l->asleep;
}

/// Any input wakes. A leader tells the others at once. A follower gives it a whole timeout, and asks it to wake, unless
/// it was the one who woke us: it may not have heard what we heard, and sleep while we count the ticks.
void raft::state::wake_up(std::optional<member> by) {
  if (auto* const f = std::get_if<follower>(&as); f != nullptr && f->asleep) {
    f->asleep = false;
    f->elapsed = 0;
    if (f->leader && f->leader != by) send(*f->leader, wake{});
  }
  auto* const l = std::get_if<leader>(&as);
  if (l == nullptr) return;
  l->idle_ticks = 0;
  ++l->sleep_question; // agreements on their way are from before this
  for (auto& p : l->peers) p.asleep = false; // what comes of this wakes them
  if (!l->asleep) return;
  rouse(*l);
  send_heartbeats(*l);
}

/// Where the probes of membership still reach a leader that its followers do not hear, nobody else would wake them.
void raft::state::step_down() {
  for (const auto& m : members_of(config())) {
    if (!is_self(m.replica) && is_voter(config(), m.replica)) send(m, wake{});
  }
  become_follower(hard.term, {});
}

void raft::suspect(node_id node) {
  auto& s = *state_;
  auto* const f = std::get_if<follower>(&s.as);
  if (f == nullptr || !f->leader || f->leader->node != node) return;
  f->asleep = false;
  // Asleep, it would have noticed long ago; awake, a reset stream says it sooner than silence does. Only the random
  // part is left, and a word of the leader takes that back.
  f->elapsed = std::max(f->elapsed, s.options.election_ticks_min);
}

void raft::wake_up() {
  auto& s = *state_;
  const bool asleep = s.is_asleep();
  s.wake_up();
  if (auto* const l = std::get_if<leader>(&s.as); l != nullptr && !asleep) s.send_heartbeats(*l);
}

void raft::wake_group() {
  auto& s = *state_;
  s.wake_up();
  for (const auto& m : members_of(s.config())) {
    if (!s.is_self(m.replica) && is_voter(s.config(), m.replica)) s.send(m, wake{});
  }
}

} // namespace burrow::raft
