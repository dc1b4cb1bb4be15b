// The native dialect as a pure pair of functions: text of a request → operation.
#include "test/support/gateway_dialect.hpp"

namespace burrow::test {
namespace {

TEST_CASE("paths lead to their routes, and the rest is not found") {
  native n;
  const std::tuple<const char*, const char*, int> all[] = {
    {"GET", "/", 200}, {"GET", "/unknown", 404}, {"GET", "/v1.0/", 404}, {"GET", "/v1.0/a/", 404},
    {"GET", "/v1.0/a/q/m/", 404}, {"GET", "/v1.0/a/q/m/x", 404}, {"GET", "/v2", 404}, {"GET", "/v1.0/a//m", 400},
    {"GET", "/v1.0//q", 400}, {"GET", "/v1.0/a/~limits", 404}, {"POST", "/v1.0/a/q/~settings", 405},
    {"GET", "/v1.0/a/q/~redrive", 405}, {"POST", "/v1.0/a/q/~tasks", 405}, {"GET", "/v1.0/a/q/%7Elimits", 404},
    {"GET", "/v1.0/~a/q", 400}, {"GET", "/v1.0/a/..", 400}, {"PUT", "/v1.0/a/q/a%2Fb", 400}, {"PUT", "/v1.0/a/q/%zz",
    400},
    {"OPTIONS", "/v1.0", 405}, {"PUT", "/v1.0/a", 405}, {"POST", "/v1.0", 405}, {"PUT", "/v1.0/a/q", 405},
    {"POST", "/", 405}, {"GET", "/v1.0/a/q/~messages", 405}, {"PUT", "/v1.0/a/q/~ack", 405}, {"PATCH", "/v1.0/a/q/m",
    405},
    {"BREW", "/v1.0/a/q/m", 405}, {"POST", "/v1.0/a/q/~stats", 405},
  };
  for (const auto& [method, target, status] : all) {
    const std::string shown = std::string{method} + " " + target; // clang 14 captures no structured binding
    CAPTURE(shown);
    const auto plan = n.begin(method, target);
    REQUIRE(plan.answer.has_value());
    CHECK(plan.answer->status == status);
    CHECK(field_of(*plan.answer, "Allow").empty() == (status != 405));
  }
}

TEST_CASE("values out of their range are refused, and name their parameter") {
  native n;
  const std::pair<const char*, const char*> bad[] = {
    {"PUT", "/v1.0/a/q/m?ttl=x"}, {"PUT", "/v1.0/a/q/m?ttl=-1"}, {"PUT", "/v1.0/a/q/m?ttl="}, {"PUT",
    "/v1.0/a/q/m?ttl"},
    {"PUT", "/v1.0/a/q/m?ttl=+1"}, {"PUT", "/v1.0/a/q/m?ttl=%201"}, {"PUT", "/v1.0/a/q/m?ttl=315360001"},
    {"PUT", "/v1.0/a/q/m?hide=1.5"}, {"PUT", "/v1.0/a/q/m?hide=1209601"}, {"PUT", "/v1.0/a/q/m?priority=10"},
    {"PUT", "/v1.0/a/q/m?persistent=yes"}, {"GET", "/v1.0/a/q?limit=0"}, {"GET", "/v1.0/a/q?limit=00"},
    {"GET", "/v1.0/a/q?limit=1e3"}, {"GET", "/v1.0/a/q?wait=-1"}, {"GET", "/v1.0/a/q?detail=bad"},
    {"GET", "/v1.0/a/q?detail=ALL"}, {"GET", "/v1.0/a/q?order=up"}, {"GET", "/v1.0/a/q?on_empty=204"},
    {"GET", "/v1.0/a/q?match_meta=x"}, {"GET", "/v1.0/a/q?marker=a&cursor=b"}, {"GET", "/v1.0/a?detail=body"},
    {"GET", "/v1.0/a?include_empty=1"}, {"DELETE", "/v1.0?limit=0"}, {"GET", "/v1.0/a/q/m?detail=x"},
    {"POST", "/v1.0/a/q?ttl=99999999999999999999"}, {"GET", "/v1.0/a/q?limit=%zz"},
  };
  for (const auto& [method, target] : bad) {
    const std::string shown = target;
    CAPTURE(shown);
    const auto plan = n.begin(method, target);
    REQUIRE(plan.answer.has_value());
    CHECK(plan.answer->status == 400);
    CHECK(plan.answer->body.find("/problems/invalid-parameter") != std::string::npos);
    CHECK(plan.answer->body.find("\"parameter\": \"") != std::string::npos);
  }
}

TEST_CASE("unknown names are ignored unless the client asks for strictness") {
  native n;
  CHECK_FALSE(n.begin("GET", "/v1.0/a/q?foo=1&limit=3").answer.has_value());
  CHECK(n.begin("GET", "/v1.0/a/q?foo=1", {{"Prefer", "handling=strict"}}).answer->status == 400);
  CHECK_FALSE(n.begin("GET", "/v1.0/a/q?limit=1", {{"Prefer", "handling=strict"}}).answer.has_value());
}

TEST_CASE("a list has its defaults, and the last of two values") {
  native n;
  const auto plain = n.begin("GET", "/v1.0/a/q");
  const auto& list = std::get<queue::list_messages>(plain.what->what);
  CHECK(list.limit == 1000);
  CHECK(list.bytes_max == limits::list_bytes_max);
  CHECK_FALSE(list.match_hidden);
  CHECK(plain.what->want_bodies);
  const auto given = n.begin("GET", "/v1.0/a%20b/q?limit=5&limit=7&match_hidden=TRUE&order=lifo&detail=id"
                                    "&wait=500&marker=x+y"
                                    "&match_meta=a:b&match_meta=c:d:e");
  CHECK(given.what->queue == queue_ref{"a b", "q"});
  const auto& other = std::get<queue::list_messages>(given.what->what);
  CHECK(other.limit == 7);
  CHECK(other.match_hidden);
  CHECK(other.lifo);
  CHECK(other.from.marker == "x y");
  CHECK(other.match_meta.size() == 2);
  CHECK(other.match_meta[1].second == "d:e");
  CHECK(given.what->wait == std::chrono::seconds{120});
  CHECK_FALSE(given.what->want_bodies);
}

TEST_CASE("a huge limit is all there is") {
  native n;
  CHECK(std::get<queue::list_messages>(n.begin("GET", "/v1.0/a/q?limit=99999999999999999999999").what->what).limit ==
      1000);
}

TEST_CASE("POST on a queue claims, changes or reads") {
  native n;
  const auto claim = n.begin("POST", "/v1.0/a/q?hide=60&limit=10&detail=full");
  const auto& take = std::get<queue::take>(claim.what->what);
  CHECK(take.action == queue::take_action::claim);
  CHECK(take.limit == 10);
  CHECK(take.hide == duration{60'000});
  CHECK(claim.what->client != nullptr);
  CHECK_FALSE(claim.what->in_steps);
  const auto change = n.begin("POST", "/v1.0/a/q?ttl=0&hide=0");
  CHECK(std::get<queue::take>(change.what->what).action == queue::take_action::change);
  CHECK(change.what->in_steps);
  CHECK(change.what->steps_limit == 0);
  CHECK(std::holds_alternative<queue::list_messages>(n.begin("POST", "/v1.0/a/q?detail=id").what->what));
}

TEST_CASE("DELETE on a queue takes, or purges when nothing can be left") {
  native n;
  CHECK(std::holds_alternative<queue::purge>(n.begin("DELETE", "/v1.0/a/q?match_hidden=true").what->what));
  for (const char* more : {"&limit=1", "&marker=x", "&detail=id", "&match_meta=a:b", "&wait=1"}) {
    CAPTURE(more);
    const auto plan = n.begin("DELETE", std::string{"/v1.0/a/q?match_hidden=true"} + more);
    CHECK(std::get<queue::take>(plan.what->what).action == queue::take_action::remove);
  }
  const auto limited = n.begin("DELETE", "/v1.0/a/q?limit=5000");
  CHECK(limited.what->in_steps);
  CHECK(limited.what->steps_limit == 5000);
  CHECK(std::get<queue::take>(limited.what->what).limit == 1000);
}

TEST_CASE("PUT carries body, attributes and conditions") {
  native n;
  const auto plan = n.begin("PUT", "/v1.0/a/q/m?ttl=100&hide=5&persistent=false&priority=3",
                            {{"Content-Type", "image/x"}, {"Burrow-Meta-Region", "north"}, {"BURROW-META-X", "1"},
                             {"Burrow-Group", "g"}, {"If-None-Match", "*"},
                             {"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}}, "body");
  const auto& item = std::get<queue::insert>(plan.what->what).items.at(0);
  CHECK(item.name == "m");
  CHECK(item.ttl == duration{100'000});
  CHECK(item.hide == duration{5'000});
  CHECK(item.body_size == 4);
  CHECK(item.body_hash == hash_of("body"));
  CHECK(plan.what->bodies.at(0).view() == "body");
  CHECK(item.attributes.content_type == "image/x");
  CHECK(item.attributes.meta.at("region") == "north");
  CHECK(item.attributes.meta.at("x") == "1");
  CHECK(item.attributes.group == "g");
  CHECK(item.attributes.priority == 3); // what the queue makes of it is the queue's
  CHECK(item.attributes.persistent == false);
  CHECK(item.guard.if_none_match);
  CHECK_FALSE(item.attributes.traceparent.empty());
  CHECK(n.begin("PUT", "/v1.0/a/q/m", {{"Burrow-Meta-A_b", "x"}}).answer->status == 400);
  CHECK(n.begin("PUT", "/v1.0/a/q/m", {{"Content-Type", std::string(256, 'x')}}).answer->status == 400);
  CHECK(n.begin("PUT", "/v1.0/a/q/m", {{"Burrow-Meta-A", std::string(4096, 'x')}}).answer->status == 400);
}

TEST_CASE("If-Match names revisions, and what is none of ours matches nothing") {
  native n;
  const auto plan = n.begin("DELETE", "/v1.0/a/q/m", {{"If-Match", "\"7\", W/\"8\", \"x\""}});
  const auto& guard = std::get<queue::remove>(plan.what->what).targets.at(0).guard;
  CHECK(guard.if_match == std::vector<std::uint64_t>{7, 0, 0});
  const auto any = n.begin("POST", "/v1.0/a/q/m?hide=1", {{"If-Match", "*"}});
  CHECK(std::get<queue::change>(any.what->what).targets.at(0).guard.if_match_any);
}

TEST_CASE("a receipt comes by parameter or field, and a bad one is stale") {
  native n;
  const auto text = n.seals.seal({"a", "q"}, receipt{claim_id{5}, 2, burrow::place{9}});
  for (const auto& plan : {n.begin("DELETE", "/v1.0/a/q/m?receipt=" + text),
                           n.begin("DELETE", "/v1.0/a/q/m", {{"Burrow-Receipt", text}})}) {
    const auto& guard = std::get<queue::remove>(plan.what->what).targets.at(0).guard;
    CHECK(guard.receipt == claim_id{5});
    CHECK(guard.receipt_claims == 2);
    CHECK(guard.receipt_place == burrow::place{9});
  }
  for (const char* bad : {"r1.x", "", "zzz"}) {
    const auto plan = n.begin("DELETE", std::string{"/v1.0/a/q/m?receipt="} + bad);
    CHECK(plan.answer->status == 412);
    CHECK(plan.answer->body.find("/problems/receipt-stale") != std::string::npos);
  }
  CHECK(n.begin("DELETE", "/v1.0/b/q/m?receipt=" + text).answer->status == 412);
}

TEST_CASE("a cursor of another direction or queue is refused") {
  native n;
  const auto fifo = n.seals.seal({"a", "q"}, place_cursor{burrow::place{4}, false});
  const auto plan = n.begin("GET", "/v1.0/a/q?cursor=" + fifo);
  CHECK(std::get<queue::list_messages>(plan.what->what).from.after == burrow::place{4});
  CHECK(std::get<queue::take>(n.begin("DELETE", "/v1.0/a/q?cursor=" + fifo).what->what).from.after == burrow::place{4});
  for (const auto& target : {"/v1.0/a/q?order=lifo&cursor=" + fifo, "/v1.0/a/r?cursor=" + fifo,
      "/v1.0/a?cursor=" + fifo}) {
    CHECK(n.begin("GET", target).answer->body.find("/problems/invalid-cursor") != std::string::npos);
  }
}

TEST_CASE("without a single node the service's own list is switched off") {
  native n{false};
  CHECK(n.begin("GET", "/v1.0").answer->body.find("/problems/operation-disabled") != std::string::npos);
  CHECK_FALSE(n.begin("GET", "/v1.0/a").answer.has_value());
}

TEST_CASE("a batch goes on with its good entries, unless it is atomic") {
  native n;
  const std::string entries = R"("messages": [{"id": "a", "body": "x"}, {"ttl": -1}, {"body": "yy", "hide": 3}]})";
  const auto plan = n.post_json("/v1.0/a/q/~messages?ttl=50&hide=7", "{" + entries);
  const auto& insert = std::get<queue::insert>(plan.what->what);
  REQUIRE(insert.items.size() == 3);
  CHECK(insert.items[0].ttl == duration{50'000});
  CHECK(insert.items[0].hide == duration{7'000});
  CHECK(insert.items[1].refused == errc::invalid_parameter);
  CHECK(insert.items[2].hide == duration{3'000});
  CHECK(plan.what->bodies.at(insert.items[2].body).view() == "yy");
  const auto atomic = n.post_json("/v1.0/a/q/~messages", "{\"atomic\": true, " + entries);
  CHECK(atomic.answer->status == 422);
  CHECK(atomic.answer->body.find("\"errors\": [{\"pointer\": \"/messages/1\"") != std::string::npos);
  const auto none = n.post_json("/v1.0/a/q/~messages", R"({"messages": [{"ttl": -1}]})");
  CHECK(none.answer->status == 200);
  CHECK(none.answer->body.find("{\"failed\": 1, \"results\": [{\"status\": 400") == 0);
}

TEST_CASE("any other content type is one message without a name") {
  native n;
  const auto plan = n.begin("POST", "/v1.0/a/q/~messages", {{"Content-Type", "text/plain"}}, "x");
  CHECK(std::get<queue::insert>(plan.what->what).items.at(0).name.empty());
  CHECK(n.begin("POST", "/v1.0/a/q/~messages", {{"Content-Type", "Application/JSON; charset=utf-8"}},
      "x").answer->status == 400);
}

TEST_CASE("~extend needs hide, ~ack ignores it") {
  native n;
  CHECK(n.post_json("/v1.0/a/q/~extend", R"({"messages": [{"id": "a"}]})").answer->status == 400);
  const auto plan = n.post_json("/v1.0/a/q/~extend", R"({"hide": 0, "messages": [{"id": "a"}]})");
  CHECK(std::get<queue::change>(plan.what->what).hide == duration{0});
  CHECK(std::holds_alternative<queue::remove>(n.post_json("/v1.0/a/q/~ack",
      R"({"messages": [{"id": "a"}]})").what->what));
}

TEST_CASE("how much body a request may bring follows from its head") {
  native n;
  const std::size_t raw = 1 << 20;
  CHECK(n.limit("PUT", "/v1.0/a/q/m", "application/json") == raw);
  CHECK(n.limit("POST", "/v1.0/a/q/~messages", "application/json") == limits::http_json_bytes_max);
  CHECK(n.limit("POST", "/v1.0/a/q/~messages", "text/plain") == raw);
  CHECK(n.limit("POST", "/v1.0/a/q/~ack", "") == limits::http_json_bytes_max);
  CHECK(n.limit("PUT", "/v1.0/a/q/~settings", "") == limits::settings_bytes_max);
  CHECK(n.made.body_limit(n.request("PUT", "/v1.0/a/q/m")).asked_max == limits::body_bytes_max);
  CHECK(n.made.body_limit(n.request("POST", "/v1.0/a/q/~ack")).asked_max == 0);
}

TEST_CASE("a body over the server's bound is asked about where a message may go, and nowhere else") {
  native n;
  const auto asked = n.made.ask_body_limit(n.request("PUT", "/v1.0/a/q/m"));
  REQUIRE(asked.what);
  CHECK(asked.what->queue == queue_ref{"a", "q"});
  CHECK(std::holds_alternative<queue::get_settings>(asked.what->what));
  CHECK(n.made.ask_body_limit(n.request("POST", "/v1.0/a/q/~messages")).what);
  for (const auto* target : {"/v1.0/a", "/v1.0/a/q", "/v1.0/a/q/~ack", "/v1.0/a/q/~nothing", "/x", "/v1.0/a/%zz/m"})
    CHECK_FALSE(n.made.ask_body_limit(n.request("PUT", target)).what);
  queue::settings_answer answer;
  CHECK(*n.made.body_limit_by({answer, {}, 0}) == 1 << 20);
  answer.value.rules.max_body = 5;
  CHECK(*n.made.body_limit_by({answer, {}, 0}) == 5);
  CHECK(n.made.body_limit_by({error{errc::unavailable}, {}, 0}).code() == errc::unavailable);
}

} // namespace
} // namespace burrow::test
