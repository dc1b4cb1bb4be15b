// Any bytes as a message from a peer: refused or decoded, never a crash; what is decoded encodes to the same again. And
// what is let through is safe to hand to a replica: one of a group of three takes them all, one after the other.
#include "cluster/codec/peer_codec.hpp"
#include "cluster/replica/replica.hpp"
#include "cluster/storage/memory_store.hpp"

#include <cstdlib>

using namespace burrow;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto got = codec::decode_peer({reinterpret_cast<const char*>(data), size});
  if (!got.ok()) return 0;
  const auto bytes = codec::encode_peer(got->shard, got->what);
  const auto again = codec::decode_peer(bytes);
  if (!again.ok() || codec::encode_peer(again->shard, again->what) != bytes) std::abort();
  memory_store disk;
  replica_options options{shard_id{1}, node_id{1}, false, nullptr};
  options.replica = {10};
  options.initial = raft::configuration{{{{10}, {1}}, {{20}, {2}}, {{30}, {3}}}, {}, {}};
  const auto stored = load_replica(disk, options);
  clock_reading now{duration{1000}, {1'700'000'000'000}};
  replica subject(options, disk, *stored, now);
  auto what = got->what;
  // To us, from a member: else it would be dropped at the door.
  std::visit([](auto& m) { m.to = {{10}, {1}}, m.from = {{20}, {2}}; }, what);
  subject.received(now, std::move(what));
  for (auto& e : subject.take_effects()) {
    if (const auto* const p = std::get_if<persist_effect>(&e)) subject.persisted(now, p->ticket);
  }
  (void)subject.take_effects();
  return 0;
}
