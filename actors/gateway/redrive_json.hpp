// ~redrive and ~tasks as JSON (contract section 12): what is asked for, and how a task is shown.
#pragma once

#include "actors/gateway/problem.hpp"
#include "cluster/queue/command.hpp"

#include <string>
#include <string_view>
#include <variant>

namespace burrow {

/// What is left out has the value of the contract's example. An id that is given twice counts once. Errors:
/// invalid_json (another shape, unknown members), invalid_parameter (out of range), invalid_name.
[[nodiscard]] std::variant<queue::redrive, problem> read_redrive(std::string_view text);

void task_json(std::string& out, const queue::task_view& task);

} // namespace burrow
