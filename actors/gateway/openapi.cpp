#include "actors/gateway/openapi.hpp"

#include "actors/gateway/json_write.hpp"
#include "actors/gateway/native_routes.hpp"

#include <algorithm>
#include <map>
#include <vector>

namespace burrow {
namespace {

/// A query parameter, header field or answer field: its bit, its name, its schema, what it means.
struct named_bit {
  std::uint32_t bit;
  std::string_view name, schema, meaning;
};

constexpr named_bit parameter_rows[] = {
  {with_ttl, "ttl", R"({"type": "integer", "minimum": 0, "maximum": 315360000})",
   "Seconds until the message is removed; 0 = never"},
  {with_hide, "hide", R"({"type": "integer", "minimum": 0, "maximum": 1209600})",
   "Seconds until the message is visible; 0 = at once"},
  {with_limit, "limit", R"({"type": "integer", "minimum": 1})", "At most so many; an answer with items holds 1000"},
  {with_marker, "marker", R"({"type": "string"})", "Only what comes after this id; an unknown one is ignored"},
  {with_match_hidden, "match_hidden", R"({"type": "string"})", "`true`, in any case: hidden messages match too"},
  {with_wait, "wait", R"({"type": "integer", "minimum": 0})",
   "Seconds that a request which matches nothing is held, at most 120"},
  {with_persistent, "persistent", R"({"type": "boolean"})", "false asks for the durability `memory`"},
  {with_order, "order", R"({"type": "string", "enum": ["fifo", "lifo"]})", "Direction of listing or taking"},
  {with_priority, "priority", R"({"type": "integer", "minimum": 0, "maximum": 9})", "9 is taken first"},
  {with_cursor, "cursor", R"({"type": "string"})", "Goes on where the answer with this Burrow-Cursor ended"},
  {with_on_empty, "on_empty", R"({"type": "string", "enum": ["404", "200"]})", "The status if nothing matches"},
  {with_receipt, "receipt", R"({"type": "string"})", "Act only if this receipt is good"},
  {with_prefix, "prefix", R"({"type": "string"})", "Only ids that begin with these bytes"},
  {with_include_empty, "include_empty", R"({"type": "boolean"})", "Queues that have only settings too"},
  {with_match_meta, "match_meta", R"({"type": "array", "items": {"type": "string", "pattern": "^[^:]+:"}})",
   "`name:value`, repeatable: only messages with all of these in their meta"},
};
constexpr std::string_view detail_meaning = "What is shown of each item";
constexpr std::string_view detail_schema =
  R"({"type": "string", "enum": ["none", "id", "attributes", "body", "all", "full"]})";
constexpr std::string_view names_detail = R"({"type": "string", "enum": ["none", "id", "attributes", "all", "full"]})";
constexpr std::string_view settings_detail = R"({"type": "string", "enum": ["all", "full"]})";

constexpr std::string_view text_schema = R"({"type": "string"})";
constexpr named_bit field_rows[] = {
  {in_prefer, "Prefer", text_schema, "`handling=strict`: unknown parameters are 400"},
  {in_if_match, "If-Match", text_schema, "Act only if the ETag is one of these"},
  {in_if_none_match, "If-None-Match", text_schema, "304 if the ETag is one of these"},
  {in_none_match_any, "If-None-Match", R"({"type": "string", "const": "*"})", "`*`: 412 if it is there"},
  {in_receipt, "Burrow-Receipt", text_schema, "As the parameter `receipt`"},
  {in_group, "Burrow-Group", R"({"type": "string", "maxLength": 255})", "Messages of a group stay in order"},
  {in_meta, "Burrow-Meta-*", text_schema,
   "Any number up to 16 of fields whose name ends in [a-z0-9-]{1,64}: the meta of the message"},
  {in_trace, "traceparent", text_schema, "W3C trace context, kept with the message; an invalid one is ignored"},
  {in_trace, "tracestate", text_schema, "Kept with a valid traceparent, up to 512 bytes"},
  {in_last_event, "Last-Event-ID", text_schema, "A stream goes on behind the event with this id"},
  {in_key, "Idempotency-Key", R"({"type": "string", "minLength": 1, "maxLength": 255})",
   "A repeat of the same request gets the first answer again and has no effect"},
  {in_producer, "Burrow-Producer", R"({"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"})",
   "Whose sequence it is; only with Burrow-Sequence"},
  {in_producer, "Burrow-Sequence", R"({"type": "integer", "minimum": 1})",
   "A sequence that is not above the producer's highest is dropped as a duplicate"},
};

constexpr named_bit answer_rows[] = {
  {out_count, "Burrow-Count", R"({"type": "integer", "minimum": 0})", "Messages that matched"},
  {out_cursor, "Burrow-Cursor", text_schema, "Goes on behind the last item, as `cursor`"},
  {out_link, "Link", text_schema, "`rel=next`: there may be more"},
  {out_etag, "ETag", text_schema, "Strong; of a list of messages weak"},
  {out_ttl, "Burrow-Ttl", R"({"type": "integer", "minimum": 0})", "The ttl in force"},
  {out_location, "Location", text_schema, "Where the message is"},
  {out_durability, "Burrow-Durability", R"({"type": "string", "enum": ["memory", "local", "quorum"]})",
   "The level that the answer waited for"},
  {out_trace, "Burrow-Message-Traceparent", text_schema, "The traceparent of the message, with detail=body"},
  {out_no_store, "Cache-Control", text_schema, "no-store"},
  {out_replayed, "Idempotency-Replayed", R"({"type": "string", "const": "true"})",
   "The first answer to a request with this key"},
  {out_duplicate, "Burrow-Duplicate", R"({"type": "string", "const": "true"})",
   "The producer's sequence was known: nothing was stored"},
};

/// Appends members of objects: `"name": ` with the comma before it if need be.
class json_out {
public:
  std::string text;

