#include "cluster/sim/checkers/logs.hpp"

namespace burrow::sim {
namespace {

std::uint64_t hash_of_bytes(std::string_view bytes) {
  std::uint64_t h = bytes.size();
  for (const auto c : bytes) h = mix(h, static_cast<unsigned char>(c));
  return h;
}

} // namespace

std::uint64_t hash_of_entry(const raft::entry& e) {
  auto h = mix(e.term.value, static_cast<std::uint64_t>(e.kind));
  if (e.kind == raft::entry_kind::command) h = mix(h, hash_of_bytes(e.payload.command.view()));
  if (e.config) {
    for (const auto* const set : {&e.config->voters, &e.config->leaving, &e.config->learners}) {
      h = mix(h, set->size());
      for (const auto& m : *set) h = mix(h, m.replica.value);
    }
  }
  return h;
}

void logs::written(replica_id who, const raft::entry& e, std::uint64_t chain, findings& found) {
  const auto [at, first] = chain_of_.emplace(mix(e.index.value, e.term.value), chain);
  if (!first && at->second != chain) {
    found.add("logs", "replica " + std::to_string(who.value) + " has another log than others at index " +
                          std::to_string(e.index.value) + " of term " + std::to_string(e.term.value));
  }
}

} // namespace burrow::sim
