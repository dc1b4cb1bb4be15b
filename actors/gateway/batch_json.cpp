#include "actors/gateway/batch_json.hpp"

#include "actors/gateway/base64.hpp"
#include "actors/gateway/idempotency.hpp"
#include "actors/gateway/json_scan.hpp"
#include "actors/gateway/names.hpp"
#include "actors/gateway/trace_context.hpp"

#include <algorithm>

namespace burrow {
namespace {

problem bad_json(std::string detail) { return {problem_type::invalid_json, std::move(detail), {}}; }
problem too_many() { return {problem_type::batch_too_large, "A batch has at most 100 entries.", {}}; }

/// Calls member(name) with the scan at each value of an object; it must read the value.
template <class Member>
bool object(json_scan& scan, Member member) {
  if (!scan.take('{')) return false;
  if (scan.take('}')) return true;
  for (;;) {
    const char* from = scan.at();
    if (!scan.string()) return false;
    const auto name = json_unquoted({from, static_cast<std::size_t>(scan.at() - from)});
    if (!scan.take(':') || !member(std::string_view{name})) return false;
    if (scan.take('}')) return true;
    if (!scan.take(',')) return false;
  }
}

/// Calls entry() with the scan at each value of an array.
template <class Entry>
bool array(json_scan& scan, Entry entry) {
  if (!scan.take('[')) return false;
  if (scan.take(']')) return true;
  for (;;) {
    if (!entry()) return false;
    if (scan.take(']')) return true;
    if (!scan.take(',')) return false;
  }
}

std::optional<std::string_view> raw_value(json_scan& scan) {
  const char* from = scan.at();
  if (!scan.value()) return std::nullopt;
  return std::string_view{from, static_cast<std::size_t>(scan.at() - from)};
}

/// The raw values of one entry; empty = absent or null.
struct raw_message {
  std::string_view id, body, body_base64, content_type, ttl, hide, meta, priority, group, persistent, traceparent,
    tracestate, producer, sequence;

