// Disks that rot, and disks that forget what was synced. A replica that lost its disk must say so: it does not start,
// or SYNCED tells of all on its node. It comes back under a new id, when a change of members has taken the old one out.
// Only one replica of a shard at a time, and only while its group can spare it: else it would stay without a leader.
#include "cluster/raft/config_change.hpp"
#include "cluster/sim/replica_world.hpp"
#include "cluster/storage/keys.hpp"

namespace burrow::sim {

bool replica_world::has_lost(std::size_t shard) const {
  return std::any_of(nodes_.begin(), nodes_.end(), [&](const auto& n) {
    return n.slots[shard].lost || n.slots[shard].rotten;
  });
}

bool replica_world::lost_any() const {
  for (std::size_t k = 0; k < shards_.size(); ++k) {
    if (has_lost(k)) return true;
  }
  return false;
}

/// Everybody is up and agrees on three voters or more, by an entry that is committed.
bool replica_world::may_lose(const replica_node& n, std::size_t shard) const {
  if (has_lost(shard) || !n.slots[shard].core) return false;
  const auto& members = n.slots[shard].core->members();
  if (members.voters.size() < 3 || !members.leaving.empty()) return false;
  return std::all_of(nodes_.begin(), nodes_.end(), [&](const replica_node& other) {
    const auto& s = other.slots[shard];
    if (!other.up || !s.core) return false;
    const auto& theirs = s.core->members();
    const auto of = raft::members_of(members);
    const bool is_member = std::find(of.begin(), of.end(), s.self) != of.end();
    return !is_member || (theirs == members && !s.core->group().change_under_way);
  });
}

void replica_world::lose(replica_slot& s) {
  if (!s.lost) ++met_.replicas_lost;
  s.lost = true;
  s.rotten = false;
}

/// A bit of what its next start will read: an entry that may not be applied, its first or its last one, its record, or
/// that of its state. Half of them are found by the store, the others by the record's own sum.
void replica_world::rot(replica_node& n, replica_slot& s) {
  if (!n.up || !may_lose(n, s.shard.value - 1U)) return;
  crash(n);
  const auto record_key = keys::raft_state(s.shard);
  const auto record = n.store->get(family::raft_state, record_key, read_tier::disk);
  if (!record || !record->found) return;
  const auto stored = codec::decode_replica(s.shard, record->value);
  const auto applied_key = keys::queue(s.shard, stored->generation, keys::applied_relative);
  const auto applied = n.store->get(family::queue, applied_key, read_tier::disk);
  const auto index = applied->found ? codec::decode_applied(s.shard, applied->value)->index : log_index{};
  std::vector<std::pair<family, std::string>> all{{family::raft_state, record_key}};
  if (applied->found) all.emplace_back(family::queue, applied_key);
  scan_request log;
  log.from = keys::raft_log(s.shard, {});
  log.to = keys::after_prefix(keys::raft_state(s.shard));
  log.items_max = ~std::size_t{0};
  const auto entries = n.store->scan(family::raft_log, log, read_tier::disk);
  for (const auto& [key, value] : entries->items) {
    if (keys::parse_raft_log(key)->second >= index || key == entries->items.front().first) {
      for (int i = 0; i < 3; ++i) all.emplace_back(family::raft_log, key);
    }
  }
  const auto& [where, key] = all[chance_.below(all.size())];
  if (chance_.chance(500)) {
    n.store->flip(where, key);
  } else {
    auto value = n.store->get(where, key, read_tier::disk)->value;
    value[chance_.below(value.size())] ^= static_cast<char>(1U << chance_.below(8));
    write_batch rotten;
    rotten.put(where, key, value);
    BURROW_ASSERT(n.store->write(rotten).ok() && n.store->sync().ok());
  }
  s.rotten = true;
  ++met_.bits_flipped;
}

/// The disk lied about some syncs. SYNCED, which lies in blocks of its own, did not.
void replica_world::forget(replica_node& n) {
  if (!n.up) return;
  for (std::size_t k = 0; k < shards_.size(); ++k) {
    if (!may_lose(n, k)) return;
  }
  crash(n);
  n.store->lose_synced(chance_.between(1, 16));
  ++met_.disks_forgot;
}

std::optional<raft::config_change> replica_world::without_lost(const replica& leader, std::size_t shard) const {
  const auto& now = leader.members();
  raft::config_change next{now.voters, now.learners};
  for (const auto& n : nodes_) {
    const auto& s = n.slots[shard];
    if (!s.lost) continue;
    std::erase(next.voters, s.self);
    std::erase(next.learners, s.self);
  }
  const bool any = next.voters.size() < now.voters.size() || next.learners.size() < now.learners.size();
  return any ? std::optional{next} : std::nullopt;
}

/// Whose id is in force no more gets another one. What those think who were left out does not count.
void replica_world::replace_lost() {
  for (auto& n : nodes_) {
    for (auto& s : n.slots) {
      if (!s.lost || !n.up || n.writing) continue;
      const auto shard = s.shard.value - 1U;
      const auto* const at = leading(shard);
      if (at == nullptr || at->slots[shard].core->group().change_under_way) continue;
      const auto members = raft::members_of(at->slots[shard].core->members());
      if (std::find(members.begin(), members.end(), s.self) == members.end()) begin_anew(n, s);
    }
  }
}

} // namespace burrow::sim
