#include "cluster/sim/checkers/ledger.hpp"

#include "cluster/sim/history.hpp"

namespace burrow::sim {

const ledger_message* ledger::find(const queue_ref& queue, place at) const {
  const auto q = queues_.find(queue);
  if (q == queues_.end()) return nullptr;
  const auto m = q->second.find(at);
  return m == q->second.end() ? nullptr : &m->second;
}

void ledger::take(const state_hashes::told& t, const queue::insert& c, const queue::insert_reply& r) {
  if (r.replayed) return; // what became of its messages meanwhile is known
  auto& q = queues_[t.command.queue];
  for (std::size_t i = 0; i < r.items.size(); ++i) {
    const auto& done = r.items[i];
    if (done.status != queue::insert_status::created && done.status != queue::insert_status::replaced) continue;
    q[done.place] = {c.items[i].name, c.items[i].body_size, c.items[i].body_hash, done.expires, {}, {}};
  }
}

void ledger::take(const state_hashes::told& t, const queue::take& c, const queue::take_reply& r) {
  auto& q = queues_[t.command.queue];
  for (const auto& m : r.items) {
    if (c.action == queue::take_action::remove) {
      q.erase(m.place);
      continue;
    }
    auto& ours = q[m.place];
    ours.claim = m.claim;
    ours.until = m.hidden_until;
    ours.expires = m.expires;
  }
}

void ledger::take_targets(const state_hashes::told& t, const queue::targets_reply& r, bool removes) {
  auto& q = queues_[t.command.queue];
  for (const auto& done : r.items) {
    if (done.problem != errc::ok || !done.item) continue;
    if (removes) {
      q.erase(done.item->place);
      continue;
    }
    auto& ours = q[done.item->place];
    ours.claim = done.item->claim;
    ours.until = done.item->hidden_until;
    ours.expires = done.item->expires;
  }
}

void ledger::take(const state_hashes::told& t) {
  if (t.command.queue.tenant == moving_tenant) return;
  const auto& what = t.command.what;
  if (const auto* const r = std::get_if<queue::insert_reply>(&t.reply)) take(t, std::get<queue::insert>(what), *r);
  if (const auto* const r = std::get_if<queue::take_reply>(&t.reply)) take(t, std::get<queue::take>(what), *r);
  if (const auto* const r = std::get_if<queue::targets_reply>(&t.reply)) {
    take_targets(t, *r, std::holds_alternative<queue::remove>(what));
  }
  if (std::holds_alternative<queue::purge>(what)) queues_.erase(t.command.queue);
}

} // namespace burrow::sim
