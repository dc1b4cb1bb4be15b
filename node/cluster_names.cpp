#include "node/cluster_names.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>

namespace burrow {

using namespace placement;

std::string id_text(node_id node) { return fmt::format("{:016x}", node.value); }

std::string name_of(const std::vector<node_entry>& nodes, node_id node) {
  const auto* const entry = find(nodes, node);
  return entry != nullptr ? entry->name : id_text(node);
}

const node_entry* named(const std::vector<node_entry>& nodes, const std::string& text) {
  if (const auto* const found = find_name(nodes, text)) return found;
  for (const auto& n : nodes)
    if (id_text(n.node) == text) return &n;
  return nullptr;
}

std::string_view answers_text(const cluster_picture& seen, node_id node) {
  static constexpr std::string_view states[] = {"ok", "suspect", "dead", "left"};
  const auto member = std::ranges::find(seen.members, node, &membership::member::id);
  return member == seen.members.end() ? std::string_view{"unknown"} : states[static_cast<std::size_t>(member->state)];
}

std::string_view state_text(const cluster_picture& seen, const node_entry& node) {
  return node.state == node_state::storage ? answers_text(seen, node.node) : to_string(node.state);
}

std::string at_text(instant wall) {
  const auto seconds = static_cast<std::time_t>(wall.ms / 1000);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(seconds), wall.ms % 1000);
}

} // namespace burrow
