// A strict recogniser of JSON (RFC 8259) that yields byte ranges and builds nothing: what a client stores is spliced
// back as it came, so it must be whole and valid. UTF-8 is checked apart (utf8_is_valid), for all of a text at once.
#pragma once

#include "cluster/base/limits.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace burrow {

[[nodiscard]] bool utf8_is_valid(std::string_view text);

/// A cursor over a text. Every function leaves it behind what it read, and is false at the first offence.
class json_scan {
public:
  explicit json_scan(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  void space();
  /// One value of any kind, without the white space around it. Depth over limits::json_depth_max is refused.
  [[nodiscard]] bool value() { return value(0); }
  /// One string with its quotes.
  [[nodiscard]] bool string();
  /// This character, after white space; white space behind it is skipped too.
  [[nodiscard]] bool take(char c);
  [[nodiscard]] char peek() const { return at_ == end_ ? '\0' : *at_; }
  [[nodiscard]] bool done() const { return at_ == end_; }
  [[nodiscard]] const char* at() const { return at_; }

private:
  [[nodiscard]] bool value(std::size_t depth);
  [[nodiscard]] bool members(std::size_t depth, char close, bool keyed);
  [[nodiscard]] bool escape();
  [[nodiscard]] bool hex4(unsigned& out);
  [[nodiscard]] bool number();
  [[nodiscard]] bool digits();
  [[nodiscard]] bool word(std::string_view text);

  const char* at_;
  const char* end_;
};

/// Whether `text` is one JSON value and nothing else, in UTF-8, without a byte-order mark.
[[nodiscard]] bool json_is_valid(std::string_view text);
/// What a string literal (with quotes) that json_scan accepted says.
[[nodiscard]] std::string json_unquoted(std::string_view literal);
/// A value that json_scan accepted, without the white space between its tokens.
[[nodiscard]] std::string json_compact(std::string_view value);
/// A number that is decimal digits only, at most 18 of them.
[[nodiscard]] std::optional<std::int64_t> json_natural(std::string_view value);

} // namespace burrow
