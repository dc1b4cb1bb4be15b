// Paths and names of the contract (sections 2.1 and 2.2): percent-decoding, and what a name may be.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace burrow {

/// Nothing if an escape is broken. With `plus_is_space`, as in a query.
[[nodiscard]] std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_space = false);
/// Everything but the unreserved characters of RFC 3986 is escaped.
void percent_append(std::string& out, std::string_view text);

/// Why `name` (decoded) may not name an account, queue or message; empty if it may.
[[nodiscard]] std::string_view name_problem(std::string_view name);

/// The segments of a path behind its first slash, not decoded. "/" has one, empty.
[[nodiscard]] std::vector<std::string_view> path_segments(std::string_view path);

} // namespace burrow
