#include "actors/gateway/problem.hpp"

#include "actors/gateway/json_scan.hpp"
#include "actors/gateway/json_write.hpp"
#include "cluster/base/assert.hpp"

#include <array>

namespace burrow {
namespace {

// In the order of problem_type.
constexpr std::array table = {
  problem_facts{400, "invalid-name", "Name is not allowed", false},
  problem_facts{400, "invalid-parameter", "Parameter is not valid", false},
  problem_facts{400, "invalid-cursor", "Cursor is not valid here", false},
  problem_facts{400, "invalid-json", "Body is not the JSON that is asked for", false},
  problem_facts{400, "invalid-settings", "Settings are not valid", false},
  problem_facts{400, "ttl-too-long", "The ttl is longer than the queue allows", false},
  problem_facts{400, "bad-request", "Request is not valid HTTP", false},
  problem_facts{401, "unauthorized", "Credential is missing or not valid", false},
  problem_facts{403, "forbidden", "Credential does not allow this", false},
  problem_facts{403, "operation-disabled", "Operation is switched off", false},
  problem_facts{404, "not-found", "Nothing is served at this path", false},
  problem_facts{404, "account-not-found", "Account has no queue", false},
  problem_facts{404, "queue-not-found", "Queue has no message", false},
  problem_facts{404, "message-not-found", "No such message", false},
  problem_facts{404, "task-not-found", "No such task", false},
  problem_facts{405, "method-not-allowed", "Method is not allowed here", false},
  problem_facts{406, "not-acceptable", "No form that the request accepts", false},
  problem_facts{415, "unsupported-media-type", "Content-Type is not one that is read here", false},
  problem_facts{408, "request-timeout", "Request came too slowly", true},
  problem_facts{409, "queue-paused", "Queue is paused", true},
  problem_facts{409, "durability-unavailable", "Queue does not offer this durability", false},
  problem_facts{409, "dead-letter-loop", "Dead-letter rules lead back", false},
  problem_facts{409, "task-running", "Another task is running", true},
  problem_facts{409, "idempotency-in-progress", "First request is still running", true, 1},
  problem_facts{412, "receipt-stale", "Receipt is no longer valid", false},
  problem_facts{412, "etag-mismatch", "Message is not as expected", false},
  problem_facts{412, "already-exists", "Message exists already", false},
  problem_facts{428, "receipt-required", "Queue asks for a receipt", false},
  problem_facts{413, "body-too-large", "Message body too large", false},
  problem_facts{413, "request-too-large", "Request too large", false},
  problem_facts{413, "batch-too-large", "Batch has too many entries", false},
  problem_facts{414, "uri-too-long", "Path and query are too long", false},
  problem_facts{431, "headers-too-large", "Header fields are too large", false},
  problem_facts{422, "idempotency-key-reused", "Key was used for another request", false},
  problem_facts{422, "batch-rejected", "Batch has a bad entry; nothing was stored", false},
  problem_facts{429, "rate-limited", "Account is over its rate", true, 1},
  problem_facts{429, "too-many-waiters", "Account holds too many requests", true, 1},
  problem_facts{429, "dedupe-full", "Queue remembers too many keys", true, 60},
  problem_facts{429, "quota-exceeded", "Account is over its quota", false},
  problem_facts{429, "queue-full", "Queue is full", true},
  problem_facts{500, "internal", "The service made a mistake", true},
  problem_facts{501, "not-implemented", "Transfer coding is not known", false},
  problem_facts{503, "no-leader", "Queue has no leader at the moment", true, 1},
  problem_facts{503, "draining", "Node is stopping", true, 1},
  problem_facts{503, "overloaded", "Node is short of resources", true, 1},
  problem_facts{503, "no-space", "Disks are too full", true, 10},
  problem_facts{503, "unavailable", "Queue is out of service", true, 5},
  problem_facts{504, "commit-unknown", "Outcome is not known", true},
  problem_facts{400, "malformed", "Request is malformed", false},
  problem_facts{404, "node-not-found", "No such node", false},
  problem_facts{409, "refused", "Order is refused", false},
  problem_facts{409, "no-cluster", "Node runs alone", false},
  problem_facts{409, "cluster-member", "Node is one of a cluster", false},
  problem_facts{409, "backup-running", "A backup is under way", false},
  problem_facts{409, "no-room", "Not enough room for the backup", false},
  problem_facts{422, "invalid-directory", "Directory is none for a backup", false},
  problem_facts{500, "backup-failed", "Backup failed", false},
  problem_facts{500, "not-written", "Order could not be written down", false},
};
static_assert(table.size() == problem_types);

bool takes_only_text(std::string_view accept) {
  return accept.find("text/plain") != std::string_view::npos && accept.find("json") == std::string_view::npos &&
         accept.find("*/*") == std::string_view::npos && accept.find("application/") == std::string_view::npos;
}

std::string problem_json(const http_request& request, const problem& what, const problem_facts& facts) {
  std::string out = "{\"type\": \"/problems/";
  out += facts.slug;
  out += "\", \"title\": ";
  json_string(out, facts.title);
  out += ", \"status\": ";
  append_number(out, facts.status);
  out += ", \"detail\": ";
  json_string(out, what.detail.empty() ? facts.title : std::string_view{what.detail});
  if (!request.path.empty() && utf8_is_valid(request.path)) {
    out += ", \"instance\": ";
    json_string(out, request.path);
  }
  out += ", \"request_id\": ";
  json_string(out, request.request_id);
  out += facts.retryable ? ", \"retryable\": true" : ", \"retryable\": false";
  out += what.members;
  out += "}";
  return out;
}

} // namespace

const problem_facts& facts_of(problem_type type) { return table[static_cast<std::size_t>(type)]; }

problem_type problem_of(errc code) {
  using enum problem_type;
  switch (code) {
    case errc::queue_not_found: return queue_not_found;
    case errc::message_not_found: return message_not_found;
    case errc::account_not_found: return account_not_found;
    case errc::receipt_stale: return receipt_stale;
    case errc::receipt_required: return receipt_required;
    case errc::etag_mismatch: return etag_mismatch;
    case errc::already_exists: return already_exists;
    case errc::body_too_large: return body_too_large;
    case errc::too_large: return request_too_large;
    case errc::batch_rejected: return batch_rejected;
    case errc::idempotency_key_reused: return idempotency_key_reused;
    case errc::idempotency_in_progress: return idempotency_in_progress;
    case errc::dedupe_full: return dedupe_full;
    case errc::quota_exceeded: return quota_exceeded;
    case errc::queue_full: return queue_full;
    case errc::queue_paused: return queue_paused;
    case errc::ttl_too_long: return ttl_too_long;
    case errc::durability_unavailable: return durability_unavailable;
    case errc::dead_letter_loop: return dead_letter_loop;
    case errc::task_running: return task_running;
    case errc::task_not_found: return task_not_found;
    case errc::invalid_settings: return invalid_settings;
    case errc::invalid_parameter: return invalid_parameter;
    case errc::invalid_name: return invalid_name;
    case errc::invalid_cursor: return invalid_cursor;
    case errc::malformed: return invalid_json;
    case errc::not_leader:
    case errc::transferring: return no_leader;
    case errc::busy: return overloaded;
    case errc::no_space: return no_space;
    case errc::unavailable: return unavailable;
    case errc::draining: return draining;
    case errc::too_many_waiters: return too_many_waiters;
    case errc::timed_out:
    case errc::quota_contended: return overloaded;
    case errc::session_lost:
    case errc::unknown_outcome: return commit_unknown;
    case errc::ok:
    case errc::not_here:
    case errc::corrupt:
    case errc::io_failed:
    case errc::lost_writes:
    case errc::config_invalid:
    case errc::sync_failed: return internal;
  }
  return internal;
}

http_response problem_response(const http_request& request, const problem& what) {
  const auto& facts = facts_of(what.type);
  http_response out;
  out.status = facts.status;
  if (takes_only_text(request.field("accept"))) {
    out.fields.emplace_back("Content-Type", "text/plain; charset=utf-8");
    out.body = what.detail.empty() ? facts.title : std::string_view{what.detail};
    out.body += '\n';
  } else {
    out.fields.emplace_back("Content-Type", "application/problem+json");
    out.body = problem_json(request, what, facts);
  }
  if (facts.retry_after > 0) out.fields.emplace_back("Retry-After", std::to_string(facts.retry_after));
  return out;
}

void problem_append(std::string& out, problem_type type) {
  const auto& facts = facts_of(type);
  out += "{\"type\": \"/problems/";
  out += facts.slug;
  out += "\", \"title\": ";
  json_string(out, facts.title);
  out += "}";
}

} // namespace burrow
