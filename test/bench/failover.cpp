// How long shards take no writes after one of three nodes has ended, in virtual time: whole replicas with the guide's
// settings, awake, without help by membership, behind one disk a node whose syncs take 2 to 18 ms.
// usage: bench_failover [rounds]
#include "cluster/sim/replica_world.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

using namespace burrow;

namespace {

void measure(std::size_t shards, std::uint64_t rounds) {
  std::vector<sim::micros> all, slowest;
  for (std::uint64_t seed = 1; seed <= rounds; ++seed) {
    sim::replica_plan p;
    p.base.seed = seed;
    p.base.sync = {2 * sim::ms, 18 * sim::ms};
    p.base.delay = {sim::ms / 5, sim::ms};
    p.base.restart = {3600'000 * sim::ms, 3600'000 * sim::ms};
    p.base.core.sleep_after_ticks = 0;
    p.shards = shards;
    p.clients = 0;
    const auto took = sim::replica_world(p).failover();
    all.insert(all.end(), took.begin(), took.end());
    slowest.push_back(*std::max_element(took.begin(), took.end()));
  }
  std::sort(all.begin(), all.end());
  std::sort(slowest.begin(), slowest.end());
  std::printf("%zu shards: all write again after %llu ms (median of %llu rounds), %llu ms at worst; a shard's median "
              "%llu ms, p99 %llu ms\n",
              shards, static_cast<unsigned long long>(slowest[slowest.size() / 2] / sim::ms),
              static_cast<unsigned long long>(rounds), static_cast<unsigned long long>(slowest.back() / sim::ms),
              static_cast<unsigned long long>(all[all.size() / 2] / sim::ms),
              static_cast<unsigned long long>(all[all.size() * 99 / 100] / sim::ms));
}

} // namespace

int main(int argc, char** argv) {
  const auto rounds = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 11;
  measure(64, rounds);
  measure(256, rounds);
  return 0;
}
