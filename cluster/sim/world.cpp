#include "cluster/sim/world.hpp"

#include "cluster/raft/config_change.hpp"

#include <algorithm>

namespace burrow::sim {

constexpr micros impatient_after = 1000 * ms; ///< a gateway without an answer for so long wakes the group
constexpr micros phase_1_max = 900'000 * ms;  ///< of virtual time, should a world fall silent

world::world(const plan& p)
    : plan_(p)
    , chance_(p.seed ^ 0x5117)
    , net_(plan_)
    , hosts_(p.nodes) {
  raft::snapshot_meta initial;
  for (std::size_t n = 0; n < p.nodes; ++n) {
    auto& h = hosts_[n];
    h.node = n;
    h.self = {{(n + 1) * 1000}, {n + 1}};
    h.options = p.core;
    h.options.self = h.self;
    h.drift = 1000 + chance_.below(p.drift_per_mille + 1) - p.drift_per_mille / 2;
    if (n < p.voters) initial.config.voters.push_back(h.self);
  }
  // Who is no voter starts knowing nobody, as placement makes a replica before it becomes a learner.
  for (auto& h : hosts_) h.store.format(h.node < p.voters ? initial : raft::snapshot_meta{});
  for (auto& h : hosts_) start(h);
  schedule(plan_.propose_every, kind::propose);
  if (plan_.read_every > 0) schedule(plan_.read_every, kind::read);
  if (plan_.transfer_every > 0) schedule(plan_.transfer_every, kind::transfer);
  if (plan_.change_every > 0) schedule(plan_.change_every, kind::change);
  if (plan_.fault_every > 0) schedule(plan_.fault_every, kind::fault);
  if (plan_.quiet_every > 0) schedule(plan_.quiet_every, kind::quiet);
  schedule(impatient_after, kind::impatient);
}

void world::schedule(micros after, kind what, std::size_t node, std::uint64_t slot) {
  events_.push({now_ + after, 0, what, static_cast<std::uint32_t>(node), hosts_[node].life, slot});
}

void world::next_event() {
  auto e = events_.pop();
  now_ = e.at;
  trace_ = mix(trace_, mix(e.at, (std::uint64_t{e.node} << 8) | static_cast<std::uint64_t>(e.what)));
  auto& h = hosts_[e.node];
  if (e.what >= kind::propose) return handle_world(e.what);
  const bool is_message = e.what == kind::deliver;
  const bool counts = e.what == kind::restart ? !h.up : h.up && (is_message || e.life == h.life);
  if (counts && now_ < h.paused_until) { // a stopped process: everything waits for it
    e.at = h.paused_until;
    return events_.push(e);
  }
  if (counts) handle(e);
  if (is_message) {
    slots_[e.slot] = {};
    free_slots_.push_back(e.slot);
  }
}

void world::handle(const event& e) {
  auto& h = hosts_[e.node];
  aimed_ = 0;
  switch (e.what) {
  case kind::tick:
    h.core->tick();
    schedule(tick_length * h.drift / 1000, kind::tick, e.node);
    break;
  case kind::deliver: h.core->step(slots_[e.slot]); break;
  case kind::drain:
    h.drain_set = false;
    drain(h);
    return aim(h);
  case kind::synced: sync_done(h); break;
  case kind::restart: start(h); break;
  case kind::fetched: fetch_done(h, e.slot >> 16, e.slot & 0xffff); break;
  case kind::session: open_session(h, {e.slot}); break;
  case kind::suspect:
    h.core->suspect({e.slot});
    ++met_.wakes_by_membership;
    break;
  case kind::pull: pull_done(h, e.slot); break;
  default: break;
  }
  ++steps_;
  if (h.up) input_done(h);
  aim(h);
}

void world::handle_world(kind what) {
  const auto again = [&](micros every) { schedule(every / 2 + chance_.below(every + 1), what); };
  switch (what) {
  case kind::propose:
    if (!calm_ && now_ >= quiet_until_) propose();
    return again(plan_.propose_every);
  case kind::read:
    if (!calm_ && now_ >= quiet_until_) read();
    return again(plan_.read_every);
  case kind::transfer:
    if (!calm_) transfer();
    return again(plan_.transfer_every);
  case kind::change:
    if (!calm_) change();
    return again(plan_.change_every);
  case kind::fault:
    if (!calm_) fault();
    return again(plan_.fault_every);
  case kind::quiet: quiet_until_ = now_ + chance_.between(1000, 20'000) * ms; return again(plan_.quiet_every);
  case kind::impatient:
    if (calm_ ? leading() == nullptr : now_ >= quiet_until_) impatient();
    return schedule(impatient_after, what);
  case kind::heal: return net_.heal();
  default: return;
  }
}

void world::run_for(micros length) {
  const auto end = now_ + length;
  while (!found_.any() && !events_.empty() && events_.next_at() <= end) next_event();
}

// Phase 2: faults stop, everybody is back, the network and the disks are good. What is under way may still be slow.
void world::heal_and_wait() {
  calm_ = true;
  net_.calm();
  for (auto& h : hosts_) {
    h.paused_until = 0;
    if (!h.up) start(h);
  }
  const auto timeout = plan_.core.election_ticks_max * tick_length * 13 / 10;
  run_for(plan_.delay.high + plan_.sync.high + plan_.pull.high + 4000 * ms + 10 * timeout);
  if (!found_.any()) check_progress();
}

/// Checker 11: a proposal commits, and all who belong to the group reach the same state.
void world::check_progress() {
  constexpr int leaders_max = 20; // of a group whose heartbeats come too seldom for it to keep one
  for (int i = 0; i < leaders_max; ++i)
    if (found_.any() || reaches_one_state()) return;
  found_.add("liveness", "a healed group changes its leader again and again");
}

/// False: another leader comes, which that group's settings allow; what was proposed may be lost with it.
bool world::reaches_one_state() {
  const auto some_time = plan_.core.election_ticks_max * tick_length * 3 + 1000 * ms;
  auto* const h = leading();
  if (h == nullptr) {
    if (plan_.keeps_leader()) return found_.add("liveness", "nobody leads after everything has healed"), true;
    run_for(some_time);
    return false;
  }
  propose();
  const auto goal = h->core->status().last;
  // With one entry in flight much takes long to catch up with: as long as there is progress, all is well.
  const auto progress = [&] {
    std::uint64_t sum = 0;
    for (const auto& m : raft::members_of(h->core->config())) {
      const auto& other = hosts_[m.node.value - 1];
      sum += other.state.index.value + other.core->status().last.value;
    }
    return sum;
  };
  const auto all_there = [&] {
    for (const auto& m : raft::members_of(h->core->config())) {
      const auto& other = hosts_[m.node.value - 1];
      if (other.self.replica != m.replica || other.state.index < goal) return false;
    }
    return h->state.index >= goal;
  };
  auto before = progress();
  while (!found_.any() && !all_there()) {
    run_for(some_time);
    if (found_.any()) return true;
    if (leading() != h) {
      if (!plan_.keeps_leader()) return false;
      return found_.add("liveness", "a healed group changes its leader"), true;
    }
    const auto now = progress();
    if (now == before && !all_there())
      return found_.add("liveness", "a healed group does not reach one state"), true;
    before = now;
  }
  return true;
}

/// For a failing run: where everybody stands.
std::string world::describe() const {
  std::string out = "\nat " + std::to_string(now_ / ms) + " ms";
  for (const auto& h : hosts_) {
    out += "\n  " + std::to_string(h.self.replica.value) + ": ";
    if (!h.up) {
      out += "down";
      continue;
    }
    const auto s = h.core->status();
    out += (s.leads ? "leads term " : "term ") + std::to_string(s.term.value) + ", log " +
           std::to_string(s.first.value) + " to " + std::to_string(s.last.value) + ", on disk " +
           std::to_string(s.persisted.value) + ", committed " + std::to_string(s.committed.value) + ", applied " +
           std::to_string(h.state.index.value);
    for (const auto& v : h.core->config().voters)
      out += (&v == &h.core->config().voters[0] ? ", voters " : " ") + std::to_string(v.replica.value);
    for (const auto& v : h.core->config().leaving)
      out += (&v == &h.core->config().leaving[0] ? ", leaving " : " ") + std::to_string(v.replica.value);
    for (const auto& v : h.core->config().learners)
      out += (&v == &h.core->config().learners[0] ? ", learners " : " ") + std::to_string(v.replica.value);
    if (h.pulling) out += ", pulls";
  }
  return out;
}

outcome world::run() {
  while (!found_.any() && steps_ < plan_.steps && now_ < phase_1_max) next_event();
  if (!found_.any()) heal_and_wait();
  return {found_.any() ? found_.what() + describe() : std::string(), steps_, mix(trace_, states_.highest().value),
          met_};
}

outcome run(const plan& p) { return world(p).run(); }

} // namespace burrow::sim
