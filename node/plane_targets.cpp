#include "node/plane_targets.hpp"

#include "actors/cluster_messages.hpp"
#include "actors/messages.hpp"

#include <caf/all.hpp>

#include <utility>

namespace burrow {

void plane_targets::replicas(std::vector<caf::actor> all) {
  const std::lock_guard lock(mutex_);
  replicas_ = std::move(all);
}

void plane_targets::actors(std::shared_ptr<forward_net> net, caf::actor membership, caf::actor control) {
  const std::lock_guard lock(mutex_);
  net_ = std::move(net);
  membership_ = std::move(membership);
  control_ = std::move(control);
  for (const auto& [peer, l] : up_) tell(l);
}

void plane_targets::received(frame_received f) {
  switch (f.kind) {
    case frame_kind::replica:
    case frame_kind::bulk: {
      if (auto to = replica(f.shard)) caf::anon_send(to, peer_said{f.from, std::move(f.bytes)});
      return;
    }
    case frame_kind::forward: {
      if (auto net = this->net()) net->received(f.from, std::move(f.bytes));
      return;
    }
    case frame_kind::probe: {
      if (auto to = membership()) caf::anon_send(to, std::move(f));
      return;
    }
    case frame_kind::admit: return;
  }
}

void plane_targets::link(const peer_link& l) {
  if (auto net = this->net(); net && !l.up) net->lost(l.peer, true);
  const std::lock_guard lock(mutex_);
  if (l.up) up_[l.peer] = l;
  else up_.erase(l.peer);
  tell(l);
}

std::set<node_id> plane_targets::linked() {
  const std::lock_guard lock(mutex_);
  std::set<node_id> out;
  for (const auto& [peer, l] : up_) out.insert(peer);
  return out;
}

caf::actor plane_targets::replica(shard_id shard) {
  const std::lock_guard lock(mutex_);
  return shard.value < replicas_.size() ? replicas_[shard.value] : caf::actor{};
}

std::shared_ptr<forward_net> plane_targets::net() {
  const std::lock_guard lock(mutex_);
  return net_;
}

caf::actor plane_targets::membership() {
  const std::lock_guard lock(mutex_);
  return membership_;
}

void plane_targets::tell(const peer_link& l) const {
  for (const auto& to : {membership_, control_})
    if (to) caf::anon_send(to, l);
}

} // namespace burrow
