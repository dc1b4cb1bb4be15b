// Messages of the cluster's own actors: membership and control plane. Apart from messages.hpp, since the actors of
// queues and shards need none of them. All but control_envelope stay inside the process.
#pragma once

#include "actors/data_plane.hpp"
#include "cluster/membership/member.hpp"

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/atom.hpp>
#include <caf/meta/type_name.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace burrow {

// ---- membership ---------------------------------------------------------------------------------------------------

using member_list = std::shared_ptr<const std::vector<membership::member>>;

/// To membership. Answered by members_changed at once, and with `subscribe` again after each change, until the
/// subscriber ends.
struct get_members {
  caf::actor from;
  bool subscribe = false;
};
struct members_changed {
  member_list members; ///< by id; ourselves and those that are gone included
};
/// To membership: nodes that the cluster map, or whoever admitted us, has told of.
struct introduce_members {
  member_list who;
};
/// To membership: what this node says of itself from now on.
struct set_member_facts {
  membership::member_facts facts;
};
/// To membership: tell everybody that we leave. Answered by left_cluster when they have had time to hear it.
struct leave_cluster {
  caf::actor from;
};
struct left_cluster {};

// ---- control plane ------------------------------------------------------------------------------------------------

/// To the control plane: who is told what peers say.
struct control_sinks {
  caf::actor membership; ///< control_gossip_said, control_link
  caf::actor orders;     ///< control_order_said, control_link; may be null
};
/// To the control plane, by membership: whom to keep connected. A new address replaces the old.
struct control_know {
  node_id peer;
  std::string name, host;
  std::uint16_t port = 0;
};
struct control_forget {
  node_id peer;
};
/// To the control plane: this node was admitted, or is another now.
struct control_become {
  node_identity self;
};
/// To the control plane. Dropped if the peer is not connected or too much waits for it: whoever needs an answer asks
/// again.
struct control_gossip_send {
  node_id to;
  std::string bytes;
};
struct control_order_send {
  node_id to;
  std::uint32_t kind = 0;
  std::string bytes; ///< at most limits::control_order_bytes_max
};
/// From the control plane.
struct control_gossip_said {
  node_id from;
  std::string bytes;
};
struct control_order_said {
  node_id from;
  std::uint32_t kind = 0;
  std::string bytes;
};
/// From the control plane: what is sent to this peer arrives, from now on or no longer.
struct control_link {
  node_id peer;
  bool up = false;
};

/// The only type of ours on CAF's wire: a control_message (proto/control.proto).
struct control_envelope {
  std::string bytes;
};
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, control_envelope& x) {
  return f(caf::meta::type_name("burrow_control"), x.bytes);
}

// ---- between the control plane and its dialer -----------------------------------------------------------------------

struct control_dial {
  node_id peer;
  std::uint64_t attempt = 0;
  std::string host;
  std::uint16_t port = 0;
  caf::actor from;
};
struct control_dialled {
  node_id peer;
  std::uint64_t attempt = 0;
  caf::actor handle; ///< null: not reached
};
/// To oneself.
struct control_retry {
  node_id peer;
  std::uint64_t attempt = 0;
};

} // namespace burrow

#define BURROW_CLUSTER_MESSAGES(X)                                                                                     \
  X(get_members) X(members_changed) X(introduce_members) X(set_member_facts) X(leave_cluster) X(left_cluster)          \
  X(control_sinks) X(control_know) X(control_forget) X(control_become) X(control_gossip_send) X(control_order_send)    \
  X(control_gossip_said) X(control_order_said) X(control_link) X(control_dial) X(control_dialled) X(control_retry)     \
  X(frame_received) X(peer_link)

#define BURROW_CLUSTER_UNSAFE(name) CAF_ALLOW_UNSAFE_MESSAGE_TYPE(burrow::name)
BURROW_CLUSTER_MESSAGES(BURROW_CLUSTER_UNSAFE)
#undef BURROW_CLUSTER_UNSAFE
