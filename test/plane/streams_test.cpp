// Two and three planes over loopback: what arrives, in what order, and what is told when a stream ends.
#include "actors/plane/bounds.hpp"
#include "test/support/plane_node.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <thread>

using namespace burrow;
using namespace burrow::test;
namespace bounds = burrow::plane::bounds;

TEST_CASE("frames arrive whole and in order, on both streams") {
  plane_node a(1, "a"), b(2, "b");
  a.know(b), b.know(a);
  REQUIRE(a.linked(b));
  REQUIRE(b.linked(a));
  const std::string large(3 * bounds::mib, 'x');
  for (int i = 0; i < 200; ++i) REQUIRE(a.send(b, std::to_string(i), frame_kind::replica, 5));
  REQUIRE(a.send(b, large, frame_kind::forward));
  REQUIRE(a.send(b, ""));
  REQUIRE(a.send_once_up(b, large, frame_kind::bulk));
  REQUIRE(b.until([&] { return b.heard.size() == 203; }));
  std::vector<frame_received> fast;
  for (const auto& f : b.heard_now()) {
    CHECK(f.from == a.id());
    if (f.kind == frame_kind::bulk) CHECK(f.bytes == large);
    else fast.push_back(f);
  }
  REQUIRE(fast.size() == 202);
  for (int i = 0; i < 200; ++i) {
    CHECK(fast[static_cast<std::size_t>(i)].bytes == std::to_string(i));
    CHECK(fast[static_cast<std::size_t>(i)].shard == shard_id{5});
  }
  CHECK(fast[200].bytes == large);
  CHECK(fast[200].kind == frame_kind::forward);
  CHECK(fast[201].bytes.empty());
  CHECK(b.send(a, "back"));
  CHECK(a.until([&] { return a.heard.size() == 1 && a.heard[0].bytes == "back"; }));
}

TEST_CASE("one that was not told of the other is called and answers over the same stream") {
  plane_node a(1, "a"), b(2, "b");
  SUBCASE("by the lower id") {
    a.know(b);
    REQUIRE(b.linked(a));
    CHECK(b.send(a, "hello"));
    CHECK(a.until([&] { return a.heard.size() == 1; }));
  }
  SUBCASE("by the higher id") {
    b.know(a);
    REQUIRE(a.linked(b));
    CHECK(a.send(b, "hello"));
    CHECK(b.until([&] { return b.heard.size() == 1; }));
  }
}

TEST_CASE("calls that cross end in one stream, whoever is asked first") {
  // Both know each other at once; the higher one would wait, so it is made to call at the same time by chance of
  // scheduling: forty pairs, each of which must settle without a single reset afterwards.
  for (std::uint64_t round = 0; round < 20; ++round) {
    plane_node a(1, "a"), b(2, "b");
    b.know(a);
    std::this_thread::sleep_for(std::chrono::milliseconds(98 + round % 5)); // the higher one is about to call
    a.know(b);
    REQUIRE(a.linked(b));
    REQUIRE(b.linked(a));
    REQUIRE(a.send_once_up(b, "x", frame_kind::bulk));
    REQUIRE(b.until([&] { return b.heard.size() == 1; }));
    CHECK(a.links_now().size() == 1);
    CHECK(b.links_now().size() == 1);
    CHECK(a.count("burrow_plane_connections", "fast") == 1);
    CHECK(b.count("burrow_plane_connections", "fast") == 1);
  }
}

TEST_CASE("of two calls that cross, that of the lower id wins") {
  raw_listener there; // of node 5, whose call crosses ours
  std::uint64_t id = 0;
  SUBCASE("which is ours") { id = 1; }
  SUBCASE("which is theirs") { id = 9; }
  plane_node a(id, "a");
  a.plane().know({5}, "b", "127.0.0.1", there.port());
  auto ours = there.accept();
  REQUIRE(ours.greeting().who.name == "a"); // it waits for our answer
  raw_peer theirs(a.plane().port());
  const auto answer = theirs.greet(hello_of(5, "b"));
  if (id == 1) {
    CHECK(answer == plane::refusal::crossed);
    CHECK(a.count("burrow_plane_refusals_total") == 0);
    auto welcome = hello_of(5, "b");
    welcome.step = plane::greeting_step::welcome;
    ours.send(plane::encode_greeting(welcome));
    CHECK(ours.greeting().step == plane::greeting_step::go);
  } else {
    CHECK(answer == plane::refusal::none);
    CHECK(ours.closed());
  }
  CHECK(a.until([&] { return a.links.size() == 1 && a.links[0].up; }));
}

TEST_CASE("who has answered a hello does not send one before that came to an end") {
  raw_listener there;
  plane_node a(9, "a");
  raw_peer theirs(a.plane().port());
  theirs.send(plane::encode_greeting(hello_of(5, "b")));
  REQUIRE(theirs.greeting().step == plane::greeting_step::welcome);
  const auto began = std::chrono::steady_clock::now();
  a.plane().know({5}, "b", "127.0.0.1", there.port());
  auto ours = there.accept(); // two seconds later, when the other did not go on
  CHECK(ours.greeting().who.name == "a");
  CHECK(std::chrono::steady_clock::now() - began > std::chrono::milliseconds(1500));
}

