// The native dialect as a pure pair of functions: result of an operation → answer.
#include "test/support/gateway_dialect.hpp"

#include <nlohmann/json.hpp>

#include <set>

namespace burrow::test {
namespace {

using nlohmann::json;

queue::message sample(std::string name = "m") {
  queue::message m;
  m.id = message_id::make(1000, shard_id{1}, 7);
  m.place.value = 12;
  m.name = std::move(name);
  m.created = instant{1'000'000};
  m.expires = instant{1'100'001};
  m.hidden_until = instant{1'060'000};
  m.claim.value = 3;
  m.claims = m.claims_total = 1;
  m.revision = 7;
  return m;
}
constexpr instant now{1'000'500};

operation_result list_of(std::vector<queue::message> items, std::vector<std::string> bodies, bool more = false) {
  operation_result out;
  queue::messages_answer a;
  if (!items.empty()) a.last = items.back().place;
  a.queue_exists = !items.empty();
  a.items = std::move(items);
  a.more = more;
  a.now = now;
  out.what = std::move(a);
  for (auto& b : bodies) out.bodies.emplace_back(std::move(b));
  return out;
}
operation_result one(const queue::message& m, std::string body) {
  operation_result out;
  out.what = queue::message_answer{m, true, now};
  out.bodies.emplace_back(std::move(body));
  return out;
}
operation_result taken(std::vector<queue::message> items, std::uint64_t count) {
  operation_result out;
  queue::take_reply r;
  r.items = std::move(items);
  r.count = count;
  r.now = now;
  if (!r.items.empty()) r.last = r.items.back().place;
  out.what = std::move(r);
  return out;
}

TEST_CASE("each detail of a list has exactly its members") {
  native n;
  const auto get = [&](const std::string& detail) {
    return json::parse(n.answer("GET", "/v1.0/a/q?detail=" + detail, list_of({sample()}, {"x"})).body);
  };
  CHECK(get("id") == json::parse(R"(["m"])"));
  CHECK(get("attributes") == json::parse(R"([{"id": "m", "ttl": 100, "hide": 60}])"));
  CHECK(get("body") == json::parse(R"(["x"])"));
  CHECK(get("all") == json::parse(R"([{"id": "m", "ttl": 100, "hide": 60, "body": "x"}])"));
  CHECK(n.answer("GET", "/v1.0/a/q?detail=none", list_of({sample()}, {})).status == 204);
  const auto full = get("full")[0];
  for (const char* name : {"id", "ttl", "hide", "body", "content_type", "created", "expires", "claims", "claims_total",
                           "cursor", "priority", "group", "persistent", "meta", "sender", "producer", "trace", "etag",
                           "dead_letter"}) {
    CAPTURE(name);
    CHECK(full.contains(name));
  }
  CHECK_FALSE(full.contains("receipt"));
  CHECK(full["created"] == "1970-01-01T00:16:40.000Z");
  CHECK(full["etag"] == "\"" + std::to_string(sample().version()) + "\"");
  CHECK(full["content_type"] == "application/octet-stream");
}

TEST_CASE("a body that is no UTF-8 is marked Base64") {
  native n;
  const auto all = json::parse(n.answer("GET", "/v1.0/a/q", list_of({sample()}, {"\xFF"})).body)[0];
  CHECK(all["body"] == "/w==");
  CHECK(all["body_encoding"] == "base64");
  const auto body = json::parse(n.answer("GET", "/v1.0/a/q?detail=body", list_of({sample()}, {"\xFF"})).body)[0];
  CHECK(body == json::parse(R"({"body": "/w==", "body_encoding": "base64"})"));
}

TEST_CASE("0 keeps its meaning of never and visible") {
  native n;
  auto m = sample();
  m.expires = m.hidden_until = no_instant;
  CHECK(json::parse(n.answer("GET", "/v1.0/a/q/m", one(m, "test")).body) ==
        json::parse(R"({"id": "m", "ttl": 0, "hide": 0, "body": "test"})"));
}

TEST_CASE("one message is shown alone in each detail") {
  native n;
  auto m = sample();
  m.attributes.content_type = "image/x";
  m.attributes.traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  const auto id = n.answer("GET", "/v1.0/a/q/m?detail=id", one(m, "x"));
  CHECK(id.body == "m");
  const auto body = n.answer("GET", "/v1.0/a/q/m?detail=body", one(m, "x"));
  CHECK(body.body == "x");
  CHECK(field_of(body, "Content-Type") == "image/x");
  CHECK(field_of(body, "Burrow-Message-Traceparent") == m.attributes.traceparent);
  const auto etag = "\"" + std::to_string(m.version()) + "\"";
  CHECK(field_of(body, "ETag") == etag);
  CHECK(field_of(body, "Burrow-Zone") == "b");
  auto forwarded = one(m, "x");
  forwarded.zone = "far";
  CHECK(field_of(n.answer("GET", "/v1.0/a/q/m?detail=body", std::move(forwarded)), "Burrow-Zone") == "far");
  CHECK(n.answer("GET", "/v1.0/a/q/m?detail=none", one(m, "")).status == 204);
  CHECK(n.answer("GET", "/v1.0/a/q/m", one(m, ""), {{"If-None-Match", "\"9\", W/" + etag}}).status == 304);
  CHECK(n.answer("GET", "/v1.0/a/q/m", one(m, ""), {{"If-None-Match", "\"8\""}}).status == 200);
}

TEST_CASE("receipts show only in the answer that claimed") {
  native n;
  const auto claim = n.answer("POST", "/v1.0/a/q?hide=60&detail=full", taken({sample()}, 1));
  const auto shown = json::parse(claim.body)[0];
  CHECK(n.seals.open_receipt({"a", "q"}, shown["receipt"].get<std::string>()) == receipt{claim_id{3}, 1,
      burrow::place{12}});
  CHECK(field_of(claim, "Burrow-Count") == "1");
  CHECK(field_of(claim, "Burrow-Durability") == "quorum");
  CHECK(field_of(claim, "Cache-Control") == "no-store");
  CHECK_FALSE(json::parse(n.answer("DELETE", "/v1.0/a/q?detail=full", taken({sample()},
      1)).body)[0].contains("receipt"));
}

TEST_CASE("nothing found is 404, or as on_empty says") {
  native n;
  const auto empty = n.answer("GET", "/v1.0/a/q", list_of({}, {}));
  CHECK(empty.status == 404);
  CHECK(json::parse(empty.body)["type"] == "/problems/queue-not-found");
  auto hidden = list_of({}, {});
  std::get<queue::messages_answer>(hidden.what).queue_exists = true;
  CHECK(json::parse(n.answer("GET", "/v1.0/a/q", hidden).body)["type"] == "/problems/message-not-found");
  CHECK(n.answer("GET", "/v1.0/a/q?on_empty=200", list_of({}, {})).body == "[]");
  CHECK(n.answer("GET", "/v1.0/a/q?on_empty=200&detail=none", list_of({}, {})).status == 204);
  CHECK(n.answer("DELETE", "/v1.0/a/q?on_empty=200", taken({}, 0)).status == 204);
  CHECK(field_of(n.answer("POST", "/v1.0/a/q?hide=1", taken({}, 0)), "Burrow-Count") == "0");
}

TEST_CASE("an answer that could not hold everything links to the rest") {
  native n;
  const auto r = n.answer("GET", "/v1.0/a/q?limit=1&marker=x&detail=id", list_of({sample()}, {}, true));
  const auto cursor = field_of(r, "Burrow-Cursor");
  CHECK(n.seals.open_cursor({"a", "q"}, cursor) == place_cursor{burrow::place{12}, false});
  CHECK(field_of(r, "Link") == "</v1.0/a/q?limit=1&detail=id&cursor=" + cursor + ">; rel=\"next\"");
  CHECK(field_of(n.answer("GET", "/v1.0/a/q", list_of({sample()}, {"x"})), "Link").empty());
  // An empty answer repeats the cursor it was given.
  CHECK(field_of(n.answer("GET", "/v1.0/a/q?cursor=" + cursor, list_of({}, {})), "Burrow-Cursor") == cursor);
}

TEST_CASE("a search for meta data that stopped links on, even with nothing found") {
  native n;
  auto stopped = list_of({}, {}, true);
  std::get<queue::messages_answer>(stopped.what).last.value = 10'000;
  const auto r = n.answer("GET", "/v1.0/a/q?match_meta=a:b", std::move(stopped));
  CHECK(r.status == 404);
  CHECK(field_of(r, "Link").find("match_meta=a:b&cursor=c1.") != std::string::npos);
}

TEST_CASE("an insert tells what came of it") {
  native n;
  operation_result out;
  queue::insert_result r;
  r.status = queue::insert_status::created;
  r.name = "m";
  r.place = {12};
  r.revision = 4;
  r.ttl = std::chrono::seconds{9};
  out.what = queue::insert_reply{{r}, errc::ok, false};
  const auto put = n.answer("PUT", "/v1.0/a/q/m", out);
  CHECK(put.status == 201);
  CHECK(field_of(put, "Location") == "/v1.0/a/q/m");
  CHECK(field_of(put, "ETag") == "\"" + std::to_string(queue::version_of({12}, 4)) + "\"");
  CHECK(field_of(put, "Burrow-Ttl") == "9");
  r.problem = errc::already_exists;
  r.status = queue::insert_status::failed;
  out.what = queue::insert_reply{{r}, errc::ok, false};
  CHECK(n.answer("PUT", "/v1.0/a/q/m", out).status == 412);
  r = {};
  r.status = queue::insert_status::created;
  r.id = message_id::make(1, shard_id{1}, 1);
  out.what = queue::insert_reply{{r}, errc::ok, false};
  const auto raw = n.answer("POST", "/v1.0/a/q/~messages", out, {{"Content-Type", "text/plain"}}, "x");
  CHECK(raw.status == 201);
  CHECK(json::parse(raw.body)["id"] == r.id.text26());
  CHECK(field_of(raw, "Location") == "/v1.0/a/q/" + r.id.text26());
}

TEST_CASE("a batch has one result an entry, in order") {
  native n;
  operation_result out;
  queue::insert_result a, bad, c;
  a.status = queue::insert_status::created;
  a.name = "a";
  bad.problem = errc::invalid_parameter;
  c.status = queue::insert_status::replaced;
  c.name = "c";
  out.what = queue::insert_reply{{a, bad, c}, errc::ok, false};
  const auto r = n.answer("POST", "/v1.0/a/q/~messages", out, {{"Content-Type", "application/json"}},
                          R"({"messages": [{"id": "a"}, {"ttl": -1}, {"id": "c"}]})");
  const auto body = json::parse(r.body);
  CHECK(body["failed"] == 1);
  CHECK(body["results"][0] == json::parse(R"({"id": "a", "status": 201})"));
  CHECK(body["results"][1]["problem"]["type"] == "/problems/invalid-parameter");
  CHECK(body["results"][2]["status"] == 204);
}

TEST_CASE("acknowledgements line up with their entries, stale receipts in between") {
  native n;
  operation_result out;
  queue::targets_reply reply;
  reply.items = {{errc::ok, sample()}, {errc::message_not_found, {}}, {errc::receipt_required, {}}};
  out.what = reply;
  const auto r = n.answer("POST", "/v1.0/a/q/~ack", out, {},
                          R"({"messages": [{"id": "a"}, {"id": "b", "receipt": "r1.bad"}, {"id": "c"}, {"id": "d"}]})");
  const auto body = json::parse(r.body);
  CHECK(body["failed"] == 3);
  const int statuses[] = {204, 412, 404, 428};
  for (std::size_t i = 0; i < 4; ++i) CHECK(body["results"][i]["status"] == statuses[i]);
}

TEST_CASE("problems are JSON, or text for a client that takes only that") {
  native n;
  const auto r = n.begin("GET", "/unknown").answer.value();
  const auto body = json::parse(r.body);
  CHECK(field_of(r, "Content-Type") == "application/problem+json");
  CHECK(body["type"] == "/problems/not-found");
  CHECK(body["status"] == 404);
  CHECK(body["instance"] == "/unknown");
  CHECK(body["request_id"] == "id-1");
  CHECK(body["retryable"] == false);
  const auto text = n.begin("GET", "/unknown", {{"Accept", "text/plain"}}).answer.value();
  CHECK(field_of(text, "Content-Type") == "text/plain; charset=utf-8");
  CHECK(text.body == "Nothing is served at this path\n");
  CHECK(json::accept(n.begin("GET", "/unknown", {{"Accept", "text/plain, */*"}}).answer->body));
}

TEST_CASE("every problem has a slug of its own and a status that is an error") {
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < problem_types; ++i) {
    const auto& facts = facts_of(static_cast<problem_type>(i));
    CHECK(facts.status >= 400);
    CHECK(seen.insert(facts.slug).second);
  }
}

TEST_CASE("the names of queues and accounts are shown in their details") {
  native n;
  operation_result out;
  queue::queue_summary q;
  q.name = "q\"1";
  q.visible = 2;
  q.delayed = 3;
  q.claimed = 1;
  out.what = queue::queues_answer{{q}, false, now};
  CHECK(json::parse(n.answer("GET", "/v1.0/a", out).body) == json::parse(R"(["q\"1"])"));
  CHECK(json::parse(n.answer("GET", "/v1.0/a?detail=attributes", out).body) == json::parse(R"([{"id": "q\"1"}])"));
  CHECK(json::parse(n.answer("GET", "/v1.0/a?detail=full", out).body)[0]["hidden"] == 4);
  CHECK(n.answer("GET", "/v1.0/a?detail=none", out).status == 204);
  CHECK(n.answer("DELETE", "/v1.0/a", out).status == 204);
  out.what = queue::queues_answer{};
  CHECK(json::parse(n.answer("GET", "/v1.0/a", out).body)["type"] == "/problems/account-not-found");
}

TEST_CASE("statistics of an empty queue are 200") {
  native n;
  operation_result out;
  out.what = queue::stats_answer{{}, {12624, 11880, 1, 63, 0}, false, now};
  out.waiters = 2;
  const auto text = n.answer("GET", "/v1.0/a/q/~stats", out).body;
  CHECK(text.find(R"("per_second": {"insert": 210.4, "claim": 198.0, "delete": 0.017, "expire": 1.05, "dead": 0.0})") !=
        text.npos);
  const auto body = json::parse(text);
  CHECK(body["visible"] == 0);
  CHECK(body["waiters"] == 2);
  CHECK(body["leader_zone"] == "b");
}

} // namespace
} // namespace burrow::test
