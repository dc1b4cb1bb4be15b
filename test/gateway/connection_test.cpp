// The gateway's connections, seen from a raw socket.
#include "test/support/gateway_client.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <thread>
#include <vector>

namespace burrow::test {
namespace {

const std::string host = "Host: x\r\n";

TEST_CASE("a message put is read back, byte for byte") {
  gateway_world world;
  std::string body;
  for (int i = 0; i < 256; ++i) body.push_back(static_cast<char>(i));
  const auto put = world.put("/v1.0/a/q/m", body);
  CHECK(put.status == 201);
  CHECK(put.field("Burrow-Durability") == "quorum");
  CHECK(put.field("Location") == "/v1.0/a/q/m");
  CHECK(put.field("Burrow-Ttl") == "345600");
  CHECK(world.put("/v1.0/a/q/m", body).status == 204);
  const auto got = world.get("/v1.0/a/q/m?detail=body");
  CHECK(got.status == 200);
  CHECK(got.body == body);
  CHECK(got.field("Content-Type") == "application/octet-stream");
}

TEST_CASE("requests that smuggling is made of are refused, and the connection closes") {
  gateway_world world;
  const std::string start = "PUT /v1.0/a/q/m HTTP/1.1\r\n";
  const std::pair<std::string, int> bad[] = {
    {start + host + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
    {start + host + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400},
    {start + host + "Content-Length : 3\r\n\r\nabc", 400},
    {start + host + "Content-Length: 3\n\nabc", 400},
    {start + host + std::string("X: a\0b\r\n\r\n", 10), 400},
    {start + "Content-Length: 0\r\n\r\n", 400},
    {start + host + host + "Content-Length: 0\r\n\r\n", 400},
    {start + host + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501},
    {start + host + "Transfer-Encoding: gzip\r\n\r\n", 501},
    {start + host + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
    {"PUT /v1.0/a/q/m HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
    {start + host + "Content-Length: -1\r\n\r\n", 400},
    {start + host + "Content-Length: 99999999999999999999999\r\n\r\n", 400},
    {start + host + "Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n", 400},
    {"GET /v1.0 HTTP/2.0\r\n" + host + "\r\n", 400},
    {"GET http://x/v1.0 HTTP/1.1\r\n" + host + "\r\n", 400},
    {"\x16\x03\x01\x02hello\r\n\r\n", 400},
  };
  for (const auto& [bytes, status] : bad) {
    const std::string& shown = bytes; // clang 14 captures no structured binding
    CAPTURE(shown);
    raw_client client{world.port()};
    const auto got = client.ask(bytes);
    CHECK(got.status == status);
    CHECK(got.field("Content-Type") == "application/problem+json");
    CHECK(client.until_closed().empty());
  }
  CHECK(world.service->submitted == 0);
}

TEST_CASE("a folded field is one field") {
  gateway_world world;
  CHECK(world.ask("GET / HTTP/1.1\r\n" + host + "X-A: one\r\n two\r\n\r\n").status == 200);
}

TEST_CASE("pipelined requests are answered in order") {
  gateway_world world;
  raw_client client{world.port()};
  std::string all;
  for (int i = 0; i < 64; ++i) {
    all += "PUT /v1.0/a/q/m" + std::to_string(i) + " HTTP/1.1\r\n" + host + "Content-Length: 1\r\n\r\nx";
  }
  client.send(all);
  for (int i = 0; i < 64; ++i) CHECK(client.receive().field("Location") == "/v1.0/a/q/m" + std::to_string(i));
}

TEST_CASE("a chunked body is whole, however it is cut") {
  gateway_world world;
  const std::string request = "PUT /v1.0/a/q/c HTTP/1.1\r\n" + host +
                              "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: t\r\n\r\n";
  for (std::size_t step : {1U, 2U, 3U, 7U}) {
    raw_client client{world.port()};
    for (std::size_t i = 0; i < request.size(); i += step) {
      client.send(std::string_view{request}.substr(i, step));
      if (step < 3) std::this_thread::sleep_for(std::chrono::microseconds{300});
    }
    CHECK(client.receive().status / 100 == 2);
    CHECK(world.get("/v1.0/a/q/c?detail=body").body == "abcde");
  }
  // An empty last chunk in pieces of less than five bytes.
  raw_client client{world.port()};
  client.send("PUT /v1.0/a/q/e HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n");
  for (const char* part : {"0\r\n", "\r", "\n"}) {
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
    client.send(part);
  }
  CHECK(client.receive().status == 201);
}

TEST_CASE("100 Continue comes before the body, once") {
  gateway_world world;
  raw_client client{world.port()};
  client.send("PUT /v1.0/a/q/m HTTP/1.1\r\n" + host + "Expect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  CHECK(client.receive().head == "HTTP/1.1 100 Continue\r\n");
  client.send("body");
  CHECK(client.receive().status == 201);
}

TEST_CASE("a body that is too large is refused before it is sent") {
  gateway_world world;
  raw_client client{world.port()};
  const auto got = client.ask("PUT /v1.0/a/q/m HTTP/1.1\r\n" + host +
                              "Expect: 100-continue\r\nContent-Length: 9000000\r\n\r\n");
  CHECK(got.status == 413);
  CHECK(got.body.find("/problems/body-too-large") != std::string::npos);
  const auto json = world.ask("POST /v1.0/a/q/~messages HTTP/1.1\r\n" + host +
                              "Content-Type: application/json\r\nContent-Length: 8388609\r\n\r\n");
  CHECK(json.status == 413);
  CHECK(json.body.find("/problems/request-too-large") != std::string::npos);
}

TEST_CASE("a client that sends a refused body all the same still reads why") {
  gateway_world world;
  raw_client client{world.port()};
  client.send("PUT /v1.0/a/q/m HTTP/1.1\r\n" + host + "Content-Length: 4000000\r\n\r\n");
  client.send(std::string(4'000'000, 'x'));
  CHECK(client.receive().status == 413);
}

TEST_CASE("one byte over the largest body is refused, the largest is stored") {
  gateway_world world;
  CHECK(world.put("/v1.0/a/q/m", std::string(1 << 20, 'x')).status == 201);
  CHECK(world.put("/v1.0/a/q/m", std::string((1 << 20) + 1, 'x')).status == 413);
  CHECK(world.get("/v1.0/a/q/m?detail=body").body.size() == 1 << 20);
}

TEST_CASE("heads that are too large are told apart") {
  gateway_world world;
  CHECK(world.get("/v1.0/" + std::string(9000, 'x')).status == 414);
  CHECK(world.ask("GET / HTTP/1.1\r\n" + host + "X: " + std::string(40000, 'x') + "\r\n\r\n").status == 431);
  std::string many;
  for (int i = 0; i < 200; ++i) many += "X" + std::to_string(i) + ": y\r\n";
  CHECK(world.ask("GET / HTTP/1.1\r\n" + host + many + "\r\n").status == 431);
}

TEST_CASE("HEAD has the length and no body") {
  gateway_world world;
  raw_client client{world.port()};
  client.send("HEAD / HTTP/1.1\r\n" + host + "\r\n");
  CHECK(client.receive(true).field("Content-Length") == "8");
  CHECK(client.ask("GET / HTTP/1.1\r\n" + host + "\r\n").body == "[\"v1.0\"]");
}

TEST_CASE("keep-alive follows the version and the Connection field") {
  gateway_world world;
  raw_client old{world.port()};
  CHECK(old.ask("GET / HTTP/1.0\r\n\r\n").field("Connection") == "close");
  CHECK(old.until_closed().empty());
  raw_client kept{world.port()};
  CHECK(kept.ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").field("Connection") == "keep-alive");
  CHECK(kept.ask("GET / HTTP/1.1\r\n" + host + "Connection: close\r\n\r\n").field("Connection") == "close");
  CHECK(kept.until_closed().empty());
}

TEST_CASE("a request id is echoed if it may be, else made") {
  gateway_world world;
  CHECK(world.ask("GET / HTTP/1.1\r\n" + host + "X-Request-Id: abc-1\r\n\r\n").field("X-Request-Id") == "abc-1");
  const auto made = world.ask("GET / HTTP/1.1\r\n" + host + "X-Request-Id: a b\r\n\r\n").field("X-Request-Id");
  CHECK(made.size() == 16);
}

TEST_CASE("a connection that is new when the deadlines are swept stays open") {
  gateway_world world;
  std::vector<std::unique_ptr<raw_client>> clients;
  // Connections come without a pause over six sweeps, so that some are between accept and their first read then.
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{3};
  std::size_t opened = 0, answered = 0;
  while (std::chrono::steady_clock::now() < until) {
    for (int i = 0; i < 200; ++i) clients.push_back(std::make_unique<raw_client>(world.port()));
    opened += clients.size();
    for (auto& c : clients) answered += c->ask("GET / HTTP/1.1\r\n" + host + "\r\n").status == 200 ? 1 : 0;
    clients.clear();
  }
  CHECK(answered == opened);
}

TEST_CASE("a head that trickles is cut off after ten seconds") {
  gateway_world world;
  raw_client client{world.port()};
  const auto began = std::chrono::steady_clock::now();
  std::thread trickle{[&] {
    client.send("GET / HTTP/1.1\r\n");
    for (int i = 0; i < 22; ++i) {
      client.send("X-A: b\r\n");
      std::this_thread::sleep_for(std::chrono::milliseconds{500});
    }
  }};
  trickle.join();
  const auto got = client.receive();
  CHECK(got.status == 408);
  CHECK(got.body.find("/problems/request-timeout") != std::string::npos);
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds{13});
}

} // namespace
} // namespace burrow::test
