// The side of a node that looks at other nodes: its ports, how it came by its cluster, and the actors that keep it in
// there. A lone node has none of it.
#pragma once

#include "actors/caf_config.hpp"
#include "actors/gateway/forward_desk.hpp"
#include "actors/gateway/forwarding.hpp"
#include "actors/leaders.hpp"
#include "actors/look_desk.hpp"
#include "actors/node_supervisor.hpp"
#include "actors/placement_actor.hpp"
#include "node/data_directory.hpp"
#include "node/forming.hpp"

#include <memory>
#include <set>

namespace burrow {

class plane_targets;

class cluster_side {
public:
  cluster_side(const settings& with, std::shared_ptr<prometheus::Registry> registry);
  ~cluster_side();
  cluster_side(const cluster_side&) = delete;
  cluster_side& operator=(const cluster_side&) = delete;

  /// For data_directory::open(): opens the data plane and comes by a cluster, before the store knows who this node is.
  /// Errors: config_invalid (naming the setting), unavailable, io_failed.
  [[nodiscard]] node_former former();
  /// The directory is open: takes what it says of this node and the map that it keeps, and opens the data plane if it
  /// is not. Errors: config_invalid, corrupt, io_failed.
  [[nodiscard]] result<void> know(data_directory& data);

  /// What the supervision tree needs of it.
  void fill(node_supervisor_options& options);
  /// The tree runs: starts what forwards, watches members and places replicas.
  /// Errors: config_invalid (the port of the control plane).
  [[nodiscard]] result<void> start(caf::actor_system& system, const caf::actor& supervisor,
                                   std::shared_ptr<actor_metrics> metrics,
                                   std::function<void(const node_status&)> status);
  /// What CAF must be told of it before there is a system.
  [[nodiscard]] std::optional<caf_network> network() const;
  [[nodiscard]] forwarding forward() const;
  /// It was let in by others; else, in a new directory, it made its own cluster.
  [[nodiscard]] bool joined() const { return map_.has_value(); }
  [[nodiscard]] const caf::actor& router() const { return router_; }
  [[nodiscard]] const caf::actor& placement() const { return placement_; }
  /// Asks other nodes how they are; this one is asked through `source`.
  [[nodiscard]] const caf::actor& look_desk() const { return looks_; }
  [[nodiscard]] const std::shared_ptr<look_source>& source() const { return source_; }
  /// Nodes that the data plane has a connection with. Any thread.
  [[nodiscard]] std::function<std::set<node_id>()> linked() const;

  /// This node's replica of the shard is to see to it that there is a leader.
  void wake(shard_id shard);
  /// Hands the leadership of its shards over and tells the others that it leaves. Blocks, a few seconds at most.
  void hand_over(caf::actor_system& system);
  /// No frame comes or goes any more.
  void stop();

private:
  [[nodiscard]] result<void> start_plane(node_identity self);
  void watch(caf::actor_system& system);
  void start_looks(caf::actor_system& system);
  [[nodiscard]] result<void> start_membership(caf::actor_system& system);
  [[nodiscard]] membership::member_facts own_facts(bool draining) const;

  const settings with_;
  std::shared_ptr<prometheus::Registry> registry_;
  std::shared_ptr<plane_targets> targets_;
  std::shared_ptr<admit_desk> desk_;
  std::shared_ptr<data_plane> plane_;
  std::shared_ptr<leaders> table_;
  std::shared_ptr<forward_net> net_;
  codec::node_record identity_;
  std::string set_aside_; ///< as data_directory has it
  std::uint64_t life_ = 0;
  std::optional<placement::map_order> map_;
  std::vector<hosted_replica> hosted_;
  caf::actor supervisor_, control_, membership_, placement_, forward_desk_, router_, looks_, watcher_;
  std::shared_ptr<look_source> source_ = std::make_shared<look_source>();
};

} // namespace burrow
