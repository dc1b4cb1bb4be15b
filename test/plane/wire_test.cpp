// The pure part: greetings, who may have a stream, and cutting bytes into frames.
#include "actors/plane/bounds.hpp"
#include "actors/plane/outbox.hpp"
#include "actors/plane/wire.hpp"
#include "cluster/base/random.hpp"

#include <doctest/doctest.h>

using namespace burrow;
using namespace burrow::plane;

namespace {

const node_identity us{{7, 7}, {1}, "a", 5};

greeting from(std::uint64_t id, std::string name, greeting_step step = greeting_step::welcome) {
  return {step, {{7, 7}, {id}, std::move(name), 3}, stream_kind::fast, {}, {}};
}

frame replica_frame(std::size_t size) { return {frame_kind::replica, {1}, shared_bytes(std::string(size, 'x'))}; }

} // namespace

TEST_CASE("a greeting is read as it was written, and no shorter or longer") {
  for (const auto step : {greeting_step::hello, greeting_step::welcome, greeting_step::go, greeting_step::refused}) {
    auto said = from(2, "b.c-d_9", step);
    said.meant = {9};
    said.why = step == greeting_step::refused ? refusal::old_life : refusal::none;
    const auto bytes = encode_greeting(said).substr(header_bytes);
    auto wrong = refusal::none;
    const auto got = decode_greeting(bytes, wrong);
    REQUIRE(got.has_value());
    CHECK(encode_greeting(*got).substr(header_bytes) == bytes);
    for (std::size_t n = 0; n < bytes.size(); ++n) CHECK_FALSE(decode_greeting(bytes.substr(0, n), wrong).has_value());
    if (step != greeting_step::refused) CHECK_FALSE(decode_greeting(bytes + "x", wrong).has_value());
  }
}

TEST_CASE("the one that calls refuses whoever is not the one it called") {
  CHECK(judge(us, from(2, "b"), {}, {2}) == refusal::none);
  CHECK(judge(us, from(3, "b"), {}, {2}) == refusal::wrong_node);
  CHECK(judge(us, from(1, "b"), {}, {2}) == refusal::own_id);
  CHECK(judge(us, from(2, "a"), {}, {2}) == refusal::name_in_use);
  CHECK(judge(us, from(2, "b"), {3, false}, {2}) == refusal::none);
  CHECK(judge(us, from(2, "b"), {4, false}, {2}) == refusal::old_life);
  CHECK(judge(us, from(2, "b"), {0, true}, {2}) == refusal::name_in_use);
  auto other = from(2, "b");
  other.who.cluster = {8, 8};
  CHECK(judge(us, other, {}, {2}) == refusal::other_cluster);
}

TEST_CASE("frames are cut alike however the bytes come") {
  burrow::random chance(11);
  std::string bytes;
  std::vector<std::string> said;
  for (int i = 0; i < 300; ++i) {
    auto& one = said.emplace_back(chance.below(i % 50 == 0 ? 200'000 : 300), static_cast<char>('a' + i % 26));
    append_header(bytes, one.size(), 2, {static_cast<std::uint16_t>(i)});
    bytes += one;
  }
  for (const std::size_t most : {1, 7, 1000, 70'000}) {
    frame_parser parser(300'000);
    std::size_t next = 0;
    for (std::size_t at = 0; at < bytes.size();) {
      const auto size = std::min<std::size_t>(1 + chance.below(most), bytes.size() - at);
      std::string_view part{bytes.data() + at, size};
      at += size;
      frame_parser::parsed one;
      while (parser.next(part, one) == frame_parser::state::frame) {
        REQUIRE(next < said.size());
        CHECK(one.bytes == said[next]);
        CHECK(one.shard.value == next++);
      }
      CHECK(part.empty());
    }
    CHECK(next == said.size());
  }
}

TEST_CASE("a frame over the bound stays over it, and none of it is kept") {
  frame_parser parser(10);
  std::string bytes;
  append_header(bytes, 11, 2, {});
  bytes += "0123456789a";
  std::string_view in = bytes;
  frame_parser::parsed one;
  CHECK(parser.next(in, one) == frame_parser::state::oversized);
  CHECK(parser.next(in, one) == frame_parser::state::oversized);
  CHECK(in.size() == 11);
}

TEST_CASE("a lane takes probes first, up to so many bytes, and one frame of any size") {
  outbox box;
  const outbox::lane_name lane{{2}, stream_kind::fast};
  CHECK(box.push({2}, replica_frame(1)) == outbox::pushed::down);
  box.open(lane);
  CHECK(box.push({2}, replica_frame(1000)) == outbox::pushed::wake);
  CHECK(box.push({2}, replica_frame(1000)) == outbox::pushed::queued);
  CHECK(box.push({2}, {frame_kind::probe, {}, shared_bytes("p")}) == outbox::pushed::queued);
  CHECK(box.take_dirty().size() == 1);
  CHECK(box.take_dirty().empty());
  auto got = box.take(lane, 1500);
  REQUIRE(got.size() == 2);
  CHECK(got[0].kind == frame_kind::probe);
  got = box.take(lane, 10);
  CHECK(got.size() == 1);
  CHECK(box.take(lane, 10).empty());
}

TEST_CASE("a lane is full by what waits and what is being written, and empties with the stream") {
  outbox box;
  const outbox::lane_name fast{{2}, stream_kind::fast}, bulk{{2}, stream_kind::bulk};
  box.open(fast), box.open(bulk);
  std::size_t taken = 0;
  while (box.push({2}, replica_frame(limits::mib)) != outbox::pushed::full) ++taken;
  CHECK(taken == 63); // with what each frame costs besides
  (void)box.take(fast, bounds::fast_waiting_max);
  CHECK(box.push({2}, replica_frame(limits::mib)) == outbox::pushed::full); // not written yet
  CHECK(box.push({2}, {frame_kind::probe, {}, shared_bytes(std::string(900'000, 'p'))}) == outbox::pushed::queued);
  box.written(fast, taken * outbox::cost_of(replica_frame(limits::mib)));
  CHECK(box.push({2}, replica_frame(limits::mib)) == outbox::pushed::queued);
  CHECK(box.close(fast) == 2);
  CHECK(box.push({2}, replica_frame(1)) == outbox::pushed::down);
  const frame large{frame_kind::bulk, {1}, shared_bytes(std::string(bounds::frame_bytes_max, 'x'))};
  CHECK(box.push({2}, large) != outbox::pushed::full); // alone, however large
  CHECK(box.push({2}, {frame_kind::bulk, {1}, shared_bytes("x")}) == outbox::pushed::full);
  CHECK(box.push({3}, large) == outbox::pushed::down);
}
