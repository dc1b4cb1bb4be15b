#include "cluster/sim/replica_plan.hpp"

namespace burrow::sim {

replica_plan draw_replica_plan(std::uint64_t seed) {
  replica_plan p;
  p.base = draw_plan(seed ^ 0x4E5);
  p.base.seed = seed;
  random chance(seed * 2 + 1);
  p.shards = chance.chance(600) ? 1 : chance.between(2, 4);
  p.clients = chance.between(1, 6);
  p.not_here = chance.chance(500) ? 0 : chance.between(0, 500);
  p.read = {50, chance.chance(200) ? chance.between(1, 300) * ms : chance.between(100, 5 * ms)};
  p.think = spread(chance, 1, 100) * ms;
  p.patience = chance.between(1000, 8000) * ms;
  p.through_codec = chance.chance(300) ? 1000 : 0;
  p.wild_clock = chance.chance(300);
  p.quota = chance.chance(500) ? 0 : chance.between(100, 3000);
  p.disk_low = chance.chance(150) ? 100 : 0;
  auto& b = p.bounds;
  b.log_entries_kept = chance.chance(500) ? 0 : chance.below(50);
  b.cut_interval = spread(chance, 5, 500);
  b.log_bytes_max = spread(chance, 100, 1 << 20);
  b.chunk_bytes = chance.chance(300) ? 1 : spread(chance, 64, 1 << 16);
  b.install_bytes_per_s = chance.chance(200) ? 10'000 : std::size_t{1} << 30;
  b.hash_every = spread(chance, 1, 100);
  p.moving = chance.chance(500) ? 0 : chance.between(100, 700);
  if (p.moving > 0 && p.shards == 1 && chance.chance(700)) p.shards = chance.between(2, 4);
  p.repeats = chance.chance(500) ? 0 : chance.between(100, 900);
  // Of three voters one may lose its disk, of fewer none: the group would stay without a leader.
  if (p.base.voters >= 3 && p.base.fault_every > 0 && chance.chance(250)) {
    (chance.chance(500) ? p.rot : p.forget) = chance.between(20, 200);
    if (p.base.change_every == 0) p.base.change_every = chance.between(200, 1000) * ms;
  }
  random later(seed ^ 0xCA7C4); // what was added since: what kept seeds draw must not change
  b.read_back_bytes = later.chance(300) ? 1 : spread(later, 64, 1 << 18);
  p.catch_up = later.chance(300) ? 1 : spread(later, 256, 4 << 20);
  return p;
}

std::string replica_plan::text() const {
  const auto n = [](std::uint64_t x) { return std::to_string(x); };
  return n(shards) + " shards, " + n(clients) + " clients, not here " + n(not_here) + ", read to " + n(read.high) +
         " us, cut each " + n(bounds.cut_interval) + " entries, " + n(bounds.log_bytes_max) +
         " bytes of log, chunks of " + n(bounds.chunk_bytes) +
         ", reads back " + n(bounds.read_back_bytes) + " of " + n(catch_up) + (wild_clock ? ", a wild clock" : "") +
         (repeats > 0 ? ", " + n(repeats) + " repeatable" : "") + (rot > 0 ? ", bits flip" : "") +
         (forget > 0 ? ", disks forget" : "") + (moving > 0 ? ", " + n(moving) + " moving" : "") +
         (through_codec > 0 ? ", through the codec" : "") + ", " + base.text();
}

} // namespace burrow::sim
