// Construction, dispatch by term and kind, and the output.
#include "cluster/raft/raft.hpp"

#include "cluster/raft/quorum.hpp"
#include "cluster/raft/state.hpp"

#include <algorithm>

namespace burrow::raft {

raft::state::state(raft_options o, stored_state stored)
    : options(o)
    , hard(stored.hard)
    , entries(stored)
    , configs(stored.snapshot.index, stored.snapshot.config)
    , snapshot(stored.snapshot)
    , committed(stored.applied)
    , handed_out(stored.applied)
    , chance(o.seed) {
  BURROW_ASSERT(options.election_ticks_min > 0 && options.election_ticks_max >= options.election_ticks_min);
  if (stored.applied_config) configs.append(stored.applied, *stored.applied_config);
  // A configuration is in force from the moment it is appended (section 11), so the last one in the log counts.
  for (const auto& e : stored.tail) {
    if (e.kind == entry_kind::configuration) configs.append(e.index, *e.config);
  }
  std::get<follower>(as).timeout = draw_timeout();
  announced = {false, hard.term, {}};
}

bool raft::state::alone() const { return is_alone(config(), options.self.replica); }

progress* leader::find(replica_id who) {
  for (auto& p : peers) {
    if (p.who.replica == who) return &p;
  }
  return nullptr;
}

const progress* leader::best_successor(const configuration& config) const {
  const progress* best = nullptr;
  for (const auto& p : peers) {
    if (!is_voter(config, p.who.replica) || p.damaged) continue;
    if (best == nullptr || std::pair(p.match, p.active) > std::pair(best->match, best->active)) best = &p;
  }
  return best;
}

// ---- messages ---------------------------------------------------------------------------------------------------

// Anything from outside the configuration is dropped, unless we may be the ones who lag behind a change: then requests
// are heard. A stranger's vote request still needs a log as good as ours and a leader that has fallen silent, and what
// claims to lead was elected in its term. Alone we cannot lag: nobody but us could have changed the configuration.
bool raft::state::may_speak(const peer_message& m) const {
  if (m.to.replica != options.self.replica || m.from.replica == options.self.replica) return false;
  if (is_member(config(), m.from.replica)) return true;
  if (const auto* const l = std::get_if<leader>(&as)) {
    // Those who leave are still told of it.
    for (const auto& p : l->peers) {
      if (p.who.replica == m.from.replica) return true;
    }
  }
  if (alone()) return false;
  // A leader that leaves leads to the end.
  if (const auto* const f = std::get_if<follower>(&as); f != nullptr && f->leader == m.from) return true;
  return std::holds_alternative<vote_request>(m.what) || std::holds_alternative<append_request>(m.what) ||
         std::holds_alternative<heartbeat>(m.what) || std::holds_alternative<install_request>(m.what);
}

void raft::state::step(const peer_message& m) {
  if (!may_speak(m)) return;
  const bool about_sleep =
      std::holds_alternative<sleep_request>(m.what) || std::holds_alternative<sleep_answer>(m.what);
  // Somebody is awake who asks these, also if we were only about to sleep: others will have heard it, and woken.
  const bool rouses = std::holds_alternative<vote_request>(m.what) || std::holds_alternative<wake>(m.what);
  if (rouses || (is_asleep() && !about_sleep)) wake_up(m.from);
  if (m.term > hard.term && !enter_term(m)) return;
  if (m.term < hard.term) return answer_older_term(m);
  std::visit([&](const auto& what) { on(m.from, m.term, what); }, m.what);
}

// A higher term makes a follower of anybody (Raft §5.1), with two exceptions: questions change nothing, and who hears a
// live leader is not drawn into an election (Raft thesis §4.2.3). False: the message is done with.
bool raft::state::enter_term(const peer_message& m) {
  if (const auto* const v = std::get_if<vote_request>(&m.what)) {
    if (v->pre) return true;
    if (hears_leader() && !v->transfer) return false;
  }
  if (const auto* const v = std::get_if<vote_answer>(&m.what); v != nullptr && v->pre && v->granted) return true;
  const bool leads = std::holds_alternative<append_request>(m.what) || std::holds_alternative<heartbeat>(m.what) ||
                     std::holds_alternative<install_request>(m.what) ||
                     std::holds_alternative<sleep_request>(m.what) || std::holds_alternative<transfer_now>(m.what);
  become_follower(m.term, leads ? std::optional{m.from} : std::nullopt);
  return true;
}

// Who leads or asks in an old term must hear of the new one, or it would go on for ever.
void raft::state::answer_older_term(const peer_message& m) {
  if (const auto* const v = std::get_if<vote_request>(&m.what)) {
    send(m.from, vote_answer{v->pre, false, about});
  } else if (std::holds_alternative<append_request>(m.what) || std::holds_alternative<heartbeat>(m.what) ||
             std::holds_alternative<install_request>(m.what) || std::holds_alternative<sleep_request>(m.what)) {
    send(m.from, append_answer{});
  }
}

void raft::state::send(member to, decltype(peer_message::what) what) {
  out.send_now.push_back({options.self, to, hard.term, std::move(what)});
}

void raft::state::send_persisted(member to, decltype(peer_message::what) what) {
  out.send_persisted.push_back({options.self, to, hard.term, std::move(what)});
}

// ---- the disk ---------------------------------------------------------------------------------------------------

void raft::persisted(persist_ticket ticket) {
  auto& s = *state_;
  BURROW_ASSERT(ticket.number <= s.last_ticket);
  if (ticket.number <= s.persisted_ticket) return;
  s.persisted_ticket = ticket.number;
  s.disk_silent_ticks = 0;
  if (ticket.number >= s.replaced_ticket) s.entries.persisted(ticket.index, ticket.term);
  s.count_own_vote();
  s.advance_commit();
}

void raft::compacted(snapshot_meta meta, log_index keep_from) {
  auto& s = *state_;
  BURROW_ASSERT(meta.index <= s.handed_out && keep_from.value <= meta.index.value + 1);
  if (keep_from <= s.entries.first() || meta.index < s.snapshot.index || s.is_switching()) return;
  meta.config = s.configs.at(meta.index);
  s.configs.cut(meta.index);
  s.entries.cut(keep_from, meta);
  s.snapshot = std::move(meta);
  s.snapshot_changed = true;
}

void raft::state::take_persist() {
  auto& p = out.persist;
  p.entries = entries.take_unpersisted();
  p.truncate_from = std::exchange(truncated, {});
  if (hard_changed) p.hard = hard;
  if (config_changed) p.config = config();
  if (snapshot_changed) {
    p.snapshot = snapshot;
    p.log_first = entries.first();
  }
  if (!p.entries.empty() || p.truncate_from || hard_changed || config_changed || snapshot_changed) {
    p.ticket = {++last_ticket, entries.last(), entries.last_term()};
    auto* const c = std::get_if<candidate>(&as);
    if (c != nullptr && hard_changed) c->vote_ticket = p.ticket.number;
  }
  hard_changed = config_changed = snapshot_changed = false;
}

void raft::state::take_committed() {
  // Never beyond what our own disk has (rule 7), whatever a quorum has.
  const auto up_to = std::min(committed, entries.persisted());
  // Behind a switch that is on its way nothing of the old log may be applied: it would land in the new state.
  if (up_to <= handed_out || is_switching()) return;
  out.committed = entries.copy({handed_out.value + 1}, up_to);
  handed_out = up_to;
}

void raft::state::announce_role() {
  role_change now{std::holds_alternative<leader>(as), hard.term, {}};
  if (now.leads)
    now.leader = options.self;
  else if (const auto* const f = std::get_if<follower>(&as))
    now.leader = f->leader;
  if (now.leads == announced.leads && now.leader == announced.leader && (now.term == announced.term || !now.leader)) {
    return;
  }
  announced = now;
  out.role = std::move(now);
}

raft_output raft::take_output() {
  auto& s = *state_;
  s.start_read_round();
  s.replicate();
  s.take_persist();
  s.take_committed();
  s.announce_role();
  // Alone or asleep nobody is behind, so nothing is kept for anybody.
  s.entries.release(s.handed_out, s.alone() || s.is_asleep() ? 0 : s.options.tail_bytes_max);
  return std::exchange(s.out, {});
}

// ---- the rest of the interface ----------------------------------------------------------------------------------

raft::raft(raft_options options, stored_state stored)
    : state_(std::make_unique<state>(options, std::move(stored))) {}
raft::~raft() = default;

void raft::step(const peer_message& message) { state_->step(message); }
void raft::tick() { state_->tick(); }
void raft::tell(const report& about) { state_->about = about; }
const configuration& raft::config() const { return state_->config(); }

std::vector<follower_progress> raft::followers() const {
  std::vector<follower_progress> out;
  // Two periods: right after a look nobody has been heard from yet, and a group may fall asleep at that very moment.
  if (const auto* const l = std::get_if<leader>(&state_->as))
    for (const auto& p : l->peers)
      out.push_back({p.who, p.match, p.active || p.was_active, p.how == progress::mode::install,
                     state_->from_memory(p)});
  return out;
}

raft_status raft::status() const {
  const auto& s = *state_;
  raft_status out;
  out.term = s.hard.term;
  out.first = s.entries.first();
  out.last = s.entries.last();
  out.persisted = s.entries.persisted();
  out.committed = s.committed;
  out.memory_bytes = s.entries.memory_bytes();
  out.configured = s.configs.current_index();
  out.change_under_way = is_joint(s.config()) || s.configs.current_index() > s.committed;
  if (const auto* const f = std::get_if<follower>(&s.as)) {
    out.leader = f->leader;
    out.asleep = f->asleep;
    if (f->asleep) out.sleep_ticks_left = s.sleep_ticks_max() - std::min(f->slept_ticks, s.sleep_ticks_max()) + 1;
  }
  const auto* const l = std::get_if<leader>(&s.as);
  if (l == nullptr) return out;
  out.leads = true;
  out.asleep = l->asleep;
  if (l->asleep) out.sleep_ticks_left = s.options.sleep_round_ticks - l->slept_ticks;
  out.transferring = l->transfer.has_value();
  out.leader = s.options.self;
  out.at_all = s.entries.persisted();
  for (const auto& p : l->peers) {
    if (p.active) out.at_all = std::min(*out.at_all, p.match);
    out.inflight_bytes = std::max(out.inflight_bytes, p.inflight_bytes());
    out.catch_up_bytes += p.catch_up_bytes();
  }
  return out;
}

} // namespace burrow::raft
