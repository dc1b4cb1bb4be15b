// Answers of /admin/v1 as JSON.
#pragma once

#include "actors/gateway/problem.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace burrow {

[[nodiscard]] http_response json_response(int status, const nlohmann::ordered_json& what);
/// application/problem+json, as the native API has it; never as text, and with more members.
[[nodiscard]] http_response admin_problem(problem_type type, std::string_view detail, const std::string& path,
                                          const std::string& request_id,
                                          nlohmann::ordered_json members = nlohmann::ordered_json::object());
/// The value of a parameter, percent-decoded; empty if absent.
[[nodiscard]] std::string query_value(std::string_view query, std::string_view name);

} // namespace burrow
