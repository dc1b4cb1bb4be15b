// /openapi.json: the route table (native_routes.hpp) as an OpenAPI 3.1 document. Says what this node serves, nothing
// else: what is switched off is not in it.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace burrow {

struct openapi_options {
  bool accounts = true; ///< /v1.0 itself is on
  bool metrics = false; ///< /metrics is served here
  bool operator==(const openapi_options&) const = default;
};

[[nodiscard]] std::string openapi_document(const openapi_options& options);

/// A named schema of the document, in JSON Schema 2020-12.
struct openapi_schema {
  std::string_view name, text;
};
[[nodiscard]] std::span<const openapi_schema> openapi_schemas();

} // namespace burrow
