#include "node/admin_json.hpp"

#include <fmt/format.h>

namespace burrow {
namespace {

using json = nlohmann::ordered_json;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

} // namespace

http_response json_response(int status, const json& what) {
  http_response out;
  out.status = status;
  out.fields.emplace_back("Content-Type", status < 400 ? "application/json" : "application/problem+json");
  out.fields.emplace_back("Cache-Control", "no-store");
  out.body = what.dump(-1, ' ', false, json::error_handler_t::replace);
  return out;
}

http_response admin_problem(problem_type type, std::string_view detail, const std::string& path,
                            const std::string& request_id, json members) {
  const auto& facts = facts_of(type);
  json out;
  out["type"] = fmt::format("/problems/{}", facts.slug);
  out["title"] = facts.title;
  out["status"] = facts.status;
  out["detail"] = detail;
  out["instance"] = path;
  out["request_id"] = request_id;
  out["retryable"] = facts.retryable;
  out.update(members);
  auto response = json_response(facts.status, out);
  if (facts.retry_after > 0) response.fields.emplace_back("Retry-After", std::to_string(facts.retry_after));
  return response;
}

std::string query_value(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const auto one = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), one.size() + 1));
    if (one.substr(0, one.find('=')) != name || one.find('=') == one.npos) continue;
    const auto value = one.substr(one.find('=') + 1);
    std::string out;
    for (std::size_t i = 0; i < value.size(); ++i) {
      const bool coded = value[i] == '%' && i + 2 < value.size() && hex_digit(value[i + 1]) >= 0 &&
                         hex_digit(value[i + 2]) >= 0;
      out += coded ? static_cast<char>(hex_digit(value[i + 1]) * 16 + hex_digit(value[i + 2])) : value[i];
      if (coded) i += 2;
    }
    return out;
  }
  return {};
}

} // namespace burrow
