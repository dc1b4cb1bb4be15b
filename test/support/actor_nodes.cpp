#include "test/support/actor_nodes.hpp"

#include "actors/gateway/forward_desk.hpp"

namespace burrow::test {

actor_nodes::actor_nodes(std::size_t count, std::uint16_t shards) : shards_(shards), nodes_(count) {
  for (std::size_t i = 0; i < count; ++i) make(i);
  settle();
}

actor_nodes::~actor_nodes() {
  for (auto& n : nodes_) {
    n.net->attach(nullptr);
    n.net->desk(nullptr);
    for (const auto& one : {n.bridge, n.desk, n.router}) caf::anon_send_exit(one, caf::exit_reason::kill);
  }
  settle();
  for (auto& n : nodes_) n.bridge = n.desk = n.router = nullptr;
}

void actor_nodes::make(std::size_t at) {
  auto& n = nodes_[at];
  n.table = std::make_shared<leaders>(id(at), shards_);
  actor_world_options options;
  options.seed = at + 1;
  options.shards = shards_;
  options.led_by = n.table;
  n.world = std::make_unique<actor_world>(options);
  n.net = std::make_shared<forward_net>(n.table, "zone-" + std::to_string(at), nullptr);
  n.net->wake_by([this, at](shard_id) { woken.push_back(at); });
  n.net->attach(network_.join(
    id(at), {[net = n.net](node_id from, frame what) {
               if (what.kind == frame_kind::forward) net->received(from, std::string{what.bytes.view()});
             },
             [net = n.net](node_id peer) { net->lost(peer, true); }}));
  const auto clock = [world = n.world.get()] { return world->now(); };
  bridge_options bridge;
  bridge.supervisor = n.world->supervisor();
  bridge.routing = {shards_, shards_};
  bridge.forward.net = n.net;
  bridge.deliver = [this](std::vector<call_ptr> done) {
    for (const auto& one : done) given_.insert(one);
  };
  n.bridge = spawn_bridge(n.world->system(), std::move(bridge));
  n.desk = spawn_forward_desk(n.world->system(), {n.net, n.world->supervisor(), {shards_, shards_}, clock});
  n.router = spawn_shard_router(n.world->system(), {n.net, n.world->supervisor(), clock});
}

shard_id actor_nodes::shard_of(const queue_ref& queue) const { return placement::shard_of(queue, {shards_, shards_}); }

void actor_nodes::believes(std::size_t node, node_id leader) {
  for (std::uint16_t s = 0; s <= shards_; ++s) nodes_[node].table->replica_says({s}, leader);
}
void actor_nodes::all_believe(std::size_t leader) {
  for (std::size_t i = 0; i < nodes_.size(); ++i) believes(i, id(leader));
}
void actor_nodes::held_by(const std::set<std::size_t>& nodes) {
  std::vector<node_id> ids;
  for (const auto n : nodes) ids.push_back(id(n));
  for (auto& n : nodes_)
    for (std::uint16_t s = 0; s <= shards_; ++s) n.table->held_by({s}, ids);
}

void actor_nodes::dethrone(std::size_t node, const queue_ref& queue) {
  auto& world = *nodes_[node].world;
  caf::actor handle;
  const auto ask = world.probe([&handle](const resolved& m) { handle = *m.handle; });
  caf::anon_send(world.supervisor(), resolve{queue, ask});
  settle();
  caf::anon_send(handle, leadership{shard_of(queue), false});
}

void actor_nodes::settle() {
  for (std::size_t before = ~std::size_t{0}; before != network_.sent;) {
    before = network_.sent;
    for (auto& n : nodes_) n.world->settle();
  }
}

void actor_nodes::run(duration time) {
  settle();
  for (duration t{0}; t < time; t += duration{1}) {
    for (auto& n : nodes_) n.world->run(duration{1});
    settle();
  }
}

call_ptr actor_nodes::begin(std::size_t node, operation what) {
  auto out = std::make_shared<call>();
  if (!what.client) what.client = std::make_shared<client_presence>();
  out->made.what = std::make_shared<operation>(std::move(what));
  caf::anon_send(nodes_[node].bridge, bridge_work{{out}, {}, {}});
  return out;
}

call_ptr actor_nodes::begin(std::size_t node, const queue_ref& queue, operation_body what, duration wait) {
  operation out;
  out.queue = queue;
  out.what = std::move(what);
  out.wait = wait;
  return begin(node, std::move(out));
}

call_ptr actor_nodes::put(std::size_t node, const queue_ref& queue, const std::string& body, std::size_t count) {
  operation out;
  out.queue = queue;
  queue::insert insert;
  for (std::size_t i = 0; i < count; ++i) {
    auto& item = insert.items.emplace_back();
    item.body = static_cast<std::uint32_t>(i);
    item.body_size = static_cast<std::uint32_t>(body.size());
    out.bodies.emplace_back(body);
  }
  insert.fallback.body_bytes_max = 1 << 20;
  out.what = std::move(insert);
  return begin(node, std::move(out));
}

call_ptr actor_nodes::take(std::size_t node, const queue_ref& queue, std::uint32_t limit, duration wait) {
  operation out;
  out.queue = queue;
  queue::take take;
  take.limit = limit;
  take.hide = duration{30'000};
  out.what = std::move(take);
  out.wait = wait;
  out.want_bodies = true;
  return begin(node, std::move(out));
}

void actor_nodes::leave(std::size_t node, const call_ptr& one) {
  caf::anon_send(nodes_[node].bridge, bridge_work{{}, {one}, {}});
}

errc actor_nodes::failure(const call_ptr& one) const {
  if (!answered(one)) return errc::ok;
  return one->outcome->failed() ? one->outcome->failed()->code : errc::ok;
}

std::uint64_t actor_nodes::visible(std::size_t node, const queue_ref& queue) {
  // Asked of the node's own queue actor, whatever the tables say.
  auto& world = *nodes_[node].world;
  const auto number = world.send(queue, queue::queue_stats{});
  settle();
  const auto* stats = world.answer<queue::stats_answer>(number);
  return stats ? stats->summary.visible : ~std::uint64_t{0};
}

} // namespace burrow::test
