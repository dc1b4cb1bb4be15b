// Query parameters of the native contract (section 3): values checked, ranges enforced, defaults left to the operation.
#pragma once

#include "actors/gateway/problem.hpp"
#include "cluster/base/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace burrow {

enum class detail_level : std::uint8_t { none, id, attributes, body, all, full };

/// Parameters that an operation knows; others are ignored. Bits of a set.
enum parameter_name : std::uint32_t {
  with_ttl = 1, with_hide = 2, with_limit = 4, with_marker = 8, with_match_hidden = 16, with_detail = 32,
  with_wait = 64, with_persistent = 128, with_order = 256, with_priority = 512, with_cursor = 1024,
  with_on_empty = 2048, with_receipt = 4096, with_prefix = 8192, with_include_empty = 16384, with_match_meta = 32768,
  /// `detail` is that of accounts and queues: `body` is none of theirs.
  names_only = 65536,
  /// `detail` is that of settings: `all` or `full`.
  settings_only = 131072,
};

struct parameters {
  std::optional<std::int64_t> ttl, hide; ///< seconds
  std::optional<std::uint64_t> limit;
  std::optional<std::string> marker, cursor, receipt;
  std::string prefix;
  bool match_hidden = false;
  std::optional<detail_level> detail;
  duration wait{0};
  std::optional<bool> persistent;
  std::optional<bool> lifo;
  std::uint8_t priority = 0;
  bool empty_is_ok = false; ///< on_empty=200
  bool include_empty = false;
  std::vector<std::pair<std::string, std::string>> match_meta;
};

/// Reads the query into `out`. `strict`: a name that section 3 does not list is refused.
[[nodiscard]] std::optional<problem> read_parameters(std::string_view query, std::uint32_t known, bool strict,
                                                     parameters& out);
/// Decimal digits only, within the range.
[[nodiscard]] std::optional<std::int64_t> whole_number(std::string_view text, std::int64_t low, std::int64_t high);

} // namespace burrow
