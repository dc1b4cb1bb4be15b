// Any bytes as the pairs of a chunk that a follower takes over, behind a sound offer: it takes them or gives up the
// pull. Never a crash, and never a switch, since these bytes do not hash to what was offered.
#include "cluster/base/bytes.hpp"
#include "cluster/codec/peer_codec.hpp"
#include "cluster/replica/replica.hpp"
#include "cluster/storage/memory_store.hpp"

#include <cstdlib>

using namespace burrow;

namespace {

void turn(replica& subject, memory_store& disk, clock_reading now) {
  for (int i = 0; i < 4; ++i) {
    for (auto& e : subject.take_effects()) {
      if (const auto* const p = std::get_if<persist_effect>(&e)) {
        if (!disk.write(*p->batch)) std::abort();
        subject.persisted(now, p->ticket);
      }
    }
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  byte_reader in({reinterpret_cast<const char*>(data), size});
  const raft::member us{{10}, {1}}, them{{20}, {2}};
  memory_store disk;
  replica_options options{shard_id{1}, node_id{1}, false, nullptr};
  options.replica = us.replica;
  options.initial = raft::configuration{{us, them, {{30}, {3}}}, {}, {}};
  const auto stored = load_replica(disk, options);
  clock_reading now{duration{1000}, {1'700'000'000'000}};
  replica subject(options, disk, *stored, now);
  raft::install_request offer{{{7}, {1}, *options.initial, 1, {1, 2}}, 5};
  subject.received(now, raft::peer_message{them, us, {1}, offer});
  turn(subject, disk, now);
  while (in.ok() && in.left() > 0) {
    pull_chunk chunk{{5}, in.u8() % 2 == 0 ? family::queue : family::body, {}, {}, false, false, in.u8() % 8 == 0};
    chunk.complete = in.u8() % 2 == 0;
    for (auto n = in.u8() % 4; n > 0 && in.ok(); --n) {
      const auto key = in.raw(std::min<std::size_t>(in.u8() % 24, in.left()));
      chunk.items.emplace_back(std::string(key), std::string(in.raw(std::min<std::size_t>(in.u8(), in.left()))));
    }
    const auto sound = codec::decode_peer(codec::encode_peer({1}, bulk_message{them, us, chunk}));
    if (!sound.ok()) continue;
    now.steady += duration{1};
    subject.received(now, sound->what);
    turn(subject, disk, now);
    if (subject.status().installs > 0 || subject.status().switching) std::abort();
  }
  return 0;
}
