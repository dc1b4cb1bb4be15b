// ~settings as JSON (contract section 11): a change read from a request, and the values in force written, if wanted
// with where each comes from. One table in settings_json.cpp has a row for each member.
#pragma once

#include "actors/gateway/problem.hpp"
#include "cluster/queue/command.hpp"

#include <string>
#include <string_view>
#include <variant>

namespace burrow {

/// Reads PUT and PATCH alike. Errors: invalid_json, invalid_settings with the JSON pointers at fault.
[[nodiscard]] std::variant<queue::settings_change, problem> read_settings(std::string_view text);

/// What `errors` of a problem says when the labels were too many together.
[[nodiscard]] problem too_many_labels();

/// All members in force: the queue's own, else the server's, else as shipped. `with_sources`: each as
/// {"value", "from"}.
void settings_json(std::string& out, const queue::settings& own, const queue::defaults& server, bool with_sources);

/// Stands for the server's defaults in ETags of settings.
[[nodiscard]] std::string settings_tag(const queue::defaults& server);

} // namespace burrow
