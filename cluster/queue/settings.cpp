#include "cluster/queue/settings.hpp"

#include "cluster/base/limits.hpp"

#include <algorithm>

namespace burrow::queue {

setting_range range_of(setting rule) {
  constexpr std::uint64_t any = 999'999'999'999'999'999; // 18 digits, as the JSON of requests may have them
  switch (rule) {
    case setting::default_ttl:
    case setting::max_ttl: return {0, limits::ttl_s_max};
    case setting::default_hide: return {0, limits::hide_s_max};
    case setting::max_body: return {1, limits::body_bytes_max};
    case setting::max_messages:
    case setting::max_bytes:
    case setting::max_claimed: return {0, any};
    case setting::overflow: return {0, 1};
    case setting::durability: return {0, 2};
    case setting::priorities: return {1, limits::priorities_max};
    case setting::dedupe_window: return {0, limits::dedupe_window_s_max};
    case setting::order:
    case setting::require_receipt:
    case setting::pause_insert:
    case setting::pause_take: return {0, 1};
    case setting::zone:
    case setting::labels:
    case setting::dead_letter: break;
  }
  return {};
}

bool is_valid(const dead_letter_rule& x) {
  const bool named = !x.queue.empty() && x.queue.size() <= limits::name_bytes_max &&
                     std::all_of(x.queue.begin(), x.queue.end(), [](unsigned char c) { return c >= 0x20; });
  return named && x.max_claims >= 1 && x.max_claims <= limits::dead_letter_claims_max && x.fallback_ttl_s >= 0 &&
         x.fallback_ttl_s <= limits::ttl_s_max;
}

bool is_valid(const settings& x) {
  bool fine = !x.rules.dead_letter || is_valid(*x.rules.dead_letter);
  each_rule([&](setting which, auto member) {
    const auto& value = x.rules.*member;
    if (!value) return;
    const auto [low, high] = range_of(which);
    const auto n = static_cast<std::uint64_t>(*value);
    fine = fine && n >= low && n <= high;
  });
  for (const auto& [name, value] : x.labels)
    fine = fine && !name.empty() && name.size() <= limits::label_name_bytes_max &&
           value.size() <= limits::label_bytes_max;
  return fine && x.labels.size() <= limits::labels_max && (!x.zone || x.zone->size() <= limits::name_bytes_max);
}

settings after_change(settings from, const settings_change& by) {
  each_rule([&](setting which, auto member) {
    if ((by.named & bit_of(which)) != 0) from.rules.*member = by.values.rules.*member;
  });
  if ((by.named & bit_of(setting::dead_letter)) != 0) from.rules.dead_letter = by.values.rules.dead_letter;
  if ((by.named & bit_of(setting::zone)) != 0) from.zone = by.values.zone;
  if ((by.named & bit_of(setting::labels)) != 0) from.labels.clear();
  for (const auto& name : by.labels_erased) from.labels.erase(name);
  for (const auto& [name, value] : by.values.labels) from.labels.insert_or_assign(name, value);
  return from;
}

} // namespace burrow::queue
