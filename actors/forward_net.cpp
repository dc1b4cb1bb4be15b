#include "actors/forward_net.hpp"

#include "actors/forward_codec.hpp"
#include "cluster/base/limits.hpp"

#include <caf/send.hpp>

#include <random>

namespace burrow {

// Ports begin anywhere, so that what was told an earlier life of this process reaches nobody in this one.
forward_net::forward_net(std::shared_ptr<leaders> table, zone_id zone, std::shared_ptr<actor_metrics> metrics)
  : table_(std::move(table)), zone_(std::move(zone)), metrics_(std::move(metrics)),
    next_port_(std::random_device{}()) {
  BURROW_ASSERT(table_);
  if (!metrics_) metrics_ = std::make_shared<actor_metrics>(nullptr);
}

void forward_net::attach(std::shared_ptr<data_plane> plane) { std::atomic_store(&plane_, std::move(plane)); }

void forward_net::desk(caf::actor who) {
  const std::lock_guard lock(mutex_);
  desk_ = std::move(who);
}

void forward_net::received(node_id from, std::string bytes) {
  const auto port = port_told(bytes);
  caf::actor to;
  {
    const std::lock_guard lock(mutex_);
    if (!port) to = desk_;
    else if (const auto found = ports_.find(*port); found != ports_.end()) to = found->second;
  }
  if (to) caf::anon_send(to, forward_in{from, std::move(bytes)});
}

void forward_net::lost(node_id peer, bool link) {
  table_->gone(peer);
  const std::lock_guard lock(mutex_);
  for (const auto& [number, port] : ports_) caf::anon_send(port, forward_lost{peer, link});
  if (desk_) caf::anon_send(desk_, forward_lost{peer, link});
}

std::uint32_t forward_net::open(caf::actor who) {
  const std::lock_guard lock(mutex_);
  while (next_port_ == 0 || ports_.contains(next_port_)) ++next_port_;
  ports_.emplace(next_port_, std::move(who));
  return next_port_++;
}

void forward_net::close(std::uint32_t port) {
  const std::lock_guard lock(mutex_);
  ports_.erase(port);
}

std::shared_ptr<forward_flight> forward_net::flight_with(node_id peer) {
  const std::lock_guard lock(mutex_);
  auto& found = flights_[peer];
  if (!found) found = std::make_shared<forward_flight>();
  return found;
}

bool forward_net::send(node_id to, std::string bytes) {
  const auto plane = std::atomic_load(&plane_);
  return plane && plane->send(to, {frame_kind::forward, {}, shared_bytes(std::move(bytes))});
}

} // namespace burrow
