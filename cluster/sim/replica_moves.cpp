// Shards that hand each other messages: calls and their outcomes go over the same network as all else, to whoever seems
// to lead. Both may get lost, come twice, or come when nobody waits any more.
#include "cluster/sim/replica_world.hpp"

namespace burrow::sim {

void replica_world::put_on_wire(std::size_t from, std::size_t to, shard_id shard, packet what) {
  const auto arrivals = net_.send(from, to, chance_);
  for (std::size_t i = 0; i < arrivals.count; ++i) {
    std::uint64_t slot = slots_.size();
    if (free_slots_.empty()) {
      slots_.push_back(what);
    } else {
      slot = free_slots_.back();
      free_slots_.pop_back();
      slots_[slot] = what;
    }
    schedule(arrivals.after[i], kind::deliver, to, shard.value - 1U, slot);
    ++met_.messages;
  }
}

void replica_world::carry_out(replica_node& n, replica_slot& s, call_effect& e) {
  ++met_.calls;
  aimed_ = std::max(aimed_, sometimes); // the message has left, and nobody else knows
  const auto* to = chance_.chance(900) ? leading(e.to.value - 1U) : nullptr;
  if (to == nullptr) to = &nodes_[chance_.below(nodes_.size())];
  put_on_wire(n.number, to->number, e.to, shard_call{s.self, s.shard, std::move(e.what)});
}

void replica_world::deliver(replica_node& n, replica_slot& s, packet& what) {
  if (auto* const m = std::get_if<peer_content>(&what)) return s.core->received(clock_of(n), *m);
  if (auto* const outcome = std::get_if<call_outcome>(&what)) {
    if (outcome->to.replica != s.self.replica) return; // of one that was deleted
    return std::visit([&](auto& x) { s.core->called(clock_of(n), outcome->call, x); }, outcome->what);
  }
  auto& call = std::get<shard_call>(what);
  const cookie ours{++last_operation_};
  if (auto* const p = std::get_if<proposal>(&call.what)) {
    calls_.emplace(ours, caller{call.from, call.shard, std::exchange(p->from, ours)});
    s.core->propose(clock_of(n), std::move(*p));
  } else {
    auto& q = std::get<question>(call.what);
    calls_.emplace(ours, caller{call.from, call.shard, std::exchange(q.from, ours)});
    s.core->ask(clock_of(n), std::move(q));
  }
}

/// The outcome of what another shard wanted goes back to it.
template <class Outcome>
bool replica_world::is_of_call(replica_node& n, cookie to, Outcome& outcome) {
  const auto at = calls_.find(to);
  if (at == calls_.end()) return false;
  const auto who = at->second;
  calls_.erase(at);
  if (outcome) aimed_ = std::max(aimed_, sometimes); // it has arrived, and its source does not know
  put_on_wire(n.number, who.who.node.value - 1, who.shard, call_outcome{who.who, who.call, std::move(outcome)});
  return true;
}
template bool replica_world::is_of_call(replica_node&, cookie, result<queue::reply>&);
template bool replica_world::is_of_call(replica_node&, cookie, result<queue::answer>&);

/// Of a replica that is about to die.
void replica_world::count_end_of(const replica_slot& s) {
  if (!s.core) return;
  const auto now = s.core->status();
  met_.applies_abandoned += now.applies_abandoned;
  met_.moves_resent += now.arrivals_resent;
}

/// Phase 2: whatever moves arrives, and tasks come to their end.
void replica_world::moves_end() {
  constexpr int seconds_max = 300;
  const auto open = [&] { return moves_.leaving() + moves_.running_tasks(); };
  for (int i = 0; i < seconds_max && open() > 0 && !found_.any(); ++i) run_for(1000 * ms);
  if (open() == 0 || !plan_.base.keeps_leader()) return;
  found_.add("liveness", std::to_string(moves_.leaving()) + " messages do not arrive, and " +
                             std::to_string(moves_.running_tasks()) + " tasks do not end");
}

} // namespace burrow::sim
