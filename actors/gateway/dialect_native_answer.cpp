// Results to answers.
#include "actors/gateway/dialect_native_json.hpp"
#include "actors/gateway/dialect_native_path.hpp"
#include "actors/gateway/etags.hpp"
#include "actors/gateway/json_write.hpp"
#include "actors/gateway/settings_json.hpp"

#include <optional>

namespace burrow {
namespace {

const native_context& context_of(const plan& made) { return static_cast<const native_context&>(*made.context); }

http_response json_response(std::string body) {
  http_response out;
  out.fields.emplace_back("Content-Type", "application/json");
  out.body = std::move(body);
  return out;
}

/// The same list from the cursor on.
std::string next_link(const http_request& request, std::string_view cursor) {
  std::string out = "<";
  out += request.path;
  out += '?';
  std::string_view query = request.query;
  while (!query.empty()) {
    const auto end = query.find('&');
    const auto pair = query.substr(0, end);
    query.remove_prefix(end == std::string_view::npos ? query.size() : end + 1);
    const bool replaced = pair.starts_with("cursor=") || pair.starts_with("marker=");
    if (pair.empty() || replaced || pair.find('>') != pair.npos) continue;
    out += pair;
    out += '&';
  }
  out += "cursor=";
  out += cursor;
  out += ">; rel=\"next\"";
  return out;
}

/// The items of a list or take, whichever it was.
struct item_list {
  const std::vector<queue::message>* items = nullptr;
  std::uint64_t count = 0;
  burrow::place last;
  bool more = false, lifo = false, queue_exists = false;
  errc problem = errc::ok;
  instant now;
  bool by_priority = false;
  std::uint8_t last_priority = 0;
  std::optional<std::uint64_t> revision{}; ///< of a list alone

