// Nodes as people write them, and as administration shows them.
#pragma once

#include "actors/placement_actor.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace burrow {

/// 16 hex digits.
[[nodiscard]] std::string id_text(node_id node);
/// Its name; its id, if nothing is known of it.
[[nodiscard]] std::string name_of(const std::vector<placement::node_entry>& nodes, node_id node);
/// By name, or by id in hex; null if there is none.
[[nodiscard]] const placement::node_entry* named(const std::vector<placement::node_entry>& nodes,
                                                 const std::string& text);
/// Whether membership hears it: ok, suspect, dead, left, unknown.
[[nodiscard]] std::string_view answers_text(const cluster_picture& seen, node_id node);
/// What an operator has decided of it, else the same.
[[nodiscard]] std::string_view state_text(const cluster_picture& seen, const placement::node_entry& node);
/// RFC 3339, with milliseconds.
[[nodiscard]] std::string at_text(instant wall);

} // namespace burrow
