// What members say to each other: every message survives the wire, and nothing that cannot be is let in.
#include "cluster/codec/gossip_codec.hpp"

#include "cluster/base/limits.hpp"
#include "test/support/gossip_messages.hpp"

#include <doctest/doctest.h>

using namespace burrow;
using namespace burrow::test;
using membership::member_state;

namespace {

membership::rumour sound() {
  membership::rumour r;
  r.about = {{7}, 3, 2, member_state::alive, {}};
  r.about.facts.name = "a";
  r.about.facts.zone = "z";
  r.by = {8};
  return r;
}

errc refused(const membership::rumour& r) {
  const auto in_probe = codec::decode_probe(codec::encode_probe({{}, membership::ping{1}, {r}}));
  const auto in_gossip = codec::decode_gossip(codec::encode_gossip(std::vector{r}));
  CHECK(in_probe.code() == in_gossip.code());
  return in_gossip.code();
}

} // namespace

TEST_CASE("random gossip of every kind survives the wire") {
  burrow::random chance(4711);
  for (int i = 0; i < 3000; ++i) {
    const auto probe = random_probe(chance);
    const auto got = codec::decode_probe(codec::encode_probe(probe));
    REQUIRE(got.ok());
    CHECK(*got == probe);
    membership::exchange whole{{}, chance.chance(500)};
    for (auto n = chance.below(limits::exchange_part_max + 1); n > 0; --n)
      whole.members.push_back(random_rumour(chance));
    const auto again = codec::decode_gossip(codec::encode_gossip(whole));
    REQUIRE(again.ok());
    CHECK(std::get<membership::exchange>(*again) == whole);
  }
}

TEST_CASE("the largest exchange fits a message of the control plane, the largest probe its own bound") {
  auto r = sound();
  r.about = {{~std::uint64_t{0}}, std::uint64_t{1} << 62, std::uint64_t{1} << 62, member_state::left, {}};
  const std::string address(limits::member_address_bytes_max, 'x'), name(limits::member_name_bytes_max, 'n');
  r.about.facts = {name, name, address, address, address, std::string(limits::member_version_bytes_max, 'v'),
                   ~0U,  ~std::uint64_t{0}, ~std::uint64_t{0}, true};
  r.by = {~std::uint64_t{0}};
  r.age = std::chrono::hours(24 * 365);
  const membership::exchange whole{std::vector(limits::exchange_part_max, r), true};
  const auto bytes = codec::encode_gossip(whole);
  CHECK(bytes.size() <= limits::exchange_part_max * limits::member_bytes_max);
  CHECK(codec::decode_gossip(bytes).ok());
  membership::probe_message probe{{r.about.life, r.about.incarnation, member_state::dead},
                                  membership::ping_request{~std::uint64_t{0}, {~std::uint64_t{0}}},
                                  std::vector(limits::probe_rumours_max, r)};
  CHECK(codec::decode_probe(codec::encode_probe(probe)).ok());
}

TEST_CASE("statements that nobody can have made are refused") {
  CHECK(refused(sound()) == errc::ok);
  const auto with = [](auto change) {
    auto r = sound();
    change(r);
    return refused(r);
  };
  CHECK(with([](auto& r) { r.about.id = {0}; }) == errc::malformed);
  CHECK(with([](auto& r) { r.by = {0}; }) == errc::malformed);
  CHECK(with([](auto& r) { r.about.life = ~std::uint64_t{0}; }) == errc::malformed);
  CHECK(with([](auto& r) { r.about.incarnation = ~std::uint64_t{0}; }) == errc::malformed);
  CHECK(with([](auto& r) { r.about.state = static_cast<member_state>(4); }) == errc::malformed);
  CHECK(with([](auto& r) { r.age = duration{1}; }) == errc::malformed);
  CHECK(with([](auto& r) { r.about.facts.name = ""; }) == errc::malformed);
  CHECK(with([](auto& r) { r.about.facts.name = "A"; }) == errc::malformed);
  CHECK(with([](auto& r) { r.about.facts.zone = std::string(65, 'z'); }) == errc::malformed);
  CHECK(with([](auto& r) { r.about.facts.http = std::string(261, 'z'); }) == errc::malformed);
  CHECK(with([](auto& r) { r.about.facts.admin = "a b"; }) == errc::malformed);
  CHECK(with([](auto& r) { r.about.facts.version = "1\n"; }) == errc::malformed);
}

TEST_CASE("more than a message may hold is refused") {
  const auto code = [](const auto& m) { return codec::decode_gossip(codec::encode_gossip(m)).code(); };
  CHECK(code(std::vector(limits::rumours_message_max, sound())) == errc::ok);
  CHECK(code(std::vector(limits::rumours_message_max + 1, sound())) == errc::malformed);
  CHECK(code(membership::exchange{std::vector(limits::exchange_part_max + 1, sound()), false}) == errc::malformed);
  CHECK(codec::decode_gossip(std::string(limits::control_message_bytes_max + 1, 'x')).code() == errc::too_large);
  membership::probe_message probe{{}, membership::ping{1}, std::vector(limits::probe_rumours_max + 1, sound())};
  CHECK(codec::decode_probe(codec::encode_probe(probe)).code() == errc::malformed);
  CHECK(codec::decode_probe(std::string(64 * 1024, 'x')).code() == errc::too_large);
}

TEST_CASE("cut and flipped probes are refused or read, never more") {
  burrow::random chance(3);
  for (int i = 0; i < 2000; ++i) {
    auto bytes = codec::encode_probe(random_probe(chance));
    if (chance.chance(500)) bytes.resize(chance.below(bytes.size() + 1));
    else if (!bytes.empty()) bytes[chance.below(bytes.size())] ^= static_cast<char>(1U << chance.below(8));
    (void)codec::decode_probe(bytes);
    (void)codec::decode_gossip(bytes);
  }
  CHECK(codec::decode_probe("").code() == errc::malformed);
}
