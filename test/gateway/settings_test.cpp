// ~settings as JSON and as requests, without a node.
#include "actors/gateway/settings_json.hpp"
#include "test/support/gateway_dialect.hpp"

namespace burrow::test {
namespace {

using queue::bit_of;
using queue::setting;

queue::settings_change read(std::string_view text) {
  auto got = read_settings(text, true);
  REQUIRE(std::holds_alternative<settings_read>(got));
  return std::get<settings_read>(got).change;
}

problem refused(std::string_view text, bool patch = true) {
  auto got = read_settings(text, patch);
  REQUIRE(std::holds_alternative<problem>(got));
  return std::get<problem>(got);
}

queue::defaults shipped() {
  queue::defaults out;
  out.ttl = std::chrono::seconds{limits::default_ttl_s};
  out.body_bytes_max = limits::body_default_max;
  out.claimed_max = limits::claimed_default_max;
  return out;
}

TEST_CASE("every member is read into its place") {
  const auto got = read(R"({"default_ttl": 1, "default_hide": 2, "max_ttl": 3, "max_body": 4, "max_messages": 5,
    "max_bytes": 6, "max_claimed": 7, "overflow": "drop_oldest", "durability": "local", "order": "lifo",
    "priorities": 10, "partitions": 1, "require_receipt": true, "dead_letter": null, "dedupe_window": 8, "zone": "z",
    "paused": {"insert": true, "take": false}, "labels": {"a": "b"}})");
  queue::settings wanted;
  auto& r = wanted.rules;
  r.default_ttl_s = 1;
  r.default_hide_s = 2;
  r.max_ttl_s = 3;
  r.max_body = 4;
  r.max_messages = 5;
  r.max_bytes = 6;
  r.max_claimed = 7;
  r.overflow = queue::overflow_rule::drop_oldest;
  r.durability = queue::durability_level::local;
  r.lifo = r.require_receipt = r.pause_insert = true;
  r.pause_take = false;
  r.priorities = 10;
  r.dedupe_window_s = 8;
  wanted.zone = "z";
  wanted.labels["a"] = "b";
  CHECK(got.values == wanted);
  CHECK(got.named == ((bit_of(setting::labels) - 1) | bit_of(setting::dead_letter)));
  std::string text;
  settings_json(text, wanted, shipped(), false);
  CHECK(read(text).values == wanted);
}

TEST_CASE("null takes a value back, and of a name given twice the last counts") {
  const auto got = read(R"({"max_ttl": 5, "max_ttl": null, "paused": {"take": true}, "paused": null, "zone": "a",
    "zone": null, "labels": {"a": "b", "c": null}, "order": null, "order": "lifo"})");
  CHECK(got.values.rules.max_ttl_s == std::nullopt);
  CHECK(got.values.rules.pause_take == std::nullopt);
  CHECK(got.values.rules.lifo == true);
  CHECK(got.values.zone == std::nullopt);
  CHECK(got.labels_erased == std::vector<std::string>{"c"});
  CHECK(got.named == (bit_of(setting::max_ttl) | bit_of(setting::pause_insert) | bit_of(setting::pause_take) |
                      bit_of(setting::zone) | bit_of(setting::order)));
}

TEST_CASE("a dead-letter rule is read whole by PUT, and in part by PATCH") {
  constexpr auto whole = R"({"dead_letter": {"queue": "d\u00e9ad", "max_claims": 3, "expired": true}})";
  for (const bool patch : {false, true}) {
    const auto got = std::get<settings_read>(read_settings(whole, patch));
    CHECK(got.change.named == bit_of(setting::dead_letter));
    CHECK(got.rule_kept == 0);
    const auto& rule = got.change.values.rules.dead_letter;
    REQUIRE(rule.has_value());
    CHECK(rule->queue == "d\u00e9ad");
    CHECK(rule->max_claims == 3);
    CHECK(rule->expired);
    CHECK((rule->resets_claims && rule->resets_ttl));
    std::string text;
    settings_json(text, {.rules = got.change.values.rules, .labels = {}, .zone = {}}, shipped(), true);
    CHECK(text.find("\"dead_letter\": {\"value\": {\"queue\": \"d\u00e9ad\", \"max_claims\": 3, \"expired\": true}, "
                    "\"from\": \"queue\"}") != std::string::npos);
  }
  const auto kept = [](std::string_view text) { return std::get<settings_read>(read_settings(text, true)).rule_kept; };
  CHECK(kept(R"({"dead_letter": {"max_claims": 1000}})") == (rule_queue | rule_expired));
  CHECK(kept(R"({"dead_letter": {"queue": "x", "expired": null}})") == rule_max_claims);
  CHECK(kept(R"({"dead_letter": {}})") == (rule_queue | rule_max_claims | rule_expired));
  CHECK(kept(R"({"dead_letter": {}, "dead_letter": null})") == 0);
  CHECK(read(R"({"dead_letter": null})").named == bit_of(setting::dead_letter));
  const auto least = R"({"dead_letter": {"queue": "x", "max_claims": 1}})";
  const auto short_one = std::get<settings_read>(read_settings(least, false));
  CHECK(short_one.rule_kept == 0);
  CHECK_FALSE(short_one.change.values.rules.dead_letter->expired);
}

