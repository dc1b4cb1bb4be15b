// Clients that may send an insert again: with an Idempotency-Key, or as a producer that numbers its messages. They do
// so when the outcome is unknown, and sometimes for no reason, also long after the key's window.
#include "cluster/sim/clients.hpp"

namespace burrow::sim {
namespace {

constexpr std::size_t repeatable_max = 24;

} // namespace

void clients::keep_repeatable(shard_memory& s, const operation& op) {
  operation again;
  again.shard = op.shard;
  again.command = op.command;
  again.bodies = op.bodies;
  s.repeatable.push_back(std::move(again));
  if (s.repeatable.size() > repeatable_max) s.repeatable.pop_front();
}

void clients::draw_repeatable(operation& op, shard_memory& s, queue_ref queue, random& chance) {
  if (!s.repeatable.empty() && chance.chance(400)) {
    op = s.repeatable[chance.chance(500) ? 0 : chance.below(s.repeatable.size())];
    auto& what = std::get<queue::insert>(op.command->what);
    // Another request under the same key: a client's mistake.
    if (!what.idempotency_key.empty() && chance.chance(50)) what.request_hash.low ^= 1U;
    return;
  }
  draw_insert(op, std::move(queue), chance);
  auto& what = std::get<queue::insert>(op.command->what);
  what.bounds.window = duration{static_cast<std::int64_t>(chance.chance(300) ? 60'000 : chance.between(100, 5'000))};
  if (chance.chance(600)) {
    what.idempotency_key = "key " + std::to_string(++s.last_key);
    what.request_hash = hash_of(what.idempotency_key);
  }
  const bool numbered = what.idempotency_key.empty() || chance.chance(200);
  const auto producer = "producer " + std::to_string(chance.below(2));
  for (auto& item : what.items) {
    if (!numbered) continue;
    item.attributes.producer = producer;
    item.sequence = ++s.last_sequence;
  }
  keep_repeatable(s, op);
}

void clients::learn_unknown(const operation& op) {
  const auto* const what = op.command ? std::get_if<queue::insert>(&op.command->what) : nullptr;
  if (what == nullptr) return;
  const bool numbered = !what->items.empty() && what->items.front().sequence > 0;
  if (what->idempotency_key.empty() && !numbered) return;
  auto& s = plain_[op.shard.value - 1];
  keep_repeatable(s, op);
  s.repeatable.push_front(std::move(s.repeatable.back()));
  s.repeatable.pop_back();
}

} // namespace burrow::sim
