// What nodes show each other of themselves for an operator: proto/look.proto. The text stays text, which administration
// makes and reads.
#pragma once

#include "cluster/base/limits.hpp"
#include "cluster/base/result.hpp"
#include "cluster/base/time.hpp"

#include <string>
#include <string_view>
#include <variant>

namespace burrow::codec {

inline constexpr std::size_t look_what_max = 64;
/// Leaves room in an order for what is around the text.
inline constexpr std::size_t look_text_max = limits::control_order_bytes_max - limits::kib;

struct look_question {
  std::uint64_t number = 0; ///< the asker's
  std::string what;         ///< at most look_what_max bytes
  bool operator==(const look_question&) const = default;
};
struct look_answer {
  std::uint64_t number = 0;
  instant heard, said; ///< by the answering node's wall clock
  std::string text;    ///< at most look_text_max bytes; empty: it could not say
  bool operator==(const look_answer&) const = default;
};
using look_message = std::variant<look_question, look_answer>;

[[nodiscard]] std::string encode_look(const look_message& m);
/// Errors: malformed, too_large.
[[nodiscard]] result<look_message> decode_look(std::string_view bytes);

} // namespace burrow::codec
