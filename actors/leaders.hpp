// Who leads which shard, as far as this node knows, and which nodes hold it. Written by replicas, placement and
// whoever heard it from another node; read for every operation, so reading takes no lock. What is read may be old by
// the time it is used: whoever is asked and does not lead says so.
#pragma once

#include "cluster/base/ids.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <span>

namespace burrow {

class leaders {
public:
  static constexpr std::size_t holders_max = 8; ///< kept of a shard; more there are only while a group changes

  /// Until it is told otherwise this node leads all shards, 0 to `shards`.
  leaders(node_id self, std::uint16_t shards);

  // Any thread, no lock. A shard that there is not has no leader.
  [[nodiscard]] node_id self() const { return self_; }
  /// 0 = nobody known.
  [[nodiscard]] node_id leader_of(shard_id shard) const;
  [[nodiscard]] bool leads_here(shard_id shard) const { return leader_of(shard) == self_; }
  [[nodiscard]] bool held_here(shard_id shard) const;
  /// The leader or, if nobody is known, a node that holds the shard and should know: another one with each attempt.
  /// 0 = there is none but this node.
  [[nodiscard]] node_id whom_to_ask(shard_id shard, std::size_t attempt) const;
  /// Of the nodes that hold the shard one that is neither this nor `avoided`: another one with each attempt. 0 = none.
  [[nodiscard]] node_id another_holder(shard_id shard, node_id avoided, std::size_t attempt) const;

  // Any thread.
  /// What this node's replica takes for true (leader_effect); 0 = nobody. Counts more than what others say, unless it
  /// is nobody.
  void replica_says(shard_id shard, node_id leader);
  /// What another node said, or that it answered as the leader.
  void heard(shard_id shard, node_id leader);
  /// That node said that it does not lead.
  void denied(shard_id shard, node_id by);
  /// As the shard map has it.
  void held_by(shard_id shard, std::span<const node_id> nodes);
  /// What was only heard of a node that is gone is forgotten; the replicas find out about it by themselves.
  void gone(node_id node);

private:
  struct entry {
    std::atomic<std::uint64_t> own{0}, heard{0};
    std::array<std::atomic<std::uint64_t>, holders_max> holders{};
  };
  [[nodiscard]] entry* at(shard_id shard) const { return shard.value < count_ ? &entries_[shard.value] : nullptr; }

  node_id self_;
  std::size_t count_;
  std::unique_ptr<entry[]> entries_;
};

} // namespace burrow
