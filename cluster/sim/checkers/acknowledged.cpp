#include "cluster/sim/checkers/acknowledged.hpp"

#include <set>

namespace burrow::sim {

void acknowledged::logged(const state_hashes::told& t, findings& found) {
  if (t.command.request.number == 0) return; // the replica's own
  if (refused_.count(t.command.request.number) > 0) {
    found.add("acknowledged",
              "operation " + std::to_string(t.command.request.number) + " was refused and is in the log");
  }
  if (!digests_.emplace(t.command.request.number, digest_of(t.reply)).second) {
    found.add("acknowledged", "operation " + std::to_string(t.command.request.number) + " is in the log twice");
  }
}

void acknowledged::refused(std::uint64_t number, findings& found) {
  refused_.insert(number);
  if (digests_.count(number) == 0) return;
  found.add("acknowledged", "operation " + std::to_string(number) + " was refused and done");
}

void acknowledged::replied(const operation& op, findings& found) const {
  const auto name = "operation " + std::to_string(op.number);
  const auto at = digests_.find(op.number);
  if (at == digests_.end()) return found.add("acknowledged", name + " was acknowledged and is not in the log");
  const auto got = digest_of(*op.reply);
  if (got != at->second) {
    found.add("acknowledged", name + " was answered \"" + got + "\", by its log it is \"" + at->second + "\"");
  }
}

void acknowledged::read_all(const queue_ref& queue, const queue::messages_answer& all, const ledger& book,
                            findings& found) {
  std::set<place> seen;
  for (const auto& m : all.items) {
    seen.insert(m.place);
    const auto* const ours = book.find(queue, m.place);
    const auto name = "message " + std::to_string(m.place.value) + " of " + queue.tenant + "/" + queue.queue;
    if (ours == nullptr) return found.add("acknowledged", name + " is there, though the log removed it");
    if (ours->body != m.body.hash) return found.add("acknowledged", name + " has another body than it was put with");
    if (m.expires != no_instant && m.expires <= all.now) found.add("acknowledged", name + " is read after it expired");
  }
  const auto q = book.queues().find(queue);
  if (q == book.queues().end()) return;
  for (const auto& [at, m] : q->second) {
    if (seen.count(at) > 0 || (m.expires != no_instant && m.expires <= all.now)) continue;
    found.add("acknowledged", "message " + std::to_string(at.value) + " of " + queue.tenant + "/" + queue.queue +
                                  " is lost: nothing in the log removed it");
  }
}

} // namespace burrow::sim
