// Base64 (RFC 4648) in its two alphabets, strict: no white space, no stray bits, so that one value has one text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace burrow {

/// Standard alphabet, padded.
void base64_append(std::string& out, std::string_view bytes);
[[nodiscard]] std::optional<std::string> base64_decoded(std::string_view text);
/// URL alphabet, not padded.
void base64url_append(std::string& out, std::string_view bytes);
[[nodiscard]] std::optional<std::string> base64url_decoded(std::string_view text);

} // namespace burrow
