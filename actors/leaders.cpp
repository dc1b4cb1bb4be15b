#include "actors/leaders.hpp"

#include "cluster/base/assert.hpp"

#include <algorithm>

namespace burrow {

// Each word is a statement by itself, and an old one does no harm, so nothing orders them.
constexpr auto plain = std::memory_order_relaxed;

leaders::leaders(node_id self, std::uint16_t shards)
  : self_(self), count_(std::size_t{shards} + 1), entries_(std::make_unique<entry[]>(count_)) {
  BURROW_ASSERT(self.value != 0);
  for (std::size_t i = 0; i < count_; ++i) {
    entries_[i].own = self.value;
    entries_[i].holders[0] = self.value;
  }
}

node_id leaders::leader_of(shard_id shard) const {
  const auto* e = at(shard);
  if (e == nullptr) return {};
  const auto own = e->own.load(plain);
  return {own != 0 ? own : e->heard.load(plain)};
}

bool leaders::held_here(shard_id shard) const {
  const auto* e = at(shard);
  return e != nullptr && std::ranges::any_of(e->holders, [&](const auto& h) { return h.load(plain) == self_.value; });
}

node_id leaders::whom_to_ask(shard_id shard, std::size_t attempt) const {
  const auto leader = leader_of(shard);
  return leader.value != 0 ? leader : another_holder(shard, {}, attempt);
}

node_id leaders::another_holder(shard_id shard, node_id avoided, std::size_t attempt) const {
  const auto* e = at(shard);
  if (e == nullptr) return {};
  std::array<std::uint64_t, holders_max> others{};
  std::size_t count = 0;
  for (const auto& h : e->holders) {
    const auto node = h.load(plain);
    if (node != 0 && node != self_.value && node != avoided.value) others[count++] = node;
  }
  return {count == 0 ? 0 : others[attempt % count]};
}

void leaders::replica_says(shard_id shard, node_id leader) {
  auto* const e = at(shard);
  if (e == nullptr) return;
  e->heard.store(0, plain); // older than this
  e->own.store(leader.value, plain);
}

void leaders::heard(shard_id shard, node_id leader) {
  auto* const e = at(shard);
  // Whether this node leads its own replica knows alone.
  if (e != nullptr && leader != self_) e->heard.store(leader.value, plain);
}

void leaders::denied(shard_id shard, node_id by) {
  auto expected = by.value;
  if (auto* const e = at(shard)) e->heard.compare_exchange_strong(expected, 0, plain);
}

void leaders::held_by(shard_id shard, std::span<const node_id> nodes) {
  auto* const e = at(shard);
  if (e == nullptr) return;
  for (std::size_t i = 0; i < holders_max; ++i) e->holders[i].store(i < nodes.size() ? nodes[i].value : 0, plain);
}

void leaders::gone(node_id node) {
  for (std::size_t i = 0; i < count_; ++i) {
    auto expected = node.value;
    entries_[i].heard.compare_exchange_strong(expected, 0, plain);
  }
}

} // namespace burrow