  json_out& open(char bracket) { return text.push_back(bracket), *this; }
  json_out& close(char bracket) { return text.push_back(bracket), *this; }
  json_out& next() {
    if (const char c = text.empty() ? '{' : text.back(); c != '{' && c != '[' && c != ' ') text += ", ";
    return *this;
  }
  json_out& key(std::string_view name) {
    next();
    json_string(text, name);
    text += ": ";
    return *this;
  }
  json_out& string(std::string_view value) { return json_string(text, value), *this; }
  json_out& raw(std::string_view value) { return text += value, *this; }
};

void schema_ref(json_out& out, std::string_view name) {
  out.raw(R"({"schema": {"$ref": "#/components/schemas/)").raw(name).raw("\"}}");
}
constexpr std::string_view any_bytes = "{}";

void content(json_out& out, media form, std::string_view schema) {
  const auto typed = [&](std::string_view type) { schema_ref(out.key(type), schema); };
  out.key("content").open('{');
  switch (form) {
    case media::none: break;
    case media::json: typed("application/json"); break;
    case media::merge_patch: typed("application/json"), typed("application/merge-patch+json"); break;
    case media::text: out.key("text/plain").raw(R"({"schema": {"type": "string"}})"); break;
    case media::html:
      typed("application/json");
      out.key("text/html").raw(R"({"schema": {"type": "string"}})");
      break;
    case media::bytes: out.key("*/*").raw(any_bytes); break;
    case media::batch:
    case media::one: typed("application/json"), out.key("*/*").raw(any_bytes); break;
    case media::events:
      typed("application/json");
      out.key("text/event-stream").raw(R"({"schema": {"type": "string"}})");
      break;
  }
  out.close('}');
}

void header_refs(json_out& out, std::uint32_t fields) {
  out.key("headers").open('{');
  const auto ref = [&](std::string_view name) {
    out.key(name).raw(R"({"$ref": "#/components/headers/)").raw(name).raw("\"}");
  };
  ref("X-Request-Id");
  ref("Burrow-Zone");
  for (const auto& row : answer_rows) {
    if ((fields & row.bit) != 0) ref(row.name);
  }
  out.close('}');
}

void parameter(json_out& out, std::string_view in, std::string_view name, std::string_view schema,
               std::string_view meaning) {
  out.next().open('{').key("name").string(name).key("in").string(in);
  if (in == "path") out.key("required").raw("true");
  out.key("description").string(meaning).key("schema").raw(schema).close('}');
}

void parameters(json_out& out, const native_route& route, const native_method& method) {
  out.key("parameters").open('[');
  for (auto at = route.path.find('{'); at != std::string_view::npos; at = route.path.find('{', at + 1)) {
    const auto name = route.path.substr(at + 1, route.path.find('}', at) - at - 1);
    parameter(out, "path", name, R"({"type": "string", "minLength": 1})", "One path segment, percent-encoded");
  }
  for (const auto& row : parameter_rows) {
    if ((method.parameters & row.bit) != 0) parameter(out, "query", row.name, row.schema, row.meaning);
  }
  if ((method.parameters & with_detail) != 0) {
    const auto schema = (method.parameters & names_only) != 0      ? names_detail
                        : (method.parameters & settings_only) != 0 ? settings_detail : detail_schema;
    parameter(out, "query", "detail", schema, detail_meaning);
  }
  for (const auto& row : field_rows) {
    if ((method.fields & row.bit) != 0) parameter(out, "header", row.name, row.schema, row.meaning);
  }
  parameter(out, "header", "X-Request-Id", text_schema, "Given back; else the server makes one");
  out.close(']');
}

/// The slugs of one operation by status, those of any request among them.
std::map<int, std::vector<std::string_view>> slugs_of(const native_method& method) {
  std::map<int, std::vector<std::string_view>> out;
  const auto add = [&](problem_type type) {
    auto& slugs = out[facts_of(type).status];
    if (std::find(slugs.begin(), slugs.end(), facts_of(type).slug) == slugs.end()) slugs.push_back(facts_of(type).slug);
  };
  for (const auto type : method.problems) add(type);
  for (const auto type : common_problems()) add(type);
  return out;
}

void problem_answer(json_out& out, const std::vector<std::string_view>& slugs, std::uint32_t fields) {
  std::string shown, kinds;
  for (const auto slug : slugs) {
    shown += shown.empty() ? "" : ", ";
    shown += slug;
    kinds += kinds.empty() ? "\"/problems/" : ", \"/problems/";
    kinds += slug;
    kinds += '"';
  }
  out.open('{').key("description").string(shown);
  header_refs(out, fields);
  out.key("content").raw(R"({"application/problem+json": {"schema": {"allOf": )");
  out.raw(R"([{"$ref": "#/components/schemas/Problem"},)");
  out.raw(R"( {"properties": {"type": {"enum": [)").raw(kinds);
  out.raw(R"(]}}}]}}, "text/plain": {"schema": {"type": "string"}}}})");
}

void operation(json_out& out, const native_route& route, const native_method& method, bool head) {
  static constexpr std::string_view names[] = {"get", "head", "put", "post", "patch", "delete"};
  out.key(head ? "head" : names[static_cast<std::size_t>(method.method)]).open('{');
  out.key("operationId").string(head ? std::string{method.id} + "Head" : std::string{method.id});
  out.key("summary").string(method.summary);
  parameters(out, route, method);
  if (method.body_form != media::none) {
    out.key("requestBody").open('{');
    if (method.body_form == media::json || method.body_form == media::merge_patch) out.key("required").raw("true");
    content(out, method.body_form, method.body_schema);
    out.close('}');
  }
  out.key("responses").open('{');
  auto problems = slugs_of(method);
  for (const auto& answer : method.answers) {
    out.key(std::to_string(answer.status)).open('{').key("description").string(answer.meaning);
    header_refs(out, answer.fields);
    if (answer.form != media::none && !head) content(out, answer.form, answer.schema);
    out.close('}');
    problems.erase(answer.status);
  }
  for (const auto& [status, slugs] : problems)
    problem_answer(out.key(std::to_string(status)), slugs, status == 404 ? method.fields_of_nothing : 0);
  out.close('}').close('}');
}

void header(json_out& out, std::string_view name, std::string_view schema, std::string_view meaning) {
  out.key(name).open('{').key("description").string(meaning).key("schema").raw(schema).close('}');
}

void components(json_out& out) {
  out.key("components").open('{').key("schemas").open('{');
  for (const auto& schema : openapi_schemas()) out.key(schema.name).raw(schema.text);
  out.close('}').key("headers").open('{');
  header(out, "X-Request-Id", text_schema, "Of the request, or made by the server");
  header(out, "Burrow-Zone", text_schema, "The zone that served it");
  for (const auto& row : answer_rows) header(out, row.name, row.schema, row.meaning);
  out.close('}').close('}');
}

bool is_served(const native_route& route, const openapi_options& options) {
  if (route.kind == place_kind::service) return options.accounts;
  return route.kind != place_kind::metrics || options.metrics;
}

} // namespace

std::string openapi_document(const openapi_options& options) {
  json_out out;
  out.open('{').key("openapi").string("3.1.0");
  out.key("info").open('{').key("title").string("Burrow native HTTP API").key("version").string("1.0");
  out.key("description").string("Message queues for many tenants. Unknown parameters are ignored; errors: RFC 9457.");
  out.close('}').key("paths").open('{');
  for (const auto& route : native_routes()) {
    if (!is_served(route, options)) continue;
    out.key(route.path).open('{');
    for (const auto& method : route.methods) {
      operation(out, route, method, false);
      if (method.method == http_method::get) operation(out, route, method, true);
    }
    out.close('}');
  }
  out.close('}');
  components(out);
  out.close('}');
  return std::move(out.text);
}

} // namespace burrow
