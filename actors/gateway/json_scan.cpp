#include "actors/gateway/json_scan.hpp"

#include <simdjson.h>

#include <cstdint>
#include <cstring>

namespace burrow {
namespace {

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Whether one of eight bytes is a quote, a backslash or below 0x20 (the well-known zero-byte trick, twice).
bool has_special(std::uint64_t x) {
  constexpr std::uint64_t ones = 0x0101010101010101ULL, highs = 0x8080808080808080ULL;
  const auto zero = [&](std::uint64_t v) { return (v - ones) & ~v & highs; };
  return (zero(x ^ (ones * '"')) | zero(x ^ (ones * '\\')) | ((x - ones * 0x20) & ~x & highs)) != 0;
}

void append_utf8(std::string& out, std::uint32_t c) {
  const auto put = [&](std::uint32_t b) { out.push_back(static_cast<char>(b)); };
  if (c < 0x80) return put(c);
  if (c < 0x800) {
    put(0xC0 | c >> 6);
  } else if (c < 0x10000) {
    put(0xE0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3F));
  } else {
    put(0xF0 | c >> 18);
    put(0x80 | (c >> 12 & 0x3F));
    put(0x80 | (c >> 6 & 0x3F));
  }
  put(0x80 | (c & 0x3F));
}

std::uint32_t hex_at(const char* p) {
  std::uint32_t x = 0;
  for (int i = 0; i < 4; ++i) {
    const int digit = is_digit(p[i]) ? p[i] - '0' : (p[i] | 32) - 'a' + 10;
    x = x << 4 | static_cast<std::uint32_t>(digit);
  }
  return x;
}

} // namespace

bool utf8_is_valid(std::string_view text) { return simdjson::validate_utf8(text.data(), text.size()); }

void json_scan::space() {
  while (at_ != end_ && is_space(*at_)) ++at_;
}

bool json_scan::take(char c) {
  space();
  if (at_ == end_ || *at_ != c) return false;
  ++at_;
  space();
  return true;
}

bool json_scan::value(std::size_t depth) {
  switch (peek()) {
    case '"': return string();
    case '{': return members(depth, '}', true);
    case '[': return members(depth, ']', false);
    case 't': return word("true");
    case 'f': return word("false");
    case 'n': return word("null");
    default: return number();
  }
}

bool json_scan::members(std::size_t depth, char close, bool keyed) {
  if (depth >= limits::json_depth_max) return false;
  ++at_;
  space();
  if (peek() == close) return ++at_, true;
  for (;;) {
    if (keyed && !(string() && take(':'))) return false;
    if (!value(depth + 1)) return false;
    space();
    const char c = peek();
    if (at_ == end_) return false;
    ++at_;
    if (c == close) return true;
    if (c != ',') return false;
    space();
  }
}

bool json_scan::string() {
  if (peek() != '"') return false;
  ++at_;
  for (;;) {
    std::uint64_t eight = 0;
    while (end_ - at_ >= 8) {
      std::memcpy(&eight, at_, 8);
      if (has_special(eight)) break;
      at_ += 8;
    }
    if (at_ == end_) return false;
    const auto c = static_cast<unsigned char>(*at_++);
    if (c == '"') return true;
    if (c < 0x20) return false;
    if (c == '\\' && !escape()) return false;
  }
}

bool json_scan::escape() {
  if (at_ == end_) return false;
  const char c = *at_++;
  if (c != 'u') return c != '\0' && std::strchr("\"\\/bfnrt", c) != nullptr;
  unsigned first = 0, second = 0;
  if (!hex4(first)) return false;
  if (first < 0xD800 || first > 0xDFFF) return true;
  if (first > 0xDBFF || end_ - at_ < 6 || at_[0] != '\\' || at_[1] != 'u') return false;
  at_ += 2;
  return hex4(second) && second >= 0xDC00 && second <= 0xDFFF;
}

bool json_scan::hex4(unsigned& out) {
  if (end_ - at_ < 4) return false;
  for (int i = 0; i < 4; ++i) {
    const char c = at_[i];
    if (!is_digit(c) && !((c | 32) >= 'a' && (c | 32) <= 'f')) return false;
  }
  out = hex_at(at_);
  at_ += 4;
  return true;
}

bool json_scan::digits() {
  if (!is_digit(peek())) return false;
  while (is_digit(peek())) ++at_;
  return true;
}

bool json_scan::number() {
  if (peek() == '-') ++at_;
  if (peek() == '0') ++at_;
  else if (!digits()) return false;
  if (peek() == '.') {
    ++at_;
    if (!digits()) return false;
  }
  if (peek() == 'e' || peek() == 'E') {
    ++at_;
    if (peek() == '+' || peek() == '-') ++at_;
    if (!digits()) return false;
  }
  return true;
}

bool json_scan::word(std::string_view text) {
  if (std::string_view{at_, static_cast<std::size_t>(end_ - at_)}.substr(0, text.size()) != text) return false;
  at_ += text.size();
  return true;
}

bool json_is_valid(std::string_view text) {
  json_scan scan{text};
  scan.space();
  if (!scan.value()) return false;
  scan.space();
  return scan.done() && utf8_is_valid(text);
}

std::string json_unquoted(std::string_view literal) {
  std::string out;
  literal = literal.substr(1, literal.size() - 2);
  out.reserve(literal.size());
  while (!literal.empty()) {
    const auto run = std::min(literal.find('\\'), literal.size());
    out.append(literal.substr(0, run));
    literal.remove_prefix(run);
    if (literal.empty()) break;
    const char c = literal[1];
    std::size_t used = 2;
    if (c == 'u') {
      std::uint32_t code = hex_at(literal.data() + 2);
      used = 6;
      if (code >= 0xD800 && code <= 0xDBFF) {
        code = 0x10000 + ((code - 0xD800) << 10) + (hex_at(literal.data() + 8) - 0xDC00);
        used = 12;
      }
      append_utf8(out, code);
    } else {
      constexpr std::string_view names = "bfnrt", means = "\b\f\n\r\t";
      const auto at = names.find(c);
      out.push_back(at == std::string_view::npos ? c : means[at]);
    }
    literal.remove_prefix(used);
  }
  return out;
}

std::string json_compact(std::string_view value) {
  std::string out;
  out.reserve(value.size());
  bool inside = false;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    if (!inside && is_space(c)) continue;
    out.push_back(c);
    if (c == '"') inside = !inside;
    if (inside && c == '\\') out.push_back(value[++i]);
  }
  return out;
}

std::optional<std::int64_t> json_natural(std::string_view value) {
  if (value.empty() || value.size() > 18) return std::nullopt;
  std::int64_t x = 0;
  for (const char c : value) {
    if (!is_digit(c)) return std::nullopt;
    x = x * 10 + (c - '0');
  }
  return x;
}

} // namespace burrow
