// Where this node stands in its cluster: knows the map and the nodes, runs the replicas that the map gives to this
// node, tells the planner what the groups led here look like, and carries out its orders. Where shard 0 leads it
// also keeps
// the map: asks cluster/placement what to do next, writes that to shard 0, and only then tells the others. Decides
// nothing itself.
#pragma once

#include "actors/cluster_messages.hpp"
#include "actors/data_plane.hpp"
#include "actors/leaders.hpp"
#include "actors/messages.hpp"
#include "actors/shell.hpp"
#include "cluster/placement/admit.hpp"
#include "cluster/placement/requests.hpp"
#include "cluster/placement/safety.hpp"

#include <caf/fwd.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace burrow {

/// One line of `burrow events`: what the planner did, or what happened to a node.
struct cluster_event {
  instant wall;
  std::string text;
};

struct placement_options {
  placement::node_entry self;
  hash128 cluster;
  std::uint16_t shards = 0, shards_per_tenant = 0;
  placement::map_order known;       ///< as it was kept, or as it was given with the admission; epoch 0: none
  placement::planner_options plan;
  caf::actor supervisor;
  std::shared_ptr<data_plane> plane;
  std::shared_ptr<leaders> table;
  clock_source clock;
  duration every{1'000};
  duration every_while_moving{200}; ///< where shard 0 leads, as long as there is something to do
  /// Makes a map durable before anything is done by it; false: it is not, and must not be gone by. Otherwise a node
  /// that starts with an older map would erase a replica which the lost one gave to it.
  std::function<bool(const placement::map_order&)> keep;
  /// To a node by the control plane; may get lost.
  std::function<void(node_id to, std::string order)> send;
  /// Members to know of besides those that spoke for themselves.
  std::function<void(const std::vector<placement::node_entry>&)> introduce;
  std::function<void(const cluster_event&)> event; ///< may be null
  std::string news; ///< what became of this node before the actor ran: its first event; empty: nothing
  std::function<void(const node_status&)> status;  ///< once every `every`; may be null
  std::function<void(node_id)> lost;               ///< a node is suspect, dead or gone; may be null
};

/// data plane → placement actor: a stranger asks to be let in; `answer` is called once.
struct admit_in {
  std::string question, from_address;
  std::function<void(std::string)> answer;
};
/// To a placement actor whose node is about to stop: leaders move to other nodes. Answered by `leaders_handed_over`
/// when none is left here, or nothing more can be done.
struct hand_over_leaders {
  caf::actor from;
};
struct leaders_handed_over {};
/// Administration → placement actor. Answered by `cluster_picture`.
struct get_cluster {
  caf::actor from;
};
struct cluster_picture {
  bool whole = false;               ///< where shard 0 leads has told what it knows: the view has its shards
  placement::cluster_view view;
  std::vector<membership::member> members;
  std::vector<cluster_event> events; ///< of this node, newest last
};
/// Administration → placement actor. Answered by `operator_answer`, when it is begun.
struct operator_request {
  enum class kind : unsigned char { drain, undo, decommission, move, transfer, rebalance };
  kind what = kind::drain;
  node_id node;                     ///< of drain, undo, decommission; whence of move
  node_id to;                       ///< of move and transfer
  shard_id shard;                   ///< of move and transfer
  bool dry_run = false, force = false;
  std::string reason;               ///< of a forced one
  caf::actor from;
};
struct operator_answer {
  errc problem = errc::ok;          ///< not_leader: nobody leads shard 0, or does not answer
  placement::request_plan plan;
  bool begun = false;
};

/// Understands the above, control_order_said (of kind admin.proto), members_changed, node_status, replicas,
/// shard_results and stop_atom.
[[nodiscard]] caf::actor spawn_placement_actor(caf::actor_system& system, placement_options options);

} // namespace burrow

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(burrow::admit_in)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(burrow::hand_over_leaders)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(burrow::leaders_handed_over)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(burrow::get_cluster)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(burrow::cluster_picture)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(burrow::operator_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(burrow::operator_answer)
