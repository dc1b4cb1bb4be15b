#include "cluster/membership/table.hpp"

#include "cluster/base/assert.hpp"
#include "cluster/base/limits.hpp"

#include <algorithm>

namespace burrow::membership {

record* table::find(node_id id) {
  const auto at = records_.find(id);
  return at == records_.end() ? nullptr : &at->second;
}

const record* table::find(node_id id) const {
  const auto at = records_.find(id);
  return at == records_.end() ? nullptr : &at->second;
}

const record* table::named(std::string_view name, node_id except) const {
  for (const auto& [id, r] : records_)
    if (id != except && is_here(r.what.state) && r.what.facts.name == name) return &r;
  return nullptr;
}

std::size_t table::here() const {
  return static_cast<std::size_t>(std::ranges::count_if(records_, [](const auto& r) {
    return is_here(r.second.what.state);
  }));
}

bool table::has_room() const { return records_.size() < limits::members_max; }

record& table::add(const member& what, duration since) {
  BURROW_ASSERT(has_room() && !records_.contains(what.id));
  return records_.emplace(what.id, record{what, since, {}, {}}).first->second;
}

std::optional<node_id> table::longest_gone() const {
  const record* found = nullptr;
  for (const auto& [id, r] : records_)
    if (!is_here(r.what.state) && (found == nullptr || r.since < found->since)) found = &r;
  return found == nullptr ? std::nullopt : std::optional{found->what.id};
}

} // namespace burrow::membership
