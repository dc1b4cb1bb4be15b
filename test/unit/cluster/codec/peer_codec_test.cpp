// What replicas say to each other: every message survives the wire, and nothing that disagrees with itself is let in.
#include "cluster/codec/peer_codec.hpp"

#include "cluster/base/limits.hpp"
#include "test/support/peer_messages.hpp"

#include <doctest/doctest.h>

using namespace burrow;
using namespace burrow::test;

namespace {

peer_content append_of(std::vector<raft::entry> entries, std::uint64_t previous = 4, std::uint64_t term = 3) {
  raft::append_request a{{previous}, {previous == 0 ? 0U : 2U}, {1}, std::move(entries)};
  return raft::peer_message{{{10}, {1}}, {{20}, {2}}, {term}, std::move(a)};
}

raft::entry command_with(const std::string& body) {
  raft::entry e;
  e.index = {5};
  e.term = {3};
  e.kind = raft::entry_kind::command;
  e.payload.command = shared_bytes(std::string("what"));
  e.payload.bodies.push_back({shared_bytes(body), static_cast<std::uint32_t>(body.size()), hash_of(body)});
  return e;
}

errc refused(const peer_content& what) {
  const auto got = codec::decode_peer(codec::encode_peer({1}, what));
  return got ? errc::ok : got.code();
}

} // namespace

TEST_CASE("random messages of every kind survive the wire") {
  burrow::random chance(4711);
  for (int i = 0; i < 4000; ++i) {
    const auto message = random_peer_message(chance);
    const auto bytes = codec::encode_peer({static_cast<std::uint16_t>(i % 200)}, message);
    const auto again = codec::decode_peer(bytes);
    REQUIRE_MESSAGE(again.ok(), "message " << i << ": " << again.error().context);
    CHECK(again->shard.value == i % 200);
    CHECK(codec::encode_peer(again->shard, again->what) == bytes);
  }
}

TEST_CASE("a cut or changed message is refused or is another sound one, and nothing crashes") {
  burrow::random chance(7);
  for (int i = 0; i < 2000; ++i) {
    auto bytes = codec::encode_peer({1}, random_peer_message(chance));
    for (auto n = chance.between(1, 3); n > 0 && !bytes.empty(); --n) {
      if (chance.chance(300)) bytes.resize(chance.below(bytes.size()));
      else bytes[chance.below(bytes.size())] = static_cast<char>(chance.next());
    }
    const auto got = codec::decode_peer(bytes);
    if (got) CHECK(codec::decode_peer(codec::encode_peer(got->shard, got->what)).ok());
  }
}

TEST_CASE("a body arrives as it was, empty or gone") {
  for (const std::string body : {"", "some bytes"}) {
    const auto got = codec::decode_peer(codec::encode_peer({1}, append_of({command_with(body)})));
    REQUIRE(got.ok());
    const auto& m = std::get<raft::append_request>(std::get<raft::peer_message>(got->what).what);
    CHECK(m.entries.at(0).payload.bodies.at(0).bytes.present());
    CHECK(m.entries[0].payload.bodies[0].bytes.view() == body);
  }
  auto gone = command_with("some bytes");
  gone.payload.bodies[0].bytes = {};
  const auto got = codec::decode_peer(codec::encode_peer({1}, append_of({gone})));
  REQUIRE(got.ok());
  const auto& m = std::get<raft::append_request>(std::get<raft::peer_message>(got->what).what);
  CHECK_FALSE(m.entries.at(0).payload.bodies.at(0).bytes.present());
  CHECK(m.entries[0].payload.bodies[0].size == 10);
}

TEST_CASE("a body that is not what its hash or size says is refused") {
  auto e = command_with("some bytes");
  e.payload.bodies[0].hash.low ^= 1;
  CHECK(refused(append_of({e})) == errc::malformed);
  e = command_with("some bytes");
  e.payload.bodies[0].size = 9;
  CHECK(refused(append_of({e})) == errc::malformed);
}

TEST_CASE("entries whose terms fall, or lie beyond the sender's, are refused") {
  auto e = command_with("x");
  CHECK(refused(append_of({e})) == errc::ok);
  e.term = {1}; // below the previous one's
  CHECK(refused(append_of({e})) == errc::malformed);
  e.term = {4};
  CHECK(refused(append_of({e})) == errc::malformed);
  e.term = {0};
  CHECK(refused(append_of({e}, 0)) == errc::malformed);
}

TEST_CASE("an entry whose content is not that of its kind is refused") {
  auto e = command_with("x");
  e.kind = raft::entry_kind::empty;
  CHECK(refused(append_of({e})) == errc::malformed);
  e.kind = static_cast<raft::entry_kind>(9);
  CHECK(refused(append_of({e})) == errc::malformed);
  raft::entry c;
  c.index = {5};
  c.term = {3};
  c.kind = raft::entry_kind::configuration;
  CHECK(refused(append_of({c})) == errc::malformed);
}

TEST_CASE("a configuration with a replica twice, none, or too many is refused") {
  raft::entry e;
  e.index = {5};
  e.term = {3};
  e.kind = raft::entry_kind::configuration;
  const auto with = [&](std::vector<raft::member> voters) {
    e.config = std::make_shared<const raft::configuration>(raft::configuration{std::move(voters), {}, {}});
    return refused(append_of({e}));
  };
  CHECK(with({{{10}, {1}}, {{20}, {2}}}) == errc::ok);
  CHECK(with({{{10}, {1}}, {{10}, {2}}}) == errc::malformed);
  CHECK(with({{{0}, {1}}}) == errc::malformed);
  CHECK(with({}) == errc::malformed);
  std::vector<raft::member> many;
  for (std::uint64_t i = 1; i <= limits::raft_members_max + 1; ++i) many.push_back({{i}, {i}});
  CHECK(with(many) == errc::malformed);
}

TEST_CASE("a manifest of nothing, or without a session, is refused") {
  raft::install_request m{{{7}, {2}, {{{{10}, {1}}}, {}, {}}, 1, {1, 2}}, 5};
  const auto with = [&] { return refused(raft::peer_message{{{10}, {1}}, {{20}, {2}}, {3}, m}); };
  CHECK(with() == errc::ok);
  m.session = 0;
  CHECK(with() == errc::malformed);
  m.session = 5;
  m.meta.term = {4};
  CHECK(with() == errc::malformed);
  m.meta.term = {2};
  m.meta.index = {0};
  CHECK(with() == errc::malformed);
}

TEST_CASE("a chunk out of order, from before its beginning, or with a changed byte is refused") {
  pull_chunk c{{5}, family::queue, "b", {{"b", "1"}, {"c", "2"}}, true, false, false};
  const auto with = [&] { return refused(bulk_message{{{10}, {1}}, {{20}, {2}}, c}); };
  CHECK(with() == errc::ok);
  c.items[0].first = "c";
  CHECK(with() == errc::malformed);
  c.items[0].first = "a";
  CHECK(with() == errc::malformed);
  c.items[0].first = "b";
  c.where = family::raft_log;
  CHECK(with() == errc::malformed);
  c.where = family::queue;
  auto bytes = codec::encode_peer({1}, bulk_message{{{10}, {1}}, {{20}, {2}}, c});
  bytes[bytes.find("2", bytes.find("c"))] = '3';
  CHECK_FALSE(codec::decode_peer(bytes).ok());
}

TEST_CASE("what is larger than any message may be is not even looked at") {
  CHECK(codec::decode_peer(std::string(limits::peer_message_bytes_max + 1, 'x')).code() == errc::too_large);
}
