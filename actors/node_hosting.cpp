// Which shards have a replica on this node. The map of the cluster says so; a replica that has to go is stopped, and
// what it stored is erased in one synced batch. A crash in between leaves it whole: then the map says so again.
#include "actors/node_shell.hpp"

#include "cluster/storage/keys.hpp"

namespace burrow {

/// Shard 0 is the metadata shard: it has a replica like the others.
void node_shell::host_what_is_given() {
  for (std::size_t i = 0; i <= o_.routing.shards; ++i)
    replicas_.push_back({{}, restart_log{o_.replica_budget}, {}, false, {}, {}, false});
  if (o_.hosted) {
    for (const auto& one : *o_.hosted) replicas_.at(one.shard.value).hosted = one;
  } else {
    for (std::size_t i = 0; i < replicas_.size(); ++i)
      replicas_[i].hosted = hosted_replica{shard_id{static_cast<std::uint16_t>(i)}, {}, true};
  }
  for (std::size_t i = 0; i < replicas_.size(); ++i) start_replica(i);
}

void node_shell::on_host(const host_shard& m) {
  if (m.shard.value >= replicas_.size() || stopping_ != stop_stage::running) return;
  auto& child = replicas_[m.shard.value];
  if (child.hosted && m.replica && child.hosted->replica == *m.replica && !child.leaving) return;
  child.next.reset();
  if (m.replica) child.next = hosted_replica{m.shard, *m.replica, false};
  if (child.leaving) return;
  if (!child.hosted) {
    child.hosted = std::exchange(child.next, std::nullopt);
    if (!child.hosted) return;
    start_replica(m.shard.value);
    return tell_replicas();
  }
  child.leaving = true;
  if (child.alive) self_->send(child.handle, stop_atom_v);
  else erase(m.shard.value);
}

void node_shell::erase(std::size_t shard) {
  auto& child = replicas_[shard];
  ++child.start.value;
  const shard_id id{static_cast<std::uint16_t>(shard)};
  auto batch = std::make_shared<write_batch>();
  const auto from = keys::raft_state(id), to = keys::after_prefix(from);
  for (const auto where : {family::raft_log, family::body, family::queue}) batch->erase_range(where, from, to);
  batch->erase(family::raft_state, from);
  // Behind the fence nothing lands that the replica had left queued.
  self_->send(helpers_.log_writer, fence{id, child.start, me()});
  self_->send(helpers_.log_writer, persist{id, child.start, {persist_ticket{1}, std::move(batch), true}, me()});
}

void node_shell::on_erased(shard_id shard) {
  auto& child = replicas_.at(shard.value);
  child.leaving = false;
  child.handle = nullptr;
  child.hosted = std::exchange(child.next, std::nullopt);
  if (child.hosted) start_replica(shard.value);
  tell_replicas();
}

} // namespace burrow
