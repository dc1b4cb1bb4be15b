// Settings as JSON: whatever is taken was JSON and keeps its bounds, and what is then in force is read back the same.
#include "actors/gateway/json_scan.hpp"
#include "actors/gateway/settings_json.hpp"
#include "cluster/base/assert.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace burrow;
  const std::string text{reinterpret_cast<const char*>(data), size};
  auto read = read_settings(text);
  const auto* change = std::get_if<queue::settings_change>(&read);
  if (change == nullptr) return 0;
  BURROW_ASSERT(json_is_valid(text));
  BURROW_ASSERT(queue::is_valid(change->values) && change->labels_erased.size() <= limits::labels_max);
  const auto now = queue::after_change({}, *change);
  std::string shown;
  queue::defaults server;
  server.body_bytes_max = 1;
  settings_json(shown, now, server, false);
  BURROW_ASSERT(json_is_valid(shown));
  auto again = read_settings(shown);
  const auto* same = std::get_if<queue::settings_change>(&again);
  BURROW_ASSERT(same != nullptr && same->values.labels == now.labels && same->values.zone == now.zone);
  return 0;
}
