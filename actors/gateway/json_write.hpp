// Appends JSON to a string. Knows no structure: commas and braces are the caller's, so that nothing is buffered twice.
#pragma once

#include "cluster/base/time.hpp"

#include <charconv>
#include <string>
#include <string_view>
#include <type_traits>

namespace burrow {

/// A string literal; `text` must be valid UTF-8 (utf8_is_valid).
void json_string(std::string& out, std::string_view text);
/// null for an empty text.
void json_string_or_null(std::string& out, std::string_view text);
/// UTC with milliseconds, as a string literal; null for no_instant.
void json_time(std::string& out, instant t);

/// With one to three digits behind the point, so that one message in a minute is not nothing.
void append_rate(std::string& out, double x);

template <class Number>
  requires std::is_integral_v<Number>
void append_number(std::string& out, Number x) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, x);
  out.append(digits, end.ptr);
}

} // namespace burrow
