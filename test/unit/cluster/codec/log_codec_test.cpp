#include "cluster/codec/log_codec.hpp"

#include "cluster/base/limits.hpp"
#include "cluster/base/random.hpp"

#include <doctest/doctest.h>

using namespace burrow;
using codec::logged_command;
using dice = burrow::random;

namespace {

std::string text(dice& r, std::size_t most) {
  std::string out(r.below(most + 1), '\0');
  for (auto& c : out) c = static_cast<char>(r.below(256));
  return out;
}
std::optional<duration> maybe_time(dice& r) {
  if (r.chance(500)) return std::nullopt;
  return duration{static_cast<std::int64_t>(r.below(1'000'000))};
}

queue::condition any_condition(dice& r) {
  queue::condition out;
  if (r.chance(300)) out.receipt = claim_id{r.next()};
  if (r.chance(300)) out.receipt_claims = static_cast<std::uint32_t>(r.next());
  if (r.chance(300)) out.receipt_place = place{r.next()};
  for (auto n = r.below(3); n > 0; --n) out.if_match.push_back(r.next());
  out.if_match_any = r.chance(200);
  out.if_none_match = r.chance(200);
  return out;
}

queue::defaults any_defaults(dice& r) {
  if (r.chance(300)) return {};
  return {duration{500}, duration{static_cast<std::int64_t>(r.below(9))}, static_cast<std::uint32_t>(r.next()),
          r.next(), r.next(), r.next()};
}

queue::dedupe_bounds any_bounds(dice& r) {
  return {std::chrono::seconds(r.below(limits::dedupe_window_s_max)), r.next(), r.next()};
}

queue::insert_item any_item(dice& r, std::vector<raft::body_part>& bodies) {
  queue::insert_item out;
  out.name = text(r, 20);
  if (r.chance(100)) {
    out.refused = errc::body_too_large;
  } else {
    const auto body = text(r, 50);
    out.body = static_cast<std::uint32_t>(bodies.size());
    out.body_size = static_cast<std::uint32_t>(body.size());
    out.body_hash = hash_of(body);
    bodies.push_back({shared_bytes(body), out.body_size, out.body_hash});
  }
  out.ttl = maybe_time(r);
  out.hide = maybe_time(r);
  out.attributes.content_type = text(r, 10);
  for (auto n = r.below(3); n > 0; --n) out.attributes.meta[text(r, 8)] = text(r, 8);
  out.attributes.priority = static_cast<std::uint8_t>(r.below(10));
  out.attributes.producer = text(r, 8);
  out.attributes.traceparent = text(r, 55);
  if (r.chance(300)) out.attributes.persistent = r.chance(500);
  out.sequence = r.next() >> 1;
  out.guard = any_condition(r);
  return out;
}

std::vector<queue::target> any_targets(dice& r) {
  std::vector<queue::target> out;
  for (auto n = r.below(4); n > 0; --n) out.push_back({text(r, 26), any_condition(r)});
  return out;
}

queue::configure any_configure(dice& r) {
  queue::configure out;
  out.action = static_cast<queue::configure_action>(r.below(3));
  out.to.named = static_cast<std::uint32_t>(r.next());
  queue::each_rule([&]<class T>(queue::setting which, std::optional<T> queue::queue_rules::*member) {
    const auto [low, high] = queue::range_of(which);
    if (r.chance(400)) out.to.values.rules.*member = static_cast<T>(r.between(low, high));
  });
  for (auto n = r.below(4); n > 0; --n) out.to.values.labels["l" + text(r, 8)] = text(r, 20);
  for (auto n = r.below(3); n > 0; --n) out.to.labels_erased.push_back(text(r, 8));
  if (r.chance(300)) out.to.values.zone = text(r, 9);
  if (r.chance(300)) {
    out.to.values.rules.dead_letter = {"q" + std::to_string(r.below(9)), {static_cast<std::uint16_t>(r.below(65))},
                                       static_cast<std::uint16_t>(r.between(1, 1000)), r.chance(500), r.chance(500),
                                       r.chance(500), static_cast<std::int64_t>(r.below(1'000'000))};
  }
  out.guard = any_condition(r);
  out.fallback = any_defaults(r);
  return out;
}

queue::move_number any_number(dice& r) { return {r.next(), r.next()}; }

queue::moved_message any_moved(dice& r, std::vector<raft::body_part>& bodies) {
  auto item = any_item(r, bodies);
  if (item.refused != errc::ok) item = any_item(r, bodies);
  const auto body = text(r, 50);
  queue::moved_message out;
  out.number = any_number(r);
  out.to = {text(r, 20), text(r, 20)};
  auto& m = out.what;
  m.id = {r.next(), r.next()};
  m.name = item.name;
  m.body = {{}, static_cast<std::uint32_t>(bodies.size()), static_cast<std::uint32_t>(body.size()), hash_of(body)};
  bodies.push_back({shared_bytes(body), m.body.size, m.body.hash});
  m.attributes = item.attributes;
  m.created = {static_cast<std::int64_t>(r.below(1ULL << 50))};
  if (r.chance(500)) m.expires = {static_cast<std::int64_t>(r.below(1ULL << 50))};
  m.claims = static_cast<std::uint32_t>(r.next());
  m.claims_total = static_cast<std::uint32_t>(r.next());
  m.revision = r.next();
  if (r.chance(500)) m.dead_letter = {text(r, 9), {7}, text(r, 9), "max_claims", 5, {1'700'000'000'000}, 3};
  out.ttl = maybe_time(r);
  return out;
}

queue::action any_move(dice& r, std::vector<raft::body_part>& bodies) {
  switch (r.below(6)) {
  case 0: {
    queue::redrive out{std::nullopt, {3}, {}, r.next(), 100, {}, {}, any_defaults(r), {}};
    if (r.chance(500)) {
      out.idempotency_key = text(r, 20);
      out.request_hash = {r.next(), r.next()};
      out.bounds = any_bounds(r);
    }
    out.max_per_second = static_cast<std::uint32_t>(r.between(1, 5000));
    if (r.chance(500)) out.to = text(r, 9);
    for (auto n = r.below(4); n > 0; --n) out.ids.push_back(text(r, 9));
    return out;
  }
  case 1: return queue::cancel_task{{r.next()}};
  case 2: return queue::redrive_step{{r.next()}, r.next(), {{r.next()}, {r.next()}}};
  case 3: {
    queue::arrive out{{9}, any_number(r), {}};
    for (auto n = r.below(4); n > 0; --n) out.items.push_back(any_moved(r, bodies));
    return out;
  }
  case 4: return queue::left{{64}, {any_number(r), any_number(r)}};
  default: return queue::begin_life{r.next()};
  }
}

queue::action any_action(dice& r, std::vector<raft::body_part>& bodies) {
  switch (r.below(13)) {
  case 0: {
    queue::insert out;
    for (auto n = r.below(4); n > 0; --n) out.items.push_back(any_item(r, bodies));
    out.atomic = r.chance(500);
    out.idempotency_key = text(r, 10);
    if (r.chance(500)) out.request_hash = {r.next(), r.next()};
    out.fallback = any_defaults(r);
    if (r.chance(300)) out.bounds = any_bounds(r);
    return out;
  }
  case 1: {
    queue::take out;
    out.action = static_cast<queue::take_action>(r.below(3));
    out.limit = static_cast<std::uint32_t>(r.between(1, 1000));
    out.bytes_max = r.next();
    out.ttl = maybe_time(r);
    out.hide = maybe_time(r);
    out.match_hidden = r.chance(500);
    out.order = static_cast<queue::take_order>(r.below(3));
    if (r.chance(300)) out.from.after = place{r.next()};
    if (r.chance(300)) out.from.lifo = r.chance(500);
    if (r.chance(300)) out.from.priority = static_cast<std::uint8_t>(r.below(10));
    out.from.marker = text(r, 26);
    if (r.chance(300)) out.below = place{r.next()};
    for (auto n = r.below(4); n > 0; --n) out.only.push_back({r.next()});
    out.fallback = any_defaults(r);
    out.idempotency_key = text(r, 10);
    if (r.chance(300)) out.bounds = any_bounds(r);
    out.step = static_cast<std::uint32_t>(r.next());
    return out;
  }
  case 2: return queue::change{any_targets(r), maybe_time(r), maybe_time(r)};
  case 3: return queue::remove{any_targets(r)};
  case 4: return queue::purge{};
  case 5:
    return queue::unclaim{{r.next()}, {{r.next()}, {r.next()}}, text(r, 9), static_cast<std::uint32_t>(r.below(3))};
  case 6: return queue::clock{};
  case 8: return any_configure(r);
  case 9: case 10: case 11: return any_move(r, bodies);
  case 7: {
    queue::registry_put put{text(r, 20), text(r, 100), r.chance(500)};
    if (r.chance(500)) put.if_hash = hash128{r.next(), r.next()};
    return put;
  }
  default: return queue::set_version{static_cast<std::uint16_t>(r.next())};
  }
}

logged_command any_command(dice& r, std::vector<raft::body_part>& bodies) {
  logged_command out{{static_cast<std::int64_t>(r.below(1ULL << 50))}, {}};
  for (auto n = r.between(1, 5); n > 0; --n) {
    queue::command c{{text(r, 20), text(r, 20)}, {}, any_action(r, bodies)};
    if (r.chance(500)) c.request = {r.next(), r.next(), r.next(), r.chance(500)};
    out.what.commands.push_back(std::move(c));
  }
  return out;
}

raft::entry any_entry(dice& r, codec::command_encoder& encoder) {
  raft::entry out{{r.next()}, {r.between(1, 1000)}, raft::entry_kind::command, {}, {}};
  const auto command = any_command(r, out.payload.bodies);
  out.payload.command = shared_bytes(encoder.encode(command));
  return out;
}

} // namespace

