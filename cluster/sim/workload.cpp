// What is asked of the group: proposals and reads of whoever believes to lead, transfers, and changes of the members.
#include "cluster/sim/world.hpp"

#include <algorithm>
#include <utility>

namespace burrow::sim {

constexpr std::uint64_t unapplied_max = 300;

host* world::leading() {
  host* best = nullptr;
  for (auto& h : hosts_) {
    if (!h.up || !h.core->status().leads) continue;
    if (best == nullptr || best->core->status().term < h.core->status().term) best = &h;
  }
  return best;
}

void world::propose() {
  // Everybody who believes to lead is asked, also one that has long been deposed.
  for (auto& h : hosts_) {
    if (!h.up || now_ < h.paused_until || !h.core->status().leads) continue;
    if (h.core->status().last.value > h.state.index.value + unapplied_max) continue; // as a replica answers busy
    std::vector<raft::command_bytes> commands(chance_.between(1, plan_.batch_max));
    for (auto& c : commands) {
      c.command = shared_bytes(std::to_string(++last_command_));
      if (plan_.body_max > 0) c.bodies.push_back({{}, static_cast<std::uint32_t>(chance_.below(plan_.body_max)), {}});
    }
    (void)h.core->propose(std::move(commands));
    ++steps_;
    aimed_ = 0;
    input_done(h);
    aim(h);
  }
}

void world::read() {
  for (auto& h : hosts_) {
    if (!h.up || now_ < h.paused_until || !h.core->status().leads) continue;
    const auto id = h.core->read();
    if (!id) continue;
    h.reads.push_back({*id, reads_.began()});
    ++steps_;
    input_done(h);
  }
}

void world::transfer() {
  auto& h = any_host();
  if (!h.up || now_ < h.paused_until) return;
  (void)h.core->transfer(any_host().self.node);
  ++steps_;
  input_done(h);
}

/// A gateway that hears nothing for a second wakes the group through whomever it reaches.
void world::impatient() {
  const auto now = states_.highest();
  if (std::exchange(seen_progress_, now) != now) return;
  auto& h = any_host();
  if (!h.up || now_ < h.paused_until) return;
  h.core->wake_group();
  ++steps_;
  input_done(h);
}

void world::change() {
  auto* const h = leading();
  if (h == nullptr || now_ < h->paused_until) return;
  std::vector<raft::member> all;
  for (const auto& other : hosts_) all.push_back(other.self);
  const auto next = changes_.next(h->core->config(), all, chance_);
  if (!next) return;
  (void)h->core->change(*next);
  ++steps_;
  input_done(*h);
}

} // namespace burrow::sim
