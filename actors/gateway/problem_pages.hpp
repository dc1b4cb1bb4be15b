// What each problem means and what to do about it: the page that the `type` of a problem leads to.
#pragma once

#include "actors/gateway/problem.hpp"

#include <string_view>

namespace burrow {

struct problem_page {
  std::string_view meaning, what_to_do;
};
[[nodiscard]] const problem_page& page_of(problem_type type);

/// GET /problems/{slug}: JSON, or HTML for who prefers that. 404 for an unknown slug, 406 for who takes neither.
[[nodiscard]] http_response problem_page_response(const http_request& request, std::string_view slug);

} // namespace burrow
