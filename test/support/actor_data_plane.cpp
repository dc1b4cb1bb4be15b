#include "test/support/actor_data_plane.hpp"

#include <caf/all.hpp>

namespace burrow::test {

class memory_plane final : public data_plane {
public:
  memory_plane(std::shared_ptr<memory_net> net, node_id self, std::uint16_t port)
    : net_(std::move(net)), self_(self), port_(port) {}

  void know(node_id peer, std::string, std::string host, std::uint16_t port) override {
    const std::lock_guard lock(net_->mutex_);
    if (const auto at = net_->nodes_.find(self_); at != net_->nodes_.end()) at->second.known[peer] = {host, port};
    net_->settle();
  }
  void forget(node_id peer) override {
    const std::lock_guard lock(net_->mutex_);
    if (const auto at = net_->nodes_.find(self_); at != net_->nodes_.end()) at->second.known.erase(peer);
    net_->settle();
  }
  bool send(node_id to, frame what) override {
    const std::lock_guard lock(net_->mutex_);
    const auto at = net_->nodes_.find(self_);
    if (at == net_->nodes_.end() || (to != self_ && !at->second.up.contains(to))) return false;
    const auto there = net_->nodes_.find(to);
    if (there == net_->nodes_.end() || !there->second.sink) return false;
    caf::anon_send(there->second.sink,
                   frame_received{self_, what.kind, what.shard, std::string{what.bytes.view()}});
    return true;
  }
  void become(node_identity self) override {
    const std::lock_guard lock(net_->mutex_);
    if (const auto at = net_->nodes_.find(self_); at != net_->nodes_.end()) at->second.self = std::move(self);
  }
  void ask(std::string, std::uint16_t, std::string, std::function<void(result<std::string>)> done) override {
    done(errc::unavailable); // strangers are the business of forming, which has tests of its own
  }
  [[nodiscard]] std::uint16_t port() const override { return port_; }
  void stop() override { net_->leave(self_); }

private:
  std::shared_ptr<memory_net> net_;
  node_id self_;
  std::uint16_t port_;
};

std::shared_ptr<data_plane> memory_net::join(node_identity self, std::string host, std::uint16_t port) {
  const auto id = self.node;
  {
    const std::lock_guard lock(mutex_);
    nodes_[id] = {std::move(self), {std::move(host), port}, {}, {}, {}};
  }
  return std::make_shared<memory_plane>(shared_from_this(), id, port);
}

void memory_net::listen(node_id who, caf::actor sink) {
  const std::lock_guard lock(mutex_);
  nodes_[who].sink = std::move(sink);
  settle();
}

void memory_net::leave(node_id who) {
  const std::lock_guard lock(mutex_);
  nodes_.erase(who);
  settle();
}

void memory_net::cut(node_id a, node_id b) {
  const std::lock_guard lock(mutex_);
  cuts_.insert({a, b});
  cuts_.insert({b, a});
  settle();
}

void memory_net::heal() {
  const std::lock_guard lock(mutex_);
  cuts_.clear();
  settle();
}

bool memory_net::reaches(const node& from, node_id to) const {
  const auto there = nodes_.find(to);
  if (there == nodes_.end() || !there->second.sink || !from.sink || cuts_.contains({from.self.node, to})) return false;
  const auto known = from.known.find(to);
  const auto back = there->second.known.find(from.self.node);
  // One that knows the other's address is enough: a connection serves both.
  return (known != from.known.end() && known->second == there->second.where) ||
         (back != there->second.known.end() && back->second == from.where);
}

void memory_net::settle() {
  for (auto& [id, n] : nodes_) {
    for (auto up = n.up.begin(); up != n.up.end();) {
      if (reaches(n, *up)) { ++up; continue; }
      caf::anon_send(n.sink, peer_link{*up, false, 0});
      up = n.up.erase(up);
    }
    for (const auto& [other, m] : nodes_) {
      if (other == id || !reaches(n, other) || !n.up.insert(other).second) continue;
      caf::anon_send(n.sink, peer_link{other, true, m.self.life});
    }
  }
}

} // namespace burrow::test
