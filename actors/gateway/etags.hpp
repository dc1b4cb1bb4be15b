// Lists of ETags in If-Match and If-None-Match (RFC 9110 section 13.1).
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace burrow {

/// Calls each(tag) for the first 32 members of a list; more than that nobody holds.
template <class Each>
void each_tag(std::string_view list, Each each) {
  for (std::size_t n = 0; !list.empty() && n < 32; ++n) {
    const auto comma = list.find(',');
    auto one = list.substr(0, comma);
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
    while (one.starts_with(' ') || one.starts_with('\t')) one.remove_prefix(1);
    while (one.ends_with(' ') || one.ends_with('\t')) one.remove_suffix(1);
    each(one);
  }
}

/// The number in a strong ETag of the form "123".
[[nodiscard]] inline std::optional<std::uint64_t> number_in(std::string_view tag) {
  if (tag.size() < 3 || tag.front() != '"' || tag.back() != '"') return std::nullopt;
  std::uint64_t out = 0;
  const char* const last = tag.data() + tag.size() - 1;
  const auto [end, code] = std::from_chars(tag.data() + 1, last, out);
  if (code != std::errc{} || end != last) return std::nullopt;
  return out;
}

/// Whether If-None-Match names what has this ETag. Weak comparison, as reads go by.
[[nodiscard]] inline bool is_known(std::string_view if_none_match, std::string_view etag) {
  const auto strong = [](std::string_view tag) { return tag.starts_with("W/") ? tag.substr(2) : tag; };
  bool known = false;
  each_tag(if_none_match, [&](std::string_view one) { known = known || one == "*" || strong(one) == strong(etag); });
  return known;
}

} // namespace burrow
