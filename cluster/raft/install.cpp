// Handing the state over to a follower that needs what is no longer in the log (Raft §7). The core arranges it: who
// needs it, from which session, and when the old log may go. The owners open sessions, pull, check and switch.
#include "cluster/raft/state.hpp"

#include <algorithm>

namespace burrow::raft {

// ---- the leader -------------------------------------------------------------------------------------------------

void raft::state::need_install(progress& p) {
  p.begin_install();
  out.installs.push_back(p.who.node);
}

void raft::install_ready(node_id to, const manifest& what, session_id session) {
  auto& s = *state_;
  auto* const l = std::get_if<leader>(&s.as);
  if (l == nullptr || what.meta.index.value + 1 < s.entries.first().value || what.meta.index > s.handed_out) return;
  for (auto& p : l->peers) {
    if (p.who.node != to || p.how != progress::mode::install) continue;
    p.offered = install_request{what.meta, session.value};
    p.offered->meta.config = s.configs.at(what.meta.index);
    s.send(p.who, *p.offered);
  }
}

/// Once a heartbeat: offers and questions get lost like everything else.
void raft::state::offer_again(progress& p) {
  if (p.how != progress::mode::install || p.damaged) return;
  // What followed the offered state may have been cut meanwhile: then it leads nowhere.
  if (p.offered && p.offered->meta.index.value + 1 < entries.first().value) p.offered.reset();
  if (p.offered)
    send(p.who, *p.offered);
  else
    out.installs.push_back(p.who.node);
}

void raft::state::on(const member& from, burrow::term, const install_answer& m) {
  auto* const l = std::get_if<leader>(&as);
  auto* const p = l == nullptr ? nullptr : l->find(from.replica);
  if (p == nullptr || p->damaged) return;
  p->active = true;
  if (!m.installed) {
    if (p->offered && p->offered->session == m.session) p->offered.reset(); // the next heartbeat asks for another
    return;
  }
  if (m.index > entries.last()) return;
  if (p->how == progress::mode::install)
    p->end_install(m.index);
  else
    (void)p->acknowledged(m.index);
  advance_commit();
}

// ---- the follower -----------------------------------------------------------------------------------------------

void raft::state::on(const member& from, burrow::term, const install_request& m) {
  (void)follow(from);
  if (is_switching()) return;
  if (m.meta.index <= committed || entries.term_at(m.meta.index) == m.meta.term) {
    // The log holds it, and those entries may have been acknowledged: the log stays, and is enough (section 10).
    stop_installing();
    verified = std::max(verified, m.meta.index);
    commit_up_to(m.meta.index);
    return send_persisted(from, install_answer{true, m.meta.index, m.session});
  }
  if (installing && installing->session == m.session && installing->from == from) return; // at it
  installing = incoming{from, m.meta, m.session, false};
  out.offer = install_offer{from, m.meta, {m.session}};
}

/// Not once the switch is on its way: what is on disk then decides.
void raft::state::stop_installing() {
  if (!is_switching()) installing.reset();
}

bool raft::begin_switch(const snapshot_meta& meta, session_id session) {
  auto& s = *state_;
  if (!s.installing || s.installing->session != session.value || s.installing->meta.index != meta.index) return false;
  if (meta.index <= s.committed || s.entries.term_at(meta.index) == meta.term) {
    s.stop_installing();
    return false;
  }
  BURROW_ASSERT(!s.entries.has_unpersisted() && !s.truncated); // it would land behind the switch
  s.installing->switching = true;
  return true;
}

void raft::snapshot_installed(snapshot_meta meta) {
  auto& s = *state_;
  BURROW_ASSERT(s.installing && s.installing->switching && meta.index > s.committed);
  const auto from = s.installing->from;
  s.installing.reset();
  s.entries.reset(meta);
  s.configs.reset(meta.index, meta.config);
  s.committed = s.handed_out = meta.index;
  s.snapshot = std::move(meta);
  // Whatever tickets are open speak of the log that is gone.
  s.truncated.reset();
  s.replaced_ticket = s.last_ticket + 1;
  // Every later leader has what is committed, whoever sent it.
  s.verified = std::max(s.verified, s.committed);
  s.send_persisted(from, install_answer{true, s.committed, 0});
}

void raft::install_failed(session_id session) {
  auto& s = *state_;
  if (!s.installing || s.installing->session != session.value || s.installing->switching) return;
  s.send(s.installing->from, install_answer{false, {}, session.value});
  s.installing.reset();
}

} // namespace burrow::raft
