// ~redrive and ~tasks as requests and answers, without a node.
#include "actors/gateway/redrive_json.hpp"
#include "test/support/gateway_dialect.hpp"

namespace burrow::test {
namespace {

queue::redrive read(std::string_view text) {
  auto got = read_redrive(text);
  REQUIRE_MESSAGE(std::holds_alternative<queue::redrive>(got), text);
  return std::get<queue::redrive>(got);
}

problem refused(std::string_view text) {
  auto got = read_redrive(text);
  REQUIRE_MESSAGE(std::holds_alternative<problem>(got), text);
  return std::get<problem>(got);
}

queue::task_view running() {
  queue::task_view out;
  out.id = queue::task_id{0x7f3};
  out.moved = 1200;
  out.skipped = 2;
  out.failed = 1;
  out.remaining = 3310;
  out.started = instant{1'932'890'400'000};
  return out;
}
constexpr auto running_text = R"({"task": "t-7f3", "state": "running", "moved": 1200, "skipped": 2, "failed": 1, )"
                              R"("remaining": 3310, "started": "2031-04-02T10:00:00.000Z", "finished": null})";

TEST_CASE("a redrive is read with the defaults of the contract's example") {
  const auto shortest = read("{}");
  CHECK(shortest == read(R"({"to": null, "ids": null, "limit": 0, "max_per_second": 100})"));
  CHECK(shortest.to == std::nullopt);
  CHECK(shortest.ids.empty());
  CHECK(shortest.limit == 0);
  CHECK(shortest.max_per_second == 100);
  const auto all = read(R"( { "to" : "é" , "ids" : ["b", "\u0061", "b" ], "limit" : 7, "max_per_second": 1000000 } )");
  CHECK(all.to == "é");
  CHECK(all.ids == std::vector<std::string>{"b", "a"});
  CHECK(all.limit == 7);
  CHECK(all.max_per_second == 1'000'000);
  CHECK(read(R"({"limit": 5, "limit": 999999999999999999, "to": "a", "to": null})").limit == 999'999'999'999'999'999);
}

TEST_CASE("a redrive of another shape is no JSON of it") {
  for (const auto* text : {"", "{", "[]", "null", "{} {}", "{\"to\": 5}", "{\"to\": [\"a\"]}", "{\"ids\": \"a\"}",
                           "{\"ids\": [1]}", "{\"ids\": [\"a\", 1]}", "{\"ids\": [[\"a\"]]}", "{\"ids\": {}}",
                           "{\"limit\": \"5\"}", "{\"limit\": null}", "{\"limit\": true}",
                           "{\"max_per_second\": null}", "{\"max_per_sec\": 5}",
                           "{\"ids\": [\"a\",]}", "{\"to\": \"\xff\"}", "{\"limit\": 05}"})
    CHECK_MESSAGE(refused(text).type == problem_type::invalid_json, text);
}

TEST_CASE("values of a redrive that are out of range are named") {
  const auto names = [](std::string_view text, problem_type type, std::string_view member) {
    const auto p = refused(text);
    CHECK_MESSAGE(p.type == type, text);
    CHECK_MESSAGE(p.members == ", \"parameter\": \"" + std::string{member} + "\"", text);
  };
  using enum problem_type;
  for (const auto* text : {"-1", "1.5", "1e3", "9999999999999999999"})
    names(R"({"limit": )" + std::string{text} + "}", invalid_parameter, "limit");
  for (const auto* text : {"0", "1000001", "-5", "0.5"})
    names(R"({"max_per_second": )" + std::string{text} + "}", invalid_parameter, "max_per_second");
  names(R"({"ids": []})", invalid_parameter, "ids");
  names(R"({"ids": ["a/b"]})", invalid_name, "ids");
  names(R"({"to": ""})", invalid_name, "to");
  names(R"({"to": "~x"})", invalid_name, "to");
  std::string many = R"({"ids": ["0")";
  for (int n = 1; n < 1000; ++n) many += ", \"" + std::to_string(n) + "\"";
  CHECK(read(many + "]}").ids.size() == 1000);
  names(many + R"(, "x"]})", invalid_parameter, "ids");
}

TEST_CASE("POST ~redrive becomes a redrive, and its answer a task with its place") {
  native n;
  const auto made = n.post_json("/v1.0/a/q/~redrive", R"({"to": "other", "limit": 3})");
  REQUIRE(made.what != nullptr);
  CHECK(made.route == "redrive");
  const auto& what = std::get<queue::redrive>(made.what->what);
  CHECK(made.what->queue == queue_ref{"a", "q"});
  CHECK(what.to == "other");
  CHECK(what.limit == 3);
  CHECK(what.fallback.ttl == std::chrono::seconds{345600});
  auto answer = n.answer("POST", "/v1.0/a/q/~redrive", {queue::task_reply{errc::ok, running()}, {}, 0}, {}, "{}");
  CHECK(answer.status == 202);
  CHECK(field_of(answer, "Location") == "/v1.0/a/q/~tasks/t-7f3");
  CHECK(field_of(answer, "Burrow-Durability") == "quorum");
  CHECK(field_of(answer, "Content-Type") == "application/json");
  CHECK(answer.body == running_text);
  answer = n.answer("POST", "/v1.0/%C3%A9/q/%7Eredrive", {queue::task_reply{errc::ok, running()}, {}, 0}, {}, "{}");
  CHECK(field_of(answer, "Location") == "/v1.0/%C3%A9/q/~tasks/t-7f3");
}

TEST_CASE("a redrive may have an Idempotency-Key, and its repeat says that it is one") {
  native n;
  const auto send = [&](std::string_view key, std::string_view body) {
    return n.begin("POST", "/v1.0/a/q/~redrive",
                   {{"Content-Type", "application/json"}, {"Idempotency-Key", std::string{key}}}, std::string{body});
  };
  const auto made = send("k-1", "{}");
  const auto& what = std::get<queue::redrive>(made.what->what);
  CHECK(what.idempotency_key == "k-1");
  CHECK(what.bounds.window == std::chrono::seconds{600});
  CHECK(what.request_hash == std::get<queue::redrive>(send("k-2", "{}").what->what).request_hash);
  CHECK(what.request_hash != std::get<queue::redrive>(send("k-1", "{\"limit\": 1}").what->what).request_hash);
  const auto plain = n.post_json("/v1.0/a/q/~redrive", "{}");
  CHECK(std::get<queue::redrive>(plain.what->what).idempotency_key.empty());
  CHECK(std::get<queue::redrive>(plain.what->what).bounds == queue::dedupe_bounds{});
  CHECK(send("a b", "{}").answer->status == 400);
  const auto answer = [&](bool replayed) {
    return n.answer("POST", "/v1.0/a/q/~redrive", {queue::task_reply{errc::ok, running(), replayed}, {}, 0}, {}, "{}");
  };
  CHECK(field_of(answer(true), "Idempotency-Replayed") == "true");
  CHECK(answer(true).status == 202);
  CHECK(answer(true).body == answer(false).body);
  CHECK(field_of(answer(true), "Location") == field_of(answer(false), "Location"));
  CHECK(field_of(answer(false), "Idempotency-Replayed").empty());
  const auto refused = [&](errc why) {
    return n.answer("POST", "/v1.0/a/q/~redrive", {queue::task_reply{why, {}, false}, {}, 0}, {}, "{}").status;
  };
  CHECK(refused(errc::idempotency_key_reused) == 422);
  CHECK(refused(errc::dedupe_full) == 429);
}

TEST_CASE("a redrive that cannot be is refused by its problem") {
  native n;
  const auto to_itself = n.post_json("/v1.0/a/q/~redrive", R"({"to": "q"})").answer;
  CHECK(to_itself->status == 400);
  CHECK(to_itself->body.find("invalid-parameter") != std::string::npos);
  CHECK(n.begin("POST", "/v1.0/a/q/~redrive", {{"Content-Type", "text/plain"}}, "{}").answer->status == 415);
  CHECK(n.begin("POST", "/v1.0/a/q/~redrive?x=1", {{"Prefer", "handling=strict"}}, "{}").answer->status == 400);
  const auto answer = [&](errc why) {
    return n.answer("POST", "/v1.0/a/q/~redrive", {queue::task_reply{why, running()}, {}, 0}, {}, "{}");
  };
  CHECK(answer(errc::invalid_parameter).status == 400);
  CHECK(answer(errc::invalid_parameter).body.find("\"parameter\": \"to\"") != std::string::npos);
  CHECK(answer(errc::task_running).status == 409);
  CHECK(answer(errc::task_running).body.find("Task t-7f3 is running.") != std::string::npos);
  CHECK(answer(errc::quota_exceeded).status == 429);
  const auto failed = [&](errc why) {
    return n.answer("POST", "/v1.0/a/q/~redrive", {error{why}, {}, 0}, {}, "{}").body;
  };
  CHECK(failed(errc::no_space).find("/problems/no-space") != std::string::npos);
  CHECK(failed(errc::busy).find("/problems/overloaded") != std::string::npos);
}

TEST_CASE("tasks are listed, shown and cancelled") {
  native n;
  CHECK(std::holds_alternative<queue::list_tasks>(n.begin("GET", "/v1.0/a/q/~tasks").what->what));
  CHECK(n.begin("GET", "/v1.0/a/q/~tasks/t-7f3").what->what.index() ==
        operation_body{queue::get_task{}}.index());
  const auto cancel = n.begin("DELETE", "/v1.0/a/q/%7Etasks/t%2D7f3");
  CHECK(std::get<queue::cancel_task>(cancel.what->what).task == queue::task_id{0x7f3});
  CHECK(cancel.route == "task");
  for (const auto* id : {"t-", "t-7F3", "t-07f3", "7f3", "t-7f3x", "x", "t-11112222333344445", "%ff", "~x"}) {
    const auto made = n.begin("GET", "/v1.0/a/q/~tasks/" + std::string{id});
    REQUIRE_MESSAGE(made.answer.has_value(), id);
    CHECK_MESSAGE(made.answer->body.find("/problems/task-not-found") != std::string::npos, id);
  }
  auto done = running();
  done.state = queue::task_state::done;
  done.finished = done.started + std::chrono::milliseconds{1500};
  auto answer = n.answer("GET", "/v1.0/a/q/~tasks", {queue::tasks_answer{{done, running()}}, {}, 0});
  CHECK(answer.status == 200);
  CHECK(answer.body.find(R"("state": "done")") < answer.body.find(R"("state": "running")"));
  CHECK(answer.body.find(R"("finished": "2031-04-02T10:00:01.500Z"}, {"task")") != std::string::npos);
  CHECK(n.answer("GET", "/v1.0/a/q/~tasks", {queue::tasks_answer{}, {}, 0}).body == "[]");
  answer = n.answer("GET", "/v1.0/a/q/~tasks/t-7f3", {queue::task_answer{running()}, {}, 0});
  CHECK(answer.status == 200);
  CHECK(answer.body == running_text);
  CHECK(n.answer("GET", "/v1.0/a/q/~tasks/t-7f3", {queue::task_answer{}, {}, 0}).status == 404);
  answer = n.answer("DELETE", "/v1.0/a/q/~tasks/t-7f3", {queue::task_reply{errc::ok, done}, {}, 0});
  CHECK(answer.status == 202);
  CHECK(field_of(answer, "Location").empty());
  CHECK(field_of(answer, "Burrow-Durability") == "quorum");
  answer = n.answer("DELETE", "/v1.0/a/q/~tasks/t-7f3", {queue::task_reply{errc::task_not_found, {}}, {}, 0});
  CHECK(answer.status == 404);
  CHECK(answer.body.find("/problems/task-not-found") != std::string::npos);
}

TEST_CASE("paths of redrives and tasks: what else is there is 404 or 405") {
  native n;
  for (const auto* path : {"/v1.0/a/q/~redrive/x", "/v1.0/a/q/~tasks/", "/v1.0/a/q/~tasks/t-1/x", "/v1.0/a/q/m/x",
                           "/v1.0/a/q/m%ff/x", "/v1.0/a/~q/~tasks/t-1", "/v1.0/a/~q/~redrive", "/v1.0/a/~q/~settings",
                           "/v1.0/a/~q/~stats", "/v1.0/a/~q/m"})
    CHECK_MESSAGE(n.begin("GET", path).answer->body.find("/problems/not-found") != std::string::npos, path);
  for (const auto& [method, path, allowed] :
       {std::tuple{"GET", "/v1.0/a/q/~redrive", "POST"}, {"DELETE", "/v1.0/a/q/~tasks", "GET, HEAD"},
        {"PUT", "/v1.0/a/q/~tasks/t-1", "GET, HEAD, DELETE"}}) {
    const auto made = n.begin(method, path);
    CHECK(made.answer->status == 405);
    CHECK(field_of(*made.answer, "Allow") == allowed);
  }
  CHECK(n.begin("GET", "/v1.0/%ff/q/~tasks/t-1").answer->status == 400);
}

} // namespace
} // namespace burrow::test
