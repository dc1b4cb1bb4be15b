#include "cluster/replica/replica.hpp"

#include "cluster/base/limits.hpp"
#include "cluster/replica/impl.hpp"
#include "cluster/storage/keys.hpp"

namespace burrow {
namespace {

raft::stored_state state_of(const stored_replica& stored) {
  raft::stored_state out;
  out.hard = stored.record.hard;
  out.snapshot = stored.record.snapshot;
  out.log_first = stored.record.log_first;
  out.terms = stored.terms;
  out.applied = stored.applied.index;
  out.tail = stored.tail;
  for (const auto& c : stored.record.configs) {
    if (c.index > out.snapshot.index && c.index <= out.applied) out.applied_config = c.config;
  }
  return out;
}

// Of ours: one for each shard that something leaves for, and one for each task.
constexpr std::size_t own_questions_max = 1024;

raft::raft_options core_options(const replica_options& o, const codec::replica_record& record) {
  auto out = o.core;
  out.self = {record.replica, o.self};
  out.seed = record.replica.value ^ record.start.value;
  out.reads_waiting_max = limits::questions_waiting_max + own_questions_max;
  return out;
}

} // namespace

replica::impl::impl(replica_options o, const store& from, const stored_replica& stored, clock_reading at)
    : options(std::move(o)), source(from), prefix(keys::prefix(options.shard, stored.record.generation)),
      record(stored.record), core(core_options(options, stored.record), state_of(stored)), now(at),
      applied(stored.applied), bodies(limits::body_cache_bytes_max), disk_first(stored.record.log_first),
      next_tick(at.steady + limits::tick), catch_up(options.shard, options.catch_up), active(at.steady) {
  ++record.start.value; // on disk with the first persist, which the election needs anyway
  // An answer to a call of an earlier life may still be on its way: it must not be taken for one to a call of this.
  last_call = record.start.value << 32U;
  if (options.check_state) ++record.life;
  if (stored.log_bytes > 0) sizes.add(record.log_first, stored.log_bytes);
  if (stored.garbage) sweep_generations();
  if (options.witness) poison = quarantine(options.witness->found(options.shard));
  if (poison.closes(applied.index, core.status().last)) close_for(poison.suspect());
  else if (!has_peers()) core.tick();
}

void replica::impl::hear(clock_reading at) {
  if (at.steady > now.steady) now.steady = at.steady;
  now.wall = at.wall;
  if (!damaged) tick_core();
}

/// What an install has left that never came to its switch.
void replica::impl::sweep_generations() {
  batch = std::make_shared<write_batch>();
  const auto valid = keys::prefix(options.shard, record.generation);
  const auto shard = keys::raft_state(options.shard);
  for (const auto where : {family::queue, family::body}) {
    batch->erase_range(where, shard, valid);
    batch->erase_range(where, keys::after_prefix(valid), keys::after_prefix(shard));
  }
}

// Serves nothing from now on and keeps what is on disk as it is. Whoever waits is told what is known: a proposal that
// was not logged was not done, of the others nobody knows.
void replica::impl::fail(error why) {
  if (damaged) return;
  damaged = true;
  lose_leadership();
  batch.reset();
  pull.reset();
  catch_up.give_back();
  held.clear();
  to_hold.clear();
  for (auto& [id, purpose] : std::exchange(loads, {})) {
    if (const auto* const waits = std::get_if<body_load>(&purpose)) give_up(waits->what);
  }
  effects.push_back(damaged_effect{std::move(why)});
}

// Twice the process ended while it applied this entry: a third time would take all other shards along, again and again.
void replica::impl::close_for(log_index entry) {
  quarantined = true;
  fail({errc::unavailable, "quarantined: the process ended twice while it applied entry " +
                             std::to_string(entry.value) + " of shard " + std::to_string(options.shard.value)});
}

void replica::impl::lose_leadership() {
  const bool did_serve = serves;
  leads = serves = false;
  const auto no = damaged ? errc::unavailable : errc::not_leader;
  for (const auto& p : waiting.drop_all()) effects.push_back(reply_effect{p.from, no, {}});
  own_questions.clear(); // nobody else waits for those
  fail_flights(damaged);
  questions_loading = 0;
  for (auto& q : questions) {
    release(q.loads);
    deliver(answer_effect{q.what.from, no, {}});
  }
  std::erase_if(loads, [](const auto& l) { return std::holds_alternative<question_load>(l.second); });
  questions.clear();
  unread.clear();
  reading.clear();
  rates.clear();
  forget_moves();
  reports.clear();
  to_read.reset();
  catch_up.leave_line();
  while (!sessions.empty()) close_session(sessions.back().id);
  if (did_serve) effects.push_back(role_effect{false, leads_in});
}

/// Whoever waits for it is told that nobody knows.
void replica::impl::forget_flight(const in_flight& what) {
  const auto& local = *what.local;
  for (std::size_t i = 0; i < local.origins.size(); ++i) {
    waiting.done(local.command.what.commands[i].queue.tenant);
    effects.push_back(reply_effect{local.origins[i].from, errc::unknown_outcome, {}});
  }
  flight_bytes -= local.bytes;
  if (local.is_own_clock()) clock_in_flight = false;
}

/// Of what is committed and on our own disk the outcome is about to be known. What is committed but waits for the disk
/// may wait for as long as that is stuck, or stand in another leader's entry: who leads by now answers to its repeat.
void replica::impl::fail_flights(bool all) {
  const auto now_of_core = core.status();
  const auto known = all ? log_index{} : std::min(now_of_core.committed, now_of_core.persisted);
  for (; !flight.empty() && flight.back().index > known; flight.pop_back()) forget_flight(flight.back());
}

void replica::impl::begin_leading() {
  const auto median = clocks.median(core.config(), record.replica, now);
  clock.start({now.steady, has_peers() ? median.value_or(now.wall) : now.wall}, applied.time);
  give_up_pull();
  // Before anything else is logged: what a lost entry had numbered must not be taken for what comes now.
  if (record.life > 1) propose_own({{}, {}, queue::begin_life{record.life}});
}

void replica::impl::take_role(const raft::role_change& role) {
  if (leads) lose_leadership(); // also if it leads again by now, in a later term
  leads = role.leads;
  leads_in = leads ? role.term : leads_in;
  if (leads) begin_leading();
  // A newcomer knows no members yet when it first hears its leader.
  const bool led_elsewhere = role.leader && role.leader->node != options.self;
  if ((!has_peers() && !led_elsewhere) || (leader_told == role.leader && leader_told_in == role.term)) return;
  leader_told = role.leader;
  leader_told_in = role.term;
  effects.push_back(leader_effect{role.term, role.leader});
}

void replica::impl::drain_raft() {
  auto out = core.take_output();
  for (auto& m : out.send_now) leave(std::move(m));
  take_reports(out);
  if (out.role) take_role(*out.role);
  if (damaged) return;
  if (!out.persist.empty()) put_raft(out.persist);
  for (auto& m : out.send_persisted) to_hold.push_back(std::move(m));
  for (auto& e : out.committed) {
    to_apply_bytes += e.size();
    to_apply.push_back(std::move(e));
  }
  for (const auto& r : out.reads) {
    const auto at = reading.find(r.id);
    if (at == reading.end()) continue;
    if (r.index) {
      at->second->index = *r.index;
    } else {
      deliver(answer_effect{at->second->what.from, r.index.error(), {}});
      questions.erase(at->second);
    }
    reading.erase(at);
  }
  if (out.fetch) to_read = out.fetch;
  for (const auto to : out.installs) open_session(to);
  if (out.offer) start_pull(*std::move(out.offer));
}

/// After the turn's persist: what waits for it, or for an earlier one, leaves when that is told.
void replica::impl::hold() {
  if (to_hold.empty()) return;
  auto messages = std::exchange(to_hold, {});
  if (last_core_ticket > told) return held.push_back({last_core_ticket, std::move(messages)});
  for (auto& m : messages) leave(std::move(m));
}

// ---- the interface ----------------------------------------------------------------------------------------------

replica::replica(replica_options options, const store& from, std::shared_ptr<const stored_replica> stored,
                 clock_reading now)
    : impl_(std::make_unique<impl>(std::move(options), from, *stored, now)) {}
replica::~replica() = default;

void replica::propose(clock_reading now, proposal what) {
  impl_->hear(now);
  impl_->propose(std::move(what));
}

void replica::ask(clock_reading now, question what) {
  impl_->hear(now);
  impl_->ask(std::move(what));
}

void replica::persisted(clock_reading now, persist_ticket ticket) {
  impl_->hear(now);
  if (!impl_->damaged) impl_->persisted(ticket);
}

void replica::loaded(clock_reading now, load_id id, std::vector<loaded_item> values) {
  impl_->hear(now);
  if (!impl_->damaged) impl_->loaded(id, std::move(values));
}

void replica::tick(clock_reading now) { impl_->hear(now); }

void replica::called(clock_reading now, cookie call, result<queue::reply> outcome) {
  impl_->hear(now);
  if (!impl_->damaged) impl_->called(call, outcome);
}
void replica::called(clock_reading now, cookie call, result<queue::answer> outcome) {
  impl_->hear(now);
  if (!impl_->damaged) impl_->called(call, outcome);
}

void replica::disk_low(bool low) { impl_->disk_is_low = low; }

void replica::suspect(clock_reading now, node_id node) {
  impl_->hear(now);
  if (!impl_->damaged) impl_->core.suspect(node);
}

void replica::wake(clock_reading now) {
  impl_->hear(now);
  if (!impl_->damaged) impl_->core.wake_up();
}

void replica::wake_group(clock_reading now) {
  impl_->hear(now);
  if (!impl_->damaged) impl_->core.wake_group();
}

result<log_index> replica::change(clock_reading now, const raft::config_change& wanted) {
  impl_->hear(now);
  if (impl_->damaged) return errc::unavailable;
  return impl_->core.change(wanted);
}

result<void> replica::transfer(clock_reading now, node_id to) {
  impl_->hear(now);
  if (impl_->damaged) return errc::unavailable;
  return impl_->core.transfer(to);
}

raft::raft_status replica::group() const { return impl_->core.status(); }
const raft::configuration& replica::members() const { return impl_->core.config(); }
std::vector<raft::follower_progress> replica::followers() const { return impl_->core.followers(); }

void replica::drain(clock_reading now) {
  impl_->hear(now);
  impl_->draining = true;
}

std::vector<replica_effect> replica::take_effects() {
  auto& r = *impl_;
  if (!r.damaged) {
    r.propose_waiting();
    r.drain_raft();
    r.apply_committed();
    r.answer_questions();
    r.check_due();
    // What is read is mostly in memory, and then the next piece can be read at once.
    for (std::size_t n = 0; r.drive_moves() && n < limits::move_batches_max; ++n) r.answer_questions();
    r.tell_time_ahead();
    r.check_sessions();
    r.go_on_pulling();
    r.cut_log();
    r.drain_raft();
    r.read_back();
    r.put_deltas();
    r.emit_persist();
    r.hold();
    r.emit_timer();
  }
  return std::exchange(r.effects, {});
}

move_counts replica::moves() const {
  return {impl_->due.moving, impl_->counted.moves_left, impl_->counted.arrivals_resent};
}

replica_status replica::status() const {
  auto& r = *impl_;
  auto out = r.counted;
  const auto core = r.core.status();
  out.leads = r.serves;
  out.damaged = r.damaged && !r.quarantined;
  out.quarantined = r.quarantined;
  out.in = core.term;
  out.last = core.last;
  out.committed = core.committed;
  out.applied = r.applied.index;
  out.first = r.disk_first;
  out.waiting_proposals = r.waiting.waiting();
  out.inflight_commands = r.waiting.in_flight();
  out.inflight_bytes = r.flight_bytes;
  out.overlay_bytes = r.above.bytes();
  out.moving = r.due.moving;
  out.shard_time = r.leads ? r.shard_now() : r.applied.time;
  out.time_ahead = r.leads ? r.clock.ahead(r.voters_time()) : duration{0};
  out.leader = core.leader;
  out.state_hash = r.applied.state_hash;
  out.asleep = core.asleep;
  out.switching = r.switching != nullptr;
  out.installing = r.pull != nullptr;
  return out;
}

} // namespace burrow
