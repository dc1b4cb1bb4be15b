#include "cluster/sim/replica_world.hpp"

namespace burrow::sim {

constexpr micros impatient_after = 1000 * ms;
constexpr std::uint64_t ticks_a_ms_max = 1000;
constexpr micros phase_1_max = 900'000 * ms;
constexpr std::size_t synced_batches_undoable = 32;
constexpr std::int64_t clocks_apart_ms = 200; ///< those that nobody meddles with

replica_world::replica_world(const replica_plan& p)
    : plan_(p)
    , chance_(p.base.seed ^ 0x7e911ca)
    , net_(plan_.base)
    , nodes_(p.base.nodes)
    , clients_(plan_) {
  for (std::size_t k = 0; k < p.shards; ++k) shards_.emplace_back(shard_id{static_cast<std::uint16_t>(k + 1)});
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    auto& n = nodes_[i];
    n.number = i;
    n.id = {i + 1};
    n.drift = 1000 + chance_.below(p.base.drift_per_mille + 1) - p.base.drift_per_mille / 2;
    n.wall_offset_ms = static_cast<std::int64_t>(chance_.below(2 * clocks_apart_ms)) - clocks_apart_ms;
    n.catch_up = std::make_shared<catch_up_line>(p.catch_up);
    n.store = std::make_unique<memory_store>(
        memory_options{p.base.seed ^ (i + 77), p.not_here, 64, synced_batches_undoable});
    for (std::size_t k = 0; k < p.shards; ++k) {
      auto& s = n.slots.emplace_back(shards_[k].states.shard());
      s.self = {id_of(i, s.shard), n.id};
    }
  }
  for (auto& n : nodes_) start_node(n);
  for (std::size_t c = 0; c < p.clients; ++c) schedule(p.think, kind::client, 0, 0, c);
  const auto& b = p.base;
  if (b.transfer_every > 0) schedule(b.transfer_every, kind::transfer);
  if (b.change_every > 0) schedule(b.change_every, kind::change);
  if (b.fault_every > 0) schedule(b.fault_every, kind::fault);
  if (b.quiet_every > 0) schedule(b.quiet_every, kind::quiet);
  schedule(impatient_after, kind::impatient);
}

clock_reading replica_world::clock_of(const replica_node& n) const {
  const auto steady = static_cast<std::int64_t>(now_ * n.drift / 1000 / ms) + 1'000'000;
  return {duration{steady}, {true_time().ms + n.wall_offset_ms}};
}

void replica_world::schedule(micros after, kind what, std::size_t node, std::size_t shard, std::uint64_t slot) {
  const auto& n = nodes_[node];
  const bool of_node = what == kind::written || what == kind::restart;
  const auto life = of_node ? n.life : n.slots[shard].life;
  const auto of = static_cast<std::uint32_t>(node), in = static_cast<std::uint32_t>(shard);
  events_.push({now_ + after, 0, what, of, in, life, slot});
}

bool replica_world::counts(const event& e) const {
  const auto& n = nodes_[e.node];
  const auto& s = n.slots[e.shard];
  switch (e.what) {
  case kind::restart: return !n.up;
  case kind::written: return n.up && e.life == n.life;
  case kind::deliver: return n.up && s.core != nullptr;
  case kind::tick: return n.up && s.core != nullptr && e.life == s.life && e.slot == s.timer;
  default: return n.up && s.core != nullptr && e.life == s.life;
  }
}

void replica_world::next_event() {
  auto e = events_.pop();
  now_ = e.at;
  trace_ = mix(trace_, mix(e.at, (std::uint64_t{e.node} << 8) | static_cast<std::uint64_t>(e.what)));
  if (e.what >= kind::client) return handle_world(e);
  const bool does = counts(e);
  if (does && now_ < nodes_[e.node].paused_until) {
    e.at = nodes_[e.node].paused_until;
    return events_.push(e);
  }
  if (does) handle(e);
  if (e.what == kind::deliver) {
    slots_[e.slot] = {};
    free_slots_.push_back(e.slot);
  }
}

