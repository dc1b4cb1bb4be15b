// The data plane's contract within one process: every node has a plane, and what one sends another's actor gets, as
// long as both know each other's address and no cut lies between. Any thread.
#pragma once

#include "actors/cluster_messages.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <set>

namespace burrow::test {

class memory_net : public std::enable_shared_from_this<memory_net> {
public:
  /// A node under its address; a new life of it takes the old one's place. `sink` gets frame_received and peer_link.
  std::shared_ptr<data_plane> join(node_identity self, std::string host, std::uint16_t port);
  void listen(node_id node, caf::actor sink);
  /// The process ended: those it was connected to see it.
  void leave(node_id node);
  void cut(node_id a, node_id b);
  void heal();

private:
  friend class memory_plane;
  using address = std::pair<std::string, std::uint16_t>;
  struct node {
    node_identity self;
    address where;
    caf::actor sink;
    std::map<node_id, address> known;
    std::set<node_id> up; ///< peers that it was told are connected
  };
  /// Connects and disconnects whom it must, and tells them. Held: mutex_.
  void settle();
  [[nodiscard]] bool reaches(const node& from, node_id to) const;

  std::mutex mutex_;
  std::map<node_id, node> nodes_;
  std::set<std::pair<node_id, node_id>> cuts_;
};

} // namespace burrow::test
