// What a shard keeps of the commands of gateways that may send them again (repeats.hpp), as it is stored: canonical
// keys and values like those of snapshot.hpp.
//
//   0x26 gateway:8                   a gateway: when it was heard, what it has finished with, which replies are kept
//   0x27 gateway:8 entry:8           a page: the replies to its commands in the log entry of that index
//
// A page goes as a whole, when all in it is finished with. The record says the hash that it has in the state, so that
// it need not be read for that.
// A reply is kept without what the repeat says itself (names, a redrive's target) and without messages: of these their
// places, since whoever asks again is shown them as they are then. Bodies and attributes are never kept.
#pragma once

#include "cluster/queue/command.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace burrow::queue {

/// Names a reply that is kept.
struct kept_number {
  std::uint64_t number = 0;
  std::uint32_t step = 0; ///< of a take in several steps, each of which is a command
  auto operator<=>(const kept_number&) const = default;
};

/// What a gateway's record says of a page.
struct kept_page {
  std::uint64_t entry = 0;          ///< the index of the log entry
  std::uint64_t bytes = 0;          ///< of its value
  hash128 hash;                     ///< of its key and value
  std::vector<kept_number> replies; ///< ascending; at least one
  bool operator==(const kept_page&) const = default;

  [[nodiscard]] bool has(const kept_number& which) const;
  [[nodiscard]] bool finished(std::uint64_t below) const;
};

struct gateway_record {
  instant heard;                ///< when its last command was applied
  std::uint64_t below = 0;      ///< numbers below this are finished with, and refused
  std::uint64_t last = 0;       ///< the highest number of which a reply was kept
  std::vector<kept_page> pages; ///< ascending by entry; no reply is in two
  bool operator==(const gateway_record&) const = default;

  [[nodiscard]] std::size_t replies() const;
  [[nodiscard]] std::uint64_t bytes() const;
};

/// A reply as it is kept.
struct kept_reply {
  reply what;                ///< without messages; names are there, but not which
  claim_id claim;            ///< of a take that claimed: only messages that still have it are shown again
  std::vector<place> places; ///< of the messages: of a take all, of a targets_reply one an item, 0 = none
};
/// Encoded replies.
using reply_page = std::map<kept_number, std::string>;

/// What to keep of a reply to this command. Nothing: it need not be kept, since it did nothing and may happen again.
[[nodiscard]] std::optional<kept_reply> to_keep(const command& c, const reply& made);
/// No reply to this command takes more.
[[nodiscard]] std::uint64_t kept_bytes_max(const command& c);

namespace key {
inline constexpr char gateway_family = 0x26, kept_family = 0x27;
[[nodiscard]] std::string gateway(std::uint64_t gateway);
[[nodiscard]] std::string kept(std::uint64_t gateway, std::uint64_t entry);
} // namespace key

[[nodiscard]] std::string encode(const gateway_record& x);
[[nodiscard]] std::string encode(const kept_reply& x);
[[nodiscard]] std::string encode(const reply_page& x);

/// Nothing if these are not bytes that encode() could have made.
[[nodiscard]] std::optional<gateway_record> decode_gateway(std::string_view bytes);
[[nodiscard]] std::optional<kept_reply> decode_kept(std::string_view bytes);
[[nodiscard]] std::optional<reply_page> decode_page(std::string_view bytes);

} // namespace burrow::queue
