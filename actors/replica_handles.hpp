// This node's replica actors, for an actor that sends to them: asked for at the start, and told of each change.
#pragma once

#include "actors/messages.hpp"
#include "cluster/base/limits.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>

#include <optional>
#include <utility>
#include <vector>

namespace burrow {

class replica_handles {
public:
  replica_handles(caf::event_based_actor* self, caf::actor supervisor)
    : self_(self), supervisor_(std::move(supervisor)) {
    self_->send(supervisor_, get_replicas{me()});
  }

  /// Null: none yet, or there is no such shard.
  [[nodiscard]] caf::actor of(shard_id shard) const {
    return shard.value < by_shard_.size() ? by_shard_[shard.value] : caf::actor{};
  }

  void adopt(const replicas& m) {
    for (const auto& r : by_shard_)
      if (r) self_->demonitor(r);
    by_shard_ = m.by_shard;
    for (const auto& r : by_shard_)
      if (r) self_->monitor(r);
  }

  /// Which shard's it was; nothing if it was nobody's.
  std::optional<shard_id> down(const caf::down_msg& m) {
    for (std::size_t i = 0; i < by_shard_.size(); ++i) {
      if (!by_shard_[i] || by_shard_[i].address() != m.source) continue;
      by_shard_[i] = nullptr;
      // Its successor is there in a moment; until then the supervisor knows only this one.
      self_->delayed_send(supervisor_, limits::tick, get_replicas{me()});
      return shard_id{static_cast<std::uint16_t>(i)};
    }
    return std::nullopt;
  }

private:
  [[nodiscard]] caf::actor me() const { return caf::actor_cast<caf::actor>(self_); }

  caf::event_based_actor* self_;
  caf::actor supervisor_;
  std::vector<caf::actor> by_shard_;
};

} // namespace burrow
