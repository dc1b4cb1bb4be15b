// Requests on a queue and on one message.
#include "actors/gateway/batch_json.hpp"
#include "actors/gateway/dialect_native_path.hpp"
#include "actors/gateway/etags.hpp"
#include "actors/gateway/idempotency.hpp"
#include "actors/gateway/trace_context.hpp"

#include <charconv>

namespace burrow {
namespace {

plan at_once(const http_request& request, problem what) {
  plan out;
  out.answer = problem_response(request, what);
  return out;
}

plan of_operation(std::shared_ptr<operation> what, std::unique_ptr<native_context> context) {
  plan out;
  out.what = std::move(what);
  out.context = std::move(context);
  return out;
}

bool shows_body(detail_level d) { return d >= detail_level::body; }

bool takes_events(std::string_view accept) { return accept.find("text/event-stream") != std::string_view::npos; }

/// Versions named by If-Match. What is no strong ETag of ours matches nothing, as version 0 does.
std::vector<std::uint64_t> versions_of(std::string_view list) {
  std::vector<std::uint64_t> out;
  each_tag(list, [&](std::string_view tag) { out.push_back(number_in(tag).value_or(0)); });
  return out;
}

} // namespace

std::optional<problem> native_dialect::start_from(const queue_ref& queue, const parameters& given,
                                                  std::optional<bool> lifo, queue::position& from) const {
  if (given.marker) from.marker = *given.marker;
  if (!given.cursor) return std::nullopt;
  const auto cursor = sealer_.open_cursor(queue, *given.cursor);
  if (!cursor || (lifo && cursor->lifo != *lifo)) return problem{problem_type::invalid_cursor, {}, {}};
  from.after = cursor->place;
  from.lifo = cursor->lifo;
  from.priority = cursor->priority;
  return std::nullopt;
}

std::shared_ptr<operation> native_dialect::take_of(const http_request& request, const queue_ref& queue,
                                                   const parameters& given, detail_level detail) const {
  auto out = std::make_shared<operation>();
  out->queue = queue;
  const bool deletes = request.method == http_method::delete_, items = detail != detail_level::none;
  const bool whole = !given.limit && !given.marker && !given.cursor && given.match_meta.empty();
  if (deletes && !items && given.match_hidden && whole && given.wait.count() == 0) {
    out->what = queue::purge{};
    return out;
  }
  queue::take take;
  take.action = deletes ? queue::take_action::remove
              : given.hide.value_or(0) > 0 ? queue::take_action::claim : queue::take_action::change;
  const auto limit = given.limit.value_or(items ? limits::list_items_max : 0);
  take.limit = static_cast<std::uint32_t>(limit == 0 ? limits::entry_messages_max
                                                     : std::min<std::uint64_t>(limit, limits::entry_messages_max));
  if (given.ttl) take.ttl = seconds_of(*given.ttl);
  if (given.hide) take.hide = seconds_of(*given.hide);
  if (shows_body(detail)) take.bytes_max = limits::list_bytes_max;
  take.match_hidden = given.match_hidden;
  if (given.lifo) take.order = *given.lifo ? queue::take_order::lifo : queue::take_order::fifo;
  take.fallback = options_.defaults;
  out->want_bodies = shows_body(detail);
  out->wait = given.wait;
  out->in_steps = !items;
  out->steps_limit = items ? 0 : limit;
  out->client = std::make_shared<client_presence>();
  out->what = std::move(take);
  return out;
}

plan native_dialect::on_queue(const http_request& request, const queue_ref& queue) const {
  const bool reads = request.method == http_method::get || request.method == http_method::head;
  const bool posts = request.method == http_method::post;
  if (request.method == http_method::get && takes_events(request.field("accept"))) return stream(request, queue);
  parameters given;
  const auto known = parameters_at(place_kind::queue, request.method);
  if (auto p = read_parameters(request.query, known, is_strict(request), given)) return at_once(request, *p);
  auto context = std::make_unique<native_context>();
  context->is_list = true;
  context->detail = given.detail.value_or(reads ? detail_level::all : detail_level::none);
  context->empty_is_ok = given.empty_is_ok;
  context->lifo = given.lifo.value_or(false);
  context->cursor = given.cursor;
  queue::position from;
  const bool takes = !reads && !(posts && !given.ttl && !given.hide);
  const auto order = takes ? given.lifo : std::optional{context->lifo};
  if (auto p = start_from(queue, given, order, from)) return at_once(request, *p);
  if (takes) {
    plan out = of_operation(take_of(request, queue, given, context->detail), nullptr);
    if (auto* take = std::get_if<queue::take>(&out.what->what)) {
      take->from = std::move(from);
      context->is_claim = take->action == queue::take_action::claim;
      if (auto p = context->is_claim ? read_key(request, hash_of(request.body), *take) : std::nullopt)
        return at_once(request, *p);
      if (!take->idempotency_key.empty()) take->bounds = options_.dedupe;
    }
    out.match_meta = std::move(given.match_meta);
    context->is_change = true;
    out.context = std::move(context);
    return out;
  }
  // A list goes by place alone.
  if (from.priority) return at_once(request, {problem_type::invalid_cursor, {}, {}});
  queue::list_messages list;
  const std::uint64_t most = limits::list_items_max;
  list.limit = static_cast<std::uint32_t>(std::min(given.limit.value_or(most), most));
  if (shows_body(context->detail)) list.bytes_max = limits::list_bytes_max;
  list.match_hidden = given.match_hidden;
  list.lifo = context->lifo;
  list.from = std::move(from);
  list.match_meta = std::move(given.match_meta);
  list.examine_max = limits::meta_scan_messages_max;
  auto what = std::make_shared<operation>();
  what->queue = queue;
  what->want_bodies = shows_body(context->detail);
  what->wait = given.wait;
  what->client = std::make_shared<client_presence>();
  // A list that the client has already is not held: that nothing is new is the answer.
  if (reads && given.empty_is_ok && given.wait.count() > 0) {
    each_tag(request.field("if-none-match"), [&](std::string_view tag) {
      if (tag.starts_with("W/")) tag.remove_prefix(2);
      if (const auto revision = number_in(tag)) what->known_revisions.push_back(*revision);
    });
  }
  what->what = std::move(list);
  return of_operation(std::move(what), std::move(context));
}

std::optional<problem> native_dialect::guard_of(const http_request& request, const queue_ref& queue,
                                                const parameters& given, queue::condition& out) const {
  std::string_view sealed = request.field("burrow-receipt");
  if (given.receipt) sealed = *given.receipt;
  if (!sealed.empty() || given.receipt) {
    const auto r = sealer_.open_receipt(queue, sealed);
    if (!r) return problem{problem_type::receipt_stale, "The receipt is not one of this queue.", {}};
    out.receipt = r->claim;
    out.receipt_claims = r->claims;
    out.receipt_place = r->place;
  }
  const auto match = request.field("if-match");
  if (match == "*") out.if_match_any = true;
  else if (!match.empty()) out.if_match = versions_of(match);
  out.if_none_match = request.field("if-none-match") == "*";
  return std::nullopt;
}

plan native_dialect::on_message(http_request& request, const queue_ref& queue, std::string id) const {
  if (request.method == http_method::put) return put(request, queue, std::move(id));
  const bool reads = request.method == http_method::get || request.method == http_method::head;
  const bool posts = request.method == http_method::post;
  parameters given;
  const auto known = parameters_at(place_kind::message, request.method);
  if (auto p = read_parameters(request.query, known, is_strict(request), given)) return at_once(request, *p);
  auto context = std::make_unique<native_context>();
  context->detail = given.detail.value_or(reads ? detail_level::all : detail_level::none);
  context->is_change = !reads;
  auto what = std::make_shared<operation>();
  what->queue = queue;
  what->want_bodies = shows_body(context->detail);
  queue::target target{std::move(id), {}};
  if (!reads) {
    if (auto p = guard_of(request, queue, given, target.guard)) return at_once(request, *p);
  }
  // With a guard even a POST that changes nothing has to be let by it.
  if (posts && (given.ttl || given.hide || !(target.guard == queue::condition{}))) {
    queue::change change;
    change.targets.push_back(std::move(target));
    if (given.ttl) change.ttl = seconds_of(*given.ttl);
    if (given.hide) change.hide = seconds_of(*given.hide);
    what->what = std::move(change);
  } else if (request.method == http_method::delete_) {
    queue::remove remove;
    remove.targets.push_back(std::move(target));
    what->what = std::move(remove);
  } else {
    what->what = queue::get_message{std::move(target.id)};
  }
  return of_operation(std::move(what), std::move(context));
}

std::optional<problem> native_dialect::attributes_of(const http_request& request, const parameters& given,
                                                     queue::message_attributes& out) const {
  const auto bad = [](std::string why) { return problem{problem_type::invalid_parameter, std::move(why), {}}; };
  out.content_type = request.field("content-type");
  if (!is_content_type(out.content_type)) return bad("Content-Type is longer than 255 bytes or not ASCII.");
  out.priority = given.priority;
  out.persistent = given.persistent;
  for (const auto& [name, value] : request.fields) {
    if (name.size() <= 12 || !equal_ignoring_case(name.substr(0, 12), "burrow-meta-")) continue;
    std::string lower{name.substr(12)};
    for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 32) : c;
    if (!add_meta(out, lower, std::string{value})) return bad("Burrow-Meta: at most 16 fields, 4096 bytes together.");
  }
  if (const auto group = request.field("burrow-group"); !group.empty()) {
    if (!name_problem(group).empty()) return bad("Burrow-Group is no name.");
    out.group = group;
  }
  if (!request.field("traceparent").empty()) keep_trace(out, request);
  return std::nullopt;
}

