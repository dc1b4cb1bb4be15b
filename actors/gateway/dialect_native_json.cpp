#include "actors/gateway/dialect_native_json.hpp"

#include "actors/gateway/base64.hpp"
#include "actors/gateway/json_scan.hpp"
#include "actors/gateway/json_write.hpp"

namespace burrow {
namespace {

/// The body as a JSON string; true if it had to be Base64.
bool body_string(std::string& out, std::string_view body) {
  if (utf8_is_valid(body)) {
    json_string(out, body);
    return false;
  }
  out.push_back('"');
  base64_append(out, body);
  out.push_back('"');
  return true;
}

void attribute_members(std::string& out, const message_view& how, const queue::message& what) {
  out += "\"id\": ";
  json_string(out, what.shown_id());
  out += ", \"ttl\": ";
  append_number(out, what.expires == no_instant ? 0 : seconds_left(what.expires, how.now));
  out += ", \"hide\": ";
  append_number(out, seconds_left(what.hidden_until, how.now));
}

void body_member(std::string& out, std::string_view body) {
  out += ", \"body\": ";
  if (body_string(out, body)) out += ", \"body_encoding\": \"base64\"";
}

void meta_member(std::string& out, const queue::message_attributes& attributes) {
  out += ", \"meta\": {";
  bool first = true;
  for (const auto& [name, value] : attributes.meta) {
    if (!first) out += ", ";
    first = false;
    json_string(out, name);
    out += ": ";
    json_string(out, value);
  }
  out += "}";
}

void trace_member(std::string& out, const queue::message_attributes& attributes) {
  out += ", \"trace\": ";
  if (attributes.traceparent.empty()) {
    out += "null";
    return;
  }
  out += "{\"traceparent\": ";
  json_string(out, attributes.traceparent);
  if (!attributes.tracestate.empty()) {
    out += ", \"tracestate\": ";
    json_string(out, attributes.tracestate);
  }
  out += "}";
}

void dead_letter_member(std::string& out, const queue::message& what) {
  out += ", \"dead_letter\": ";
  if (!what.dead_letter) {
    out += "null";
    return;
  }
  const auto& from = *what.dead_letter;
  out += "{\"queue\": ";
  json_string(out, from.queue);
  out += ", \"id\": ";
  json_string(out, from.id);
  out += ", \"reason\": ";
  json_string(out, from.reason);
  out += ", \"claims\": ";
  append_number(out, from.claims);
  out += ", \"at\": ";
  json_time(out, from.at);
  out += "}";
}

void full_members(std::string& out, const message_view& how, const queue::message& what) {
  const auto& attributes = what.attributes;
  out += ", \"content_type\": ";
  json_string(out, content_type_of(what));
  out += ", \"created\": ";
  json_time(out, what.created);
  out += ", \"expires\": ";
  json_time(out, what.expires);
  out += ", \"claims\": ";
  append_number(out, what.claims);
  out += ", \"claims_total\": ";
  append_number(out, what.claims_total);
  if (how.with_receipts && what.claim.value != 0) {
    out += ", \"receipt\": \"";
    out += how.seals->seal(*how.queue, receipt{what.claim, what.claims, what.place});
    out += "\"";
  }
  out += ", \"cursor\": \"";
  out += how.seals->seal(*how.queue, cursor_at(what.place, how.lifo, how.by_priority, attributes.priority));
  out += "\", \"priority\": ";
  append_number(out, attributes.priority);
  out += ", \"group\": ";
  json_string_or_null(out, attributes.group);
  out += ", \"persistent\": ";
  out += !attributes.persistent ? "null" : *attributes.persistent ? "true" : "false";
  meta_member(out, attributes);
  out += ", \"sender\": ";
  json_string_or_null(out, attributes.sender);
  out += ", \"producer\": ";
  json_string_or_null(out, attributes.producer);
  trace_member(out, attributes);
  out += ", \"etag\": ";
  json_string(out, etag_of(what.version()));
  dead_letter_member(out, what);
}

} // namespace

place_cursor cursor_at(place at, bool lifo, bool by_priority, std::uint8_t priority) {
  return {at, lifo, by_priority ? std::optional{priority} : std::nullopt};
}

std::string etag_of(std::uint64_t version) { return "\"" + std::to_string(version) + "\""; }

std::string_view content_type_of(const queue::message& what) {
  const auto& type = what.attributes.content_type;
  return type.empty() ? std::string_view{"application/octet-stream"} : std::string_view{type};
}

void message_json(std::string& out, const message_view& how, detail_level detail, const queue::message& what,
                  std::string_view body) {
  if (detail == detail_level::id) return json_string(out, what.shown_id());
  if (detail == detail_level::body) {
    const auto at = out.size();
    if (!body_string(out, body)) return;
    out.insert(at, "{\"body\": ");
    out += ", \"body_encoding\": \"base64\"}";
    return;
  }
  out.push_back('{');
  attribute_members(out, how, what);
  if (detail != detail_level::attributes) body_member(out, body);
  if (detail == detail_level::full) full_members(out, how, what);
  out.push_back('}');
}

} // namespace burrow
