// The data plane's contract in memory: what one node sends is in the other's hands when send() returns. Links can be
// cut, which both ends are told, and silenced, which nobody is.
#pragma once

#include "actors/data_plane.hpp"

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <utility>

namespace burrow::test {

class loop_network {
public:
  struct sink {
    std::function<void(node_id from, frame)> received;
    std::function<void(node_id peer)> lost;
  };
  /// Keeps `mine` as long as this network lives.
  std::shared_ptr<data_plane> join(node_id self, sink mine);

  /// No frame passes any more; both ends learn of it.
  void cut(node_id a, node_id b);
  void mend(node_id a, node_id b) { cut_.erase(pair_of(a, b)), silent_.erase(pair_of(a, b)); }
  /// Frames between them vanish without a word, as with a node that stands still.
  void silence(node_id a, node_id b) { silent_.insert(pair_of(a, b)); }
  /// Called for each frame that is sent; false: it vanishes.
  std::function<bool(node_id from, node_id to, const frame&)> watch;
  /// Called before; true: send() says that it cannot.
  std::function<bool(node_id from, node_id to)> refuse;
  std::size_t sent = 0;

private:
  class plane;
  using link = std::pair<node_id, node_id>;
  static link pair_of(node_id a, node_id b) { return {std::min(a, b), std::max(a, b)}; }
  bool pass(node_id from, node_id to, frame what);

  std::map<node_id, sink> sinks_;
  std::set<link> cut_, silent_;
};

} // namespace burrow::test
