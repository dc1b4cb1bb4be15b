#include "node/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace burrow {
namespace {

constexpr std::array<std::pair<std::string_view, int>, 4> size_units{
  {{"KiB", 10}, {"MiB", 20}, {"GiB", 30}, {"TiB", 40}}};

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

/// Width on a terminal, near enough: UTF-8 continuation bytes take no column.
std::size_t columns_of(std::string_view text) {
  return static_cast<std::size_t>(
    std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

bool numeric(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789.,-") == std::string_view::npos;
}

} // namespace

std::string human_size(std::uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  auto unit = size_units.begin();
  while (unit + 1 != size_units.end() && (bytes >> (unit + 1)->second) != 0) ++unit;
  return fmt::format("{:.1f} {}", static_cast<double>(bytes) / static_cast<double>(1ULL << unit->second), unit->first);
}

std::string exact_size(std::uint64_t bytes) {
  std::string text = std::to_string(bytes);
  for (const auto& [name, shift] : size_units) {
    if (bytes == 0 || bytes % (1ULL << shift) != 0) break;
    text = fmt::format("{} {}", bytes >> shift, name);
  }
  return text;
}

std::string human_time(double seconds) {
  if (seconds < 10) return fmt::format("{:.2f} s", seconds);
  const auto whole = static_cast<std::uint64_t>(seconds);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{}m{:02}s", whole / 60, whole % 60);
  if (whole < 86'400) return fmt::format("{}h{:02}m", whole / 3600, whole / 60 % 60);
  return fmt::format("{}d{}h", whole / 86'400, whole / 3600 % 24);
}

std::string human_count(std::uint64_t n) {
  std::string text = std::to_string(n);
  for (std::size_t at = text.size(); at > 3;) {
    at -= 3;
    text.insert(at, ",");
  }
  return text;
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::uint64_t n = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (n > (std::numeric_limits<std::uint64_t>::max() - digit) / 10) return std::nullopt;
    n = n * 10 + digit;
  }
  return n;
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  int shift = 0;
  for (const auto& [name, bits] : size_units) {
    if (text.size() > name.size() && text.ends_with(name)) {
      text.remove_suffix(name.size());
      shift = bits;
      break;
    }
  }
  while (text.ends_with(' ')) text.remove_suffix(1);
  const auto n = parse_number(text);
  if (!n || (*n << shift) >> shift != *n) return std::nullopt;
  return *n << shift;
}

std::optional<std::uint64_t> parse_seconds(std::string_view text) {
  std::uint64_t factor = 1;
  if (!text.empty()) {
    constexpr std::array<std::pair<char, std::uint64_t>, 4> units{{{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86'400}}};
    for (const auto& [letter, seconds] : units) {
      if (text.back() != letter) continue;
      factor = seconds;
      text.remove_suffix(1);
      break;
    }
  }
  const auto n = parse_number(text);
  if (!n || *n > std::numeric_limits<std::uint64_t>::max() / factor) return std::nullopt;
  return *n * factor;
}

std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates) {
  const std::string* best = nullptr;
  std::size_t best_distance = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const auto& candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best = &candidate;
      best_distance = distance;
    }
  }
  if (!best) return std::nullopt;
  return *best;
}

std::string table_text(const std::vector<std::string>& heads, const std::vector<std::vector<std::string>>& rows,
                       bool with_heads) {
  std::vector<std::size_t> widths(heads.size(), 0);
  std::vector<bool> right(heads.size(), !rows.empty());
  if (with_heads) for (std::size_t i = 0; i < heads.size(); ++i) widths[i] = columns_of(heads[i]);
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < heads.size(); ++i) {
      widths[i] = std::max(widths[i], columns_of(row[i]));
      if (!numeric(row[i])) right[i] = false;
    }
  }
  std::string out;
  const auto line = [&](const std::vector<std::string>& cells) {
    std::string text;
    for (std::size_t i = 0; i < heads.size(); ++i) {
      const std::string pad(widths[i] - columns_of(cells[i]), ' ');
      text += right[i] ? pad + cells[i] : cells[i] + pad;
      text += "  ";
    }
    text.erase(text.find_last_not_of(' ') + 1);
    out += text + "\n";
  };
  if (with_heads) line(heads);
  for (const auto& row : rows) line(row);
  return out;
}

std::string one_line(std::string_view text, std::size_t columns) {
  std::string out;
  std::size_t used = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0U) != 0x80U && ++used > columns) return out + "...";
    out += byte < 0x20 || byte == 0x7F ? '.' : c;
  }
  return out;
}

std::string url_segment(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '_' || c == '.' || c == '~';
    if (plain) out += c;
    else out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

} // namespace burrow
