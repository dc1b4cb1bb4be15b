// Between nodes, by CAF's remoting: rumours, exchanges and placement's orders. One actor a node is published at the
// cluster port, and keeps a link to the same actor of each peer it is told of, across kills, restarts and freezes. A
// link begins with a handshake of ours (CAF's own checks no identity). Small messages, each link bounded by credit.
// Connects only where the data plane has: a connect of CAF's blocks all others (caf.md section 6), and refusals on the
// data port are the ones that can be logged.
#pragma once

#include "actors/cluster_messages.hpp"
#include "actors/shell.hpp"
#include "cluster/base/result.hpp"

#include <caf/fwd.hpp>

#include <functional>
#include <memory>
#include <string>

namespace burrow {

class cluster_metrics;

struct control_plane_options {
  node_identity self;
  std::string host;       ///< where to listen
  std::uint16_t port = 0; ///< 0: any that is free, as tests want it
  bool tls = false;       ///< as the system's caf_network says: openssl's publish or the plain one, never both
  clock_source clock;
  std::shared_ptr<cluster_metrics> metrics; ///< may be null
  std::function<void(const std::string&)> warn; ///< one line for operators, rate-limited; may be null
};

struct control_plane {
  caf::actor actor;
  std::uint16_t port = 0;
};

/// The system must have been made with a caf_network. Blocks until the port is open, so not from an actor. The actor
/// understands control_sinks, control_know, control_forget, control_become, peer_link, control_gossip_send,
/// control_order_send, stop_atom. Errors: io_failed (the port).
[[nodiscard]] result<control_plane> start_control_plane(caf::actor_system& system, control_plane_options options);

} // namespace burrow
