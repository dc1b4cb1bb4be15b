// /admin/v1/openapi.json: the table of admin_routes.cpp as an OpenAPI 3.1 document.
#include "node/admin_routes.hpp"

#include <nlohmann/json.hpp>

#include <map>
#include <set>

namespace burrow {
namespace {

using json = nlohmann::ordered_json;

/// What the listener itself may answer, whatever is asked.
constexpr problem_type of_any[] = {problem_type::bad_request,  problem_type::request_timeout,
                                   problem_type::request_too_large, problem_type::uri_too_long,
                                   problem_type::headers_too_large, problem_type::not_implemented,
                                   problem_type::overloaded};

json schema_ref(std::string_view name) { return {{"$ref", "#/components/schemas/" + std::string(name)}}; }

json headers() { return {{"X-Request-Id", {{"$ref", "#/components/headers/X-Request-Id"}}}}; }

json parameter(std::string_view in, std::string_view name, std::string_view schema, std::string_view meaning) {
  return {{"name", name}, {"in", in}, {"description", meaning}, {"schema", json::parse(schema)}};
}

json problem_answer(const std::set<std::string>& slugs) {
  std::string shown;
  json kinds = json::array();
  for (const auto& slug : slugs) {
    shown += (shown.empty() ? "" : ", ") + slug;
    kinds.push_back("/problems/" + slug);
  }
  json typed;
  typed["properties"]["type"]["enum"] = std::move(kinds);
  json schema;
  schema["allOf"] = json::array({schema_ref("Problem"), std::move(typed)});
  json out{{"description", shown}, {"headers", headers()}};
  out["content"]["application/problem+json"]["schema"] = std::move(schema);
  return out;
}

json responses(const admin_operation& op, bool head) {
  json out = json::object();
  for (const auto& answer : op.answers) {
    json one{{"description", answer.meaning}, {"headers", headers()}};
    if (!head) one["content"]["application/json"]["schema"] = schema_ref(answer.schema);
    out[std::to_string(answer.status)] = std::move(one);
  }
  std::map<int, std::set<std::string>> slugs;
  for (const auto& some : {op.problems, std::span<const problem_type>(of_any)})
    for (const auto type : some) slugs[facts_of(type).status].emplace(facts_of(type).slug);
  for (const auto& [status, names] : slugs) out[std::to_string(status)] = problem_answer(names);
  return out;
}

json operation(const admin_operation& op, bool head) {
  json out{{"operationId", head ? std::string(op.id) + "Head" : std::string(op.id)}, {"summary", op.summary}};
  out["parameters"] = json::array();
  for (const auto& p : op.parameters) out["parameters"].push_back(parameter("query", p.name, p.schema, p.meaning));
  out["parameters"].push_back(
    parameter("header", "X-Request-Id", R"({"type": "string"})", "Given back; else the server makes one"));
  if (!op.body.empty()) {
    out["requestBody"]["required"] = true;
    out["requestBody"]["content"]["application/json"]["schema"] = schema_ref(op.body);
  }
  out["responses"] = responses(op, head);
  return out;
}

std::string_view key_of(http_method method) {
  switch (method) {
    case http_method::post: return "post";
    case http_method::delete_: return "delete";
    default: return "get";
  }
}

} // namespace

std::string admin_document() {
  json out{{"openapi", "3.1.0"}};
  out["info"] = {{"title", "Burrow administration"}, {"version", "1.0"},
                 {"description", "What operators ask and order, on the admin listener. Orders are JSON and go to the "
                                 "audit log; unknown parameters are ignored; errors: RFC 9457."}};
  for (const auto& op : admin_operations()) {
    auto& item = out["paths"][std::string(op.path)];
    item[std::string(key_of(op.method))] = operation(op, false);
    if (op.method == http_method::get) item["head"] = operation(op, true);
  }
  for (const auto& s : admin_schemas()) out["components"]["schemas"][std::string(s.name)] = json::parse(s.text);
  out["components"]["headers"]["X-Request-Id"] = {{"description", "Of the request, or made by the server"},
                                                  {"schema", {{"type", "string"}}}};
  return out.dump();
}

} // namespace burrow
