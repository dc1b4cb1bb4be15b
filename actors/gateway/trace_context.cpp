#include "actors/gateway/trace_context.hpp"

#include "cluster/base/limits.hpp"

#include <algorithm>
#include <array>

namespace burrow {
namespace {

constexpr std::size_t traceparent_bytes = 55, traceparent_bytes_max = 128, members_max = 32;
constexpr std::size_t key_bytes_max = 256, tenant_bytes_max = 241, system_bytes_max = 14, value_bytes_max = 256;

bool is_lower_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_key_char(char c) { return is_lower(c) || is_digit(c) || c == '_' || c == '-' || c == '*' || c == '/'; }

bool is_key_part(std::string_view text, std::size_t most, bool digit_first) {
  return !text.empty() && text.size() <= most && (is_lower(text[0]) || (digit_first && is_digit(text[0]))) &&
         std::all_of(text.begin(), text.end(), is_key_char);
}

/// `key`, or `tenant@system`.
bool is_key(std::string_view text) {
  const auto at = text.find('@');
  if (at == std::string_view::npos) return is_key_part(text, key_bytes_max, false);
  return is_key_part(text.substr(0, at), tenant_bytes_max, true) &&
         is_key_part(text.substr(at + 1), system_bytes_max, false);
}

bool is_value(std::string_view text) {
  return !text.empty() && text.size() <= value_bytes_max && text.back() != ' ' &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~' && c != ',' && c != '='; });
}

std::string_view without_space(std::string_view text) {
  constexpr std::string_view space = " \t";
  const auto from = text.find_first_not_of(space);
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(space) - from + 1);
}

} // namespace

bool is_traceparent(std::string_view text) {
  if (text.size() < traceparent_bytes || text.size() > traceparent_bytes_max || text.starts_with("ff")) return false;
  // Version 00 ends here; a later one may go on behind one more dash.
  if (text.size() > traceparent_bytes && (text[traceparent_bytes] != '-' || text.starts_with("00"))) return false;
  for (std::size_t i = 0; i < traceparent_bytes; ++i) {
    const bool dash = i == 2 || i == 35 || i == 52;
    if (dash ? text[i] != '-' : !is_lower_hex(text[i])) return false;
  }
  const auto rest = text.substr(traceparent_bytes);
  return text.substr(3, 32).find_first_not_of('0') != std::string_view::npos &&
         text.substr(36, 16).find_first_not_of('0') != std::string_view::npos &&
         std::all_of(rest.begin(), rest.end(), [](char c) { return c > ' ' && c <= '~'; });
}

bool is_tracestate(std::string_view text) {
  if (text.size() > limits::tracestate_bytes_max) return false;
  std::array<std::string_view, members_max> keys;
  std::size_t members = 0;
  while (!text.empty()) {
    const auto member = without_space(text.substr(0, text.find(',')));
    text.remove_prefix(std::min(text.size(), text.substr(0, text.find(',')).size() + 1));
    if (member.empty()) continue; // an empty one is allowed, and says nothing
    const auto equals = member.find('=');
    if (equals == std::string_view::npos || members == members_max) return false;
    const auto key = member.substr(0, equals);
    const auto end = keys.begin() + static_cast<std::ptrdiff_t>(members);
    if (!is_key(key) || !is_value(member.substr(equals + 1)) || std::find(keys.begin(), end, key) != end) return false;
    keys[members++] = key;
  }
  return members > 0;
}

void keep_trace(queue::message_attributes& to, std::string_view traceparent, std::string_view tracestate) {
  if (!is_traceparent(traceparent)) return;
  to.traceparent = traceparent;
  if (is_tracestate(tracestate)) to.tracestate = tracestate;
}

void keep_trace(queue::message_attributes& to, const http_request& from) {
  std::string_view parent;
  std::string state;
  for (const auto& [name, value] : from.fields) {
    if (equal_ignoring_case(name, "traceparent")) {
      if (!parent.empty()) return;
      parent = value;
    } else if (equal_ignoring_case(name, "tracestate") && state.size() <= limits::tracestate_bytes_max) {
      if (!state.empty()) state += ',';
      state += value;
    }
  }
  keep_trace(to, parent, state);
}

} // namespace burrow
