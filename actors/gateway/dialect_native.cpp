#include "actors/gateway/dialect_native_path.hpp"
#include "actors/gateway/etags.hpp"
#include "actors/gateway/openapi.hpp"
#include "actors/gateway/problem_pages.hpp"
#include "actors/gateway/settings_json.hpp"

namespace burrow {
namespace {

plan at_once(const http_request& request, problem what) {
  plan out;
  out.answer = problem_response(request, what);
  return out;
}

} // namespace

native_dialect::target_path native_dialect::target_path::of(std::string_view path) {
  target_path out;
  const auto segments = path_segments(path);
  if (path == "/") return out.kind = place_kind::root, out;
  if (!segments.empty() && segments[0] != "v1.0") {
    if (path == route_of(place_kind::openapi).path) out.kind = place_kind::openapi;
    if (segments[0] != "problems" || segments.size() != 2) return out;
    out.kind = place_kind::problem;
    out.message = segments[1];
    return out;
  }
  if (segments.empty() || segments.size() > 5) return out;
  if (segments.size() == 5 && percent_decoded(segments[3]) != "~tasks") return out;
  if (segments.size() > 1 && segments.back().empty()) return out; // ends in a slash
  const auto name = [&](std::size_t i, std::string& into) {
    auto decoded = percent_decoded(segments[i]);
    constexpr std::string_view broken = "A name is not percent-encoded as it should be.";
    const auto why = decoded ? name_problem(*decoded) : broken;
    if (decoded) into = std::move(*decoded);
    if (i > 1 && into.starts_with('~')) return true;
    if (!why.empty() && out.bad_name.empty()) out.bad_name = why;
    return why.empty();
  };
  std::string last;
  const auto depth = segments.size();
  const bool named = (depth < 2 || name(1, out.queue.tenant)) && (depth < 3 || name(2, out.queue.queue)) &&
                     (depth < 4 || name(3, last));
  if (!named) return out;
  if (out.queue.queue.starts_with('~')) return out;
  if (depth == 5) {
    // What is no task's id is the id of no task.
    out.message = percent_decoded(segments[4]).value_or("");
    return out.kind = place_kind::task, out;
  }
  constexpr place_kind by_depth[] = {place_kind::service, place_kind::account, place_kind::queue, place_kind::message};
  out.kind = by_depth[depth - 1];
  if (last.starts_with('~')) out.kind = place_of_tail(last);
  out.message = std::move(last);
  return out;
}

native_dialect::native_dialect(native_options options)
  : options_(std::move(options)), settings_tag_(settings_tag(options_.defaults)), sealer_(options_.seal_keys) {}

bool is_json(std::string_view content_type) {
  content_type = content_type.substr(0, content_type.find(';'));
  while (content_type.ends_with(' ') || content_type.ends_with('\t')) content_type.remove_suffix(1);
  return equal_ignoring_case(content_type, "application/json");
}

body_rule native_dialect::body_limit(const http_request& head) const {
  if (head.path.ends_with("/~settings")) return {limits::settings_bytes_max, problem_type::request_too_large};
  const bool raw = head.path.ends_with("/~messages") ? !is_json(head.field("content-type"))
                                                     : head.method == http_method::put;
  if (!raw) return {limits::http_json_bytes_max, problem_type::request_too_large};
  // What a queue's settings say counts only for a body that is larger than what any queue takes: so only such a one is
  // held up to ask. One that is over a lower bound of its queue is refused when it is put.
  return {options_.defaults.body_bytes_max, problem_type::body_too_large, limits::body_bytes_max};
}

plan native_dialect::ask_body_limit(const http_request& head) const {
  const auto at = target_path::of(head.path);
  plan out;
  if (at.kind != place_kind::message && at.kind != place_kind::messages) return out;
  out.what = std::make_shared<operation>();
  out.what->queue = at.queue;
  out.what->what = queue::get_settings{};
  return out;
}

result<std::size_t> native_dialect::body_limit_by(const operation_result& answer) const {
  if (const auto* settings = std::get_if<queue::settings_answer>(&answer.what))
    return std::size_t{settings->value.rules.max_body.value_or(options_.defaults.body_bytes_max)};
  const auto* failed = answer.failed();
  return failed != nullptr ? *failed : error{errc::unavailable};
}

plan native_dialect::begin(http_request& request) const {
  plan out = begin_anywhere(request);
  if (out.answer) out.answer->fields.emplace_back("Burrow-Zone", options_.zone);
  return out;
}

plan native_dialect::begin_anywhere(http_request& request) const {
  const auto at = target_path::of(request.path);
  if (!at.bad_name.empty()) return at_once(request, {problem_type::invalid_name, std::string{at.bad_name}, {}});
  if (at.kind == place_kind::nowhere) return at_once(request, {problem_type::not_found, {}, {}});
  const auto& route = route_of(at.kind);
  if (route.find(request.method) == nullptr) {
    plan out = at_once(request, {problem_type::method_not_allowed, {}, {}});
    out.answer->fields.emplace_back("Allow", route.allowed());
    return out;
  }
  plan out = begin_at(request, at);
  out.route = route.metric;
  return out;
}

plan native_dialect::begin_at(http_request& request, const target_path& at) const {
  plan out;
  switch (at.kind) {
    case place_kind::root:
    case place_kind::openapi:
    case place_kind::problem:
      out.answer = service_document(request, at);
      return out;
    case place_kind::service:
      if (!options_.single_node) return at_once(request, {problem_type::operation_disabled, {}, {}});
      return list_names(request, at);
    case place_kind::account: return list_names(request, at);
    case place_kind::queue: return on_queue(request, at.queue);
    case place_kind::message: return on_message(request, at.queue, at.message);
    case place_kind::messages: return messages(request, at.queue);
    case place_kind::ack: return by_receipts(request, at.queue, false);
    case place_kind::extend: return by_receipts(request, at.queue, true);
    case place_kind::stats: return stats(request, at.queue);
    case place_kind::settings: return settings(request, at.queue);
    case place_kind::redrive: return redrive(request, at.queue);
    case place_kind::tasks: return tasks(request, at.queue);
    case place_kind::task: return task(request, at.queue, at.message);
    case place_kind::live:
    case place_kind::ready:
    case place_kind::metrics:
    case place_kind::nowhere: break; // the connection's own, or nobody's
  }
  return at_once(request, {problem_type::not_found, {}, {}});
}

/// What is the same for everybody and needs no queue.
http_response native_dialect::service_document(const http_request& request, const target_path& at) const {
  parameters none;
  if (is_strict(request)) {
    if (auto p = read_parameters(request.query, 0, true, none)) return problem_response(request, *p);
  }
  if (at.kind == place_kind::root) return {200, {{"Content-Type", "application/json"}}, "[\"v1.0\"]", false};
  if (at.kind == place_kind::problem) return problem_page_response(request, at.message);
  // Made when it is first asked for: most threads never are.
  const bool metrics = request.admin || options_.public_metrics;
  auto& [text, etag] = documents_[metrics ? 1 : 0];
  if (text.empty()) {
    text = openapi_document({options_.single_node, metrics});
    etag = "\"" + std::to_string(hash_of(text).low) + "\"";
  }
  http_response out{200, {{"ETag", etag}, {"Cache-Control", "no-cache"}}, {}, false};
  if (is_known(request.field("if-none-match"), etag)) return out.status = 304, out;
  out.fields.emplace_back("Content-Type", "application/json");
  out.body = text;
  return out;
}

plan native_dialect::stats(const http_request& request, const queue_ref& queue) const {
  parameters none;
  if (auto p = read_parameters(request.query, 0, is_strict(request), none)) return at_once(request, *p);
  plan out;
  out.what = std::make_shared<operation>();
  out.what->queue = queue;
  out.what->what = queue::queue_stats{};
  out.context = std::make_unique<native_context>();
  return out;
}

plan native_dialect::list_names(const http_request& request, const target_path& at) const {
  const bool tenants = at.kind == place_kind::service, deletes = request.method == http_method::delete_;
  parameters given;
  const auto known = parameters_at(at.kind, request.method);
  if (auto p = read_parameters(request.query, known, is_strict(request), given)) return at_once(request, *p);
  std::string after = given.marker.value_or("");
  if (given.cursor) {
    const auto last = sealer_.open_name(at.queue.tenant, *given.cursor);
    if (!last) return at_once(request, {problem_type::invalid_cursor, {}, {}});
    after = *last;
  }
  auto context = std::make_unique<native_context>();
  context->is_list = true;
  context->detail = given.detail.value_or(deletes ? detail_level::none : detail_level::id);
  context->is_change = deletes;
  context->empty_is_ok = given.empty_is_ok;
  context->cursor = given.cursor;
  // Without items in the answer a deletion has no bound but the request's own.
  std::uint64_t most = context->detail != detail_level::none ? limits::list_items_max : deletes ? UINT32_MAX : 1;
  const auto limit = static_cast<std::uint32_t>(std::min(given.limit.value_or(most), most));
  plan out;
  out.after_is_marker = given.marker.has_value();
  out.what = std::make_shared<operation>();
  out.what->queue.tenant = at.queue.tenant;
  if (tenants) {
    const queue::list_tenants which{after, given.prefix, limit};
    if (deletes) out.what->what = delete_tenants{which};
    else out.what->what = which;
  } else {
    const queue::list_queues which{at.queue.tenant, after, given.prefix, limit, given.include_empty};
    if (deletes) out.what->what = delete_queues{which};
    else out.what->what = which;
  }
  out.context = std::move(context);
  return out;
}

} // namespace burrow
