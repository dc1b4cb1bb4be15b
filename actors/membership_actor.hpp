// Runs cluster/membership: probes as frames of the data plane, rumours and exchanges by the control plane. It keeps
// both planes told of whom to connect to, publishes the members, and wakes the replicas when a node may be gone.
#pragma once

#include "actors/cluster_messages.hpp"
#include "actors/shell.hpp"
#include "cluster/membership/membership.hpp"

#include <caf/fwd.hpp>

#include <functional>
#include <memory>
#include <string>

namespace burrow {

struct membership_actor_options {
  membership::options settings;
  membership::member self; ///< id, life, facts
  std::uint64_t seed = 0;
  clock_source clock;
  std::shared_ptr<data_plane> plane;
  caf::actor control; ///< may be null: rumours then ride on probes alone
  /// Another process lives under our id: this one has to end. May be null.
  std::function<void(std::uint64_t life)> superseded;
  /// One line for operators, at most one in ten seconds of each kind. May be null.
  std::function<void(const std::string&)> warn;
};

/// Understands frame_received (of kind probe), peer_link, control_gossip_said, control_link; get_members,
/// introduce_members, set_member_facts, leave_cluster; replicas (from then on told node_suspect); stop_atom.
[[nodiscard]] caf::actor spawn_membership(caf::actor_system& system, membership_actor_options options);

/// HOST:PORT or [HOST]:PORT; nothing if it is none.
[[nodiscard]] std::optional<std::pair<std::string, std::uint16_t>> split_address(const std::string& text);

} // namespace burrow
