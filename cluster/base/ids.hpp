// Strong types for what Burrow numbers and names. A wrong mixture does not compile.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace burrow {

/// A number of one kind. Comparable with its own kind only; `value` is open on purpose.
template <class Tag, class Rep>
struct strong {
  Rep value{};
  auto operator<=>(const strong&) const = default;
};

using shard_id = strong<struct shard_tag, std::uint16_t>;        ///< 0 is the metadata shard
using node_id = strong<struct node_tag, std::uint64_t>;          ///< drawn when a node is made
using replica_id = strong<struct replica_tag, std::uint64_t>;    ///< never used twice
using term = strong<struct term_tag, std::uint64_t>;             ///< Raft §5.1
using log_index = strong<struct log_index_tag, std::uint64_t>;   ///< 1-based, 0 = none
using generation = strong<struct generation_tag, std::uint32_t>; ///< which copy of the state is valid
using start_number = strong<struct start_tag, std::uint64_t>;    ///< lives of one replica actor
using queue_number = strong<struct queue_number_tag, std::uint64_t>; ///< a queue inside its shard, never reused
using place = strong<struct place_tag, std::uint64_t>;           ///< position in a queue, ascending from 1
using claim_id = strong<struct claim_tag, std::uint64_t>;        ///< unique in its shard

using tenant_id = std::string; ///< 1 to 255 bytes, no byte below 0x20
using zone_id = std::string;

/// Names a queue everywhere: owner and name, both as the client wrote them after percent-decoding.
struct queue_ref {
  tenant_id tenant;
  std::string queue;
  auto operator<=>(const queue_ref&) const = default;
};

/// 128 bits: 48 ms of shard time, 16 shard, 64 ascending in the shard. Decided by apply, never
/// changes, moves included. Byte order of text26() is the order of creation inside a shard.
struct message_id {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  auto operator<=>(const message_id&) const = default;

  static message_id make(std::int64_t ms, shard_id shard, std::uint64_t number) {
    return {(static_cast<std::uint64_t>(ms) << 16) | shard.value, number};
  }
  /// 26 characters of base 32 as in ULIDs, in lower case (contract section 9.1).
  [[nodiscard]] std::string text26() const;
  /// The inverse; nothing if `text` is not exactly 26 characters that text26() could have made.
  static std::optional<message_id> parse26(std::string_view text);
};

/// xxh3-128 of some bytes.
struct hash128 {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  auto operator<=>(const hash128&) const = default;
};

/// Hash of bytes, stable for ever (pinned by test vectors): part of the disk format.
[[nodiscard]] hash128 hash_of(std::string_view bytes);
/// Hash of key ‖ value with the key's length mixed in first, so that no two pairs share it by shifting bytes.
[[nodiscard]] hash128 hash_of(std::string_view key, std::string_view value);

/// Sums modulo 2^128 (state hash, replication.md section 10).
constexpr hash128 operator+(hash128 a, hash128 b) {
  const std::uint64_t low = a.low + b.low;
  return {a.high + b.high + (low < a.low ? 1U : 0U), low};
}
constexpr hash128 operator-(hash128 a, hash128 b) {
  const std::uint64_t low = a.low - b.low;
  return {a.high - b.high - (a.low < b.low ? 1U : 0U), low};
}

} // namespace burrow

template <class Tag, class Rep>
struct std::hash<burrow::strong<Tag, Rep>> {
  std::size_t operator()(const burrow::strong<Tag, Rep>& x) const noexcept { return std::hash<Rep>{}(x.value); }
};

template <>
struct std::hash<burrow::queue_ref> {
  std::size_t operator()(const burrow::queue_ref& x) const noexcept {
    const auto h = burrow::hash_of(x.tenant, x.queue);
    return static_cast<std::size_t>(h.low ^ h.high);
  }
};
