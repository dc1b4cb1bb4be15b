#include "cluster/sim/plan.hpp"

#include <array>

namespace burrow::sim {

std::uint64_t spread(random& chance, std::uint64_t low, std::uint64_t high) {
  std::uint64_t x = low;
  while (x < high && chance.chance(700)) x *= 2;
  return chance.between(low, x < high ? x : high);
}

namespace {

void draw_core(plan& p, random& chance) {
  auto& o = p.core;
  o.election_ticks_min = static_cast<std::uint32_t>(chance.between(2, 10));
  o.election_ticks_max = o.election_ticks_min * 2;
  o.heartbeat_ticks = static_cast<std::uint32_t>(chance.between(1, o.election_ticks_min > 4 ? 2 : 1));
  o.quorum_ticks = o.election_ticks_min;
  o.transfer_ticks = o.election_ticks_min;
  o.slow_disk_ticks = static_cast<std::uint32_t>(chance.between(10, 40));
  o.message_bytes_max = chance.chance(300) ? 1 : spread(chance, 64, 1 << 20);
  o.inflight_messages_max = chance.chance(300) ? 1 : chance.between(1, 256);
  o.inflight_bytes_max = spread(chance, 256, 8 << 20);
  o.tail_bytes_max = chance.chance(500) ? 0 : spread(chance, 64, 1 << 20);
  o.catch_up_entries = spread(chance, 8, 1024);
}

void draw_times(plan& p, random& chance) {
  const auto timeout = p.core.election_ticks_min * tick_length;
  p.sync = {50, chance.chance(250) ? chance.between(1, 600) * ms : chance.between(100, 5 * ms)};
  p.delay = {50, chance.chance(200) ? chance.between(1, 4 * timeout) : chance.between(100, 5 * ms)};
  p.restart = {0, chance.chance(300) ? 10 * ms : chance.between(100, 4000) * ms};
  p.drain_wait = chance.chance(400) ? 0 : chance.between(0, 5 * ms);
  p.drift_per_mille = chance.chance(500) ? 0 : chance.between(0, 300);
  p.pull = {1 * ms, chance.between(1, 1000) * ms};
}

void draw_faults(plan& p, random& chance) {
  if (chance.chance(500)) p.loss = chance.between(0, 300);
  if (chance.chance(300)) p.duplicate = chance.between(0, 200);
  if (chance.chance(500)) p.aimed = spread(chance, 1, 200);
  if (chance.chance(200)) p.long_sync = chance.between(0, 50);
  if (chance.chance(150)) return;
  p.fault_every = spread(chance, 100, 4000) * ms;
  const auto weight = [&](std::uint64_t often) { return chance.chance(often) ? chance.between(1, 10) : 0; };
  auto& f = p.faults;
  f.crash = weight(700);
  f.crash_all = weight(250);
  f.restart_actor = weight(250);
  f.cut = weight(600);
  f.heal = f.cut > 0 ? chance.between(1, 10) : 0;
  f.stall = weight(250);
  f.pause = weight(300);
  f.fail_sync = weight(150);
  f.replace = weight(200);
  f.lose_session = weight(200);
}

} // namespace

plan draw_plan(std::uint64_t seed) {
  random chance(seed);
  plan p;
  p.seed = seed;
  p.steps = chance.chance(100) ? chance.between(10'000, 40'000) : chance.between(1'500, 8'000);
  const auto shape = chance.below(10);
  p.voters = shape == 0 ? 1 : shape < 7 ? 3 : 5; // a group of one grows, if there are changes
  p.nodes = p.voters == 5 ? 5 + chance.below(2) : 3 + chance.below(3);
  draw_core(p, chance);
  draw_times(p, chance);
  draw_faults(p, chance);
  p.propose_every = spread(chance, 1, 200) * ms;
  p.batch_max = spread(chance, 1, 64);
  p.body_max = chance.chance(500) ? 0 : spread(chance, 16, 1 << 18);
  if (chance.chance(700)) p.read_every = spread(chance, 2, 200) * ms;
  if (chance.chance(300)) p.transfer_every = spread(chance, 100, 4000) * ms;
  if (p.voters == 1 || chance.chance(400)) p.change_every = spread(chance, 20, 1000) * ms;
  if (chance.chance(600)) p.cut_every = spread(chance, 5, 500);
  p.cut_keep = chance.chance(500) ? 0 : chance.below(50);
  p.core.sleep_after_ticks = chance.chance(400) ? 0 : static_cast<std::uint32_t>(spread(chance, 2, 100));
  p.core.sleep_round_ticks = static_cast<std::uint32_t>(spread(chance, 10, 1200));
  if (p.core.sleep_after_ticks > 0) p.quiet_every = chance.between(2, 30) * 1000 * ms;
  random later(seed ^ 0xCA7C4); // what was added since: what kept seeds draw must not change
  p.core.catch_up_bytes_max = later.chance(300) ? 1 : spread(later, 256, p.core.inflight_bytes_max);
  return p;
}

std::optional<std::size_t> plan::weights::draw(random& chance) const {
  const std::array<std::uint64_t, 10> all{crash, crash_all, restart_actor, cut, heal,
                                          stall, pause,     fail_sync,     replace, lose_session};
  std::uint64_t total = 0;
  for (const auto x : all) total += x;
  auto drawn = chance.below(total);
  std::size_t which = 0;
  while (which + 1 < all.size() && drawn >= all[which]) drawn -= all[which++];
  return total == 0 ? std::nullopt : std::optional{which};
}

bool plan::keeps_leader() const {
  // A heartbeat may come right before a tick, which then counts as a whole one; some ticks are long, and some short.
  const auto half = drift_per_mille / 2;
  return (core.election_ticks_min - 1) * (1000 - half) > core.heartbeat_ticks * (1000 + half);
}

std::string plan::text() const {
  const auto n = [](std::uint64_t x) { return std::to_string(x); };
  return n(nodes) + " nodes, " + n(voters) + " voters, election " + n(core.election_ticks_min) + " ticks, drift " +
         n(drift_per_mille) + ", sync to " + n(sync.high) + " us, delay to " + n(delay.high) + " us, loss " + n(loss) +
         ", twice " + n(duplicate) + ", aimed " + n(aimed) + ", a fault each " + n(fault_every / ms) +
         " ms, cut each " + n(cut_every) + " entries, change each " + n(change_every / ms) + " ms, transfer each " +
         n(transfer_every / ms) + " ms, " + n(core.inflight_messages_max) + " in flight, messages of " +
         n(core.message_bytes_max) + " bytes, " + n(core.catch_up_bytes_max) + " read back";
}

} // namespace burrow::sim
