// What the control actors of two nodes say to each other: proto/control.proto. Bounded; gossip and orders stay bytes,
// which their readers decode.
#pragma once

#include "cluster/base/ids.hpp"
#include "cluster/base/result.hpp"

#include <string>
#include <string_view>
#include <variant>

namespace burrow::codec {

/// Both sides speak one version only so far; a rolling upgrade will make it a range.
inline constexpr std::uint32_t control_version = 1;

struct control_hello {
  hash128 cluster;
  node_id node;
  std::string name;
  std::uint64_t life = 0;
  std::uint32_t version = control_version;
  bool operator==(const control_hello&) const = default;
};
struct control_welcome {
  control_hello who;
  bool operator==(const control_welcome&) const = default;
};
struct control_refused {
  std::string why; ///< printable, at most 200 bytes
  bool operator==(const control_refused&) const = default;
};
struct control_gossip {
  std::string bytes;
  bool operator==(const control_gossip&) const = default;
};
struct control_order {
  std::uint32_t kind = 0;
  std::string bytes;
  bool operator==(const control_order&) const = default;
};
struct control_credit {
  std::uint32_t messages = 0;
  bool operator==(const control_credit&) const = default;
};
using control_message =
    std::variant<control_hello, control_welcome, control_refused, control_gossip, control_order, control_credit>;

[[nodiscard]] std::string encode_control(const control_message& m);
/// Errors: malformed, too_large.
[[nodiscard]] result<control_message> decode_control(std::string_view bytes);

} // namespace burrow::codec
