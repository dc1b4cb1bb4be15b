// Settings as JSON: whatever is taken was JSON and keeps its bounds, and what is then in force is read back the same.
#include "actors/gateway/json_scan.hpp"
#include "actors/gateway/settings_json.hpp"
#include "cluster/base/assert.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace burrow;
  const std::string text{reinterpret_cast<const char*>(data), size};
  auto patch = read_settings(text, true);
  auto read = read_settings(text, false);
  // Whatever PUT takes PATCH takes, too, and whole; it alone may give a rule in part.
  const auto* merged = std::get_if<settings_read>(&patch);
  const auto* put = std::get_if<settings_read>(&read);
  BURROW_ASSERT(put == nullptr || (merged != nullptr && put->rule_kept == 0));
  if (merged != nullptr && merged->rule_kept != 0) BURROW_ASSERT(merged->change.values.rules.dead_letter.has_value());
  if (put == nullptr) return 0;
  const auto* change = &put->change;
  BURROW_ASSERT(json_is_valid(text));
  BURROW_ASSERT(queue::is_valid(change->values) && change->labels_erased.size() <= limits::labels_max);
  const auto now = queue::after_change({}, *change);
  std::string shown;
  queue::defaults server;
  server.body_bytes_max = 1;
  settings_json(shown, now, server, false);
  BURROW_ASSERT(json_is_valid(shown));
  auto again = read_settings(shown, false);
  const auto* same = std::get_if<settings_read>(&again);
  BURROW_ASSERT(same != nullptr && same->change.values.labels == now.labels && same->change.values.zone == now.zone &&
                same->change.values.rules.dead_letter == now.rules.dead_letter);
  return 0;
}