TEST_CASE("what is wrong with a dead-letter rule is named by its pointer") {
  const auto named = [](const problem& p, std::string_view pointer) {
    return p.type == problem_type::invalid_settings &&
           p.members.find("\"pointer\": \"" + std::string{pointer} + "\"") != std::string::npos;
  };
  for (const bool patch : {false, true}) {
    for (const auto* text : {"5", "\"x\"", "[]", "true"})
      CHECK(named(refused(R"({"dead_letter": )" + std::string{text} + "}", patch), "/dead_letter"));
    for (const auto* name : {"\"\"", "\"a/b\"", "\"~x\"", "\".\"", "5", "null", "\"a\\u0001\""})
      CHECK(named(refused(R"({"dead_letter": {"max_claims": 1, "queue": )" + std::string{name} + "}}", patch),
                  "/dead_letter/queue"));
    for (const auto* n : {"0", "1001", "-1", "1.5", "\"3\"", "null", "true"})
      CHECK(named(refused(R"({"dead_letter": {"queue": "x", "max_claims": )" + std::string{n} + "}}", patch),
                  "/dead_letter/max_claims"));
    const std::string open = R"({"dead_letter": {"queue": "x", "max_claims": 1, )";
    CHECK(named(refused(open + R"("expired": 1}})", patch), "/dead_letter/expired"));
    CHECK(named(refused(open + R"("a/": 1}})", patch), "/dead_letter/a~1"));
  }
  const auto both = refused(R"({"dead_letter": {}})", false);
  CHECK(named(both, "/dead_letter/queue"));
  CHECK(named(both, "/dead_letter/max_claims"));
}

TEST_CASE("a rule in part for a queue that has none is refused with what is missing") {
  native n;
  const auto answer = n.answer("PATCH", "/v1.0/a/q/~settings", {error{errc::invalid_settings}, {}, 0}, {},
                               R"({"dead_letter": {"expired": true, "queue": "x"}})");
  CHECK(answer.status == 400);
  CHECK(answer.body.find("/dead_letter/max_claims") != std::string::npos);
  CHECK(answer.body.find("/dead_letter/queue") == std::string::npos);
  const auto made = n.begin("PATCH", "/v1.0/a/q/~settings", {}, R"({"dead_letter": {"queue": "x"}})");
  CHECK(made.rule_kept == (rule_max_claims | rule_expired));
  CHECK(std::get<queue::configure>(made.what->what).to.values.rules.dead_letter->fallback_ttl_s == 345600);
  const auto loop = n.answer("PUT", "/v1.0/a/q/~settings", {error{errc::dead_letter_loop, "q -> x -> q"}, {}, 0}, {},
                             R"({"dead_letter": {"queue": "x", "max_claims": 1}})");
  CHECK(loop.status == 409);
  CHECK(loop.body.find("/problems/dead-letter-loop") != std::string::npos);
  CHECK(loop.body.find("q -> x -> q") != std::string::npos);
}

TEST_CASE("faults are listed by their pointers, at most 32 of them") {
  const auto one = refused(R"({"max_ttl": -1, "a~/\"": 1, "paused": {"x": true}})");
  CHECK(one.type == problem_type::invalid_settings);
  for (const auto* pointer : {R"("/max_ttl")", R"("/a~0~1\"")", R"("/paused/x")"})
    CHECK(one.members.find(pointer) != std::string::npos);
  std::string many = "{";
  for (int n = 0; n < 100; ++n) many += "\"x" + std::to_string(n) + "\": 1, ";
  const auto all = refused(many + "\"y\": 1}");
  CHECK(all.members.find("/x31") != std::string::npos);
  CHECK(all.members.find("/x32") == std::string::npos);
}

