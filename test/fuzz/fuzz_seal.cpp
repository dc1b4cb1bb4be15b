// Receipts and cursors from clients: none opens that was not sealed here, and paths and queries are decoded safely.
#include "actors/gateway/names.hpp"
#include "actors/gateway/parameters.hpp"
#include "actors/gateway/seal.hpp"
#include "cluster/base/assert.hpp"
#include "cluster/base/limits.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace burrow;
  static const sealer seals{{{1, std::string(32, 'a')}, {7, std::string(32, 'b')}}};
  static const queue_ref queue{"a", "q"};
  const std::string text{reinterpret_cast<const char*>(data), size};
  // A forgery would take 2^128 tries: what opens, the corpus has from us.
  const auto receipt = seals.open_receipt(queue, text);
  if (receipt) BURROW_ASSERT(seals.open_receipt(queue, seals.seal(queue, *receipt)) == receipt);
  const auto cursor = seals.open_cursor(queue, text);
  if (cursor) BURROW_ASSERT(seals.open_cursor(queue, seals.seal(queue, *cursor)) == cursor);
  if (const auto n = seals.open_name("a", text)) BURROW_ASSERT(seals.open_name("a", seals.seal_name("a", *n)) == n);
  BURROW_ASSERT(seals.open_name(text, seals.seal_name(text, "x")).has_value());
  std::string escaped;
  percent_append(escaped, text);
  BURROW_ASSERT(percent_decoded(escaped) == text);
  parameters given;
  if (!read_parameters(text, with_match_meta * 2 - 1, false, given)) {
    BURROW_ASSERT(!given.ttl || (*given.ttl >= 0 && *given.ttl <= limits::ttl_s_max));
    BURROW_ASSERT(!given.limit || *given.limit > 0);
    BURROW_ASSERT(given.wait <= limits::http_wait_max && !(given.marker && given.cursor));
  }
  return 0;
}
