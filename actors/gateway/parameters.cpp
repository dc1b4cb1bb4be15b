#include "actors/gateway/parameters.hpp"

#include "actors/gateway/json_scan.hpp"
#include "actors/gateway/names.hpp"
#include "actors/gateway/json_write.hpp"

#include <array>
#include <charconv>
#include <limits>

namespace burrow {
namespace {

struct name_bit {
  std::string_view name;
  std::uint32_t bit;
};
constexpr std::array names = {
  name_bit{"ttl", with_ttl}, name_bit{"hide", with_hide}, name_bit{"limit", with_limit},
  name_bit{"marker", with_marker}, name_bit{"match_hidden", with_match_hidden}, name_bit{"detail", with_detail},
  name_bit{"wait", with_wait}, name_bit{"persistent", with_persistent}, name_bit{"order", with_order},
  name_bit{"priority", with_priority}, name_bit{"cursor", with_cursor}, name_bit{"on_empty", with_on_empty},
  name_bit{"receipt", with_receipt}, name_bit{"prefix", with_prefix}, name_bit{"include_empty", with_include_empty},
  name_bit{"match_meta", with_match_meta},
};

std::uint32_t bit_of(std::string_view name) {
  for (const auto& n : names) {
    if (n.name == name) return n.bit;
  }
  return 0;
}

template <class Number, class Target>
bool set_number(std::string_view text, Number high, Target& out) {
  const auto x = whole_number(text, 0, high);
  if (!x) return false;
  out = static_cast<Number>(*x);
  return true;
}

bool set_limit(std::string_view text, std::optional<std::uint64_t>& out) {
  // More than a number holds is still a number: all.
  while (text.size() > 1 && text.front() == '0') text.remove_prefix(1);
  if (text.find_first_not_of("0123456789") != std::string_view::npos) return false;
  if (text.size() > 18) return out = std::numeric_limits<std::int64_t>::max(), true;
  const auto x = whole_number(text, 1, std::numeric_limits<std::int64_t>::max());
  if (!x) return false;
  out = static_cast<std::uint64_t>(*x);
  return true;
}

bool set_wait(std::string_view text, duration& out) {
  std::optional<std::uint64_t> seconds;
  if (text == "0") return out = duration{0}, true;
  if (!set_limit(text, seconds) && !whole_number(text, 0, 0)) return false;
  constexpr std::uint64_t most = std::chrono::duration_cast<std::chrono::seconds>(limits::http_wait_max).count();
  out = std::chrono::seconds{static_cast<std::int64_t>(std::min(seconds.value_or(0), most))};
  return true;
}

template <class Target>
bool set_bool(std::string_view text, Target& out) {
  if (text != "true" && text != "false") return false;
  out = text == "true";
  return true;
}

bool set_detail(std::string_view text, std::uint32_t known, std::optional<detail_level>& out) {
  constexpr std::array<std::string_view, 6> levels = {"none", "id", "attributes", "body", "all", "full"};
  for (std::size_t i = 0; i < levels.size(); ++i) {
    if (levels[i] != text) continue;
    out = static_cast<detail_level>(i);
    if ((known & settings_only) != 0) return *out == detail_level::all || *out == detail_level::full;
    return (known & names_only) == 0 || *out != detail_level::body;
  }
  return false;
}

bool set_meta(std::string_view text, std::vector<std::pair<std::string, std::string>>& out) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0 || out.size() == limits::meta_count_max) return false;
  out.emplace_back(text.substr(0, colon), text.substr(colon + 1));
  return true;
}

bool set(std::uint32_t bit, std::string& value, std::uint32_t known, parameters& out) {
  switch (bit) {
    case with_ttl: return set_number(value, limits::ttl_s_max, out.ttl);
    case with_hide: return set_number(value, limits::hide_s_max, out.hide);
    case with_limit: return set_limit(value, out.limit);
    case with_marker: out.marker = std::move(value); return true;
    case with_match_hidden: out.match_hidden = equal_ignoring_case(value, "true"); return true;
    case with_detail: return set_detail(value, known, out.detail);
    case with_wait: return set_wait(value, out.wait);
    case with_persistent: return set_bool(value, out.persistent);
    case with_order: out.lifo = value == "lifo"; return value == "lifo" || value == "fifo";
    case with_priority: return set_number(value, std::uint8_t{9}, out.priority);
    case with_cursor: out.cursor = std::move(value); return true;
    case with_on_empty: out.empty_is_ok = value == "200"; return value == "200" || value == "404";
    case with_receipt: out.receipt = std::move(value); return true;
    case with_prefix: out.prefix = std::move(value); return true;
    case with_include_empty: return set_bool(value, out.include_empty);
    default: return set_meta(value, out.match_meta);
  }
}

problem refused(std::string_view name, std::string_view why) {
  problem p{problem_type::invalid_parameter, {}, {}};
  const std::string shown{utf8_is_valid(name) ? name.substr(0, 64) : "?"};
  p.detail = "Parameter " + (utf8_is_valid(shown) ? shown : "?") + " " + std::string{why};
  p.members = ", \"parameter\": ";
  json_string(p.members, utf8_is_valid(shown) ? shown : "?");
  return p;
}

} // namespace

std::optional<std::int64_t> whole_number(std::string_view text, std::int64_t low, std::int64_t high) {
  std::int64_t x = 0;
  if (text.empty() || text.front() == '-') return std::nullopt;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), x);
  if (code != std::errc{} || end != text.data() + text.size() || x < low || x > high) return std::nullopt;
  return x;
}

std::optional<problem> read_parameters(std::string_view query, std::uint32_t known, bool strict, parameters& out) {
  while (!query.empty()) {
    const auto end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(end == std::string_view::npos ? query.size() : end + 1);
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    const auto name = percent_decoded(pair.substr(0, equals), true);
    auto value = percent_decoded(equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1), true);
    if (!name) return refused("?", "is not percent-encoded as it should be.");
    const auto bit = bit_of(*name);
    if (bit == 0 && strict) return refused(*name, "is not known.");
    if ((bit & known) == 0) continue;
    if (!value || !set(bit, *value, known, out)) return refused(*name, "has a value that is not allowed.");
  }
  if (out.cursor && out.marker) return refused("cursor", "and marker do not go together.");
  return std::nullopt;
}

} // namespace burrow
