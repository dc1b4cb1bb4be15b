// Hands what the data plane receives to the actors of this node. Decides nothing about frames and keeps none.
#pragma once

#include "actors/data_plane.hpp"
#include "actors/forward_net.hpp"

#include <caf/actor.hpp>

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

namespace burrow {

/// Where what comes in goes. The plane is there before any actor is, so everything may still be missing. Frames are
/// lost then, which their senders are made for; which peers are linked is kept, for nobody says that twice. Any thread.
class plane_targets {
public:
  void replicas(std::vector<caf::actor> all);
  /// From now on these; they are told at once who is linked.
  void actors(std::shared_ptr<forward_net> net, caf::actor membership, caf::actor control);

  void received(frame_received f);
  void link(const peer_link& l);
  [[nodiscard]] std::set<node_id> linked();

private:
  [[nodiscard]] caf::actor replica(shard_id shard);
  [[nodiscard]] std::shared_ptr<forward_net> net();
  [[nodiscard]] caf::actor membership();
  void tell(const peer_link& l) const;

  std::mutex mutex_; // taken for each frame, for a few instructions
  std::vector<caf::actor> replicas_;
  std::shared_ptr<forward_net> net_;
  caf::actor membership_, control_;
  std::map<node_id, peer_link> up_; ///< bounded as the plane's peers are
};

} // namespace burrow
