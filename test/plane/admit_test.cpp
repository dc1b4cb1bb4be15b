// A node of no cluster asks one it was pointed to; that is all it may do.
#include "actors/plane/bounds.hpp"
#include "test/support/plane_node.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <thread>

using namespace burrow;
using namespace burrow::test;
namespace bounds = burrow::plane::bounds;

namespace {

result<std::string> ask(plane_node& from, std::uint16_t port, std::string question) {
  std::promise<result<std::string>> answer;
  auto got = answer.get_future();
  from.plane().ask("localhost", port, std::move(question),
                   [&](result<std::string> r) { answer.set_value(std::move(r)); });
  REQUIRE(got.wait_for(std::chrono::seconds(15)) == std::future_status::ready);
  return got.get();
}

void outsider(data_plane_options& o) {
  o.self.cluster = {};
  o.patience = std::chrono::seconds(1);
}

} // namespace

TEST_CASE("a question is answered, from another thread and of the full size") {
  std::vector<std::thread> answering;
  plane_node a(1, "a", [&](data_plane_options& o) {
    o.sinks.admit = [&](std::string question, std::string from, std::function<void(std::string)> answer) {
      CHECK(from == "127.0.0.1");
      answering.emplace_back([q = std::move(question), answer] { answer(q + "!"); });
    };
  });
  plane_node b(2, "b", outsider);
  const std::string large(bounds::admit_bytes_max - 1, 'q');
  for (const auto& question : {std::string("may I?"), large, std::string()}) {
    const auto got = ask(b, a.plane().port(), question);
    REQUIRE(got.ok());
    CHECK(*got == question + "!");
  }
  for (auto& t : answering) t.join();
  CHECK(ask(b, a.plane().port(), large + "xx").code() == errc::too_large);
  CHECK(a.links_now().empty());
}

TEST_CASE("whoever does not answer is given up, and says so once") {
  plane_node b(2, "b", outsider);
  SUBCASE("nobody there") {
    std::uint16_t port = 0;
    { port = plane_node(9, "gone").plane().port(); }
    CHECK(ask(b, port, "q").code() == errc::unavailable);
  }
  SUBCASE("somebody who never answers") {
    std::function<void(std::string)> kept;
    plane_node a(1, "a", [&](data_plane_options& o) {
      o.sinks.admit = [&](std::string, std::string, std::function<void(std::string)> answer) { kept = answer; };
    });
    CHECK(ask(b, a.plane().port(), "q").code() == errc::unavailable);
    a.stop();
    kept("too late"); // and harmless
  }
  SUBCASE("the node itself") {
    const auto got = ask(b, b.plane().port(), "q");
    CHECK(got.code() == errc::unavailable);
    CHECK(got.error().context.find("own_id") != std::string::npos);
  }
  SUBCASE("one that takes no questions") {
    plane_node a(1, "a");
    CHECK(ask(b, a.plane().port(), "q").error().context.find("no_admission") != std::string::npos);
  }
  SUBCASE("one of another cluster than ours") {
    plane_node a(1, "a"), c(3, "c", [](data_plane_options& o) { o.self.cluster = {3, 3}; });
    CHECK(ask(c, a.plane().port(), "q").error().context.find("other_cluster") != std::string::npos);
  }
}

TEST_CASE("an asker may say nothing but a question of its size") {
  std::atomic<int> questions = 0;
  plane_node a(1, "a", [&](data_plane_options& o) {
    o.sinks.admit = [&](std::string, std::string, const std::function<void(std::string)>&) { ++questions; };
  });
  auto hello = hello_of(9, "new", plane::stream_kind::admit);
  hello.who.cluster = {};
  std::string bytes;
  SUBCASE("too large") { plane::append_header(bytes, bounds::admit_bytes_max + 1, 5, {}); }
  SUBCASE("a frame for a shard") { plane::append_header(bytes, 0, 2, {1}); }
  raw_peer one(a.plane().port());
  REQUIRE(one.greet(hello) == plane::refusal::none);
  one.send(bytes);
  CHECK(one.closed());
  CHECK(a.count("burrow_plane_refusals_total", "malformed") == 1);
  CHECK(questions == 0);
}

TEST_CASE("no more questions at once than there is room for") {
  std::vector<std::function<void(std::string)>> kept;
  plane_node a(1, "a", [&](data_plane_options& o) {
    o.sinks.admit = [&](std::string, std::string, std::function<void(std::string)> answer) { kept.push_back(answer); };
  });
  auto hello = hello_of(9, "new", plane::stream_kind::admit);
  hello.who.cluster = {};
  std::vector<raw_peer> askers;
  std::size_t refused = 0;
  std::string question;
  plane::append_header(question, 1, 5, {});
  for (std::size_t i = 0; i < bounds::admissions_max + 4; ++i) {
    auto& one = askers.emplace_back(a.plane().port());
    const auto why = one.greet(hello);
    refused += why == plane::refusal::no_admission ? 1 : 0;
    if (why == plane::refusal::none) one.send(question + "q");
  }
  CHECK(refused >= 3); // one may slip in between a welcome and its question
  CHECK(refused <= 4);
}
