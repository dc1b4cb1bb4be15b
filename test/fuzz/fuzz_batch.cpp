// The envelopes of ~messages and ~ack: whatever is taken was JSON, keeps its bounds, and can be written down.
#include "actors/gateway/batch_json.hpp"
#include "actors/gateway/json_scan.hpp"
#include "actors/gateway/names.hpp"
#include "cluster/base/assert.hpp"
#include "cluster/base/limits.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace burrow;
  const std::string text{reinterpret_cast<const char*>(data), size};
  auto messages = read_message_batch(text);
  if (const auto* batch = std::get_if<message_batch>(&messages)) {
    BURROW_ASSERT(json_is_valid(text));
    BURROW_ASSERT(!batch->entries.empty() && batch->entries.size() <= limits::batch_entries_max);
    for (const auto& entry : batch->entries) {
      if (entry.refused) continue;
      BURROW_ASSERT(entry.id.empty() || name_problem(entry.id).empty());
      BURROW_ASSERT(is_content_type(entry.attributes.content_type));
      BURROW_ASSERT(entry.attributes.meta.size() <= limits::meta_count_max);
      BURROW_ASSERT(entry.ttl.value_or(0) >= 0 && entry.ttl.value_or(0) <= limits::ttl_s_max);
      if (entry.attributes.content_type == "application/json") BURROW_ASSERT(!entry.body.empty() || text.size() > 0);
    }
  }
  auto receipts = read_receipt_batch(text);
  if (const auto* batch = std::get_if<receipt_batch>(&receipts)) {
    BURROW_ASSERT(json_is_valid(text) && batch->entries.size() <= limits::batch_entries_max);
  }
  return 0;
}
