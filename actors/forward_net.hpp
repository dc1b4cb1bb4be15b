// What joins this node's forwarding to the data plane: outcomes go to the port that asked, questions to the desk, and
// the loss of a peer to everybody. One a node, for as long as the process; any thread. Without a data plane, as on a
// lone node, it sends nothing, and nobody asks it to: the table says that every shard leads here.
#pragma once

#include "actors/actor_metrics.hpp"
#include "actors/data_plane.hpp"
#include "actors/leaders.hpp"
#include "actors/messages.hpp"

#include <caf/actor.hpp>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

namespace burrow {

/// forward_net → desk or port: a frame of kind forward.
struct forward_in {
  node_id from;
  std::string bytes;
};
/// forward_net → desk and ports: what was under way with this node may be lost.
struct forward_lost {
  node_id peer;
  bool link = false; ///< its stream ended, so nothing that it sent before comes any more; else it is only suspect
};

/// What one node has asked another, all ports together.
struct forward_flight {
  std::atomic<std::size_t> count{0}, bytes{0};
};

class forward_net {
public:
  forward_net(std::shared_ptr<leaders> table, zone_id zone, std::shared_ptr<actor_metrics> metrics);

  [[nodiscard]] leaders& table() const { return *table_; }
  [[nodiscard]] const zone_id& zone() const { return zone_; }
  [[nodiscard]] actor_metrics& metrics() const { return *metrics_; }

  // The node's assembly.
  /// From now on there are peers; null: not any more.
  void attach(std::shared_ptr<data_plane> plane);
  /// Who takes questions of other nodes (gateway/forward_desk.hpp).
  void desk(caf::actor who);
  /// How this node's replica of a shard, if there is one, is asked to see to it that there is a leader. Any thread;
  /// said once, before anybody asks.
  void wake_by(std::function<void(shard_id)> how) { wake_ = std::move(how); }
  /// For the data plane's sink: a frame of kind forward came.
  void received(node_id from, std::string bytes);
  /// For the sink and for membership: its stream ended (`link`), or it is suspect or dead.
  void lost(node_id peer, bool link);

  // Who asks (forward_calls.hpp).
  [[nodiscard]] std::uint32_t open(caf::actor who);
  void close(std::uint32_t port);
  [[nodiscard]] std::shared_ptr<forward_flight> flight_with(node_id peer);
  [[nodiscard]] bool send(node_id to, std::string bytes);
  /// If nobody is known to lead it.
  void wake(shard_id shard) const {
    if (wake_ && table_->leader_of(shard).value == 0) wake_(shard);
  }

private:
  std::shared_ptr<leaders> table_;
  zone_id zone_;
  std::shared_ptr<actor_metrics> metrics_;
  std::function<void(shard_id)> wake_;
  std::shared_ptr<data_plane> plane_; ///< by std::atomic_load and std::atomic_store
  std::mutex mutex_;
  // Guarded by it; taken for each frame that comes in, and never for long.
  caf::actor desk_;
  std::map<std::uint32_t, caf::actor> ports_;
  std::unordered_map<node_id, std::shared_ptr<forward_flight>> flights_;
  std::uint32_t next_port_;
};

} // namespace burrow

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(burrow::forward_in)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(burrow::forward_lost)