plan native_dialect::put(http_request& request, const queue_ref& queue, std::string id) const {
  parameters given;
  const auto known = parameters_at(place_kind::message, http_method::put);
  if (auto p = read_parameters(request.query, known, is_strict(request), given)) return at_once(request, *p);
  queue::insert_item item;
  item.name = std::move(id);
  item.body_size = static_cast<std::uint32_t>(request.body.size());
  item.body_hash = hash_of(request.body);
  if (given.ttl) item.ttl = seconds_of(*given.ttl);
  if (given.hide) item.hide = seconds_of(*given.hide);
  if (auto p = attributes_of(request, given, item.attributes)) return at_once(request, *p);
  if (auto p = guard_of(request, queue, {}, item.guard)) return at_once(request, *p);
  if (auto p = read_producer(request, item)) return at_once(request, *p);
  queue::insert insert;
  if (auto p = read_key(request, item.body_hash, insert)) return at_once(request, *p);
  if (!insert.idempotency_key.empty() || item.sequence > 0) insert.bounds = options_.dedupe;
  auto context = std::make_unique<native_context>();
  context->is_change = true;
  auto what = std::make_shared<operation>();
  what->queue = queue;
  what->bodies.emplace_back(std::move(request.body));
  insert.items.push_back(std::move(item));
  insert.fallback = options_.defaults;
  what->what = std::move(insert);
  return of_operation(std::move(what), std::move(context));
}

} // namespace burrow
