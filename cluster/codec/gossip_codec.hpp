// What members say to each other: core types <-> proto/gossip.proto. A decoder refuses whatever is malformed, over a
// limit of limits.hpp, or does not agree with itself: names that cannot be one, states and kinds that do not exist,
// numbers so large that the next one would wrap. What it lets through is safe to hand to membership.
#pragma once

#include "cluster/base/result.hpp"
#include "cluster/membership/messages.hpp"

#include <string>
#include <string_view>
#include <variant>

namespace burrow::codec {

/// What the control plane carries for membership.
using gossip = std::variant<std::vector<membership::rumour>, membership::exchange>;

[[nodiscard]] std::string encode_probe(const membership::probe_message& m);
/// Errors: malformed, too_large.
[[nodiscard]] result<membership::probe_message> decode_probe(std::string_view bytes);
[[nodiscard]] std::string encode_gossip(const gossip& m);
/// Errors: malformed, too_large.
[[nodiscard]] result<gossip> decode_gossip(std::string_view bytes);

/// 1 to limits::member_name_bytes_max of [a-z0-9._-]: a node's name, a zone's.
[[nodiscard]] bool is_member_name(std::string_view name);

} // namespace burrow::codec
