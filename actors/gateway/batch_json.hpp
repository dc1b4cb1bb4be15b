// The envelopes of ~messages, ~ack and ~extend (contract section 9). Bodies are found by range, so the text is scanned
// once. Duplicate members: the last one wins, as in the query. Unknown members are checked to be JSON, and ignored.
#pragma once

#include "actors/gateway/problem.hpp"
#include "cluster/base/bytes.hpp"
#include "cluster/queue/message.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace burrow {

struct batch_message {
  std::string id; ///< empty = none
  std::string body;
  std::optional<std::int64_t> ttl, hide; ///< seconds, within their ranges
  queue::message_attributes attributes;
  bool has_priority = false;
  std::uint64_t sequence = 0; ///< of the producer; 0 = none
  std::optional<problem_type> refused; ///< this entry alone is bad
};
struct message_batch {
  std::vector<batch_message> entries;
  bool atomic = false;
};
/// Errors of the envelope as a whole: invalid_json, batch_too_large.
[[nodiscard]] std::variant<message_batch, problem> read_message_batch(std::string_view text);

struct receipt_entry {
  std::string id;
  std::optional<std::string> receipt;
};
struct receipt_batch {
  std::vector<receipt_entry> entries;
  std::optional<std::int64_t> hide;
};
[[nodiscard]] std::variant<receipt_batch, problem> read_receipt_batch(std::string_view text);

/// Whether a content type may be stored and given back in a header field.
[[nodiscard]] bool is_content_type(std::string_view text);
/// Adds to the meta of a message. False: a bound or rule of section 5.4 is broken.
[[nodiscard]] bool add_meta(queue::message_attributes& to, std::string_view name, std::string value);

} // namespace burrow
