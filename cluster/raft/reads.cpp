// Linearizable reads by read index (Raft thesis §6.4): note the commit index, then make sure by a round of heartbeats
// that nobody else led at that time. A group with one voter needs no round, by the same arithmetic.
#include "cluster/raft/quorum.hpp"
#include "cluster/raft/state.hpp"

#include <algorithm>

namespace burrow::raft {

result<read_id> raft::read() {
  auto& s = *state_;
  s.wake_up();
  auto* const l = std::get_if<leader>(&s.as);
  if (l == nullptr) return errc::not_leader;
  if (l->reads_new.size() + l->reads.size() >= s.options.reads_waiting_max) return errc::busy;
  const read_id id{++s.last_read.value};
  l->reads_new.push_back(id);
  return id;
}

/// One round serves all reads that wait when it starts.
void raft::state::start_read_round() {
  auto* const l = std::get_if<leader>(&as);
  if (l == nullptr || l->reads_new.empty()) return;
  // Before an entry of the own term is committed, the commit index may lie behind what an earlier leader acknowledged.
  if (committed < l->first_of_term) return;
  // The heartbeat timer goes on: it also looks for losses, which reads must not put off.
  send_heartbeats(*l);
  for (const auto id : std::exchange(l->reads_new, {})) l->reads.push_back({id, committed, l->round});
  answer_reads(*l);
}

void raft::state::answer_reads(leader& l) {
  if (l.reads.empty()) return;
  // Rounds are counted as indices are: the highest that a quorum has answered.
  const auto confirmed = quorum_index(config(), [&](replica_id who) {
    if (is_self(who)) return log_index{l.round};
    const auto* const p = l.find(who);
    return p == nullptr ? log_index{} : log_index{p->round};
  });
  auto done = l.reads.begin();
  for (; done != l.reads.end() && done->round <= confirmed.value; ++done) out.reads.push_back({done->id, done->index});
  l.reads.erase(l.reads.begin(), done);
}

void raft::state::fail_reads(leader& l) {
  for (const auto& r : l.reads) out.reads.push_back({r.id, errc::not_leader});
  for (const auto id : l.reads_new) out.reads.push_back({id, errc::not_leader});
  l.reads.clear();
  l.reads_new.clear();
}

} // namespace burrow::raft
