// How a message is shown by the native API (section 4.2 and 4.3). Appends to the answer; builds nothing between.
#pragma once

#include "actors/gateway/parameters.hpp"
#include "actors/gateway/seal.hpp"
#include "cluster/queue/message.hpp"

namespace burrow {

/// What all messages of one answer share.
struct message_view {
  const queue_ref* queue = nullptr;
  const sealer* seals = nullptr;
  instant now;
  bool with_receipts = false;
  bool lifo = false;
  bool by_priority = false;
};

void message_json(std::string& out, const message_view& how, detail_level detail, const queue::message& what,
                  std::string_view body);
/// A cursor behind a message. It holds a priority only in the order of a take that goes by it.
[[nodiscard]] place_cursor cursor_at(place at, bool lifo, bool by_priority, std::uint8_t priority);
[[nodiscard]] std::string etag_of(std::uint64_t version);
/// As it was stored, or what stands for nothing.
[[nodiscard]] std::string_view content_type_of(const queue::message& what);

} // namespace burrow
