// Checker 13, the part that is exact: what a tenant holds on a shard is never over the bound that an accepted insert
// came with. (Per account, over several shards, is the actors' affair: quota_pool.)
#pragma once

#include "cluster/sim/checkers/ledger.hpp"

#include <algorithm>

namespace burrow::sim {

class quotas {
 public:
  /// After the ledger has taken it.
  static void logged(const state_hashes::told& t, const ledger& book, findings& found) {
    const auto* const c = std::get_if<queue::insert>(&t.command.what);
    if (c == nullptr || c->fallback.tenant_bytes_max == 0) return;
    if (std::get<queue::insert_reply>(t.reply).replayed) return;
    const auto& items = std::get<queue::insert_reply>(t.reply).items;
    const auto created = [](const auto& i) { return i.status == queue::insert_status::created; };
    if (std::none_of(items.begin(), items.end(), created)) return;
    std::uint64_t held = 0;
    for (const auto& [queue, messages] : book.queues()) {
      if (queue.tenant != t.command.queue.tenant) continue;
      for (const auto& [at, m] : messages) {
        if (m.expires == no_instant || m.expires > t.at) held += m.size; // what is due may be gone or not
      }
    }
    if (held > c->fallback.tenant_bytes_max) {
      found.add("quotas", "index " + std::to_string(t.index.value) + ": " + t.command.queue.tenant + " holds " +
                              std::to_string(held) + " bytes, its bound is " +
                              std::to_string(c->fallback.tenant_bytes_max));
    }
  }
};

} // namespace burrow::sim
