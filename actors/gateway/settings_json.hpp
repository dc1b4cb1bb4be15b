// ~settings as JSON (contract section 11): a change read from a request, and the values in force written, if wanted
// with where each comes from. One table in settings_json.cpp has a row for each member.
#pragma once

#include "actors/gateway/dialect.hpp"
#include "cluster/queue/command.hpp"

#include <string>
#include <string_view>
#include <variant>

namespace burrow {

struct settings_read {
  queue::settings_change change; ///< its dead-letter rule is not placed yet, and lacks its fallback
  std::uint8_t rule_kept = 0;    ///< rule_member: what a PATCH does not say of the rule
};
/// Reads PUT and PATCH alike, but for a dead-letter rule, which only a PATCH may give in part. Errors: invalid_json,
/// invalid_settings with the JSON pointers at fault.
[[nodiscard]] std::variant<settings_read, problem> read_settings(std::string_view text, bool patch);

/// What `errors` of a problem says when the labels were too many together.
[[nodiscard]] problem too_many_labels();
/// And when these members of a rule (rule_member) were left out, and the queue has none to take them from.
[[nodiscard]] problem incomplete_rule(std::uint8_t members);

/// All members in force: the queue's own, else the server's, else as shipped. `with_sources`: each as
/// {"value", "from"}.
void settings_json(std::string& out, const queue::settings& own, const queue::defaults& server, bool with_sources);

/// Stands for the server's defaults in ETags of settings.
[[nodiscard]] std::string settings_tag(const queue::defaults& server);

} // namespace burrow
