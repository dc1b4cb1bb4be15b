// Who is in the cluster, as nodes tell each other. A node is known by its id, which its data directory keeps; people
// know it by its name. Every (re)start of a process has a higher life: what an earlier life said is old.
#pragma once

#include "cluster/base/ids.hpp"
#include "cluster/base/time.hpp"

#include <cstdint>
#include <string>

namespace burrow::membership {

/// SWIM section 4.2 (suspicion), Lifeguard: `dead` is what others concluded, `left` what the node itself said.
enum class member_state : std::uint8_t { alive = 0, suspect = 1, dead = 2, left = 3 };

/// What a node says of itself; only its own node raises the incarnation.
struct member_facts {
  std::string name;    ///< unique in the cluster, 1 to 64 of [a-z0-9._-]
  zone_id zone;        ///< 1 to 64 of the same
  std::string cluster; ///< HOST:PORT of the control plane; the data plane listens on the port after it
  std::string http;    ///< HOST:PORT of a listener for clients
  std::string admin;   ///< HOST:PORT of the admin listener
  std::string version; ///< of the program
  std::uint32_t load = 0; ///< shards that it leads
  std::uint64_t disk_free = 0, disk_size = 0; ///< bytes
  bool draining = false;
  bool operator==(const member_facts&) const = default;
};

struct member {
  node_id id;
  std::uint64_t life = 0;        ///< of the process: ms of the wall clock at its start, raised above any earlier one
  std::uint64_t incarnation = 0; ///< within a life; raised to refute a suspicion, and with every change of the facts
  member_state state = member_state::alive;
  member_facts facts;
  bool operator==(const member&) const = default;
};

/// The ordering rule, on which everything else rests: of two statements about the same node the one with the higher
/// life is newer; within a life that with the higher incarnation, which only the node itself raises; within an
/// incarnation the graver state (SWIM section 4.2: a suspicion overrides `alive` of the same incarnation and never the
/// other way round, so a suspect can only be cleared by itself). `left` is said by the node itself and is its last word
/// in a life. The order is total, so whoever has heard the same statements holds the same, in whatever order they came.
[[nodiscard]] inline bool is_newer(const member& said, const member& held) {
  if (said.life != held.life) return said.life > held.life;
  if (said.incarnation != held.incarnation) return said.incarnation > held.incarnation;
  return said.state > held.state;
}

/// It counts for probes, majorities of rumours, and names: nobody has said that it is gone.
[[nodiscard]] inline bool is_here(member_state s) { return s == member_state::alive || s == member_state::suspect; }

} // namespace burrow::membership
