// A gateway over the fake actors: what needs more than a function of text, and less than a node.
#include "test/support/gateway_client.hpp"

#include <doctest/doctest.h>

#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include <thread>

namespace burrow::test {
namespace {

std::string request(std::string_view line, std::string_view fields = "", std::string_view body = "") {
  return std::string{line} + " HTTP/1.1\r\nHost: x\r\n" + std::string{fields} +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string{body};
}

template <class Condition>
bool eventually(Condition condition) {
  for (int i = 0; i < 400; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  return false;
}

/// The handle of a queue's actor, as a bridge gets it.
caf::actor queue_actor_of(gateway_world& world, const queue_ref& name) {
  caf::scoped_actor self{*world.system};
  self->send(world.supervisor, resolve{name, caf::actor_cast<caf::actor>(self)});
  caf::actor out;
  self->receive([&](const resolved& r) { out = r.handle.value(); });
  return out;
}

TEST_CASE("a waiting taker gets the message that comes") {
  gateway_world world;
  raw_client taker{world.port()};
  taker.send(request("POST /v1.0/a/q?wait=10&hide=30&detail=id"));
  CHECK(eventually([&] { return world.service->held == 1; }));
  CHECK(world.put("/v1.0/a/q/m").status == 201);
  CHECK(taker.receive().body == "[\"m\"]");
}

TEST_CASE("nothing comes: 404 after the wait") {
  gateway_world world;
  const auto began = std::chrono::steady_clock::now();
  CHECK(world.get("/v1.0/a/q?wait=1").status == 404);
  CHECK(std::chrono::steady_clock::now() - began >= std::chrono::seconds{1});
}

TEST_CASE("a client that goes while it waits claims nothing") {
  gateway_world world;
  raw_client taker{world.port()};
  taker.send(request("POST /v1.0/a/q?wait=30&hide=30&detail=id"));
  CHECK(eventually([&] { return world.service->held == 1; }));
  taker.close();
  CHECK(eventually([&] { return world.service->withdrawn == 1; }));
  world.put("/v1.0/a/q/m");
  CHECK(world.get("/v1.0/a/q?detail=id").body == "[\"m\"]");
}

TEST_CASE("a claim that was made for a client that had gone is undone, whatever it was to show") {
  for (const std::string detail : {"none", "id"}) {
    gateway_world world;
    for (const auto* m : {"m1", "m2", "m3"}) world.put("/v1.0/a/q/" + std::string{m});
    const auto before = world.service->submitted.load();
    world.service->crossing = true;
    raw_client taker{world.port()};
    taker.send(request("POST /v1.0/a/q?wait=30&hide=30&detail=" + detail));
    CHECK(eventually([&] { return world.service->held == 1; }));
    taker.close();
    CHECK(eventually([&] { return world.service->submitted > before; }));
    world.service->crossing = false;
    CHECK(eventually([&] { return world.service->unclaimed == 3; }));
    CHECK(world.get("/v1.0/a/q?detail=id").body == "[\"m1\", \"m2\", \"m3\"]");
  }
}

TEST_CASE("a client that goes behind a pipelined request is noticed too") {
  gateway_world world;
  raw_client taker{world.port()};
  taker.send(request("POST /v1.0/a/q?wait=30&hide=30&detail=id"));
  CHECK(eventually([&] { return world.service->held == 1; }));
  taker.send(request("GET /"));
  std::this_thread::sleep_for(std::chrono::milliseconds{20});
  taker.close();
  CHECK(eventually([&] { return world.service->withdrawn == 1; }));
}

TEST_CASE("lists of an account and of the service merge, page and delete") {
  gateway_world world;
  for (const char* path : {"/v1.0/a/q1/m", "/v1.0/a/q2/m", "/v1.0/a/q3/m", "/v1.0/b/q/m"}) world.put(path);
  CHECK(world.get("/v1.0/a").body == "[\"q1\", \"q2\", \"q3\"]");
  CHECK(world.get("/v1.0").body == "[\"a\", \"b\"]");
  CHECK(world.get("/v1.0/a?limit=2").body == "[\"q1\", \"q2\"]");
  CHECK(world.get("/v1.0/a?marker=q1").body == "[\"q2\", \"q3\"]");
  CHECK(world.get("/v1.0/a?marker=none").body == "[\"q1\", \"q2\", \"q3\"]");
  CHECK(world.get("/v1.0/a?marker=q3").status == 404);
  const auto page = world.get("/v1.0/a?limit=1");
  CHECK(page.field("Link").find("rel=\"next\"") != std::string::npos);
  CHECK(world.get("/v1.0/a?cursor=" + page.field("Burrow-Cursor")).body == "[\"q2\", \"q3\"]");
  CHECK(world.get("/v1.0/b?cursor=" + page.field("Burrow-Cursor")).status == 400);
  CHECK(world.ask(request("DELETE /v1.0/a?limit=1&detail=id")).body == "[\"q1\"]");
  const auto gone = world.ask(request("DELETE /v1.0?marker=unknown"));
  CHECK(gone.status == 204);
  CHECK(gone.field("Burrow-Durability") == "quorum");
  CHECK(world.get("/v1.0").status == 404);
}

TEST_CASE("deleting everything takes as many pages as it needs") {
  gateway_world world;
  raw_client client{world.port()};
  for (int i = 0; i < 1050; ++i) client.ask(request("PUT /v1.0/a/q" + std::to_string(i) + "/m"));
  CHECK(world.ask(request("DELETE /v1.0/a")).status == 204);
  CHECK(world.get("/v1.0/a").status == 404);
}

TEST_CASE("a take by meta data takes only what has it") {
  gateway_world world;
  world.ask(request("PUT /v1.0/a/q/n", "Burrow-Meta-Region: north\r\n"));
  world.ask(request("PUT /v1.0/a/q/s", "Burrow-Meta-Region: south\r\n"));
  CHECK(world.ask(request("DELETE /v1.0/a/q?match_meta=region:south&detail=id")).body == "[\"s\"]");
  CHECK(world.ask(request("DELETE /v1.0/a/q?match_meta=region:south&detail=id")).status == 404);
  CHECK(world.get("/v1.0/a/q?detail=id").body == "[\"n\"]");
}

TEST_CASE("a passivated queue actor is resolved again, and nobody notices") {
  gateway_world world;
  CHECK(world.put("/v1.0/a/q/m").status == 201);
  caf::anon_send_exit(queue_actor_of(world, {"a", "q"}), caf::exit_reason::normal);
  CHECK(world.put("/v1.0/a/q/m").status == 204);
  CHECK(world.get("/v1.0/a/q/m").status == 200);
}

TEST_CASE("a queue actor that crashes leaves changes unknown, and reads are asked again") {
  gateway_world world;
  world.put("/v1.0/a/q/m");
  world.service->silent = true;
  raw_client change{world.port()}, read{world.port()};
  change.send(request("PUT /v1.0/a/q/m"));
  read.send(request("GET /v1.0/a/q/m?detail=id"));
  std::this_thread::sleep_for(std::chrono::milliseconds{100});
  world.service->silent = false;
  caf::anon_send_exit(queue_actor_of(world, {"a", "q"}), caf::exit_reason::kill);
  const auto unknown = change.receive();
  CHECK(unknown.status == 504);
  CHECK(unknown.body.find("/problems/commit-unknown") != std::string::npos);
  CHECK(read.receive().body == "m");
}

TEST_CASE("errors of the actors have their status and slug") {
  gateway_world world;
  const std::tuple<errc, int, const char*, const char*> all[] = {
    {errc::busy, 503, "overloaded", "1"},        {errc::no_space, 503, "no-space", "10"},
    {errc::not_leader, 503, "no-leader", "1"},   {errc::unavailable, 503, "unavailable", "5"},
    {errc::draining, 503, "draining", "1"},      {errc::too_many_waiters, 429, "too-many-waiters", "1"},
    {errc::queue_full, 429, "queue-full", ""},   {errc::unknown_outcome, 504, "commit-unknown", ""},
    {errc::quota_exceeded, 429, "quota-exceeded", ""}, {errc::corrupt, 500, "internal", ""},
  };
  for (const auto& [code, status, slug, after] : all) {
    world.service->broken = code;
    const auto got = world.put("/v1.0/a/q/m");
    CHECK(got.status == status);
    CHECK(got.body.find(std::string{"/problems/"} + slug + "\"") != std::string::npos);
    CHECK(got.field("Retry-After") == after);
  }
}

TEST_CASE("draining answers waiters at once, lets nobody in, and takes no time") {
  gateway_world world;
  raw_client taker{world.port()}, idle{world.port()};
  idle.ask(request("GET /"));
  taker.send(request("POST /v1.0/a/q?wait=60&hide=30"));
  CHECK(eventually([&] { return world.service->held == 1; }));
  const auto began = std::chrono::steady_clock::now();
  const auto port = world.port();
  world.served->drain(std::chrono::seconds{5});
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds{2});
  const auto got = taker.receive();
  CHECK(got.status == 404);
  CHECK(got.field("Connection") == "close");
  CHECK(idle.until_closed().empty());
  CHECK(world.service->withdrawn == 1);
  CHECK(port != 0);
}

TEST_CASE("health and metrics are where the contract says") {
  gateway_world world;
  CHECK(world.get("/healthz/live").status == 200);
  CHECK(world.get("/healthz/ready").status == 200);
  world.served->not_ready({"shard 3 has no leader"});
  const auto not_ready = world.get("/healthz/ready");
  CHECK(not_ready.status == 503);
  CHECK(not_ready.body.find("\"type\": \"/problems/unavailable\"") != std::string::npos);
  CHECK(not_ready.body.find("\"reasons\": [\"shard 3 has no leader\"]") != std::string::npos);
  CHECK(not_ready.field("Retry-After") == "5");
  CHECK(world.get("/metrics").status == 404);
  const auto page = raw_client{world.admin_port()}.ask(request("GET /metrics"));
  CHECK(page.status == 200);
  CHECK(page.body.find("burrow_http_requests_total{route=\"health\",status=\"2xx\"}") != std::string::npos);
  CHECK(raw_client{world.admin_port()}.ask(request("GET /")).body == "[\"v1.0\"]");
  CHECK(raw_client{world.admin_port()}.ask(request("GET /admin/v1/x")).status == 404);
}

TEST_CASE("two threads serve the same queues") {
  gateway_world world{2};
  for (int i = 0; i < 8; ++i) CHECK(world.put("/v1.0/a/q/m" + std::to_string(i)).status == 201);
  CHECK(world.get("/v1.0/a/q?detail=id&limit=2").body == "[\"m0\", \"m1\"]");
}

TEST_CASE("an address that cannot be bound is named") {
  gateway_world world;
  auto options = options_for_tests();
  options.listeners[0].port = world.port();
  auto second = gateway::start(*world.system, world.supervisor, options);
  REQUIRE(!second.ok());
  CHECK(second.error().code == errc::config_invalid);
  CHECK(second.error().context.find(std::to_string(world.port())) != std::string::npos);
}

} // namespace
} // namespace burrow::test
