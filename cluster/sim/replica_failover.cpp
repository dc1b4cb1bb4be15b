// How long shards take no writes after the end of a node: a world without faults, in virtual time, a disk a node.
#include "cluster/sim/replica_world.hpp"

namespace burrow::sim {
namespace {

constexpr std::size_t nobody = ~std::size_t{0};
constexpr micros look_every = 5 * ms, patience = 20'000 * ms;

} // namespace

void replica_world::write_to(std::size_t shard, replica_node& n) {
  operation op;
  op.shard = {static_cast<std::uint16_t>(shard + 1)};
  op.command = queue::command{{tenant_id(busy_tenant), "any"}, {}, queue::purge{}};
  send(std::move(op), nobody, n);
}

/// For each shard, from the end of the node that leads most of them to a write that is applied. Never: `patience`.
std::vector<micros> replica_world::failover() {
  run_for(5000 * ms);
  std::vector<std::size_t> leads(nodes_.size());
  for (std::size_t k = 0; k < shards_.size(); ++k) {
    if (auto* const n = leading(k)) {
      ++leads[n->number];
      write_to(k, *n);
    }
  }
  run_for(500 * ms);
  crash(nodes_[static_cast<std::size_t>(std::max_element(leads.begin(), leads.end()) - leads.begin())]);

  struct attempt {
    const replica_node* at = nullptr;
    std::uint64_t applied = 0; ///< commands, when it was asked
  };
  std::vector<attempt> tried(shards_.size());
  std::vector<micros> out(shards_.size(), patience);
  for (const auto begin = now_; now_ < begin + patience && !found_.any();) {
    run_for(look_every);
    for (std::size_t k = 0; k < shards_.size(); ++k) {
      auto* const n = out[k] == patience ? leading(k) : nullptr;
      if (n == nullptr) continue;
      const auto applied = n->slots[k].core->status().commands_applied;
      if (tried[k].at == n && applied > tried[k].applied) out[k] = now_ - begin;
      if (tried[k].at == n) continue;
      tried[k] = {n, applied};
      write_to(k, *n);
    }
  }
  return out;
}

} // namespace burrow::sim
