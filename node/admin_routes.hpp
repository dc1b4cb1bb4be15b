// Everything that /admin/v1 serves: one row an operation. admin_api finds what to do by this table, and
// /admin/v1/openapi.json is written from it, so neither can say what the other does not. To add one: add its row here
// (a schema: admin_schemas.cpp) and its function to admin_api; test/node/admin_document_test.py checks both ways.
#pragma once

#include "actors/gateway/problem.hpp"

#include <span>
#include <string>
#include <string_view>

namespace burrow {

struct admin_parameter {
  std::string_view name, schema, meaning; ///< the schema in JSON
};
struct admin_answer {
  int status = 200;
  std::string_view meaning, schema; ///< a name of admin_schemas()
};

struct admin_operation {
  http_method method = http_method::get; ///< get serves HEAD too
  std::string_view path;
  std::string_view id; ///< operationId
  std::string_view summary;
  std::span<const admin_parameter> parameters;
  std::string_view body; ///< a name of admin_schemas(); empty: none is read
  std::span<const admin_answer> answers;
  std::span<const problem_type> problems; ///< beside those that any request may meet
};
[[nodiscard]] std::span<const admin_operation> admin_operations();

/// A named schema of the document, in JSON Schema 2020-12.
struct admin_schema {
  std::string_view name, text;
};
[[nodiscard]] std::span<const admin_schema> admin_schemas();

/// An OpenAPI 3.1 document.
[[nodiscard]] std::string admin_document();

} // namespace burrow
