// Who connects and is no peer: refused, counted, told in one line, and nobody else notices.
#include "actors/plane/bounds.hpp"
#include "test/support/plane_node.hpp"

#include <doctest/doctest.h>

#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <thread>

using namespace burrow;
using namespace burrow::test;
using plane::refusal;
namespace bounds = burrow::plane::bounds;

namespace {

double refusals(plane_node& of, refusal why) {
  return of.count("burrow_plane_refusals_total", std::string(plane::to_string(why)));
}

/// What is allocated, whether or not it was touched yet.
std::size_t allocated() {
  const auto now = ::mallinfo2();
  return now.uordblks + now.hblkhd;
}

std::string header(std::uint32_t size, std::uint8_t kind) {
  std::string out;
  plane::append_header(out, size, kind, {});
  return out;
}

/// A pair that works before and after.
struct undisturbed {
  plane_node a{1, "a"}, b{2, "b"};
  undisturbed() {
    a.know(b), b.know(a);
    REQUIRE(a.linked(b));
    REQUIRE(b.linked(a));
  }
  ~undisturbed() {
    CHECK(a.send(b, "still here"));
    CHECK(b.until([&] { return b.heard.size() == 1; }));
    CHECK(std::ranges::count(a.links_now(), b.id(), &peer_link::peer) == 1);
  }
};

} // namespace

TEST_CASE("a node that is not one of us, or not who it says, is refused with the reason") {
  undisturbed pair;
  auto hello = hello_of(9, "stranger");
  auto why = refusal::none;
  SUBCASE("another cluster") { hello.who.cluster = {1, 2}, why = refusal::other_cluster; }
  SUBCASE("no cluster, and no question either") { hello.who.cluster = {}, why = refusal::other_cluster; }
  SUBCASE("our own id") { hello.who.node = pair.a.id(), why = refusal::own_id; }
  SUBCASE("our own name") { hello.who.name = "a", why = refusal::name_in_use; }
  SUBCASE("the name of one that is up") { hello.who.name = "b", why = refusal::name_in_use; }
  SUBCASE("an older life of one that is up") {
    hello = hello_of(2, "b"), hello.who.life = 0, why = refusal::old_life;
  }
  SUBCASE("another node was meant") { hello.meant = {77}, why = refusal::wrong_node; }
  SUBCASE("a name that is none") { hello.who.name = "Bad Name\n", why = refusal::malformed; }
  SUBCASE("no name") { hello.who.name = "", why = refusal::malformed; }
  SUBCASE("no id") { hello.who.node = {}, why = refusal::malformed; }
  SUBCASE("admit questions, where nobody answers them") {
    hello.stream = plane::stream_kind::admit, why = refusal::no_admission;
  }
  raw_peer stranger(pair.a.plane().port());
  CHECK(stranger.greet(hello) == why);
  CHECK(stranger.closed());
  CHECK(refusals(pair.a, why) == 1);
  CHECK(pair.a.told("refused a connection from 127.0.0.1"));
}

TEST_CASE("another version of the protocol is refused as that, whatever it says besides") {
  undisturbed pair;
  auto bytes = plane::encode_greeting(hello_of(9, "new"));
  bytes[plane::header_bytes + 5] = 2;
  bytes.resize(plane::header_bytes + 9);
  bytes[3] = 9;
  raw_peer stranger(pair.a.plane().port());
  stranger.send(bytes);
  CHECK(stranger.greeting().why == refusal::other_version);
  CHECK(stranger.closed());
  CHECK(refusals(pair.a, refusal::other_version) == 1);
}

TEST_CASE("a name of a node that is gone may be taken by another") {
  plane_node a(1, "a");
  {
    raw_peer first(a.plane().port());
    REQUIRE(first.greet(hello_of(2, "b")) == refusal::none);
    REQUIRE(a.until([&] { return a.links.size() == 1; }));
    raw_peer second(a.plane().port());
    CHECK(second.greet(hello_of(3, "b")) == refusal::name_in_use);
  }
  REQUIRE(a.until([&] { return a.links.size() == 2; }));
  raw_peer third(a.plane().port());
  CHECK(third.greet(hello_of(3, "b")) == refusal::none);
}

