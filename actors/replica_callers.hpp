// Who asked a replica what: its own cookies mapped to senders and theirs, and the outcomes of a drain gathered into one
// message for each receiver.
#pragma once

#include "actors/messages.hpp"

#include <cstddef>
#include <unordered_map>
#include <utility>
#include <vector>

namespace burrow {

class replica_callers {
public:
  struct caller {
    caf::actor from;
    cookie theirs;
    std::shared_ptr<tenant_account> account{}; ///< that an insert has a share of; or that asks what is held
    account_share share{};
  };

  cookie add(caller who) {
    if (free_.empty()) {
      slots_.push_back(std::move(who));
      return {slots_.size() - 1};
    }
    const auto slot = free_.back();
    free_.pop_back();
    slots_[slot] = std::move(who);
    return {slot};
  }

  /// A cookie is answered once: the core keeps that.
  caller take(cookie ours) {
    BURROW_ASSERT(ours.value < slots_.size() && slots_[ours.value].from);
    free_.push_back(ours.value);
    return std::exchange(slots_[ours.value], {});
  }

  /// All that were not answered.
  std::vector<caller> take_all() {
    std::erase_if(slots_, [](const caller& c) { return !c.from; });
    free_.clear();
    return std::exchange(slots_, {});
  }

  [[nodiscard]] std::size_t open() const { return slots_.size() - free_.size(); }

  shard_results& results_for(const caf::actor& to) {
    const auto [at, fresh] = index_.try_emplace(to.id(), outbox_.size());
    if (fresh) outbox_.emplace_back(to, shard_results{});
    return outbox_[at->second].second;
  }

  std::vector<std::pair<caf::actor, shard_results>> take_results() {
    index_.clear();
    return std::exchange(outbox_, {});
  }

private:
  std::vector<caller> slots_;
  std::vector<std::uint64_t> free_;
  std::unordered_map<caf::actor_id, std::size_t> index_;
  std::vector<std::pair<caf::actor, shard_results>> outbox_;
};

} // namespace burrow
