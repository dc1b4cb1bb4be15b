// Calls the native dialect without a socket.
#pragma once

#include "actors/gateway/dialect_native.hpp"
#include "cluster/base/limits.hpp"

#include <doctest/doctest.h>

#include <list>
#include <string>

namespace burrow::test {

using field_list = std::vector<std::pair<std::string, std::string>>;

[[nodiscard]] inline std::string field_of(const http_response& r, std::string_view name) {
  for (const auto& [n, value] : r.fields) {
    if (n == name) return value;
  }
  return {};
}

struct native {
  explicit native(bool single_node = true) : made(options(single_node)) {}

  /// The request stays here, since what is made of it looks into it.
  http_request& request(std::string_view method, std::string target, const field_list& fields = {}, std::string body = {}) {
    auto& kept = texts.emplace_back();
    kept.target = std::move(target);
    kept.method = method;
    kept.fields = fields;
    auto& r = kept.request;
    const std::pair<const char*, http_method> methods[] = {
      {"GET", http_method::get}, {"HEAD", http_method::head}, {"PUT", http_method::put}, {"POST", http_method::post},
      {"PATCH", http_method::patch}, {"DELETE", http_method::delete_}, {"OPTIONS", http_method::options}};
    r.method = http_method::other;
    for (const auto& [name, value] : methods) {
      if (method == name) r.method = value;
    }
    r.method_text = kept.method;
    r.target = kept.target;
    const auto question = r.target.find('?');
    r.path = r.target.substr(0, question);
    if (question != std::string_view::npos) r.query = r.target.substr(question + 1);
    for (const auto& [name, value] : kept.fields) r.fields.emplace_back(name, value);
    r.body = std::move(body);
    r.request_id = "id-1";
    return r;
  }
  plan begin(std::string_view method, std::string target, const field_list& fields = {}, std::string body = {}) {
    return made.begin(request(method, std::move(target), fields, std::move(body)));
  }
  plan post_json(std::string target, std::string body) {
    return begin("POST", std::move(target), {{"Content-Type", "application/json"}}, std::move(body));
  }
  std::size_t limit(std::string_view method, std::string target, std::string type) {
    return made.body_limit(request(method, std::move(target), {{"Content-Type", std::move(type)}})).bytes_max;
  }
  /// The answer to a request whose operation came out as `what`.
  http_response answer(std::string_view method, std::string target, operation_result what, const field_list& fields = {},
                       std::string body = {}) {
    auto& r = request(method, std::move(target), fields, std::move(body));
    const auto plan = made.begin(r);
    REQUIRE_FALSE(plan.answer.has_value());
    return made.finish(r, plan, what);
  }

  static native_options options(bool single_node) {
    native_options out;
    out.dedupe.window = std::chrono::seconds{600};
    out.zone = "b";
    out.seal_keys = {{1, std::string(32, 'k')}};
    out.defaults.ttl = std::chrono::seconds{345600};
    out.defaults.body_bytes_max = 1 << 20;
    out.single_node = single_node;
    return out;
  }

  struct text {
    std::string method, target;
    field_list fields;
    http_request request;
  };
  native_dialect made;
  sealer seals{options(true).seal_keys};
  std::list<text> texts;
};

} // namespace burrow::test
