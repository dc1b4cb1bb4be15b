// Any bytes as a probe, rumours or an exchange: refused or decoded, never a crash; what is decoded encodes to the same
// again. And what is let through is safe to hand to membership, which must keep its bounds.
#include "cluster/base/limits.hpp"
#include "cluster/codec/gossip_codec.hpp"
#include "cluster/membership/membership.hpp"

#include <cstdlib>

using namespace burrow;

namespace {

void take(membership::membership& subject) {
  for (const auto& e : subject.take_effects()) {
    const auto* const probe = std::get_if<membership::send_probe>(&e);
    if (probe != nullptr && !codec::decode_probe(codec::encode_probe(probe->what)).ok()) std::abort();
  }
  if (subject.members().size() > limits::members_max) std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes{reinterpret_cast<const char*>(data), size};
  membership::member self{{1}, 2, 0, membership::member_state::alive, {}};
  self.facts.name = self.facts.zone = "self";
  membership::membership subject({}, self, 1, duration{1000});
  if (const auto probe = codec::decode_probe(bytes); probe.ok()) {
    const auto again = codec::decode_probe(codec::encode_probe(*probe));
    if (!again.ok() || *again != *probe) std::abort();
    subject.received(duration{1000}, {2}, *probe);
    take(subject);
  }
  if (const auto gossip = codec::decode_gossip(bytes); gossip.ok()) {
    const auto again = codec::decode_gossip(codec::encode_gossip(*gossip));
    if (!again.ok() || *again != *gossip) std::abort();
    if (const auto* const whole = std::get_if<membership::exchange>(&*gossip))
      subject.received_exchange(duration{1000}, {2}, *whole);
    else subject.received_rumours(duration{1000}, {2}, std::get<0>(*gossip));
    take(subject);
  }
  for (duration now{1000}; now < duration{6000}; now += duration{200}) subject.tick(now);
  take(subject);
  return 0;
}