TEST_CASE("every command is decoded as it was encoded") {
  codec::command_encoder encoder;
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    CAPTURE(seed);
    dice r(seed);
    std::vector<raft::body_part> bodies;
    const auto command = any_command(r, bodies);
    const auto bytes = encoder.encode(command);
    const auto back = codec::decode_command(bytes, bodies);
    REQUIRE(back.ok());
    CHECK(*back == command);
  }
}

TEST_CASE("a log entry keeps term, command and what its bodies must hash to") {
  codec::command_encoder encoder;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    dice r(seed);
    const auto e = any_entry(r, encoder);
    const auto back = codec::decode_entry({3}, e.index, codec::encode_entry({3}, e));
    REQUIRE(back.ok());
    CHECK(back->term == e.term);
    CHECK(back->payload.command == e.payload.command);
    REQUIRE(back->payload.bodies.size() == e.payload.bodies.size());
    for (std::size_t n = 0; n < e.payload.bodies.size(); ++n) {
      CHECK(back->payload.bodies[n].size == e.payload.bodies[n].size);
      CHECK(back->payload.bodies[n].hash == e.payload.bodies[n].hash);
      CHECK_FALSE(back->payload.bodies[n].bytes.present());
    }
  }
}

TEST_CASE("a log entry with any bit flipped or any end cut off is refused") {
  codec::command_encoder encoder;
  dice r(7);
  auto e = any_entry(r, encoder);
  const auto bytes = codec::encode_entry({3}, e);
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    auto bad = bytes;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << bit % 8));
    CHECK(codec::decode_entry({3}, e.index, bad).code() == errc::corrupt);
  }
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CHECK(codec::decode_entry({3}, e.index, std::string_view(bytes).substr(0, size)).code() == errc::corrupt);
  }
}

