// The follower's side of replication (Raft §5.3): check, truncate, append, acknowledge, learn what is committed.
#include "cluster/raft/state.hpp"

#include <algorithm>

namespace burrow::raft {
namespace {

/// What a peer sends is checked, not trusted: indices without a gap, terms that do not fall, nothing from the future.
bool is_well_formed(const append_request& m, term now) {
  auto index = m.previous;
  auto t = m.previous_term;
  for (const auto& e : m.entries) {
    if (e.index.value != index.value + 1 || e.term < t || e.term > now) return false;
    if ((e.kind == entry_kind::configuration) != (e.config != nullptr)) return false;
    index = e.index;
    t = e.term;
  }
  return true;
}

} // namespace

/// Whoever sends appends, heartbeats or installs in our term leads it.
follower& raft::state::follow(const member& from) {
  BURROW_ASSERT(!std::holds_alternative<leader>(as)); // two leaders in one term
  const auto* const before = std::get_if<follower>(&as);
  if (before == nullptr || before->leader != from) {
    BURROW_ASSERT(before == nullptr || !before->leader); // likewise
    become_follower(hard.term, from);
  }
  auto& f = std::get<follower>(as);
  f.elapsed = 0;
  return f;
}

void raft::state::on(const member& from, burrow::term, const append_request& m) {
  (void)follow(from);
  if (is_switching()) return; // the log that this would go to is about to be dropped
  if (!is_well_formed(m, hard.term)) return;
  // What is committed here is in the log of every later leader (Raft §5.4.3), also where we no longer know its term.
  const auto known = entries.term_at(m.previous);
  if (m.previous > committed && known != m.previous_term) {
    auto hint = entries.last_at_or_below(m.previous, m.previous_term);
    hint = std::max(hint, committed);
    return send(from, append_answer{false, hint, entries.term_at(hint).value_or(burrow::term{}), m.previous});
  }
  BURROW_ASSERT(!known || *known == m.previous_term); // a conflict at or below the commit index (rule 9)
  append_theirs(m);
  const log_index checked{m.previous.value + m.entries.size()};
  verified = std::max(verified, checked);
  commit_up_to(std::min(m.committed, checked));
  // It names what this append has checked, never our last index: behind it there may be another leader's entries.
  if (!out.send_persisted.empty()) {
    auto& last = out.send_persisted.back();
    auto* const answer = std::get_if<append_answer>(&last.what);
    if (answer != nullptr && last.to == from) { // of this term, or it would have been dropped
      answer->verified = std::max(answer->verified, checked);
      return;
    }
  }
  send_persisted(from, append_answer{true, checked, {}, {}});
}

void raft::state::append_theirs(const append_request& m) {
  for (const auto& e : m.entries) {
    if (e.index <= entries.last()) {
      const auto ours = entries.term_at(e.index);
      if (e.index <= committed) {
        BURROW_ASSERT(!ours || *ours == e.term); // rule 9
        continue;
      }
      if (ours == e.term) continue; // only a conflict truncates: this message may be older than what we have since
      if (entries.truncate(e.index)) {
        truncated = truncated ? std::min(*truncated, e.index) : e.index;
        replaced_ticket = last_ticket + 1;
      }
      if (configs.truncate(e.index)) config_changed = true;
    }
    entries.append(e);
    if (e.kind == entry_kind::configuration) {
      configs.append(e.index, *e.config);
      config_changed = true;
    }
  }
}

void raft::state::commit_up_to(log_index index) {
  BURROW_ASSERT(index <= entries.last());
  committed = std::max(committed, index);
}

void raft::state::on(const member& from, burrow::term, const heartbeat& m) {
  (void)follow(from);
  commit_up_to(std::min(m.committed, verified));
  send(from, heartbeat_answer{m.round, verified, about, entries.last()});
}

} // namespace burrow::raft