  [[nodiscard]] place_cursor cursor() const {
    if (last.value != 0) return cursor_at(last, lifo, by_priority, last_priority);
    return cursor_at(items->back().place, lifo, by_priority, items->back().attributes.priority);
  }
  static item_list of(const operation_result& outcome, const native_context& context) {
    if (const auto* r = std::get_if<queue::take_reply>(&outcome.what)) {
      return {&r->items, r->count,  r->last,        r->more,         r->lifo, r->queue_exists,
              r->problem, r->now,    r->by_priority, r->last_priority};
    }
    const auto* a = std::get_if<queue::messages_answer>(&outcome.what);
    BURROW_ASSERT(a != nullptr);
    return {&a->items, a->items.size(), a->last, a->more, context.lifo, a->queue_exists, errc::ok, a->now,
            false, 0, a->revision};
  }
};

std::string_view body_at(const operation_result& outcome, std::size_t i) {
  return i < outcome.bodies.size() ? outcome.bodies[i].view() : std::string_view{};
}

std::int64_t age_s(instant since, instant now) {
  return since == no_instant || since > now ? 0 : (now - since).count() / 1000;
}

void queue_json(std::string& out, const queue::queue_summary& q, detail_level detail, instant now) {
  if (detail == detail_level::id) return json_string(out, q.name);
  out += "{\"id\": ";
  json_string(out, q.name);
  if (detail == detail_level::full) {
    out += ", \"visible\": ";
    append_number(out, q.visible);
    out += ", \"hidden\": ";
    append_number(out, q.delayed + q.claimed);
    out += ", \"bytes\": ";
    append_number(out, q.bytes);
    out += ", \"oldest_age\": ";
    append_number(out, age_s(q.oldest_created, now));
    out += q.has_settings ? ", \"has_settings\": true" : ", \"has_settings\": false";
  }
  out += "}";
}

void tenant_json(std::string& out, const queue::tenant_summary& t, detail_level detail) {
  if (detail == detail_level::id) return json_string(out, t.name);
  out += "{\"id\": ";
  json_string(out, t.name);
  if (detail == detail_level::full) {
    out += ", \"queues\": ";
    append_number(out, t.queues);
    out += ", \"messages\": ";
    append_number(out, t.messages);
    out += ", \"bytes\": ";
    append_number(out, t.bytes);
  }
  out += "}";
}

http_response stats_response(const queue::stats_answer& answer, std::uint64_t waiters, const std::string& zone) {
  const auto& s = answer.summary;
  std::string out;
  const auto member = [&](std::string_view name, auto value) {
    out += out.empty() ? "{\"" : ", \"";
    out += name;
    out += "\": ";
    append_number(out, value);
  };
  member("visible", s.visible);
  member("delayed", s.delayed);
  member("claimed", s.claimed);
  member("moving", s.moving);
  member("bytes", s.bytes);
  member("waiters", waiters);
  member("oldest_age", age_s(s.oldest_created, answer.now));
  member("oldest_visible_age", age_s(s.oldest_visible_created, answer.now));
  out += ", \"per_second\": {";
  const auto rate = [&](std::string_view name, std::uint64_t in_60_s, std::string_view after) {
    json_string(out, name);
    out += ": ";
    append_rate(out, static_cast<double>(in_60_s) / 60);
    out += after;
  };
  rate("insert", answer.last_minute.inserted, ", ");
  rate("claim", answer.last_minute.claimed, ", ");
  rate("delete", answer.last_minute.deleted, ", ");
  rate("expire", answer.last_minute.expired, ", ");
  rate("dead", answer.last_minute.dead, "}");
  out += ", \"leader_zone\": ";
  json_string(out, zone);
  out += ", \"partitions\": 1}";
  return json_response(std::move(out));
}

} // namespace

void native_dialect::change_fields(http_response& out) const {
  if (out.status < 300) out.fields.emplace_back("Burrow-Durability", "quorum");
}

http_response native_dialect::finish(const http_request& request, const plan& made, operation_result& outcome) const {
  http_response out;
  const auto& context = context_of(made);
  const auto& zone = outcome.zone.empty() ? options_.zone : outcome.zone; // of the leader
  if (const auto* failed = outcome.failed()) {
    out = problem_response(request, failed->code == errc::invalid_settings && made.rule_kept != 0
                                      ? incomplete_rule(made.rule_kept)
                                      : problem{problem_of(failed->code), failed->context, {}});
  } else if (made.streams) {
    out.fields = {{"Content-Type", "text/event-stream"}, {"Cache-Control", "no-store"}};
  } else if (const auto* reply = std::get_if<queue::task_reply>(&outcome.what)) {
    out = redriven(request, made, *reply);
  } else if (std::holds_alternative<queue::tasks_answer>(outcome.what) ||
             std::holds_alternative<queue::task_answer>(outcome.what)) {
    out = tasks_shown(request, outcome);
  } else if (const auto* stats = std::get_if<queue::stats_answer>(&outcome.what)) {
    out = stats_response(*stats, outcome.waiters, zone);
  } else if (std::holds_alternative<queue::settings_answer>(outcome.what) ||
             std::holds_alternative<queue::settings_reply>(outcome.what)) {
    out = settings_shown(request, made, outcome);
  } else if (const auto* purged = std::get_if<queue::purge_reply>(&outcome.what)) {
    out.status = 204;
    if (purged->count > 0 || context.empty_is_ok) change_fields(out);
    else out = problem_response(request, {problem_type::queue_not_found, {}, {}});
    out.fields.emplace_back("Burrow-Count", std::to_string(purged->count));
  } else if (std::holds_alternative<queue::queues_answer>(outcome.what) ||
             std::holds_alternative<queue::tenants_answer>(outcome.what)) {
    out = named(request, made, outcome);
  } else if (context.is_list) {
    out = listed(request, made, outcome);
  } else {
    out = one(request, made, outcome);
  }
  out.fields.emplace_back("Burrow-Zone", zone);
  return out;
}

http_response native_dialect::listed(const http_request& request, const plan& made, operation_result& outcome) const {
  const auto& context = context_of(made);
  auto list = item_list::of(outcome, context);
  if (list.problem != errc::ok) return problem_response(request, {problem_of(list.problem), {}, {}});
  const bool meta = !made.match_meta.empty() ||
                    (std::holds_alternative<queue::list_messages>(made.what->what) &&
                     !std::get<queue::list_messages>(made.what->what).match_meta.empty());
  http_response out;
  const bool silent = context.detail == detail_level::none;
  const bool reads = request.method == http_method::get || request.method == http_method::head;
  if (reads && list.revision && (list.count > 0 || context.empty_is_ok)) {
    auto etag = "W/" + etag_of(*list.revision);
    const bool known = is_known(request.field("if-none-match"), etag);
    out.fields.emplace_back("ETag", std::move(etag));
    if (known) return out.status = 304, out;
  }
  if (list.count == 0 && !context.empty_is_ok) {
    using enum problem_type;
    out = problem_response(request, {list.queue_exists ? message_not_found : queue_not_found, {}, {}});
  } else if (silent) {
    out.status = 204;
  } else {
    const message_view view{&made.what->queue, &sealer_, list.now, context.is_claim, list.lifo, list.by_priority};
    std::string body = "[";
    std::size_t expected = list.items->size() * 256;
    for (const auto& b : outcome.bodies) expected += b.size() + b.size() / 8;
    body.reserve(expected);
    for (std::size_t i = 0; i < list.items->size(); ++i) {
      const auto before = body.size();
      if (i > 0) body += ", ";
      message_json(body, view, context.detail, (*list.items)[i], body_at(outcome, i));
      // As JSON a body may be six times as long. What a take has changed must be shown; a list goes on later.
      if (!reads || i == 0 || body.size() <= limits::list_bytes_max) continue;
      body.resize(before);
      list.count = i;
      list.more = true;
      list.last = (*list.items)[i - 1].place;
      break;
    }
    body += "]";
    out.fields.emplace_back("Content-Type", "application/json");
    out.fields.emplace_back("Cache-Control", "no-store");
    out.body = std::move(body);
  }
  // What changes messages without showing them goes on until all are done; a count that was read stops like a list.
  const bool stopped = list.more && (meta || (list.count > 0 && (!silent || reads))) && list.last.value != 0;
  if (stopped || (!silent && list.count > 0)) {
    const auto cursor = sealer_.seal(made.what->queue, list.cursor());
    out.fields.emplace_back("Burrow-Cursor", cursor);
    if (stopped) out.fields.emplace_back("Link", next_link(request, cursor));
  } else if (list.count == 0 && context.cursor) {
    out.fields.emplace_back("Burrow-Cursor", *context.cursor);
  }
  out.fields.emplace_back("Burrow-Count", std::to_string(list.count));
  if (const auto* taken = std::get_if<queue::take_reply>(&outcome.what); taken != nullptr && taken->replayed)
    add_replayed(out);
  if (context.is_change) change_fields(out);
  return out;
}

http_response native_dialect::named(const http_request& request, const plan& made,
                                    const operation_result& outcome) const {
  const auto& context = context_of(made);
  const auto* queues = std::get_if<queue::queues_answer>(&outcome.what);
  const auto* tenants = std::get_if<queue::tenants_answer>(&outcome.what);
  const std::size_t count = queues != nullptr ? queues->items.size() : tenants->items.size();
  const bool more = queues != nullptr ? queues->more : tenants->more;
  http_response out;
  if (count == 0 && !context.empty_is_ok) {
    out = problem_response(request, {problem_type::account_not_found, {}, {}});
  } else if (context.detail == detail_level::none) {
    out.status = 204;
  } else {
    std::string body = "[";
    for (std::size_t i = 0; i < count; ++i) {
      if (i > 0) body += ", ";
      if (queues != nullptr) queue_json(body, queues->items[i], context.detail, queues->now);
      else tenant_json(body, tenants->items[i], context.detail);
    }
    body += "]";
    out = json_response(std::move(body));
    if (count > 0) {
      const auto& last = queues != nullptr ? queues->items.back().name : tenants->items.back().name;
      const auto cursor = sealer_.seal_name(made.what->queue.tenant, last);
      out.fields.emplace_back("Burrow-Cursor", cursor);
      if (more) out.fields.emplace_back("Link", next_link(request, cursor));
    }
  }
  if (count == 0 && context.cursor) out.fields.emplace_back("Burrow-Cursor", *context.cursor);
  if (context.is_change) change_fields(out);
  return out;
}

http_response native_dialect::one(const http_request& request, const plan& made, operation_result& outcome) const {
  const auto& context = context_of(made);
  if (const auto* reply = std::get_if<queue::insert_reply>(&outcome.what)) {
    if (context.is_batch) return inserted(request, made, *reply);
    const auto code = reply->problem != errc::ok ? reply->problem
                    : reply->items.empty() ? errc::unknown_outcome : reply->items[0].problem;
    if (code != errc::ok) return problem_response(request, {problem_of(code), {}, {}});
    const auto& item = reply->items[0];
    http_response out;
    if (reply->replayed) add_replayed(out);
    if (item.status == queue::insert_status::duplicate) {
      out.status = 204;
      out.fields.emplace_back("Burrow-Duplicate", "true");
      change_fields(out);
      return out;
    }
    out.status = item.status == queue::insert_status::created ? 201 : 204;
    if (request.method == http_method::post) {
      const std::string id = item.name.empty() ? item.id.text26() : item.name;
      out.status = 201;
      out.fields.emplace_back("Content-Type", "application/json");
      out.body = "{\"id\": \"" + id + "\"}";
      out.fields.emplace_back("Location", std::string{request.path.substr(0, request.path.rfind('/') + 1)} + id);
    } else if (out.status == 201) {
      out.fields.emplace_back("Location", request.path);
    }
    out.fields.emplace_back("ETag", etag_of(queue::version_of(item.place, item.revision)));
    out.fields.emplace_back("Burrow-Ttl", std::to_string(std::chrono::ceil<std::chrono::seconds>(item.ttl).count()));
    change_fields(out);
    return out;
  }
  queue::message* item = nullptr;
  errc code = errc::message_not_found;
  instant now;
  if (auto* reply = std::get_if<queue::targets_reply>(&outcome.what)) {
    if (context.is_batch) return acknowledged(made, *reply);
    now = reply->now;
    if (!reply->items.empty()) code = reply->items[0].problem;
    if (!reply->items.empty() && reply->items[0].item) item = &*reply->items[0].item;
  } else if (auto* answer = std::get_if<queue::message_answer>(&outcome.what)) {
    now = answer->now;
    if (answer->item) item = &*answer->item, code = errc::ok;
  } else {
    return problem_response(request, {problem_type::internal, {}, {}});
  }
  if (code == errc::queue_not_found) code = errc::message_not_found;
  if (code != errc::ok) return problem_response(request, {problem_of(code), {}, {}});
  return shown(request, made, item, now, body_at(outcome, 0));
}

http_response native_dialect::shown(const http_request& request, const plan& made, const queue::message* item,
                                    instant now, std::string_view body) const {
  const auto& context = context_of(made);
  http_response out;
  if (item != nullptr && !context.is_change) {
    const auto etag = etag_of(item->version());
    out.fields.emplace_back("ETag", etag);
    if (is_known(request.field("if-none-match"), etag)) return out.status = 304, out;
  }
  if (context.detail == detail_level::none || item == nullptr) {
    out.status = 204;
  } else if (context.detail == detail_level::id) {
    out.fields.emplace_back("Content-Type", "text/plain; charset=utf-8");
    out.body = item->shown_id();
  } else if (context.detail == detail_level::body) {
    out.fields.emplace_back("Content-Type", content_type_of(*item));
    if (!item->attributes.traceparent.empty()) {
      out.fields.emplace_back("Burrow-Message-Traceparent", item->attributes.traceparent);
    }
    out.body = body;
  } else {
    out.fields.emplace_back("Content-Type", "application/json");
    message_json(out.body, {&made.what->queue, &sealer_, now, false, false, false}, context.detail, *item, body);
  }
  if (out.status == 200) out.fields.emplace_back("Cache-Control", "no-store");
  if (context.is_change) change_fields(out);
  return out;
}

} // namespace burrow
