#include "cluster/queue/gateways.hpp"

#include "cluster/base/assert.hpp"
#include "cluster/base/limits.hpp"
#include "cluster/queue/snapshot.hpp"

namespace burrow::queue {

gateway_state& gateways::adopt(std::uint64_t id, std::optional<std::string> bytes) {
  auto& g = open_[id];
  g.id = id;
  g.known = bytes.has_value();
  if (!bytes) return g;
  auto read = decode_gateway(*bytes);
  BURROW_ASSERT(read);
  g.before = g.record = std::move(*read);
  g.stored = std::move(*bytes);
  return g;
}

gateway_state& gateways::open(std::uint64_t id) {
  const auto known = open_.find(id);
  return known != open_.end() ? known->second : adopt(id, state_.get(key::gateway(id)));
}

std::vector<gateway_state*> gateways::all() {
  auto page = state_.scan({.from = std::string(1, key::gateway_family),
                           .to = key::family_end(key::gateway_family),
                           .order = direction::ascending, .items_max = limits::gateways_max});
  for (auto& [key, bytes] : page.items)
    if (const auto id = key::last_number(key); !open_.contains(id)) adopt(id, std::move(bytes));
  std::vector<gateway_state*> out;
  for (auto& [id, g] : open_)
    if (g.known) out.push_back(&g);
  return out;
}

void gateways::erase(const gateway_state& which) {
  BURROW_ASSERT(!which.keeps());
  if (!which.stored.empty()) state_.erase(key::gateway(which.id), which.stored);
  open_.erase(which.id);
}

void gateways::store(log_index entry) {
  for (auto& [id, g] : open_) {
    if (!g.fresh.empty()) {
      auto bytes = encode(g.fresh);
      const auto key = key::kept(id, entry.value);
      kept_page page{entry.value, bytes.size(), hash_of(key, bytes), {}};
      for (const auto& [number, told] : g.fresh) page.replies.push_back(number);
      g.record.pages.push_back(std::move(page));
      state_.put(key, std::move(bytes), std::nullopt);
    }
    if (g.record == g.before) continue;
    state_.put(key::gateway(id), encode(g.record),
               g.stored.empty() ? std::nullopt : std::optional<std::string_view>(g.stored));
  }
}

} // namespace burrow::queue