  std::string_view* member(std::string_view name) {
    if (name == "id") return &id;
    if (name == "body") return &body;
    if (name == "body_base64") return &body_base64;
    if (name == "content_type") return &content_type;
    if (name == "ttl") return &ttl;
    if (name == "hide") return &hide;
    if (name == "meta") return &meta;
    if (name == "priority") return &priority;
    if (name == "group") return &group;
    if (name == "persistent") return &persistent;
    if (name == "traceparent") return &traceparent;
    if (name == "tracestate") return &tracestate;
    if (name == "producer") return &producer;
    if (name == "sequence") return &sequence;
    return nullptr;
  }
};

bool read_raw(json_scan& scan, raw_message& out) {
  return object(scan, [&](std::string_view name) {
    const auto value = raw_value(scan);
    if (!value) return false;
    if (auto* member = out.member(name)) *member = *value == "null" && name != "body" ? std::string_view{} : *value;
    return true;
  });
}

/// False if it is there and no string.
bool string_of(std::string_view raw, std::string& out) {
  if (raw.empty()) return true;
  if (raw.front() != '"') return false;
  out = json_unquoted(raw);
  return true;
}

bool seconds_of(std::string_view raw, std::int64_t most, std::optional<std::int64_t>& out) {
  if (raw.empty()) return true;
  out = json_natural(raw);
  return out && *out <= most;
}

bool body_of(const raw_message& raw, batch_message& out) {
  if (!raw.body_base64.empty()) {
    std::string text;
    if (!raw.body.empty() || !string_of(raw.body_base64, text)) return false;
    auto bytes = base64_decoded(text);
    if (!bytes) return false;
    out.body = std::move(*bytes);
    return true;
  }
  if (raw.body.empty()) return true;
  if (raw.body.front() == '"') {
    out.body = json_unquoted(raw.body);
    if (out.attributes.content_type.empty()) out.attributes.content_type = "text/plain; charset=utf-8";
  } else {
    out.body = json_compact(raw.body);
    if (out.attributes.content_type.empty()) out.attributes.content_type = "application/json";
  }
  return true;
}

bool meta_of(std::string_view raw, queue::message_attributes& out) {
  if (raw.empty()) return true;
  json_scan scan{raw};
  return raw.front() == '{' && object(scan, [&](std::string_view name) {
    const auto value = raw_value(scan);
    std::string text;
    return value && !value->empty() && string_of(*value, text) && add_meta(out, name, std::move(text));
  });
}

/// Both or neither, as the header fields.
bool producer_of(const raw_message& raw, batch_message& out) {
  if (raw.producer.empty() && raw.sequence.empty()) return true;
  const auto sequence = sequence_of(raw.sequence);
  if (!sequence || raw.producer.empty() || !string_of(raw.producer, out.attributes.producer)) return false;
  out.sequence = *sequence;
  return is_producer(out.attributes.producer);
}

/// Of no string nothing is kept: a trace context that is not valid is ignored (contract section 16).
void trace_of(const raw_message& raw, queue::message_attributes& out) {
  std::string parent, state;
  if (!string_of(raw.traceparent, parent)) return;
  keep_trace(out, parent, string_of(raw.tracestate, state) ? state : std::string_view{});
}

std::optional<problem_type> interpret(const raw_message& raw, batch_message& out) {
  using enum problem_type;
  if (!string_of(raw.id, out.id)) return invalid_parameter;
  if (!raw.id.empty() && !name_problem(out.id).empty()) return out.id.clear(), invalid_name;
  if (!string_of(raw.content_type, out.attributes.content_type)) return invalid_parameter;
  if (!out.attributes.content_type.empty() && !is_content_type(out.attributes.content_type)) return invalid_parameter;
  if (!seconds_of(raw.ttl, limits::ttl_s_max, out.ttl)) return invalid_parameter;
  if (!seconds_of(raw.hide, limits::hide_s_max, out.hide)) return invalid_parameter;
  if (!body_of(raw, out) || !meta_of(raw.meta, out.attributes)) return invalid_parameter;
  std::optional<std::int64_t> priority;
  if (!seconds_of(raw.priority, limits::priorities_max - 1, priority)) return invalid_parameter;
  out.has_priority = priority.has_value();
  out.attributes.priority = static_cast<std::uint8_t>(priority.value_or(0));
  if (!string_of(raw.group, out.attributes.group)) return invalid_parameter;
  if (!raw.group.empty() && !name_problem(out.attributes.group).empty()) return invalid_parameter;
  if (!raw.persistent.empty()) {
    if (raw.persistent != "true" && raw.persistent != "false") return invalid_parameter;
    out.attributes.persistent = raw.persistent == "true";
  }
  if (!producer_of(raw, out)) return invalid_parameter;
  if (!raw.traceparent.empty()) trace_of(raw, out.attributes);
  return std::nullopt;
}

/// The text as one object, its members given to `member`.
template <class Member>
bool whole_object(std::string_view text, Member member) {
  if (!utf8_is_valid(text)) return false;
  json_scan scan{text};
  scan.space();
  return object(scan, [&](std::string_view name) { return member(scan, name); }) && scan.done();
}

} // namespace

bool is_content_type(std::string_view text) {
  return text.size() <= limits::content_type_bytes_max &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
}

bool add_meta(queue::message_attributes& to, std::string_view name, std::string value) {
  const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  if (name.empty() || name.size() > limits::meta_name_bytes_max || !std::all_of(name.begin(), name.end(), allowed)) {
    return false;
  }
  if (!utf8_is_valid(value) || std::any_of(value.begin(), value.end(), control)) return false;
  to.meta.insert_or_assign(std::string{name}, std::move(value));
  std::size_t bytes = 0;
  for (const auto& [n, v] : to.meta) bytes += n.size() + v.size();
  return to.meta.size() <= limits::meta_count_max && bytes <= limits::meta_bytes_max;
}

std::variant<message_batch, problem> read_message_batch(std::string_view text) {
  message_batch out;
  bool too_long = false;
  const bool ok = whole_object(text, [&](json_scan& scan, std::string_view name) {
    if (name == "atomic") {
      const auto value = raw_value(scan);
      if (!value || (*value != "true" && *value != "false" && *value != "null")) return false;
      out.atomic = *value == "true";
      return true;
    }
    if (name != "messages") return scan.value();
    out.entries.clear();
    return array(scan, [&] {
      raw_message raw;
      if (!read_raw(scan, raw)) return false;
      if (out.entries.size() == limits::batch_entries_max) return too_long = true, false;
      auto& entry = out.entries.emplace_back();
      entry.refused = interpret(raw, entry);
      return true;
    });
  });
  if (too_long) return too_many();
  if (!ok) return bad_json("The body is not {\"messages\": [{...}, ...]} in valid JSON.");
  if (out.entries.empty()) return bad_json("A batch has at least one entry.");
  return out;
}

std::variant<receipt_batch, problem> read_receipt_batch(std::string_view text) {
  receipt_batch out;
  bool too_long = false;
  const bool ok = whole_object(text, [&](json_scan& scan, std::string_view name) {
    if (name == "hide") {
      const auto value = raw_value(scan);
      if (!value) return false;
      out.hide.reset();
      return *value == "null" || seconds_of(*value, limits::hide_s_max, out.hide);
    }
    if (name != "messages") return scan.value();
    out.entries.clear();
    return array(scan, [&] {
      receipt_entry entry;
      bool has_id = false;
      const bool shaped = object(scan, [&](std::string_view member) {
        const auto value = raw_value(scan);
        if (!value) return false;
        if (member == "id") return has_id = value->front() == '"', string_of(*value, entry.id);
        if (member != "receipt") return true;
        entry.receipt.reset();
        return *value == "null" || string_of(*value, entry.receipt.emplace());
      });
      if (!shaped || !has_id) return false;
      if (out.entries.size() == limits::batch_entries_max) return too_long = true, false;
      out.entries.push_back(std::move(entry));
      return true;
    });
  });
  if (too_long) return too_many();
  if (!ok) return bad_json("The body is not {\"messages\": [{\"id\", \"receipt\"}, ...]} in valid JSON.");
  if (out.entries.empty()) return bad_json("A batch has at least one entry.");
  return out;
}

} // namespace burrow
