// ~messages, ~ack and ~extend: requests and answers.
#include "actors/gateway/batch_json.hpp"
#include "actors/gateway/dialect_native_json.hpp"
#include "actors/gateway/dialect_native_path.hpp"
#include "actors/gateway/idempotency.hpp"
#include "actors/gateway/json_write.hpp"

namespace burrow {
namespace {

plan at_once(const http_request& request, problem what) {
  plan out;
  out.answer = problem_response(request, what);
  return out;
}

errc code_of(problem_type type) {
  if (type == problem_type::invalid_name) return errc::invalid_name;
  if (type == problem_type::body_too_large) return errc::body_too_large;
  return errc::invalid_parameter;
}

void entry_json(std::string& out, int status) {
  out += "{\"status\": ";
  append_number(out, status);
  out += "}";
}

void entry_json(std::string& out, problem_type type) {
  out += "{\"status\": ";
  append_number(out, facts_of(type).status);
  out += ", \"problem\": ";
  problem_append(out, type);
  out += "}";
}

/// The entries at fault of a batch that was rejected as a whole.
std::string errors_member(const std::vector<refused_entry>& bad) {
  std::string out = ", \"errors\": [";
  for (const auto& entry : bad) {
    if (out.back() == '}') out += ", ";
    out += "{\"pointer\": \"/messages/";
    append_number(out, entry.index);
    out += "\", \"detail\": ";
    json_string(out, facts_of(entry.type).title);
    out += "}";
  }
  return out + "]";
}

problem rejected(const std::vector<refused_entry>& bad) {
  return {problem_type::batch_rejected, {}, errors_member(bad)};
}

http_response batch_response(std::size_t failed, const std::string& results) {
  http_response out;
  out.fields.emplace_back("Content-Type", "application/json");
  out.body = "{\"failed\": ";
  append_number(out.body, failed);
  out.body += ", \"results\": [";
  out.body += results;
  out.body += "]}";
  return out;
}

} // namespace

plan native_dialect::messages(http_request& request, const queue_ref& queue) const {
  parameters given;
  const auto known = parameters_at(place_kind::messages, request.method);
  if (auto p = read_parameters(request.query, known, is_strict(request), given)) return at_once(request, *p);
  const auto type = request.field("content-type");
  if (!is_json(type)) return put(request, queue, {});
  auto read = read_message_batch(request.body);
  if (auto* p = std::get_if<problem>(&read)) return at_once(request, *p);
  auto& batch = std::get<message_batch>(read);
  auto context = std::make_unique<native_context>();
  context->is_batch = context->is_change = true;
  context->atomic = batch.atomic;
  context->entries = batch.entries.size();
  auto what = std::make_shared<operation>();
  what->queue = queue;
  queue::insert insert;
  insert.atomic = batch.atomic;
  insert.fallback = options_.defaults;
  if (auto p = read_key(request, hash_of(request.body), insert)) return at_once(request, *p);
  bool bounded = !insert.idempotency_key.empty();
  insert.items.reserve(batch.entries.size());
  for (std::size_t i = 0; i < batch.entries.size(); ++i) {
    auto& entry = batch.entries[i];
    auto& item = insert.items.emplace_back();
    if (entry.refused) {
      context->refused.push_back({i, *entry.refused});
      item.refused = code_of(*entry.refused);
      continue;
    }
    item.name = std::move(entry.id);
    item.body = static_cast<std::uint32_t>(what->bodies.size());
    item.body_size = static_cast<std::uint32_t>(entry.body.size());
    item.body_hash = hash_of(entry.body);
    if (const auto ttl = entry.ttl ? entry.ttl : given.ttl) item.ttl = seconds_of(*ttl);
    if (const auto hide = entry.hide ? entry.hide : given.hide) item.hide = seconds_of(*hide);
    item.attributes = std::move(entry.attributes);
    item.sequence = entry.sequence;
    bounded = bounded || item.sequence > 0;
    if (!item.attributes.persistent) item.attributes.persistent = given.persistent;
    if (!entry.has_priority) item.attributes.priority = given.priority;
    what->bodies.emplace_back(std::move(entry.body));
  }
  plan out;
  if (batch.atomic && !context->refused.empty()) return at_once(request, rejected(context->refused));
  if (context->refused.size() == batch.entries.size()) {
    // Nothing is left to ask the queue for.
    queue::insert_reply reply;
    reply.items.resize(batch.entries.size());
    out.context = std::move(context);
    out.answer = inserted(request, out, reply);
    return out;
  }
  if (bounded) insert.bounds = options_.dedupe;
  what->what = std::move(insert);
  out.what = std::move(what);
  out.context = std::move(context);
  return out;
}

plan native_dialect::by_receipts(const http_request& request, const queue_ref& queue, bool extend) const {
  parameters given;
  if (auto p = read_parameters(request.query, 0, is_strict(request), given)) return at_once(request, *p);
  auto read = read_receipt_batch(request.body);
  if (auto* p = std::get_if<problem>(&read)) return at_once(request, *p);
  auto& batch = std::get<receipt_batch>(read);
  if (extend && !batch.hide) return at_once(request, {problem_type::invalid_parameter, "~extend needs `hide`.", {}});
  auto context = std::make_unique<native_context>();
  context->is_batch = context->is_change = true;
  context->entries = batch.entries.size();
  std::vector<queue::target> targets;
  targets.reserve(batch.entries.size());
  for (std::size_t i = 0; i < batch.entries.size(); ++i) {
    auto& entry = batch.entries[i];
    queue::target target{std::move(entry.id), {}};
    if (entry.receipt) {
      const auto r = sealer_.open_receipt(queue, *entry.receipt);
      if (!r) {
        context->refused.push_back({i, problem_type::receipt_stale});
        continue;
      }
      target.guard.receipt = r->claim;
      target.guard.receipt_claims = r->claims;
      target.guard.receipt_place = r->place;
    }
    targets.push_back(std::move(target));
  }
  plan out;
  out.context = std::move(context);
  if (targets.empty()) {
    out.answer = acknowledged(out, {});
    return out;
  }
  out.what = std::make_shared<operation>();
  out.what->queue = queue;
  if (extend) out.what->what = queue::change{std::move(targets), {}, seconds_of(*batch.hide)};
  else out.what->what = queue::remove{std::move(targets)};
  return out;
}

http_response native_dialect::inserted(const http_request& request, const plan& made,
                                       const queue::insert_reply& reply) const {
  const auto& context = static_cast<const native_context&>(*made.context);
  const auto refused = [&](std::size_t i) -> const refused_entry* {
    for (const auto& r : context.refused) {
      if (r.index == i) return &r;
    }
    return nullptr;
  };
  if (reply.problem == errc::batch_rejected) {
    std::vector<refused_entry> bad;
    for (std::size_t i = 0; i < reply.items.size(); ++i) {
      if (reply.items[i].problem != errc::ok && reply.items[i].problem != errc::batch_rejected) {
        bad.push_back({i, problem_of(reply.items[i].problem)});
      }
    }
    return problem_response(request, rejected(bad));
  }
  if (reply.problem != errc::ok) return problem_response(request, {problem_of(reply.problem), {}, {}});
  std::string results;
  std::size_t failed = 0;
  for (std::size_t i = 0; i < reply.items.size(); ++i) {
    const auto& item = reply.items[i];
    if (i > 0) results += ", ";
    if (const auto* r = refused(i); r != nullptr || item.status == queue::insert_status::failed) {
      ++failed;
      entry_json(results, r != nullptr ? r->type : problem_of(item.problem));
      continue;
    }
    results += "{";
    // Nobody knows the id of a nameless message that was stored earlier.
    if (item.status != queue::insert_status::duplicate || !item.name.empty()) {
      results += "\"id\": ";
      json_string(results, item.name.empty() ? item.id.text26() : item.name);
      results += ", ";
    }
    results += "\"status\": ";
    constexpr int statuses[] = {201, 204, 208};
    append_number(results, statuses[static_cast<std::size_t>(item.status)]);
    results += "}";
  }
  http_response out = batch_response(failed, results);
  change_fields(out);
  if (reply.replayed) add_replayed(out);
  return out;
}

http_response native_dialect::acknowledged(const plan& made, const queue::targets_reply& reply) const {
  const auto& context = static_cast<const native_context&>(*made.context);
  std::string results;
  std::size_t failed = 0, bad = 0, at = 0;
  for (std::size_t i = 0; i < context.entries; ++i) {
    if (i > 0) results += ", ";
    problem_type type = problem_type::internal;
    bool ok = false;
    if (bad < context.refused.size() && context.refused[bad].index == i) {
      type = context.refused[bad++].type;
    } else if (at < reply.items.size()) {
      const auto code = reply.items[at++].problem;
      ok = code == errc::ok;
      // In a queue without messages an entry is missing like in any other.
      if (!ok) type = code == errc::queue_not_found ? problem_type::message_not_found : problem_of(code);
    }
    if (ok) entry_json(results, 204);
    else entry_json(results, type);
    failed += ok ? 0 : 1;
  }
  http_response out = batch_response(failed, results);
  change_fields(out);
  return out;
}

} // namespace burrow
