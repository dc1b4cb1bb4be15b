// What a queue's owner may set (contract section 11): the values, each either set or not, and how a change of them is
// put together. Whoever asks for a value that nobody set takes the default of the dialect that inserts, so no default
// stands here.
#pragma once

#include "cluster/queue/moves.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace burrow::queue {

enum class overflow_rule : std::uint8_t { reject = 0, drop_oldest = 1 };
/// The least that an answer waits for. All are served as `quorum` (ARCHITECTURE.md section 6, rule 3).
enum class durability_level : std::uint8_t { memory = 0, local = 1, quorum = 2 };

/// The members by number. Part of the disk format: never renumber.
enum class setting : std::uint8_t {
  default_ttl = 0, default_hide = 1, max_ttl = 2, max_body = 3, max_messages = 4, max_bytes = 5, max_claimed = 6,
  overflow = 7, durability = 8, order = 9, priorities = 10, require_receipt = 11, dedupe_window = 12,
  pause_insert = 13, pause_take = 14, zone = 15, labels = 16, dead_letter = 17,
};
[[nodiscard]] constexpr std::uint32_t bit_of(setting s) { return std::uint32_t{1} << static_cast<unsigned>(s); }

/// Those that requests on messages go by. Kept in the queue's record, so that they cost no read of their own.
struct queue_rules {
  std::optional<std::uint32_t> default_ttl_s, default_hide_s, max_ttl_s; ///< 0: never, visible, no bound
  std::optional<std::uint32_t> max_body, dedupe_window_s;
  std::optional<std::uint64_t> max_messages, max_bytes, max_claimed; ///< 0: no bound
  std::optional<overflow_rule> overflow;
  std::optional<durability_level> durability;
  std::optional<bool> lifo, require_receipt, pause_insert, pause_take;
  std::optional<std::uint8_t> priorities;
  std::optional<dead_letter_rule> dead_letter; ///< has a shape of its own: each_rule() does not visit it
  bool operator==(const queue_rules&) const = default;

  [[nodiscard]] std::uint8_t priority_max() const { return static_cast<std::uint8_t>(priorities.value_or(1) - 1); }
  /// Whether a ttl (0 = never) is over max_ttl.
  [[nodiscard]] bool too_long(duration ttl) const {
    const duration most = std::chrono::seconds(max_ttl_s.value_or(0));
    return most.count() > 0 && (ttl.count() == 0 || ttl > most);
  }
};

struct settings {
  queue_rules rules;
  std::map<std::string, std::string> labels;
  std::optional<std::string> zone;
  bool operator==(const settings&) const = default;
};

/// Calls visit(setting, member of queue_rules) for each rule that is a number, in the order of their numbers.
template <class Visit>
void each_rule(Visit visit) {
  using r = queue_rules;
  visit(setting::default_ttl, &r::default_ttl_s);
  visit(setting::default_hide, &r::default_hide_s);
  visit(setting::max_ttl, &r::max_ttl_s);
  visit(setting::max_body, &r::max_body);
  visit(setting::max_messages, &r::max_messages);
  visit(setting::max_bytes, &r::max_bytes);
  visit(setting::max_claimed, &r::max_claimed);
  visit(setting::overflow, &r::overflow);
  visit(setting::durability, &r::durability);
  visit(setting::order, &r::lifo);
  visit(setting::priorities, &r::priorities);
  visit(setting::require_receipt, &r::require_receipt);
  visit(setting::dedupe_window, &r::dedupe_window_s);
  visit(setting::pause_insert, &r::pause_insert);
  visit(setting::pause_take, &r::pause_take);
}

/// The range of a rule as a number (of a choice: of its values); both ends are allowed.
struct setting_range {
  std::uint64_t low = 0, high = 0;
};
[[nodiscard]] setting_range range_of(setting rule);
[[nodiscard]] bool is_valid(const dead_letter_rule& x);
/// Whether every value is in its range, and labels and zone within their bounds.
[[nodiscard]] bool is_valid(const settings& x);

/// What is to become of a queue's settings.
struct settings_change {
  std::uint32_t named = 0; ///< bits of members that it speaks of; one that has no value in `values` becomes unset
  settings values;         ///< its labels are added to those there are, unless `named` has the bit of labels
  std::vector<std::string> labels_erased;
  bool operator==(const settings_change&) const = default;
};
/// The settings after the change. The result may have too many labels: is_valid() says so.
[[nodiscard]] settings after_change(settings from, const settings_change& by);

} // namespace burrow::queue
