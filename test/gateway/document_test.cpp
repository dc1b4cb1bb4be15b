// Service documents, trace contexts and streams of the native dialect, as functions.
#include "test/support/gateway_dialect.hpp"

#include "actors/gateway/native_routes.hpp"
#include "actors/gateway/openapi.hpp"
#include "actors/gateway/problem_pages.hpp"
#include "actors/gateway/trace_context.hpp"

#include <nlohmann/json.hpp>

#include <set>

namespace burrow::test {
namespace {

using json = nlohmann::json;

TEST_CASE("the OpenAPI document has every row of the route table that is on, and no other") {
  const auto full = json::parse(openapi_document({true, true}));
  CHECK(full["openapi"] == "3.1.0");
  std::size_t operations = 0;
  for (const auto& route : native_routes()) {
    const auto& item = full["paths"][std::string{route.path}];
    std::size_t expected = 0;
    for (const auto& method : route.methods) expected += method.method == http_method::get ? 2 : 1;
    CHECK(item.size() == expected);
    operations += expected;
  }
  CHECK(full["paths"].size() == native_routes().size());
  CHECK(operations > 30);
  const auto bare = json::parse(openapi_document({false, false}));
  CHECK_FALSE(bare["paths"].contains("/v1.0"));
  CHECK_FALSE(bare["paths"].contains("/metrics"));
  CHECK(bare["paths"].size() == full["paths"].size() - 2);
}

TEST_CASE("the document is that of the listener, and its ETag that of the document") {
  native n, many{false};
  const auto plain = n.begin("GET", "/openapi.json");
  const auto etag = field_of(*plain.answer, "ETag");
  CHECK(plain.answer->status == 200);
  CHECK(etag.starts_with('"'));
  CHECK(n.begin("GET", "/openapi.json", {{"If-None-Match", etag}}).answer->status == 304);
  auto& request = n.request("GET", "/openapi.json");
  request.admin = true;
  const auto admin = n.made.begin(request);
  CHECK(field_of(*admin.answer, "ETag") != etag);
  CHECK(json::parse(admin.answer->body)["paths"].contains("/metrics"));
  CHECK_FALSE(json::parse(many.begin("GET", "/openapi.json").answer->body)["paths"].contains("/v1.0"));
  CHECK(many.begin("GET", "/v1.0").answer->body.find("/problems/operation-disabled") != std::string::npos);
}

TEST_CASE("every route has a metric label, and the routes of a tail lead to it") {
  for (const auto& route : native_routes()) {
    CHECK_FALSE(route.metric.empty());
    CHECK_FALSE(route.allowed().empty());
    CHECK(&route_of(route.kind) == &route);
    for (const auto& method : route.methods) {
      CHECK_FALSE(method.answers.empty());
      CHECK_FALSE(method.id.empty());
    }
    const auto tail = route.path.substr(route.path.rfind('/') + 1);
    if (tail.starts_with('~')) CHECK(place_of_tail(tail) == route.kind);
  }
  CHECK(place_of_tail("~nothing") == place_kind::nowhere);
  CHECK(route_of(place_kind::message).find(http_method::head) == route_of(place_kind::message).find(http_method::get));
}

TEST_CASE("every problem has a page of its own, without what HTML would want escaped") {
  std::set<std::string_view> meanings;
  for (std::size_t i = 0; i < problem_types; ++i) {
    const auto& page = page_of(static_cast<problem_type>(i));
    CHECK(meanings.insert(page.meaning).second);
    for (const auto text : {page.meaning, page.what_to_do, facts_of(static_cast<problem_type>(i)).title})
      CHECK(text.find_first_of("<>&\"") == std::string_view::npos);
  }
  native n;
  for (const char* slug : {"internal", "dead-letter-loop", "unauthorized"}) {
    const auto page = n.begin("GET", std::string{"/problems/"} + slug);
    CHECK(json::parse(page.answer->body)["type"] == std::string{"/problems/"} + slug);
  }
}

TEST_CASE("trace contexts are kept as W3C has them") {
  const std::string good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  CHECK(is_traceparent(good));
  CHECK(is_traceparent("01" + good.substr(2) + "-anything"));
  for (const auto& bad : {good + "-x", good + "0", "ff" + good.substr(2), "0A" + good.substr(2), good.substr(1),
                          "01" + good.substr(2) + "x", std::string(55, '0'), "01" + good.substr(2) + "- "})
    CHECK_FALSE(is_traceparent(bad));
  CHECK(is_tracestate("a=1, b@c=2 ,,"));
  for (const char* bad : {"", ",", "a", "a=", "=1", "A=1", "a=1,a=1", "a=b=c", "a=1;b\x7F", "9=1", "a@=1"})
    CHECK_FALSE(is_tracestate(bad));
  CHECK_FALSE(is_tracestate(std::string(600, 'a') + "=1"));
}

TEST_CASE("a stream is a list that goes on behind what it has shown") {
  native n;
  auto& request = n.request("GET", "/v1.0/a/q?detail=id&limit=3", {{"Accept", "text/event-stream"}});
  auto made = n.made.begin(request);
  REQUIRE(made.streams);
  CHECK(made.what->seat != nullptr);
  CHECK(made.what->wait == duration{0});
  CHECK(std::get<queue::list_messages>(made.what->what).limit == 3);
  queue::messages_answer two;
  for (std::uint64_t p : {5U, 9U}) {
    auto& m = two.items.emplace_back();
    m.place = {p};
    m.name = "m" + std::to_string(p);
  }
  two.last = {9};
  operation_result outcome{two, {}, 0};
  const auto head = n.made.finish(request, made, outcome);
  CHECK(field_of(head, "Content-Type") == "text/event-stream");
  const auto page = n.made.events(request, made, outcome);
  CHECK(page.events == 2);
  CHECK_FALSE(page.last);
  CHECK(page.text.find("data: \"m5\"\n\nid: ") != std::string::npos);
  const auto& next = std::get<queue::list_messages>(made.what->what);
  CHECK(next.from.after == place{9});
  CHECK(next.limit == 1);
  outcome.what = queue::messages_answer{};
  CHECK(n.made.events(request, made, outcome).text.empty());
  CHECK(std::get<queue::list_messages>(made.what->what).from.after == place{9});
  two.items.resize(1);
  outcome.what = two;
  CHECK(n.made.events(request, made, outcome).last);
  outcome.what = error{errc::unavailable};
  CHECK(n.made.events(request, made, outcome).last);
}

} // namespace
} // namespace burrow::test
