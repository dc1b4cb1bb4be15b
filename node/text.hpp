// Small text work for people: sizes and times as they are said, the nearest of some names, a table of columns.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace burrow {

/// `3.2 GiB`, for reading.
[[nodiscard]] std::string human_size(std::uint64_t bytes);
/// `64 MiB` where that is exact, else the number of bytes; parse_size() reads it back.
[[nodiscard]] std::string exact_size(std::uint64_t bytes);
/// `4m12s`, `0.21 s`, `3d4h`.
[[nodiscard]] std::string human_time(double seconds);
/// `1,204`.
[[nodiscard]] std::string human_count(std::uint64_t n);

/// Decimal digits only; nothing else, no overflow.
[[nodiscard]] std::optional<std::uint64_t> parse_number(std::string_view text);
/// A number, or one with KiB, MiB, GiB or TiB after it.
[[nodiscard]] std::optional<std::uint64_t> parse_size(std::string_view text);
/// Seconds as a plain number, or with s, m, h, d: `90`, `90s`, `2m`.
[[nodiscard]] std::optional<std::uint64_t> parse_seconds(std::string_view text);

/// The candidate with the smallest edit distance, if it is near enough to be what was meant.
[[nodiscard]] std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates);

/// Columns, left-aligned but for those that hold only numbers; one row a line, no trailing space.
[[nodiscard]] std::string table_text(const std::vector<std::string>& heads,
                                     const std::vector<std::vector<std::string>>& rows, bool with_heads);
/// Control characters replaced, cut to `columns` with an ellipsis: safe to print whatever a client stored.
[[nodiscard]] std::string one_line(std::string_view text, std::size_t columns);
/// Percent-encoded as one segment of a path, or a value of a query.
[[nodiscard]] std::string url_segment(std::string_view text);

} // namespace burrow
