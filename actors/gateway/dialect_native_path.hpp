// What a path of the native API addresses (contract section 2.1). Private to dialect_native*.cpp.
#pragma once

#include "actors/gateway/dialect_native.hpp"
#include "actors/gateway/json_scan.hpp"
#include "actors/gateway/names.hpp"
#include "actors/gateway/native_routes.hpp"

namespace burrow {

struct native_dialect::target_path {
  place_kind kind = place_kind::nowhere;
  queue_ref queue;
  std::string message; ///< or the slug of a problem, or a task
  std::string_view bad_name; ///< why a segment is no name; empty = all are

  static target_path of(std::string_view path);
};

/// Prefer: handling=strict.
[[nodiscard]] inline bool is_strict(const http_request& request) {
  return request.field("prefer").find("handling=strict") != std::string_view::npos;
}
inline void add_replayed(http_response& out) { out.fields.emplace_back("Idempotency-Replayed", "true"); }
[[nodiscard]] inline bool is_json_or_none(const http_request& request) {
  const auto type = request.field("content-type");
  return type.empty() || is_json(type);
}
[[nodiscard]] inline duration seconds_of(std::int64_t s) { return std::chrono::seconds{s}; }

} // namespace burrow
