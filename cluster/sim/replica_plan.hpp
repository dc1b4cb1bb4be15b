// What one seed draws for a world of whole replicas: the plan of the raft world, and what the queue machine, the store
// and the clients add to it.
#pragma once

#include "cluster/replica/replica.hpp"
#include "cluster/sim/plan.hpp"

namespace burrow::sim {

struct replica_plan {
  plan base;
  std::size_t shards = 1, clients = 2;
  std::uint64_t not_here = 0; ///< per mille of the reads of the store's memory tier
  range read{50, 5 * ms};     ///< how long a reader takes, twice: to read, and to tell
  micros think = 20 * ms;     ///< of a client, on average
  micros patience = 4000 * ms; ///< after it a client calls the outcome unknown
  std::uint64_t through_codec = 0; ///< per mille of the messages
  bool wild_clock = false;    ///< the clock of one node jumps by hours
  replica_bounds bounds;
  std::size_t catch_up = 0;   ///< bytes that a node may have under way to followers that are behind
  std::uint64_t quota = 0;    ///< bytes of one of the tenants on each shard; 0 = no bound
  std::uint64_t moving = 0;   ///< per mille of the operations: on queues whose messages move between shards
  std::uint64_t repeats = 0;  ///< per mille of the inserts: with a key or sequences, and some of them sent again
  std::uint64_t disk_low = 0; ///< per mille: a fault is a disk that runs low, or has room again
  std::uint64_t rot = 0;      ///< per mille: a crash, and a bit of the disk that flips
  std::uint64_t forget = 0;   ///< per mille: a crash, and a disk that has lost what was synced
  [[nodiscard]] std::string text() const;
};

[[nodiscard]] replica_plan draw_replica_plan(std::uint64_t seed);

} // namespace burrow::sim