TEST_CASE("a probe overtakes what waits") {
  plane_node a(1, "a");
  raw_peer b(a.plane().port());
  REQUIRE(b.greet(hello_of(2, "b")) == plane::refusal::none);
  plane_node name_of_b(2, "b");
  REQUIRE(a.linked(name_of_b));
  // More than the kernel and one write hold, and the other side does not read yet.
  const std::string filler(bounds::mib, 'r');
  for (int i = 0; i < 40; ++i) REQUIRE(a.send(name_of_b, filler));
  REQUIRE(a.send(name_of_b, "ping", frame_kind::probe));
  plane::frame_parser parser(bounds::frame_bytes_max);
  std::size_t before = 0, all = 0;
  bool met = false;
  while (all < 41) {
    const auto bytes = b.read(65536);
    REQUIRE(!bytes.empty());
    std::string_view left = bytes;
    plane::frame_parser::parsed one;
    while (parser.next(left, one) == plane::frame_parser::state::frame) {
      ++all;
      if (one.kind == static_cast<std::uint8_t>(frame_kind::probe)) met = true;
      else if (!met) ++before;
    }
  }
  CHECK(met);
  CHECK(before < 15);
}

TEST_CASE("what is sent to oneself comes back, on the plane's thread") {
  plane_node a(1, "a");
  CHECK(a.send(a, "to me", frame_kind::forward));
  CHECK(a.until([&] { return a.heard.size() == 1 && a.heard[0].from == a.id() && a.heard[0].bytes == "to me"; }));
}

TEST_CASE("a peer that ends is told at once, and its next life is found") {
  plane_node a(1, "a");
  auto b = std::make_unique<plane_node>(2, "b");
  const auto port = b->plane().port();
  a.know(*b), b->know(a);
  REQUIRE(a.linked(*b));
  const auto began = std::chrono::steady_clock::now();
  b->stop();
  REQUIRE(a.until([&] { return !a.links.empty() && !a.links.back().up; }));
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::milliseconds(500));
  CHECK_FALSE(a.send(*b, "lost"));
  // A refused call is told too: nobody answers, so no life.
  REQUIRE(a.until([&] { return a.links.size() >= 3 && !a.links.back().up && a.links.back().life == 0; }));
  plane_node again(2, "b", [&](data_plane_options& o) { o.port = port, o.self.life = 9; });
  REQUIRE(again.started());
  REQUIRE(a.linked(again));
  CHECK(a.until([&] { return a.links.back().up && a.links.back().life == 9; }));
  CHECK(a.send_once_up(again, "found"));
  CHECK(again.until([&] { return again.heard.size() == 1; }));
}

TEST_CASE("over the bound a frame is dropped and counted, and memory is given back") {
  plane_node a(1, "a");
  raw_peer b(a.plane().port());
  REQUIRE(b.greet(hello_of(2, "b")) == plane::refusal::none);
  plane_node name_of_b(2, "b");
  REQUIRE(a.linked(name_of_b));
  const shared_bytes filler(std::string(bounds::mib, 'r'));
  int taken = 0;
  while (taken < 200 && a.plane().send({2}, {frame_kind::replica, {}, filler})) ++taken;
  CHECK(taken >= 60);
  CHECK(taken < 80); // the bound, and what the kernel took
  CHECK(a.count("burrow_plane_dropped_total", "full") == 1);
  CHECK(a.send(name_of_b, "ping", frame_kind::probe)); // there is room for probes beyond it
  // It reads nothing: the stream is reset when nothing was acknowledged for three seconds.
  REQUIRE(a.until([&] { return a.links.size() >= 2 && !a.links[1].up; }));
  CHECK(a.count("burrow_plane_dropped_total", "lost") >= 50);
  CHECK_FALSE(a.send(name_of_b, "x"));
  CHECK_FALSE(a.plane().send({2}, {frame_kind::replica, {}, shared_bytes(std::string(21 * bounds::mib, 'x'))}));
  CHECK(a.count("burrow_plane_dropped_total", "too_large") == 1);
}

TEST_CASE("three nodes hear each other, and one that is forgotten is let go") {
  plane_node a(1, "a"), b(2, "b"), c(3, "c");
  for (auto* from : {&a, &b, &c})
    for (auto* to : {&a, &b, &c}) from->know(*to);
  for (auto* from : {&a, &b, &c})
    for (auto* to : {&a, &b, &c})
      if (from != to) REQUIRE(from->send_once_up(*to, from->name() + to->name()));
  for (auto* one : {&a, &b, &c}) CHECK(one->until([&] { return one->heard.size() == 2; }));
  b.plane().forget(a.id());
  a.plane().forget(b.id());
  CHECK(a.until([&] { return !a.links.back().up && a.links.back().peer == b.id(); }));
  CHECK(a.send(c, "still"));
  CHECK(c.until([&] { return c.heard.size() == 3; }));
  CHECK_FALSE(a.send(b, "gone"));
}

TEST_CASE("a node that was admitted says who it is from then on") {
  plane_node a(1, "a");
  plane_node b(2, "b", [](data_plane_options& o) { o.self.cluster = {}; });
  a.know(b), b.know(a);
  REQUIRE(a.told("refuses us: other_cluster"));
  CHECK_FALSE(b.send(a, "x"));
  b.plane().become({plane_cluster, {2}, "b", 1});
  REQUIRE(a.linked(b));
  CHECK(b.send_once_up(a, "one of you"));
  CHECK(a.until([&] { return a.heard.size() == 1; }));
}

TEST_CASE("many threads send at once, and what each says stays in order") {
  plane_node a(1, "a"), b(2, "b");
  a.know(b);
  REQUIRE(b.linked(a));
  std::vector<std::thread> senders;
  for (std::uint16_t t = 0; t < 4; ++t)
    senders.emplace_back([&, t] {
      for (int i = 0; i < 5000; ++i)
        while (!a.send(b, std::to_string(i), frame_kind::replica, t)) std::this_thread::yield();
    });
  for (auto& t : senders) t.join();
  REQUIRE(b.until([&] { return b.heard.size() == 20000; }));
  std::array<int, 4> next{};
  for (const auto& f : b.heard_now()) CHECK(f.bytes == std::to_string(next[f.shard.value]++));
}
