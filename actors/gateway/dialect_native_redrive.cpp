// ~redrive and ~tasks: requests and answers.
#include "actors/gateway/dialect_native_path.hpp"
#include "actors/gateway/idempotency.hpp"
#include "actors/gateway/json_write.hpp"
#include "actors/gateway/redrive_json.hpp"

namespace burrow {
namespace {

plan at_once(const http_request& request, problem what) {
  plan out;
  out.answer = problem_response(request, what);
  return out;
}

problem bad_target(std::string detail) {
  return {problem_type::invalid_parameter, std::move(detail), ", \"parameter\": \"to\""};
}

plan of_operation(const queue_ref& queue, operation_body what, bool is_change) {
  auto context = std::make_unique<native_context>();
  context->is_change = is_change;
  plan out;
  out.what = std::make_shared<operation>();
  out.what->queue = queue;
  out.what->what = std::move(what);
  out.context = std::move(context);
  return out;
}

http_response task_response(int status, const queue::task_view& task) {
  http_response out;
  out.status = status;
  out.fields.emplace_back("Content-Type", "application/json");
  out.fields.emplace_back("Cache-Control", "no-store");
  task_json(out.body, task);
  return out;
}

} // namespace

plan native_dialect::redrive(const http_request& request, const queue_ref& queue) const {
  parameters given;
  if (auto p = read_parameters(request.query, 0, is_strict(request), given)) return at_once(request, *p);
  if (!is_json_or_none(request)) return at_once(request, {problem_type::unsupported_media_type, {}, {}});
  auto read = read_redrive(request.body);
  if (auto* p = std::get_if<problem>(&read)) return at_once(request, *p);
  auto& what = std::get<queue::redrive>(read);
  if (what.to == queue.queue) return at_once(request, bad_target("`to` is the queue itself."));
  what.fallback = options_.defaults;
  if (auto p = read_key(request, hash_of(request.body), what)) return at_once(request, *p);
  if (!what.idempotency_key.empty()) what.bounds = options_.dedupe;
  return of_operation(queue, std::move(what), true);
}

plan native_dialect::tasks(const http_request& request, const queue_ref& queue) const {
  parameters given;
  if (auto p = read_parameters(request.query, 0, is_strict(request), given)) return at_once(request, *p);
  return of_operation(queue, queue::list_tasks{}, false);
}

plan native_dialect::task(const http_request& request, const queue_ref& queue, std::string_view id) const {
  parameters given;
  if (auto p = read_parameters(request.query, 0, is_strict(request), given)) return at_once(request, *p);
  const auto named = queue::parse_task(id);
  if (!named) return at_once(request, {problem_type::task_not_found, {}, {}});
  if (request.method == http_method::delete_) return of_operation(queue, queue::cancel_task{*named}, true);
  return of_operation(queue, queue::get_task{*named}, false);
}

http_response native_dialect::redriven(const http_request& request, const plan& made,
                                       const queue::task_reply& reply) const {
  const bool starts = std::holds_alternative<queue::redrive>(made.what->what);
  if (reply.problem == errc::invalid_parameter)
    return problem_response(request, bad_target("No message among them came from another queue: name one in `to`."));
  if (reply.problem != errc::ok) {
    std::string detail;
    if (reply.problem == errc::task_running && reply.task.id.value != 0)
      detail = "Task " + queue::text_of(reply.task.id) + " is running.";
    return problem_response(request, {problem_of(reply.problem), std::move(detail), {}});
  }
  auto out = task_response(202, reply.task);
  if (reply.replayed) add_replayed(out);
  if (starts) {
    std::string location{request.path.substr(0, request.path.rfind('/') + 1)};
    out.fields.emplace_back("Location", location + "~tasks/" + queue::text_of(reply.task.id));
  }
  change_fields(out);
  return out;
}

http_response native_dialect::tasks_shown(const http_request& request, const operation_result& outcome) const {
  if (const auto* one = std::get_if<queue::task_answer>(&outcome.what)) {
    if (!one->item) return problem_response(request, {problem_type::task_not_found, {}, {}});
    return task_response(200, *one->item);
  }
  http_response out;
  out.fields.emplace_back("Content-Type", "application/json");
  out.fields.emplace_back("Cache-Control", "no-store");
  out.body = "[";
  for (const auto& task : std::get<queue::tasks_answer>(outcome.what).items) {
    if (out.body.size() > 1) out.body += ", ";
    task_json(out.body, task);
  }
  out.body += "]";
  return out;
}

} // namespace burrow