void replica_world::handle(const event& e) {
  auto& n = nodes_[e.node];
  auto& s = n.slots[e.shard];
  aimed_ = 0;
  switch (e.what) {
  case kind::tick:
    s.ticks = std::exchange(s.ticked_at, now_ / ms) == now_ / ms ? s.ticks + 1 : 0;
    if (s.ticks > ticks_a_ms_max) found_.add("liveness", "a replica asks for its next tick at once, again and again");
    s.core->tick(clock_of(n));
    break;
  case kind::deliver: deliver(n, s, slots_[e.slot]); break;
  case kind::drain:
    s.drain_set = false;
    drain(n, s);
    return aim(n);
  case kind::written: written(n); return aim(n);
  case kind::restart: return start_node(n);
  case kind::read: return read(n, s, e.slot);
  case kind::loaded: {
    const auto at = s.loads.find({e.slot});
    auto values = std::move(at->second.values);
    s.loads.erase(at);
    s.core->loaded(clock_of(n), {e.slot}, std::move(values));
    break;
  }
  case kind::suspect:
    s.core->suspect(clock_of(n), {e.slot});
    ++met_.wakes_by_membership;
    break;
  default: return;
  }
  input_done(n, s);
  aim(n);
}

void replica_world::handle_world(const event& e) {
  const auto again = [&](micros every) { schedule(every / 2 + chance_.below(every + 1), e.what); };
  switch (e.what) {
  case kind::client: return act(e.slot);
  case kind::patience: return done(e.slot, false, errc::timed_out);
  case kind::transfer:
    if (!calm_) transfer();
    return again(plan_.base.transfer_every);
  case kind::change:
    if (!calm_ || lost_any()) change();
    return again(plan_.base.change_every);
  case kind::fault:
    if (!calm_) fault();
    return again(plan_.base.fault_every);
  case kind::quiet: quiet_until_ = now_ + chance_.between(1000, 20'000) * ms; return again(plan_.base.quiet_every);
  case kind::impatient:
    if (calm_ || now_ >= quiet_until_) impatient();
    replace_lost();
    return schedule(impatient_after, e.what);
  case kind::heal: return net_.heal();
  default: return;
  }
}

void replica_world::run_for(micros length) {
  const auto end = now_ + length;
  while (!found_.any() && !events_.empty() && events_.next_at() <= end) next_event();
  now_ = std::max(now_, end);
}

std::string replica_world::describe() const {
  std::string out = "\nat " + std::to_string(now_ / ms) + " ms";
  for (const auto& n : nodes_) {
    for (const auto& s : n.slots) {
      out += "\n  " + std::to_string(s.self.replica.value) + ": ";
      if (!n.up || !s.core) {
        out += "down";
        continue;
      }
      const auto g = s.core->group();
      const auto r = s.core->status();
      out += (g.leads ? "leads term " : "term ") + std::to_string(g.term.value) + ", log " +
             std::to_string(g.first.value) + " to " + std::to_string(g.last.value) + ", on disk " +
             std::to_string(g.persisted.value) + ", committed " + std::to_string(g.committed.value) + ", applied " +
             std::to_string(r.applied.value) + (r.installing ? ", pulls" : "") + (r.switching ? ", switches" : "") +
             (r.waiting_proposals + r.inflight_commands > 0
                  ? ", " + std::to_string(r.waiting_proposals) + " waiting, " +
                        std::to_string(r.inflight_commands) + " in flight"
                  : std::string()) +
             (g.asleep ? ", asleep" : "") + (s.damaged ? ", damaged" : "");
      for (const auto& v : s.core->members().voters) out += " v" + std::to_string(v.replica.value);
      for (const auto& v : s.core->members().leaving) out += " o" + std::to_string(v.replica.value);
      for (const auto& v : s.core->members().learners) out += " l" + std::to_string(v.replica.value);
    }
  }
  return out;
}

outcome replica_world::run() {
  while (!found_.any() && steps_ < plan_.base.steps && now_ < phase_1_max) next_event();
  if (!found_.any()) heal_and_wait();
  for (const auto& [number, what] : open_) {
    if (what.op.queue().tenant == plain_tenant) linearizable_.add(what.op);
  }
  if (!found_.any()) linearizable_.check(found_);
  met_.histories += linearizable_.checked();
  for (const auto& n : nodes_) {
    for (const auto& s : n.slots) count_end_of(s);
  }
  met_.moves_left += moves_.left;
  met_.arrivals += moves_.arrived;
  met_.arrivals_repeated += moves_.repeated;
  std::uint64_t end = trace_;
  for (const auto& f : shards_) met_.repeats += f.again.met();
  for (const auto& f : shards_) end = mix(end, f.states.last().value);
  return {found_.any() ? found_.what() + describe() : std::string(), steps_, end, met_};
}

outcome run_replicas(const replica_plan& p) { return replica_world(p).run(); }

} // namespace burrow::sim
