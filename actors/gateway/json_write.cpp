#include "actors/gateway/json_write.hpp"

#include <cmath>
#include <cstring>

namespace burrow {
namespace {

void padded(std::string& out, std::int64_t x, int width) {
  std::string digits = std::to_string(x);
  for (int i = static_cast<int>(digits.size()); i < width; ++i) out.push_back('0');
  out += digits;
}

/// Eight bytes none of which is below 0x20, a quote or a backslash (see json_scan.cpp).
bool are_plain(const char* p) {
  constexpr std::uint64_t ones = 0x0101010101010101ULL, highs = 0x8080808080808080ULL;
  std::uint64_t x = 0;
  std::memcpy(&x, p, 8);
  const auto zero = [&](std::uint64_t v) { return (v - ones) & ~v & highs; };
  return (zero(x ^ (ones * '"')) | zero(x ^ (ones * '\\')) | ((x - ones * 0x20) & ~x & highs)) == 0;
}

bool is_plain(char c) { return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\'; }

void escaped(std::string& out, char c) {
  constexpr std::string_view special = "\"\\\b\f\n\r\t", shown = "\"\\bfnrt", hex = "0123456789abcdef";
  const auto at = special.find(c);
  out.push_back('\\');
  if (at != std::string_view::npos) return out.push_back(shown[at]);
  out += "u00";
  out.push_back(hex[static_cast<unsigned char>(c) >> 4]);
  out.push_back(hex[c & 15]);
}

} // namespace

void json_string(std::string& out, std::string_view text) {
  out.push_back('"');
  std::size_t from = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    while (i + 8 < text.size() && are_plain(text.data() + i)) i += 8;
    if (is_plain(text[i])) continue;
    out.append(text.substr(from, i - from));
    escaped(out, text[i]);
    from = i + 1;
  }
  out.append(text.substr(from));
  out.push_back('"');
}

void json_string_or_null(std::string& out, std::string_view text) {
  if (text.empty()) out += "null";
  else json_string(out, text);
}

void append_rate(std::string& out, double x) {
  const auto thousandths = std::llround(x * 1000);
  append_number(out, thousandths / 1000);
  out.push_back('.');
  auto rest = thousandths % 1000;
  for (auto digit = 100; digit > 0 && (rest > 0 || digit == 100); rest %= digit, digit /= 10)
    append_number(out, rest / digit);
}

void json_time(std::string& out, instant t) {
  if (t == no_instant) {
    out += "null";
    return;
  }
  using namespace std::chrono;
  const sys_time<milliseconds> point{milliseconds{t.ms}};
  const auto day = floor<days>(point);
  const year_month_day date{day};
  const hh_mm_ss<milliseconds> clock{point - day};
  out.push_back('"');
  padded(out, static_cast<int>(date.year()), 4);
  out.push_back('-');
  padded(out, static_cast<unsigned>(date.month()), 2);
  out.push_back('-');
  padded(out, static_cast<unsigned>(date.day()), 2);
  out.push_back('T');
  padded(out, clock.hours().count(), 2);
  out.push_back(':');
  padded(out, clock.minutes().count(), 2);
  out.push_back(':');
  padded(out, clock.seconds().count(), 2);
  out.push_back('.');
  padded(out, clock.subseconds().count(), 3);
  out += "Z\"";
}

} // namespace burrow