TEST_CASE("what is no object is no JSON of settings") {
  for (const auto* text : {"", "{", "[]", "1", "null", "{} {}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "\xff"})
    CHECK(refused(text).type == problem_type::invalid_json);
  CHECK(read(" { } ").named == 0);
}

TEST_CASE("each value says whether it is the queue's, the server's or as shipped") {
  auto server = shipped();
  server.ttl = std::chrono::seconds{600};
  queue::settings own;
  own.rules.max_claimed = 5;
  std::string text;
  settings_json(text, own, server, true);
  CHECK(text.find(R"("default_ttl": {"value": 600, "from": "server"})") != std::string::npos);
  CHECK(text.find(R"("max_claimed": {"value": 5, "from": "queue"})") != std::string::npos);
  CHECK(text.find(R"("max_body": {"value": 1048576, "from": "shipped"})") != std::string::npos);
  CHECK(settings_tag(server) != settings_tag(shipped()));
}

TEST_CASE("requests on settings become operations, and their answers JSON with an ETag") {
  native n;
  queue::settings_reply reply;
  reply.created = true;
  reply.revision = 77;
  reply.value.rules.max_ttl_s = 9;
  auto answer = n.answer("PUT", "/v1.0/a/q/~settings", {reply, {}, 0}, {}, "{}");
  CHECK(answer.status == 201);
  CHECK(field_of(answer, "Burrow-Durability") == "quorum");
  CHECK(answer.body.find("\"max_ttl\": 9") != std::string::npos);
  const auto etag = field_of(answer, "ETag");
  CHECK(etag.starts_with("\"77-"));
  CHECK(n.answer("PATCH", "/v1.0/a/q/~settings", {reply, {}, 0}, {}, "{}").status == 200);
  answer = n.answer("DELETE", "/v1.0/a/q/~settings", {reply, {}, 0});
  CHECK(answer.status == 204);
  CHECK(answer.body.empty());
  const auto made = n.begin("PATCH", "/v1.0/a/q/~settings", {{"If-Match", etag + ", \"5\", W/" + etag}}, "{}");
  const auto& change = std::get<queue::configure>(made.what->what);
  CHECK(change.guard.if_match == std::vector<std::uint64_t>{77, ~std::uint64_t{0}, ~std::uint64_t{0}});
  CHECK(std::get<queue::configure>(n.begin("PUT", "/v1.0/a/q/~settings", {{"If-Match", "*"}}, "{}").what->what)
          .guard.if_match.empty());
  reply.problem = errc::etag_mismatch;
  CHECK(n.answer("PUT", "/v1.0/a/q/~settings", {reply, {}, 0}, {}, "{}").status == 412);
  reply.problem = errc::invalid_settings;
  answer = n.answer("PATCH", "/v1.0/a/q/~settings", {reply, {}, 0}, {}, "{}");
  CHECK(answer.status == 400);
  CHECK(answer.body.find("\"pointer\": \"/labels\"") != std::string::npos);
  const queue::settings_answer stored{reply.value, 77};
  CHECK(n.answer("GET", "/v1.0/a/q/~settings", {stored, {}, 0}, {{"If-None-Match", etag}}).status == 304);
  CHECK(n.answer("GET", "/v1.0/a/q/~settings", {stored, {}, 0}, {{"If-None-Match", "\"76-x\""}}).status == 200);
  CHECK(n.begin("PUT", "/v1.0/a/q/~settings", {{"Content-Type", "text/plain"}}, "{}").answer->status == 415);
  CHECK(n.begin("GET", "/v1.0/a/q/~settings?detail=id").answer->status == 400);
}

TEST_CASE("a take passes its cursor on with the order that it was made in; a list takes none of a priority") {
  native n;
  const queue_ref q{"a", "q"};
  const auto by_priority = n.seals.seal(q, place_cursor{burrow::place{9}, true, std::uint8_t{4}});
  const auto plain = n.seals.seal(q, place_cursor{burrow::place{9}, true});
  const auto made = n.begin("POST", "/v1.0/a/q?hide=5&cursor=" + by_priority);
  const auto& from = std::get<queue::take>(made.what->what).from;
  CHECK(from.after == burrow::place{9});
  CHECK(from.lifo == true);
  CHECK(from.priority == std::uint8_t{4});
  CHECK(n.begin("POST", "/v1.0/a/q?hide=5&order=fifo&cursor=" + plain).answer->status == 400);
  CHECK(n.begin("GET", "/v1.0/a/q?order=lifo&cursor=" + by_priority).answer->status == 400);
  CHECK(n.begin("GET", "/v1.0/a/q?cursor=" + plain).answer->status == 400);
  CHECK_FALSE(n.begin("GET", "/v1.0/a/q?order=lifo&cursor=" + plain).answer.has_value());
}

} // namespace
} // namespace burrow::test
