// Several nodes in one thread, each a whole tree of actors with a bridge, a desk and a router, joined by a
// loop_network. Each node's shards are groups of one, so that any node can be made the leader of any shard by what the
// tables say: a queue then has on each node what was put into it there.
#pragma once

#include "actors/gateway/bridge.hpp"
#include "actors/shard_calls.hpp"
#include "test/support/actor_world.hpp"
#include "test/support/loop_plane.hpp"

#include <memory>
#include <set>
#include <string>
#include <vector>

namespace burrow::test {

class actor_nodes {
public:
  explicit actor_nodes(std::size_t count, std::uint16_t shards = 3);
  ~actor_nodes();

  static node_id id(std::size_t node) { return {node + 1}; }
  [[nodiscard]] shard_id shard_of(const queue_ref& queue) const;
  /// What a node takes for true of all shards; nobody: 0.
  void believes(std::size_t node, node_id leader);
  void all_believe(std::size_t leader);
  /// As the shard map has it.
  void held_by(const std::set<std::size_t>& nodes);
  /// The leader's queue actor learns that leadership has ended.
  void dethrone(std::size_t node, const queue_ref& queue);

  void settle();
  void run(duration time);

  // A client of a node.
  call_ptr begin(std::size_t node, operation what);
  call_ptr begin(std::size_t node, const queue_ref& queue, operation_body what, duration wait = duration{0});
  call_ptr put(std::size_t node, const queue_ref& queue, const std::string& body, std::size_t count = 1);
  call_ptr take(std::size_t node, const queue_ref& queue, std::uint32_t limit = 1, duration wait = duration{0});
  void leave(std::size_t node, const call_ptr& one);
  [[nodiscard]] bool answered(const call_ptr& one) const { return given_.contains(one); }
  [[nodiscard]] errc failure(const call_ptr& one) const;
  template <class T>
  [[nodiscard]] const T* answer(const call_ptr& one) const {
    return answered(one) ? std::get_if<T>(&one->outcome->what) : nullptr;
  }
  /// Visible messages in a queue as that node has it.
  [[nodiscard]] std::uint64_t visible(std::size_t node, const queue_ref& queue);

  [[nodiscard]] actor_world& world(std::size_t node) { return *nodes_[node].world; }
  [[nodiscard]] forward_net& net(std::size_t node) { return *nodes_[node].net; }
  [[nodiscard]] const caf::actor& router(std::size_t node) const { return nodes_[node].router; }
  [[nodiscard]] loop_network& network() { return network_; }
  std::vector<std::size_t> woken; ///< nodes whose replicas were asked to see to a leader

private:
  struct member {
    std::shared_ptr<leaders> table;
    std::shared_ptr<forward_net> net;
    std::unique_ptr<actor_world> world;
    caf::actor bridge, desk, router;
  };
  void make(std::size_t at);

  std::uint16_t shards_;
  loop_network network_;
  std::vector<member> nodes_;
  std::set<call_ptr> given_;
};

} // namespace burrow::test
