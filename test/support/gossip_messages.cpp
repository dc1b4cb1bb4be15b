#include "test/support/gossip_messages.hpp"

#include <string>

namespace burrow::test {
namespace {

std::string name(random& chance) { return "n" + std::to_string(chance.below(1000)); }

std::string address(random& chance) {
  return chance.chance(300) ? "" : "10.0.0." + std::to_string(chance.below(256)) + ":7700";
}

} // namespace

membership::rumour random_rumour(random& chance) {
  membership::rumour r;
  r.about.id = {chance.between(1, 9)};
  r.about.life = chance.below(4);
  r.about.incarnation = chance.below(5);
  r.about.state = static_cast<membership::member_state>(chance.below(4));
  r.about.facts = {name(chance), name(chance), address(chance), address(chance), address(chance), "1.2.3",
                   static_cast<std::uint32_t>(chance.below(100)), chance.next() >> 20, chance.next() >> 20,
                   chance.chance(500)};
  r.by = {chance.between(1, 9)};
  if (!membership::is_here(r.about.state)) r.age = duration{static_cast<duration::rep>(chance.below(100'000))};
  return r;
}

membership::probe_message random_probe(random& chance) {
  membership::probe_message m;
  m.you = {chance.below(4), chance.below(5), static_cast<membership::member_state>(chance.below(4))};
  switch (chance.below(4)) {
  case 0: m.what = membership::ping{chance.next()}; break;
  case 1: m.what = membership::ack{chance.next()}; break;
  case 2: m.what = membership::ping_request{chance.next(), {chance.between(1, 9)}}; break;
  default: m.what = membership::nack{chance.next()};
  }
  for (auto n = chance.below(5); n > 0; --n) m.rumours.push_back(random_rumour(chance));
  return m;
}

} // namespace burrow::test
