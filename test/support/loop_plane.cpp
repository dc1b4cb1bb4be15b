#include "test/support/loop_plane.hpp"

namespace burrow::test {

class loop_network::plane final : public data_plane {
public:
  plane(loop_network& network, node_id self) : network_(network), self_(self) {}
  void know(node_id, std::string, std::string, std::uint16_t) override {}
  void forget(node_id) override {}
  bool send(node_id to, frame what) override { return network_.pass(self_, to, std::move(what)); }
  void become(node_identity self) override { self_ = self.node; }
  void ask(std::string, std::uint16_t, std::string, std::function<void(result<std::string>)> done) override {
    done(errc::unavailable); // there are no strangers here
  }
  [[nodiscard]] std::uint16_t port() const override { return 0; }
  void stop() override {}

private:
  loop_network& network_;
  node_id self_;
};

std::shared_ptr<data_plane> loop_network::join(node_id self, sink mine) {
  sinks_.insert_or_assign(self, std::move(mine));
  return std::make_shared<plane>(*this, self);
}

void loop_network::cut(node_id a, node_id b) {
  if (!cut_.insert(pair_of(a, b)).second) return;
  if (const auto s = sinks_.find(a); s != sinks_.end()) s->second.lost(b);
  if (const auto s = sinks_.find(b); s != sinks_.end()) s->second.lost(a);
}

bool loop_network::pass(node_id from, node_id to, frame what) {
  const auto s = sinks_.find(to);
  if (s == sinks_.end() || cut_.contains(pair_of(from, to)) || (refuse && refuse(from, to)))
    return false;
  ++sent;
  if (silent_.contains(pair_of(from, to)) || (watch && !watch(from, to, what))) return true;
  s->second.received(from, std::move(what));
  return true;
}

} // namespace burrow::test
