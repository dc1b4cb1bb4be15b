// What goes wrong: at random moments, and right after those where it hurts.
#include "cluster/raft/config_change.hpp"
#include "cluster/sim/world.hpp"

#include <algorithm>
#include <array>

namespace burrow::sim {

void world::start(host& h) {
  const auto& image = h.store.image();
  h.up = true;
  ++h.life;
  h.options.seed = mix(plan_.seed, mix(h.self.replica.value, ++h.starts));
  h.core = std::make_unique<raft::raft>(h.options, image.stored());
  h.state = image.applied;
  h.written = h.state.index;
  h.chain = image.chain;
  h.held.clear();
  h.reads.clear();
  h.reads_ready.clear();
  h.sessions.clear();
  h.pulling.reset();
  h.drain_set = h.vote_unsynced = false;
  h.synced = h.core_written = h.store.last_number();
  commits_.restarted(h.self.replica, image.hard.term, image.applied.index, found_);
  states_.found_at(h.self.replica, h.state.index, h.state.hash, found_);
  schedule(chance_.below(tick_length), kind::tick, h.node);
  tell_membership(h);
}

/// Membership notices that a node is gone, or is another incarnation; sooner or later, and node by node.
void world::tell_membership(const host& of) {
  if (plan_.core.sleep_after_ticks == 0) return;
  for (const auto& h : hosts_) {
    if (h.node == of.node || !h.up) continue;
    schedule(chance_.between(300, 2500) * ms, kind::suspect, h.node, of.self.node.value);
  }
}

void world::crash(host& h) {
  if (!h.up) return;
  ++met_.crashes;
  if (h.vote_unsynced) ++met_.crashes_between_vote_and_sync;
  h.up = false;
  ++h.life;
  h.core.reset();
  h.store.crash(chance_);
  schedule(plan_.restart.draw(chance_), kind::restart, h.node);
  tell_membership(h);
}

/// The replica's actor dies, process and log writer live on.
void world::restart_actor(host& h) {
  if (!h.up) return;
  ++met_.fenced_restarts;
  h.store.fence();
  start(h);
}

/// A node whose replica belongs to no configuration any more comes back with an empty disk under a new id.
void world::replace(host& h) {
  for (const auto& other : hosts_) {
    if (!other.up) return;
    for (const auto& m : raft::members_of(other.core->config())) {
      if (m.replica == h.self.replica) return;
    }
  }
  ++met_.replaced;
  h.self.replica = {(h.node + 1) * 1000 + ++h.replaced};
  h.options.self = h.self;
  h.store.format({});
  start(h);
}

void world::fault() {
  const auto which = plan_.faults.draw(chance_);
  if (!which) return;
  auto& h = any_host();
  switch (*which) {
  case 0: return crash(h);
  case 1:
    for (auto& each : hosts_) {
      if (chance_.chance(800)) crash(each);
    }
    return;
  case 2: return restart_actor(h);
  case 3: ++met_.cuts; return net_.cut(hosts_.size(), chance_);
  case 4: return net_.heal();
  case 5: // the disk of a node hangs, with everything that is written to it
    h.paused_until = std::max(h.paused_until, now_ + chance_.between(1, 50) * ms);
    return;
  case 6: // the process is stopped for a while
    h.paused_until = std::max(h.paused_until, now_ + chance_.between(10, 5000) * ms);
    return;
  case 7:
    if (!h.up || !h.store.syncing()) return;
    ++met_.syncs_failed; // and so the process ends
    return crash(h);
  case 8: return replace(h);
  default: h.sessions.clear(); return;
  }
}

/// Right after a vote or an acknowledgement left, an election, a truncation, a change of the members, an install:
/// sometimes a crash, or the node is cut off, so that what it has just done becomes known to nobody.
void world::aim(host& h) {
  if (aimed_ == 0 || calm_ || plan_.aimed == 0 || !chance_.chance(plan_.aimed * aimed_)) return;
  ++met_.crashes_aimed;
  if (chance_.chance(300)) {
    net_.isolate(h.node, hosts_.size());
    return schedule(chance_.between(100, 4000) * ms, kind::heal);
  }
  if (chance_.chance(100)) {
    for (auto& each : hosts_) crash(each);
  }
  crash(h);
}

} // namespace burrow::sim