TEST_CASE("a log entry under another key is refused") {
  codec::command_encoder encoder;
  dice r(8);
  const auto e = any_entry(r, encoder);
  const auto bytes = codec::encode_entry({3}, e);
  CHECK(codec::decode_entry({4}, e.index, bytes).code() == errc::corrupt);
  CHECK(codec::decode_entry({3}, {e.index.value + 1}, bytes).code() == errc::corrupt);
}

TEST_CASE("an insert that names a body the entry does not have is refused") {
  queue::insert what;
  what.items.resize(1);
  what.items[0].body = 1;
  codec::command_encoder encoder;
  const auto bytes = encoder.encode({{5}, {{{{"t", "q"}, {}, what}}}});
  CHECK(codec::decode_command(bytes, {raft::body_part{}}).code() == errc::malformed);
  CHECK(codec::decode_command(bytes, {raft::body_part{}, raft::body_part{}}).ok());
}

TEST_CASE("an entry without a command is refused") {
  codec::command_encoder encoder;
  CHECK(codec::decode_command(encoder.encode({{1}, {}}), {}).code() == errc::malformed);
  CHECK(codec::decode_command("", {}).code() == errc::malformed);
}

TEST_CASE("what is over a limit is refused when proposed and when decoded") {
  queue::command c{{std::string(300, 't'), "q"}, {}, queue::purge{}};
  CHECK(codec::check_limits(c).code() == errc::too_large);
  codec::command_encoder encoder;
  CHECK(codec::decode_command(encoder.encode({{1}, {{c}}}), {}).code() == errc::too_large);
  c = {{"t", "q"}, {}, queue::take{}};
  std::get<queue::take>(c.what).limit = 1001;
  CHECK(codec::check_limits(c).code() == errc::invalid_parameter);
  std::get<queue::take>(c.what).limit = 1000;
  CHECK(codec::check_limits(c).ok());
}

TEST_CASE("the records of replica, node and applied state come back, and not if damaged") {
  codec::replica_record replica;
  replica.replica = {9};
  replica.hard = {{4}, {9}};
  replica.config.voters = {{{9}, {1}}};
  replica.config.learners = {{{10}, {2}}};
  replica.snapshot = {{20}, {3}, replica.config, 1, {7, 8}};
  replica.log_first = {15};
  replica.generation = {2};
  replica.life = 3;
  replica.start = {12};
  const codec::node_record node{{77}, {1, 2}, 64, 4, 1};
  const codec::applied_record applied{{30}, {4}, 1, {123}, {5, 6}};
  const auto a = codec::encode_replica({1}, replica), b = codec::encode_node(node);
  const auto c = codec::encode_applied({1}, applied);
  CHECK(*codec::decode_replica({1}, a) == replica);
  CHECK(*codec::decode_node(b) == node);
  CHECK(*codec::decode_applied({1}, c) == applied);
  CHECK(codec::decode_replica({2}, a).code() == errc::corrupt);
  CHECK(codec::decode_applied({2}, c).code() == errc::corrupt);
  for (std::size_t at = 0; at < a.size(); ++at) {
    auto bad = a;
    bad[at] = static_cast<char>(bad[at] ^ 4);
    CHECK_FALSE(codec::decode_replica({1}, bad).ok());
  }
  for (std::size_t size = 0; size < c.size(); ++size) CHECK_FALSE(codec::decode_applied({1}, c.substr(0, size)).ok());
}
