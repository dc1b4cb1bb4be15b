#include "cluster/sim/checkers/live_claims.hpp"

#include "cluster/sim/history.hpp"

namespace burrow::sim {
namespace {

std::string name_of(const state_hashes::told& t, place at) {
  return "index " + std::to_string(t.index.value) + ": message " + std::to_string(at.value) + " of " +
         t.command.queue.queue;
}

void check_take(const state_hashes::told& t, const queue::take& c, const queue::take_reply& r, const ledger& book,
                findings& found) {
  for (const auto& m : r.items) {
    const auto* const ours = book.find(t.command.queue, m.place);
    if (ours == nullptr) return found.add("claims", name_of(t, m.place) + " is taken after it was removed");
    if (ours->expires != no_instant && ours->expires <= t.at) {
      return found.add("claims", name_of(t, m.place) + " is taken after it expired");
    }
    if (!c.match_hidden && ours->until > t.at) found.add("claims", name_of(t, m.place) + " is in two live claims");
  }
}

void check_targets(const state_hashes::told& t, const std::vector<queue::target>& targets,
                   const queue::targets_reply& r, const ledger& book, findings& found) {
  for (std::size_t i = 0; i < r.items.size() && i < targets.size(); ++i) {
    const auto& guard = targets[i].guard;
    if (r.items[i].problem != errc::ok || !r.items[i].item || !guard.receipt) continue;
    const auto at = r.items[i].item->place;
    const auto* const ours = book.find(t.command.queue, at);
    if (ours == nullptr) return found.add("claims", name_of(t, at) + " is changed after it was removed");
    if (ours->claim != *guard.receipt) found.add("claims", name_of(t, at) + " obeys a stale receipt");
  }
}

} // namespace

void live_claims::logged(const state_hashes::told& t, const ledger& book, findings& found) {
  if (t.command.queue.tenant == moving_tenant) return;
  const auto& what = t.command.what;
  if (const auto* const c = std::get_if<queue::take>(&what)) {
    check_take(t, *c, std::get<queue::take_reply>(t.reply), book, found);
  } else if (const auto* const change = std::get_if<queue::change>(&what)) {
    check_targets(t, change->targets, std::get<queue::targets_reply>(t.reply), book, found);
  } else if (const auto* const remove = std::get_if<queue::remove>(&what)) {
    check_targets(t, remove->targets, std::get<queue::targets_reply>(t.reply), book, found);
  }
}

} // namespace burrow::sim
