// Every error answer of the native contract (section 15) and of administration: one table of slugs, one of codes, and
// how those of the contract are written.
#pragma once

#include "actors/gateway/http.hpp"
#include "cluster/base/error.hpp"

#include <string>
#include <string_view>

namespace burrow {

enum class problem_type : std::uint8_t {
  invalid_name, invalid_parameter, invalid_cursor, invalid_json, invalid_settings, ttl_too_long, bad_request,
  unauthorized, forbidden, operation_disabled, not_found, account_not_found, queue_not_found, message_not_found,
  task_not_found, method_not_allowed, not_acceptable, unsupported_media_type, request_timeout,
  queue_paused, durability_unavailable, dead_letter_loop, task_running,
  idempotency_in_progress, receipt_stale, etag_mismatch, already_exists, receipt_required, body_too_large,
  request_too_large, batch_too_large, uri_too_long, headers_too_large, idempotency_key_reused, batch_rejected,
  rate_limited, too_many_waiters, dedupe_full, quota_exceeded, queue_full, internal, not_implemented, no_leader,
  draining, overloaded, no_space, unavailable, commit_unknown,
  // Of administration alone.
  malformed, node_not_found, refused, no_cluster, cluster_member, backup_running, no_room, invalid_directory,
  backup_failed, not_written,
};

struct problem_facts {
  int status;
  std::string_view slug;
  std::string_view title;
  bool retryable;      ///< the same request may work later
  int retry_after = 0; ///< seconds; 0 = no such field
};
[[nodiscard]] const problem_facts& facts_of(problem_type type);
inline constexpr std::size_t problem_types = static_cast<std::size_t>(problem_type::not_written) + 1;
/// What an outcome of the actors is to a client.
[[nodiscard]] problem_type problem_of(errc code);

struct problem {
  problem_type type = problem_type::internal;
  std::string detail;
  std::string members; ///< more JSON members, each with a comma before it
};

/// application/problem+json, or the detail alone for a client that takes only text/plain.
[[nodiscard]] http_response problem_response(const http_request& request, const problem& what);
/// The short form inside a batch's result: {"type", "title"}.
void problem_append(std::string& out, problem_type type);

} // namespace burrow
