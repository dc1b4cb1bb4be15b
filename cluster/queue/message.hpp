// A message as the queue machine keeps it: everything but the body, which it only refers to.
#pragma once

#include "cluster/base/bytes.hpp"
#include "cluster/base/ids.hpp"
#include "cluster/base/time.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace burrow::queue {

/// Where a body lies (storage/keys.hpp, family body) and what it must hash to. An empty body is stored like any other.
struct body_ref {
  log_index index;
  std::uint32_t n = 0;
  std::uint32_t size = 0;
  hash128 hash;
  bool operator==(const body_ref&) const = default;
};

/// Where a dead letter came from (contract section 12).
struct dead_letter_origin {
  std::string queue;
  shard_id shard; ///< on which that queue lies
  std::string id; ///< what the message showed as its id there
  std::string reason;
  std::uint32_t claims = 0;
  instant at;
  std::uint8_t hops = 0; ///< dead-lettered so often since it was inserted or redriven
  bool operator==(const dead_letter_origin&) const = default;
};

/// What an insert says of a message besides its body; kept unchanged until it is replaced.
struct message_attributes {
  std::string content_type; ///< empty = application/octet-stream
  std::map<std::string, std::string> meta;
  std::uint8_t priority = 0; ///< 9 is taken first
  std::string group;         ///< empty = none
  std::string sender;        ///< who posted it, for show; empty = nobody named
  std::string producer;      ///< dedupe identity; empty = none
  std::string traceparent, tracestate;
  std::optional<bool> persistent; ///< what the insert asked for
  bool operator==(const message_attributes&) const = default;
};

/// What an ETag stands for: a message that was put again after it was deleted has another place, and must not pass for
/// the one that was there. (Multiplied by 2^64 over the golden ratio, places that are d apart stay at least
/// 2^64 / (2.3 d) apart, which is more than anybody raises a revision.)
[[nodiscard]] constexpr std::uint64_t version_of(burrow::place at, std::uint64_t revision) {
  return at.value * 0x9E3779B97F4A7C15ULL + revision;
}

struct message {
  message_id id;
  burrow::place place; ///< its position; shard-wide ascending, kept when replaced
  std::string name;    ///< the client's own id; empty = none
  body_ref body;
  message_attributes attributes;
  instant created;     ///< insert or last replacement
  instant expires;     ///< no_instant = never
  instant hidden_until;///< visible at or after this; no_instant = visible
  claim_id claim;      ///< last claim that hid it; 0 = none since insert, replace, release. The receipt names it.
  bool claimed = false;///< hidden by a claim (counts as claimed), else by a delay (counts as delayed)
  std::uint32_t claims = 0;
  std::uint32_t claims_total = 0;
  std::uint64_t revision = 1; ///< raised by PUT, POST and claims
  bool in_ttl_order = false;  ///< expires in the order of places, so the queue's one deadline serves it (sweep.hpp)
  std::optional<dead_letter_origin> dead_letter;
  bool operator==(const message&) const = default;

  [[nodiscard]] bool is_gone(instant now) const { return expires != no_instant && expires <= now; }
  [[nodiscard]] bool is_visible(instant now) const { return !is_gone(now) && hidden_until <= now; }
  [[nodiscard]] std::uint64_t version() const { return version_of(place, revision); }
  /// What this API calls its id: the name, or the 26 characters.
  [[nodiscard]] std::string shown_id() const { return name.empty() ? id.text26() : name; }
};

} // namespace burrow::queue
