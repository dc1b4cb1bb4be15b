#include "actors/gateway/native_routes.hpp"

#include "cluster/base/assert.hpp"

#include <algorithm>

namespace burrow {
namespace {

using enum http_method;
using enum problem_type;

constexpr std::uint32_t page = with_limit | with_marker | with_cursor;
constexpr std::uint32_t names = page | with_detail | with_prefix | with_on_empty | names_only;
constexpr std::uint32_t list = page | with_match_hidden | with_detail | with_wait | with_order | with_on_empty |
                               with_match_meta;
constexpr std::uint32_t inserting = with_ttl | with_hide | with_persistent | with_priority;
constexpr std::uint32_t changed = out_count | out_durability;
constexpr std::uint32_t on_page = out_cursor | out_link;

// ---- answers ------------------------------------------------------------------------------------------------------

constexpr native_answer not_modified = {304, "Not changed since the ETag that was named", media::none, {}, out_etag};
constexpr native_answer of_root[] = {{200, "The versions", media::json, "Versions"}};
constexpr native_answer of_accounts[] = {
  {200, "Accounts, in byte order", media::json, "Accounts", on_page}, {204, "With detail=none"}};
constexpr native_answer of_accounts_gone[] = {
  {200, "The accounts whose messages were removed", media::json, "Accounts", on_page | out_durability},
  {204, "With detail=none", media::none, {}, out_durability | out_cursor}};
constexpr native_answer of_queues[] = {
  {200, "Queues, in byte order", media::json, "Queues", on_page}, {204, "With detail=none"}};
constexpr native_answer of_queues_gone[] = {
  {200, "The queues whose messages were removed", media::json, "Queues", on_page | out_durability},
  {204, "With detail=none", media::none, {}, out_durability | out_cursor}};
constexpr native_answer of_list[] = {
  {200, "Messages in insert order; a stream if the request accepts text/event-stream", media::events, "Messages",
   on_page | out_count | out_etag | out_no_store},
  {204, "With detail=none", media::none, {}, on_page | out_count | out_etag}, not_modified};
constexpr native_answer of_take[] = {
  {200, "The messages that were matched", media::json, "Messages", on_page | changed | out_no_store | out_replayed},
  {204, "With detail=none", media::none, {}, on_page | changed | out_replayed}};
constexpr native_answer of_removal[] = {
  {200, "The messages that were matched", media::json, "Messages", on_page | changed | out_no_store},
  {204, "With detail=none", media::none, {}, on_page | changed}};
constexpr native_answer of_put[] = {
  {201, "Inserted", media::none, {}, out_etag | out_ttl | out_location | out_durability | out_replayed},
  {204, "Replaced, or a duplicate", media::none, {},
   out_etag | out_ttl | out_durability | out_replayed | out_duplicate}};
constexpr native_answer of_one[] = {
  {200, "The message in the form of `detail`", media::one, "Message", out_etag | out_trace | out_no_store},
  {204, "With detail=none", media::none, {}, out_etag}, not_modified};
constexpr native_answer of_one_changed[] = {
  {200, "The message in the form of `detail`", media::one, "Message", out_trace | out_durability | out_no_store},
  {204, "Done", media::none, {}, out_durability}};
constexpr native_answer of_batch[] = {
  {200, "One result an entry, in order", media::json, "Results", out_durability | out_replayed},
  {201, "The one message of another content type", media::json, "Inserted",
   out_etag | out_ttl | out_location | out_durability | out_replayed},
  {204, "A duplicate of its producer", media::none, {},
   out_etag | out_ttl | out_durability | out_replayed | out_duplicate}};
constexpr native_answer of_receipts[] = {
  {200, "One result an entry, in order", media::json, "Results", out_durability}};
constexpr native_answer of_stats[] = {{200, "Counts, ages and rates", media::json, "Stats"}};
constexpr native_answer of_settings[] = {
  {200, "Every member in force", media::json, "Settings", out_etag}, not_modified};
constexpr native_answer of_settings_put[] = {
  {200, "Replaced", media::json, "Settings", out_etag | out_durability},
  {201, "There were none", media::json, "Settings", out_etag | out_durability}};
constexpr native_answer of_settings_patch[] = {
  {200, "Every member in force", media::json, "Settings", out_etag | out_durability}};
constexpr native_answer of_settings_gone[] = {{204, "Back to defaults", media::none, {}, out_durability}};
constexpr native_answer of_redrive[] = {
  {202, "The task that moves them", media::json, "Task",
   out_location | out_durability | out_no_store | out_replayed}};
constexpr native_answer of_tasks[] = {{200, "Tasks", media::json, "Tasks", out_no_store}};
constexpr native_answer of_task[] = {{200, "The task", media::json, "Task", out_no_store}};
constexpr native_answer of_task_cancelled[] = {
  {202, "It begins no other move", media::json, "Task", out_durability | out_no_store}};
constexpr native_answer of_openapi[] = {{200, "This document", media::json, "Document", out_etag}, not_modified};
constexpr native_answer of_problem[] = {{200, "What it means and what to do", media::html, "ProblemPage"}};
constexpr native_answer of_live[] = {{200, "The process can answer", media::text}};
constexpr native_answer of_ready[] = {
  {200, "It can serve", media::text}, {503, "It cannot, and why", media::text}};
constexpr native_answer of_metrics[] = {{200, "Prometheus text", media::text}};

// ---- problems -----------------------------------------------------------------------------------------------------

constexpr problem_type for_service[] = {invalid_parameter, invalid_cursor, account_not_found};
constexpr problem_type for_account[] = {invalid_name, invalid_parameter, invalid_cursor, account_not_found};
constexpr problem_type for_list[] = {invalid_name, invalid_parameter, invalid_cursor, queue_not_found,
                                     message_not_found, too_many_waiters};
constexpr problem_type for_take[] = {invalid_name, invalid_parameter, invalid_cursor, queue_not_found,
                                     message_not_found, too_many_waiters, queue_paused, ttl_too_long,
                                     idempotency_in_progress, idempotency_key_reused, dedupe_full};
constexpr problem_type for_removal[] = {invalid_name, invalid_parameter, invalid_cursor, queue_not_found,
                                        message_not_found, too_many_waiters, queue_paused};
constexpr problem_type for_put[] = {
  invalid_name, invalid_parameter, ttl_too_long, message_not_found, queue_paused, durability_unavailable,
  receipt_stale, etag_mismatch, already_exists, body_too_large, quota_exceeded, queue_full, no_space,
  idempotency_in_progress, idempotency_key_reused, dedupe_full};
constexpr problem_type for_one[] = {invalid_name, invalid_parameter, message_not_found};
constexpr problem_type for_change[] = {invalid_name, invalid_parameter, ttl_too_long, message_not_found, receipt_stale,
                                       etag_mismatch, already_exists, receipt_required};
constexpr problem_type for_remove[] = {invalid_name, invalid_parameter, message_not_found, receipt_stale, etag_mismatch,
                                       already_exists, receipt_required};
constexpr problem_type for_messages[] = {
  invalid_name, invalid_parameter, invalid_json, ttl_too_long, queue_paused, durability_unavailable, receipt_stale,
  etag_mismatch, message_not_found, body_too_large, batch_too_large, batch_rejected, quota_exceeded, queue_full,
  no_space, idempotency_in_progress, idempotency_key_reused, dedupe_full};
constexpr problem_type for_receipts[] = {invalid_name, invalid_parameter, invalid_json, batch_too_large};
constexpr problem_type for_queue[] = {invalid_name, invalid_parameter};
constexpr problem_type for_settings[] = {invalid_name,  invalid_parameter,      invalid_settings, invalid_json,
                                         etag_mismatch, unsupported_media_type, already_exists,   quota_exceeded,
                                         no_space,      dead_letter_loop};
constexpr problem_type for_redrive[] = {invalid_name, invalid_parameter, invalid_json, unsupported_media_type,
                                        task_running, quota_exceeded,    no_space,
                                        idempotency_in_progress, idempotency_key_reused, dedupe_full};
constexpr problem_type for_task[] = {invalid_name, invalid_parameter, task_not_found};
constexpr problem_type for_document[] = {invalid_parameter};
constexpr problem_type for_problem[] = {not_found, not_acceptable, invalid_parameter};

constexpr problem_type of_any[] = {bad_request, request_timeout, request_too_large, uri_too_long, headers_too_large,
                                   internal, not_implemented, no_leader, draining, overloaded, unavailable,
                                   commit_unknown};

// ---- methods ------------------------------------------------------------------------------------------------------

constexpr native_method at_root[] = {
  {get, "versions", "Versions of this API", 0, in_prefer, media::none, {}, of_root, for_document}};
constexpr native_method at_service[] = {
  {get, "listAccounts", "List accounts", names, in_prefer, media::none, {}, of_accounts, for_service,
   out_cursor},
  {delete_, "deleteAccounts", "Remove all messages of the accounts that match", names, in_prefer, media::none, {},
   of_accounts_gone, for_service, out_cursor}};
constexpr native_method at_account[] = {
  {get, "listQueues", "List queues", names | with_include_empty, in_prefer, media::none, {}, of_queues, for_account,
   out_cursor},
  {delete_, "deleteQueues", "Remove all messages of the queues that match", names | with_include_empty, in_prefer,
   media::none, {}, of_queues_gone, for_account, out_cursor}};
constexpr native_method at_queue[] = {
  {get, "listMessages", "Read messages; changes nothing", list, in_prefer | in_if_none_match | in_last_event,
   media::none, {}, of_list, for_list, on_page | out_count},
  {post, "takeMessages", "Set ttl and hide of the messages that match; with hide above 0 this claims them",
   list | with_ttl | with_hide, in_prefer | in_key, media::none, {}, of_take, for_take, on_page | out_count},
  {delete_, "deleteMessages", "Remove the messages that match", list, in_prefer, media::none, {}, of_removal,
   for_removal, on_page | out_count}};
constexpr native_method at_message[] = {
  {put, "putMessage", "Insert or replace a message", inserting,
   in_prefer | in_if_match | in_none_match_any | in_receipt | in_group | in_meta | in_trace | in_key | in_producer,
   media::bytes, {}, of_put,
   for_put},
  {get, "getMessage", "Read a message, hidden or not", with_detail, in_prefer | in_if_none_match, media::none, {},
   of_one, for_one},
  {post, "changeMessage", "Set ttl and hide; hide 0 releases it", with_detail | with_receipt | with_ttl | with_hide,
   in_prefer | in_if_match | in_none_match_any | in_receipt, media::none, {}, of_one_changed, for_change},
  {delete_, "deleteMessage", "Remove a message", with_detail | with_receipt,
   in_prefer | in_if_match | in_none_match_any | in_receipt, media::none, {}, of_one_changed, for_remove}};
constexpr native_method at_messages[] = {
  {post, "insertMessages", "Insert up to 100 messages, or one without a name", inserting,
   in_prefer | in_if_match | in_none_match_any | in_receipt | in_group | in_meta | in_trace | in_key | in_producer,
   media::batch, "Batch",
   of_batch, for_messages}};
constexpr native_method at_ack[] = {
  {post, "acknowledgeMessages", "Remove up to 100 messages by receipt", 0, in_prefer, media::json, "Acknowledge",
   of_receipts, for_receipts}};
constexpr native_method at_extend[] = {
  {post, "extendMessages", "Set hide of up to 100 messages by receipt; 0 releases them", 0, in_prefer, media::json,
   "Extend", of_receipts, for_receipts}};
constexpr native_method at_stats[] = {
  {get, "queueStats", "Depth, ages and rates of a queue", 0, in_prefer, media::none, {}, of_stats, for_queue}};
constexpr native_method at_settings[] = {
  {get, "getSettings", "Settings in force", with_detail | settings_only, in_prefer | in_if_none_match, media::none, {},
   of_settings, for_queue},
  {put, "putSettings", "Replace the settings", 0, in_prefer | in_if_match | in_none_match_any, media::json,
   "SettingsChange", of_settings_put, for_settings},
  {patch, "patchSettings", "Change settings; null restores a default", 0, in_prefer | in_if_match | in_none_match_any,
   media::merge_patch, "SettingsChange", of_settings_patch, for_settings},
  {delete_, "deleteSettings", "Back to defaults", 0, in_prefer | in_if_match | in_none_match_any, media::none, {},
   of_settings_gone, for_settings}};
constexpr native_method at_redrive[] = {
  {post, "redrive", "Start to move messages on, each to where it came from or to one queue", 0, in_prefer | in_key,
   media::json, "Redrive", of_redrive, for_redrive}};
constexpr native_method at_tasks[] = {
  {get, "listTasks", "The last 50 tasks, newest first", 0, in_prefer, media::none, {}, of_tasks, for_queue}};
constexpr native_method at_task[] = {
  {get, "getTask", "How far a task is", 0, in_prefer, media::none, {}, of_task, for_task},
  {delete_, "cancelTask", "Cancel a task: moves that have begun are completed", 0, in_prefer, media::none, {},
   of_task_cancelled, for_task}};
constexpr native_method at_openapi[] = {
  {get, "openapi", "What this listener serves", 0, in_prefer | in_if_none_match, media::none, {}, of_openapi,
   for_document}};
constexpr native_method at_problem[] = {
  {get, "explainProblem", "What a problem means and what to do", 0, in_prefer, media::none, {}, of_problem,
   for_problem}};
constexpr native_method at_live[] = {
  {get, "live", "Whether the process can answer", 0, 0, media::none, {}, of_live, {}}};
constexpr native_method at_ready[] = {{get, "ready", "Whether it can serve", 0, 0, media::none, {}, of_ready, {}}};
constexpr native_method at_metrics[] = {{get, "metrics", "Figures", 0, 0, media::none, {}, of_metrics, {}}};

// In the order of place_kind, from root on.
constexpr native_route routes[] = {
  {place_kind::root, "/", "root", at_root},
  {place_kind::service, "/v1.0", "accounts", at_service},
  {place_kind::account, "/v1.0/{account}", "account", at_account},
  {place_kind::queue, "/v1.0/{account}/{queue}", "queue", at_queue},
  {place_kind::message, "/v1.0/{account}/{queue}/{message}", "message", at_message},
  {place_kind::messages, "/v1.0/{account}/{queue}/~messages", "messages", at_messages},
  {place_kind::ack, "/v1.0/{account}/{queue}/~ack", "ack", at_ack},
  {place_kind::extend, "/v1.0/{account}/{queue}/~extend", "extend", at_extend},
  {place_kind::stats, "/v1.0/{account}/{queue}/~stats", "stats", at_stats},
  {place_kind::settings, "/v1.0/{account}/{queue}/~settings", "settings", at_settings},
  {place_kind::redrive, "/v1.0/{account}/{queue}/~redrive", "redrive", at_redrive},
  {place_kind::tasks, "/v1.0/{account}/{queue}/~tasks", "tasks", at_tasks},
  {place_kind::task, "/v1.0/{account}/{queue}/~tasks/{task}", "task", at_task},
  {place_kind::openapi, "/openapi.json", "document", at_openapi},
  {place_kind::problem, "/problems/{slug}", "document", at_problem},
  {place_kind::live, "/healthz/live", "health", at_live},
  {place_kind::ready, "/healthz/ready", "health", at_ready},
  {place_kind::metrics, "/metrics", "metrics", at_metrics},
};
static_assert(std::size(routes) == static_cast<std::size_t>(place_kind::metrics));

std::string_view name_of(http_method method) {
  switch (method) {
    case get: return "GET, HEAD";
    case put: return "PUT";
    case post: return "POST";
    case patch: return "PATCH";
    case delete_: return "DELETE";
    default: return {};
  }
}

} // namespace

const native_method* native_route::find(http_method method) const {
  const auto wanted = method == head ? get : method;
  const auto at = std::find_if(methods.begin(), methods.end(), [&](const auto& m) { return m.method == wanted; });
  return at == methods.end() ? nullptr : &*at;
}

std::string native_route::allowed() const {
  std::string out;
  for (const auto& m : methods) {
    if (!out.empty()) out += ", ";
    out += name_of(m.method);
  }
  return out;
}

std::span<const native_route> native_routes() { return routes; }

const native_route& route_of(place_kind kind) {
  BURROW_ASSERT(kind != place_kind::nowhere);
  return routes[static_cast<std::size_t>(kind) - 1];
}

place_kind place_of_tail(std::string_view tail) {
  for (const auto& r : routes) {
    if (r.path.substr(r.path.rfind('/') + 1) == tail) return r.kind;
  }
  return place_kind::nowhere;
}

std::uint32_t parameters_at(place_kind kind, http_method method) {
  const auto* found = route_of(kind).find(method);
  return found == nullptr ? 0 : found->parameters;
}

std::span<const problem_type> common_problems() { return of_any; }

} // namespace burrow
