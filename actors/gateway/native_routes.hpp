// Everything that the native API serves: one row a path, one a method. The dialect finds, allows and reads by this
// table, and /openapi.json is written from it, so neither can say what the other does not. To add a path, parameter,
// field or answer: add it here (a schema: openapi_schemas.cpp) and serve it; test/conformance/native checks both ways.
#pragma once

#include "actors/gateway/http.hpp"
#include "actors/gateway/parameters.hpp"
#include "actors/gateway/problem.hpp"

#include <span>
#include <string>
#include <string_view>

namespace burrow {

enum class place_kind : std::uint8_t {
  nowhere, root, service, account, queue, message, messages, ack, extend, stats, settings,
  redrive, tasks, task, openapi, problem,
  live, ready, metrics, ///< answered by the connection itself
};

/// Header fields that a request may bring. Bits of a set; their names and meaning: openapi.cpp.
enum request_field : std::uint32_t {
  in_prefer = 1, in_if_match = 2, in_if_none_match = 4, in_none_match_any = 8, in_receipt = 16, in_group = 32,
  in_meta = 64, in_trace = 128, in_last_event = 256, in_key = 512, in_producer = 1024,
};
/// Header fields of an answer beside those that every answer has.
enum answer_field : std::uint32_t {
  out_count = 1, out_cursor = 2, out_link = 4, out_etag = 8, out_ttl = 16, out_location = 32, out_durability = 64,
  out_trace = 128, out_no_store = 256, out_replayed = 512, out_duplicate = 1024,
};

/// In what form the schema of an answer or of a body comes.
enum class media : std::uint8_t {
  none,
  json,
  merge_patch, ///< application/json or application/merge-patch+json
  text,
  html,        ///< JSON or HTML
  bytes,       ///< any content type
  one,         ///< JSON, the id as text, or the bytes of a body
  events,      ///< JSON, or server-sent events
  batch,       ///< JSON, or with any other type one message
};

struct native_answer {
  int status = 200;
  std::string_view meaning;
  media form = media::none;
  std::string_view schema{};
  std::uint32_t fields = 0;
};

struct native_method {
  http_method method = http_method::get; ///< get serves HEAD too
  std::string_view id;                   ///< operationId
  std::string_view summary;
  std::uint32_t parameters = 0;          ///< with_* bits
  std::uint32_t fields = 0;              ///< in_* bits
  media body_form = media::none;
  std::string_view body_schema{};
  std::span<const native_answer> answers;
  std::span<const problem_type> problems; ///< beside those that any request may meet
  std::uint32_t fields_of_nothing = 0;    ///< out_* bits of 404, that of a list which found nothing
};

struct native_route {
  place_kind kind = place_kind::nowhere;
  std::string_view path;   ///< with {account}, {queue}, {message}, {task}, {slug}
  std::string_view metric; ///< the label `route`, one of gateway_metrics::routes
  std::span<const native_method> methods;

  [[nodiscard]] const native_method* find(http_method method) const;
  /// The value of Allow.
  [[nodiscard]] std::string allowed() const;
};

[[nodiscard]] std::span<const native_route> native_routes();
/// Not for `nowhere`.
[[nodiscard]] const native_route& route_of(place_kind kind);
/// The place of a last segment that begins with `~`; nowhere if there is none.
[[nodiscard]] place_kind place_of_tail(std::string_view tail);
/// Which parameters are read there.
[[nodiscard]] std::uint32_t parameters_at(place_kind kind, http_method method);
/// What any request may be answered with.
[[nodiscard]] std::span<const problem_type> common_problems();

} // namespace burrow
