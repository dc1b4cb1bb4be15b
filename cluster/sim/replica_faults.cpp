// What goes wrong: at random moments, and right after those where it hurts.
#include "cluster/raft/config_change.hpp"
#include "cluster/sim/replica_world.hpp"
#include "cluster/storage/keys.hpp"

namespace burrow::sim {

void replica_world::start_node(replica_node& n) {
  n.up = true;
  ++n.life;
  n.writer = writer_queue();
  if (!n.store->check_synced()) { // SYNCED tells: nothing of what is here can be trusted
    for (auto& s : n.slots) lose(s);
    n.store->accept_loss();
  }
  // What was found counts as on disk, so an open syncs it: else the next loss of synced data could not be told.
  BURROW_ASSERT(n.store->sync().ok());
  for (auto& s : n.slots) {
    ++s.start.value;
    if (!s.lost) start(n, s);
  }
  tell_membership(n);
}

void replica_world::tell_membership(const replica_node& of) {
  if (plan_.base.core.sleep_after_ticks == 0) return;
  for (const auto& n : nodes_) {
    if (n.number == of.number || !n.up) continue;
    for (std::size_t k = 0; k < n.slots.size(); ++k) {
      schedule(chance_.between(300, 2500) * ms, kind::suspect, n.number, k, of.id.value);
    }
  }
}

void replica_world::crash(replica_node& n) {
  if (!n.up) return;
  ++met_.crashes;
  n.up = false;
  ++n.life;
  n.writing.reset();
  for (auto& s : n.slots) {
    if (s.vote_unsynced) ++met_.crashes_between_vote_and_sync;
    count_end_of(s);
    ++s.life;
    s.starting = false;
    s.core.reset();
  }
  n.store->crash(chance_);
  schedule(plan_.base.restart.draw(chance_), kind::restart, n.number);
  tell_membership(n);
}

/// The replica's actor dies, process and log writer live on.
void replica_world::restart_actor(replica_node& n, replica_slot& s) {
  if (!n.up || !s.core) return;
  ++met_.fenced_restarts;
  count_end_of(s);
  s.core.reset();
  ++s.life;
  ++s.start.value;
  n.writer.fence(s.shard, s.start);
  s.starting = true;
  if (!n.writing) start(n, s);
}

/// A replica that belongs to no configuration any more is deleted, and its node gets one under a new id.
void replica_world::replace(replica_node& n, replica_slot& s) {
  if (!n.up || !s.core || n.writing) return;
  for (const auto& other : nodes_) {
    const auto& theirs = other.slots[s.shard.value - 1U];
    if (!other.up || !theirs.core) return;
    for (const auto& m : raft::members_of(theirs.core->members())) {
      if (m.replica == s.self.replica) return;
    }
  }
  begin_anew(n, s);
}

void replica_world::begin_anew(replica_node& n, replica_slot& s) {
  ++met_.replaced;
  count_end_of(s);
  ++s.start.value;
  n.writer.fence(s.shard, s.start);
  s.core.reset();
  write_batch all;
  const auto from = keys::raft_state(s.shard), to = keys::after_prefix(from);
  for (const auto f : {family::raft_log, family::body, family::raft_state, family::queue}) all.erase_range(f, from, to);
  BURROW_ASSERT(n.store->write(all).ok() && n.store->sync().ok());
  s.self.replica = id_of(n.number, s.shard, ++s.replaced);
  s.durable = s.handed = log_image(s.shard);
  s.rotten = s.lost = false;
  start(n, s);
}

void replica_world::move_clock(replica_node& n) {
  ++met_.clock_jumps;
  const auto hour = std::int64_t{3'600'000};
  n.wall_offset_ms = static_cast<std::int64_t>(chance_.below(4 * static_cast<std::uint64_t>(hour))) - 2 * hour;
}

void replica_world::fault() {
  if (plan_.wild_clock && chance_.chance(300)) return move_clock(nodes_[plan_.base.seed % nodes_.size()]);
  auto& n = nodes_[chance_.below(nodes_.size())];
  auto& s = n.slots[chance_.below(n.slots.size())];
  if (plan_.disk_low > 0 && chance_.chance(plan_.disk_low)) {
    n.low = !n.low;
    ++met_.disks_low;
    for (auto& each : n.slots) {
      if (n.up && each.core) each.core->disk_low(n.low);
    }
    return;
  }
  if (plan_.rot > 0 && chance_.chance(plan_.rot)) return rot(n, s);
  if (plan_.forget > 0 && chance_.chance(plan_.forget)) return forget(n);
  const auto which = plan_.base.faults.draw(chance_);
  if (!which) return;
  switch (*which) {
  case 0: return crash(n);
  case 1:
    for (auto& each : nodes_) {
      if (chance_.chance(800)) crash(each);
    }
    return;
  case 2: return restart_actor(n, s);
  case 3: ++met_.cuts; return net_.cut(nodes_.size(), chance_);
  case 4: return net_.heal();
  case 5: n.paused_until = std::max(n.paused_until, now_ + chance_.between(1, 50) * ms); return;
  case 6: n.paused_until = std::max(n.paused_until, now_ + chance_.between(10, 5000) * ms); return;
  case 7:
    if (!n.up || !n.writing || !n.writing->what.sync) return;
    ++met_.syncs_failed; // and so the process ends
    return crash(n);
  case 8: return replace(n, s);
  default: s.pins.clear(); return;
  }
}

void replica_world::aim(replica_node& n) {
  if (aimed_ == 0 || calm_ || plan_.base.aimed == 0 || !chance_.chance(plan_.base.aimed * aimed_)) return;
  ++met_.crashes_aimed;
  if (chance_.chance(300)) {
    net_.isolate(n.number, nodes_.size());
    return schedule(chance_.between(100, 4000) * ms, kind::heal);
  }
  if (chance_.chance(100)) {
    for (auto& each : nodes_) crash(each);
  }
  crash(n);
}

} // namespace burrow::sim