TEST_CASE("garbage ends the connection before and after the greetings") {
  undisturbed pair;
  raw_peer one(pair.a.plane().port());
  SUBCASE("text of another protocol") { one.send("GET / HTTP/1.1\r\nHost: burrow\r\n\r\n"); }
  SUBCASE("zeroes") { one.send(std::string(100, '\0')); }
  SUBCASE("a frame before any greeting") { one.send(header(3, 2) + "abc"); }
  SUBCASE("a greeting over the bound") { one.send(header(bounds::hello_bytes_max + 1, 0) + std::string(9, 'x')); }
  SUBCASE("go without hello") { one.send(plane::encode_greeting({plane::greeting_step::go, {}, {}, {}, {}})); }
  SUBCASE("a frame of a kind that is not known") {
    REQUIRE(one.greet(hello_of(9, "c")) == refusal::none);
    one.send(header(3, 99) + "abc");
  }
  SUBCASE("bulk on the fast stream") {
    REQUIRE(one.greet(hello_of(9, "c")) == refusal::none);
    one.send(header(3, 4) + "abc");
  }
  SUBCASE("a frame over the bound") {
    REQUIRE(one.greet(hello_of(9, "c")) == refusal::none);
    one.send(header(bounds::frame_bytes_max + 1, 2) + "abc");
  }
  (void)one.read();
  CHECK(one.closed());
  CHECK(refusals(pair.a, refusal::malformed) == 1);
}

TEST_CASE("a header is believed only as far as bytes follow it") {
  plane_node a(1, "a");
  std::vector<raw_peer> peers;
  const auto before = allocated();
  for (std::uint64_t i = 0; i < 40; ++i) {
    auto& one = peers.emplace_back(a.plane().port());
    REQUIRE(one.greet(hello_of(10 + i, "n" + std::to_string(i))) == refusal::none);
    one.send(header(bounds::frame_bytes_max, 2) + "only this");
  }
  REQUIRE(a.until([&] { return a.links.size() == 40; }));
  peers.emplace_back(a.plane().port()).send("x");
  CHECK(peers.back().closed()); // later than all of those
  CHECK(allocated() - before < 32 * limits::mib); // 40 times 20 MiB were announced
}

TEST_CASE("who says nothing, or says it slowly, is cut off after two seconds") {
  undisturbed pair;
  const auto began = std::chrono::steady_clock::now();
  raw_peer mute(pair.a.plane().port()), slow(pair.a.plane().port()), half(pair.a.plane().port());
  half.send(plane::encode_greeting(hello_of(9, "c")));
  REQUIRE(half.greeting().step == plane::greeting_step::welcome); // and no go
  std::thread drip([&] {
    for (const char c : plane::encode_greeting(hello_of(9, "c"))) {
      slow.send({&c, 1});
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  });
  CHECK(mute.closed());
  CHECK(half.closed());
  CHECK(slow.closed());
  const auto took = std::chrono::steady_clock::now() - began;
  drip.join();
  CHECK(took >= std::chrono::milliseconds(1900));
  CHECK(took < std::chrono::seconds(4));
  CHECK(refusals(pair.a, refusal::too_slow) == 3);
  CHECK(pair.a.links_now().size() == 1); // the half one never counted
}

TEST_CASE("a crowd of strangers is bounded, and a peer gets through it") {
  plane_node a(1, "a");
  std::vector<raw_peer> crowd;
  for (int i = 0; i < 100; ++i) crowd.emplace_back(a.plane().port());
  const auto began = std::chrono::steady_clock::now();
  plane_node b(2, "b");
  b.know(a);
  REQUIRE(a.linked(b));
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::milliseconds(1500)); // not when they had their two s
  CHECK(refusals(a, refusal::too_many) >= 36);
  CHECK(crowd.front().closed()); // the oldest had to go
  CHECK(a.told("refused a connection"));
  const auto lines = a.lines_now().size();
  CHECK(lines < 10); // one for each reason, not one for each stranger
}

TEST_CASE("nodes of our cluster that nobody told us of are bounded too") {
  plane_node a(1, "a");
  std::vector<raw_peer> peers;
  for (std::uint64_t i = 0; i < bounds::strange_peers_max; ++i) {
    auto& one = peers.emplace_back(a.plane().port());
    REQUIRE(one.greet(hello_of(100 + i, "n" + std::to_string(i))) == refusal::none);
  }
  raw_peer more(a.plane().port());
  CHECK(more.greet(hello_of(99, "more")) == refusal::too_many);
  peers.clear();
  REQUIRE(a.until([&] { return a.links.size() == 2 * bounds::strange_peers_max; }));
  raw_peer later(a.plane().port());
  CHECK(later.greet(hello_of(99, "more")) == refusal::none);
}

TEST_CASE("the one that calls looks as closely as the one that is called") {
  plane_node a(1, "a");
  plane_node other(5, "other", [](data_plane_options& o) { o.self.cluster = {3, 3}; });
  // Right address, wrong node: the id is that of nobody there.
  a.plane().know({2}, "b", "127.0.0.1", other.plane().port());
  CHECK(a.told("refuses us"));
  plane_node c(3, "c");
  a.plane().know({4}, "d", "127.0.0.1", c.plane().port());
  CHECK(c.told("another node was meant"));
  CHECK(a.until([&] { return !a.links.empty() && !a.links.back().up; }));
  CHECK(a.until([&] { return a.count("burrow_plane_dial_failures_total") >= 2; }));
}
