#include "cluster/sim/checkers/repeats.hpp"

#include "cluster/base/limits.hpp"
#include "cluster/sim/history.hpp"

#include <algorithm>

namespace burrow::sim {
namespace {

bool stored_any(const queue::insert_reply& r) {
  return std::any_of(r.items.begin(), r.items.end(), [](const auto& i) {
    return i.status == queue::insert_status::created || i.status == queue::insert_status::replaced;
  });
}
bool failed_all(const queue::insert_reply& r) {
  return std::all_of(r.items.begin(), r.items.end(),
                     [](const auto& i) { return i.status == queue::insert_status::failed; });
}

} // namespace

void repeats::logged(const state_hashes::told& t, findings& found) {
  const auto* const c = std::get_if<queue::insert>(&t.command.what);
  if (c == nullptr) return;
  const auto& r = std::get<queue::insert_reply>(t.reply);
  if (!c->idempotency_key.empty()) take_keyed(t, *c, r, found);
  else if (r.replayed) found.add("repeats", "an insert without a key is answered as a repeat");
  if (!r.replayed) take_sequences(t, *c, r, found);
}

void repeats::take_keyed(const state_hashes::told& t, const queue::insert& c, const queue::insert_reply& r,
                         findings& found) {
  const auto name = "index " + std::to_string(t.index.value) + ": the insert with key " + c.idempotency_key;
  auto& known = keys_[{t.command.queue, c.idempotency_key}];
  if (known.until > t.at && known.request != c.request_hash) {
    if (stored_any(r) || r.replayed) found.add("repeats", name + " is another than the first, and was done");
    return;
  }
  if (known.until > t.at) {
    ++met_;
    if (!r.replayed) return found.add("repeats", name + " was done again within its window");
    if (digest_of(t.reply) != known.digest) {
      const auto got = digest_of(t.reply);
      found.add("repeats", name + " was answered \"" + got + "\", the first one \"" + known.digest + '"');
    }
    return;
  }
  if (r.replayed) return found.add("repeats", name + " is answered by what nobody asked, or long ago");
  if (!failed_all(r)) known = {c.request_hash, t.at + c.bounds.window, digest_of(t.reply)};
}

void repeats::take_sequences(const state_hashes::told& t, const queue::insert& c, const queue::insert_reply& r,
                             findings& found) {
  for (std::size_t i = 0; i < r.items.size(); ++i) {
    const auto& item = c.items[i];
    const bool stored = r.items[i].status == queue::insert_status::created ||
                        r.items[i].status == queue::insert_status::replaced;
    if (item.sequence == 0 || item.attributes.producer.empty()) continue;
    auto& known = producers_[{t.command.queue, item.attributes.producer}];
    const bool again = known.sequence >= item.sequence && known.used + limits::producer_silence_max > t.at;
    const auto name = "index " + std::to_string(t.index.value) + ": sequence " + std::to_string(item.sequence) +
                      " of " + item.attributes.producer;
    if (again && stored) {
      found.add("repeats", name + " is stored, and " + std::to_string(known.sequence) + " was before");
    }
    if (!again && r.items[i].status == queue::insert_status::duplicate) {
      found.add("repeats", name + " is taken for a repeat, and is none");
    }
    met_ += again ? 1 : 0;
    if (again || stored) known.used = t.at;
    if (stored) known.sequence = item.sequence;
  }
}

} // namespace burrow::sim
