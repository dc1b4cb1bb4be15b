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

} // namespace burrow::membership
