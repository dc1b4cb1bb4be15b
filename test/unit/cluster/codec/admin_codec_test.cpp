#include "cluster/codec/admin_codec.hpp"

#include "cluster/base/limits.hpp"
#include "cluster/base/random.hpp"

#include "test/support/first_map.hpp"

#include <doctest/doctest.h>

using namespace burrow;
using namespace burrow::placement;

namespace {

node_entry any_node(burrow::random& r, std::uint64_t id) {
  return {{id},
          "n" + std::to_string(id),
          std::string(1, static_cast<char>('a' + r.below(4))),
          "host:" + std::to_string(r.between(1, 65'535)),
          r.chance(500) ? "[::1]:80" : "",
          r.chance(500) ? "h:1" : "",
          r.chance(500) ? "0.5.0" : "",
          static_cast<node_state>(r.between(1, 4))};
}

std::vector<node_entry> any_nodes(burrow::random& r) {
  std::vector<node_entry> out;
  for (std::uint64_t n = 1; n <= 9; ++n) out.push_back(any_node(r, n));
  return out;
}

shard_map any_map(burrow::random& r, std::size_t shards) {
  shard_map map;
  map.epoch = r.between(1, ~std::uint64_t{0} >> 1);
  std::uint64_t next = 1;
  for (std::size_t n = 0; n < shards + 1; ++n) {
    shard_place p;
    p.noted = {{r.next()}, {r.next()}};
    const auto voters = r.chance(300) ? 1U : 3U;
    for (std::uint64_t v = 1; v <= voters; ++v)
      p.voters.push_back({{next++}, {v}}), p.leaders.insert(p.leaders.begin(), {v});
    if (r.chance(500)) p.newcomers.push_back({{{next++}, {5}}, r.chance(500) ? p.voters[0].replica : replica_id{}});
    if (r.chance(100)) p.newcomers.push_back({{{next++}, {1}}, p.voters[0].replica});
    map.shards.push_back(std::move(p));
  }
  map.next_replica = {next};
  CHECK(validate(map).ok());
  return map;
}

admin_message any_message(burrow::random& r) {
  const auto maybe = [&] { return r.chance(500) ? std::optional{hash128{r.next(), r.next()}} : std::nullopt; };
  switch (r.below(4)) {
  case 0:
    return admit_question{
        maybe(), any_node(r, r.between(1, 99)),          static_cast<std::uint32_t>(r.next()), r.chance(500),
        maybe(), static_cast<std::uint32_t>(r.below(17))};
  case 1: {
    admit_answer a;
    a.is = static_cast<standing>(r.below(5));
    a.text = "because";
    a.expect = static_cast<std::uint32_t>(r.below(17));
    a.name_taken = a.is == standing::refused && r.chance(500);
    if (a.is != standing::empty) a.cluster = {r.next(), 1};
    if (a.is == standing::admitted) {
      a.shards = static_cast<std::uint16_t>(r.between(1, 20));
      a.shards_per_tenant = 4;
      a.nodes = any_nodes(r);
      a.map = any_map(r, a.shards);
    }
    return a;
  }
  case 2: return map_order{{r.next(), r.next()}, any_map(r, r.below(20)), any_nodes(r)};
  default:
    return node_order{
        {r.next(), 1}, {r.between(1, 99)}, node_state::storage, static_cast<node_state>(r.between(1, 3)), "a reason"};
  }
}

} // namespace

TEST_CASE("admin messages, maps and entries come back as they were") {
  burrow::random r(7);
  for (int n = 0; n < 300; ++n) {
    const auto message = any_message(r);
    const auto bytes = codec::encode_admin(message);
    const auto got = codec::decode_admin(bytes);
    REQUIRE(got.ok());
    CHECK(*got == message);
    const auto map = any_map(r, r.below(70));
    CHECK(*codec::decode_map(codec::encode_map(map)) == map);
    const auto entry = any_node(r, r.between(1, 1000));
    CHECK(*codec::decode_node_entry(codec::encode_node_entry(entry)) == entry);
  }
}

TEST_CASE("admin messages cut short or with any bit flipped are refused or sound, and records are refused") {
  burrow::random r(8);
  for (int n = 0; n < 200; ++n) {
    auto bytes = codec::encode_admin(any_message(r));
    bytes[r.below(bytes.size())] ^= static_cast<char>(1U << r.below(8));
    if (const auto got = codec::decode_admin(bytes); got.ok()) {
      const auto again = codec::decode_admin(codec::encode_admin(*got));
      REQUIRE(again.ok());
      CHECK(*again == *got);
    }
    (void)codec::decode_admin(bytes.substr(0, r.below(bytes.size())));
    auto map = codec::encode_map(any_map(r, 5)), entry = codec::encode_node_entry(any_node(r, 4));
    CHECK_FALSE(codec::decode_node_entry(map).ok()); // under a wrong key
    CHECK_FALSE(codec::decode_map(entry).ok());
    for (auto* const record : {&map, &entry}) (*record)[r.below(record->size())] ^= static_cast<char>(1U << r.below(8));
    CHECK(codec::decode_map(map).code() == errc::corrupt);
    CHECK(codec::decode_node_entry(entry).code() == errc::corrupt);
  }
  CHECK(codec::decode_admin("").code() == errc::malformed);
  CHECK(codec::decode_admin(std::string(limits::admin_message_bytes_max + 1, '\0')).code() == errc::too_large);
}

TEST_CASE("admin messages that do not agree with themselves are refused") {
  burrow::random r(9);
  map_order order{{1, 1}, any_map(r, 3), any_nodes(r)};
  order.nodes.erase(order.nodes.begin());
  CHECK(codec::decode_admin(codec::encode_admin(order)).error().context == "the map names an unknown node");
  order = {{1, 1}, {}, any_nodes(r)};
  CHECK_FALSE(codec::decode_admin(codec::encode_admin(order)).ok());
  order = {{1, 1}, any_map(r, 3), any_nodes(r)};
  order.nodes[1].name = order.nodes[0].name;
  order.nodes[0].state = order.nodes[1].state = node_state::storage;
  CHECK(codec::decode_admin(codec::encode_admin(order)).error().context == "two nodes of one name");
  admit_answer a;
  a.is = standing::admitted;
  a.cluster = hash128{1, 1};
  a.shards = 4;
  a.shards_per_tenant = 4;
  a.nodes = any_nodes(r);
  a.map = any_map(r, 5);
  CHECK(codec::decode_admin(codec::encode_admin(a)).error().context == "a map of other shards");
  a.is = standing::promised;
  CHECK_FALSE(codec::decode_admin(codec::encode_admin(a)).ok());
  a = {};
  a.name_taken = true;
  CHECK_FALSE(codec::decode_admin(codec::encode_admin(a)).ok());
  CHECK_FALSE(
      codec::decode_admin(codec::encode_admin(node_order{{1, 1}, {1}, node_state::storage, node_state::gone, ""}))
          .ok());
  CHECK_FALSE(
      codec::decode_admin(codec::encode_admin(node_order{{1, 1}, {0}, node_state::storage, node_state::leaving, ""}))
          .ok());
}

TEST_CASE("the largest map, in the middle of growing, fits into one value of the registry") {
  auto map = test::first_map({~std::uint64_t{0}}, limits::shards_max);
  map.next_replica = {1'000'000};
  std::uint64_t replica = 900'000;
  for (std::size_t n = 0; n < map.shards.size(); ++n) {
    auto& p = map.shards[n];
    p.voters.clear();
    p.leaders.clear();
    p.noted = {{100'000}, {1'000'000'000'000}};
    for (std::uint64_t v = 0; v < 3; ++v) {
      const node_id node{~std::uint64_t{0} - (n * 3 + v) % 60};
      p.voters.push_back({{replica++}, node});
      p.leaders.push_back(node);
    }
    p.newcomers = {{{{replica++}, {~std::uint64_t{0} - 62}}, p.voters[0].replica}};
  }
  REQUIRE(validate(map).ok());
  const auto bytes = codec::encode_map(map);
  MESSAGE("bytes of the largest map: ", bytes.size());
  CHECK(bytes.size() <= limits::registry_value_bytes_max);
}
