// Clients, one operation each at a time, and operators.
#include "cluster/sim/replica_world.hpp"

namespace burrow::sim {

constexpr std::size_t nobody = ~std::size_t{0}; ///< no client: phase 2 asks

replica_node* replica_world::leading(std::size_t shard) {
  replica_node* best = nullptr;
  term in;
  for (auto& n : nodes_) {
    const auto& s = n.slots[shard];
    if (!n.up || !s.core) continue;
    const auto g = s.core->group();
    if (!g.leads || (best != nullptr && g.term < in)) continue;
    best = &n;
    in = g.term;
  }
  return best;
}

void replica_world::act(std::size_t client) {
  if (calm_) return;
  const auto later = [&] {
    schedule(plan_.think / 2 + chance_.below(plan_.think + 1), kind::client, 0, 0, client);
  };
  if (now_ < quiet_until_) return later();
  const auto shard = chance_.below(shards_.size());
  auto* n = chance_.chance(950) ? leading(shard) : nullptr;
  if (n == nullptr) n = &nodes_[chance_.below(nodes_.size())];
  if (!n->up || !n->slots[shard].core || now_ < n->paused_until) return later();
  send(clients_.draw(shard, chance_), client, *n);
}

void replica_world::send(operation op, std::size_t client, replica_node& n) {
  op.number = ++last_operation_;
  op.invoked = now_;
  auto& s = n.slots[op.shard.value - 1U];
  const auto number = op.number;
  ++met_.operations;
  if (op.command) op.command->request.number = number; // of no gateway: so it is not repeated, but can be found
  const auto command = op.command;
  const auto query = op.query;
  auto bodies = op.bodies;
  open_.emplace(number, under_way{std::move(op), client});
  aimed_ = 0;
  if (command) s.core->propose(clock_of(n), {{number}, *command, std::move(bodies), true});
  else s.core->ask(clock_of(n), {{number}, *query, false});
  if (client != nobody) schedule(plan_.patience, kind::patience, 0, 0, number);
  input_done(n, s);
  aim(n);
}

void replica_world::done(std::uint64_t number, bool answered, errc code) {
  const auto at = open_.find(number);
  if (at == open_.end()) return;
  auto what = std::move(at->second);
  open_.erase(at);
  const bool refused = !answered && code != errc::unknown_outcome && code != errc::timed_out;
  const auto wait = refused ? plan_.think + 20 * ms : plan_.think; // a gateway backs off
  if (what.client != nobody) schedule(chance_.below(wait + 1), kind::client, 0, 0, what.client);
  auto& op = what.op;
  if (answered) op.returned = now_;
  if (refused) {
    ++met_.refused;
    if (op.command) shards_[op.shard.value - 1U].answers.refused(number, found_);
    return;
  }
  if (!answered) ++met_.unknown_outcomes;
  if (!answered) clients_.learn_unknown(op);
  if (what.client == nobody) asked_ = op;
  finish(std::move(op));
}

void replica_world::finish(operation op) {
  auto& facts = shards_[op.shard.value - 1U];
  if (op.reply) facts.answers.replied(op, found_);
  if (op.answer) {
    ++met_.reads_served;
    if (const auto* const list = std::get_if<queue::messages_answer>(&*op.answer)) {
      // A clock that was set back may be the median of the two that were asked, a slow one falls behind, and what a
      // stopped process hears late looks like one.
      const auto& f = plan_.base.faults;
      const bool sure = !plan_.wild_clock && plan_.base.drift_per_mille == 0 && f.pause == 0 && f.stall == 0;
      const auto slack = 2 * plan_.base.delay.high / ms + 600;
      const instant invoked{1'700'000'000'000 + static_cast<std::int64_t>(op.invoked / ms)};
      times::read(*list, sure ? invoked - duration{static_cast<std::int64_t>(slack)} : instant{}, found_);
    }
  }
  if (op.queue().tenant == plain_tenant) linearizable_.add(op);
  clients_.learn(op);
}

void replica_world::transfer() {
  auto& n = nodes_[chance_.below(nodes_.size())];
  auto& s = n.slots[chance_.below(n.slots.size())];
  if (!n.up || !s.core || now_ < n.paused_until) return;
  (void)s.core->transfer(clock_of(n), nodes_[chance_.below(nodes_.size())].id);
  input_done(n, s);
}

void replica_world::change() {
  const auto shard = chance_.below(shards_.size());
  auto* const n = leading(shard);
  if (n == nullptr || now_ < n->paused_until) return;
  std::vector<raft::member> all;
  for (const auto& other : nodes_) all.push_back(other.slots[shard].self);
  auto& s = n->slots[shard];
  const auto next = has_lost(shard) ? without_lost(*s.core, shard)
                                    : shards_[shard].members.next(s.core->members(), all, chance_);
  if (!next) return;
  if (s.core->change(clock_of(*n), *next) && !next->voters.empty()) ++met_.joint_changes;
  input_done(*n, s);
}

void replica_world::impatient() {
  for (std::size_t k = 0; k < shards_.size(); ++k) {
    const auto now = shards_[k].states.last();
    if (std::exchange(shards_[k].seen_progress, now) != now) continue;
    if (calm_ && leading(k) != nullptr) continue;
    auto& n = nodes_[chance_.below(nodes_.size())];
    if (!n.up || !n.slots[k].core || now_ < n.paused_until) continue;
    n.slots[k].core->wake_group(clock_of(n));
    input_done(n, n.slots[k]);
  }
}

} // namespace burrow::sim
