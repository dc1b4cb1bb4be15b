// Committed entries, in order, one delta each. An apply that lacks something is abandoned without effect and repeated
// when it has been loaded; nothing behind it is applied meanwhile.
#include "cluster/base/limits.hpp"
#include "cluster/replica/impl.hpp"

#include <algorithm>

namespace burrow {
namespace {

void follow(hash128& hash, const queue::delta& changes) {
  for (const auto& c : changes.changes) {
    if (c.old_hash) hash = hash - *c.old_hash;
    if (c.value) hash = hash + hash_of(c.key, *c.value);
  }
}

/// One apply before the witness, who hears of its end whatever happens in between.
class witnessed_apply {
public:
  witnessed_apply(apply_witness* witness, shard_id shard, log_index entry, bool alone)
      : witness_(witness), shard_(shard) {
    if (witness_ != nullptr) witness_->begin(shard, entry, alone);
  }
  ~witnessed_apply() {
    if (witness_ == nullptr) return;
    if (done_) witness_->end(shard_);
    else witness_->abandoned(shard_);
  }
  witnessed_apply(const witnessed_apply&) = delete;
  witnessed_apply& operator=(const witnessed_apply&) = delete;
  void done() { done_ = true; }

private:
  apply_witness* witness_;
  shard_id shard_;
  bool done_ = false;
};

} // namespace

void replica::impl::apply_committed() {
  while (!to_apply.empty() && !apply_loads.loading && !damaged && !switching &&
         above.bytes() < limits::overlay_bytes_max) {
    const auto& e = to_apply.front();
    if (e.kind == raft::entry_kind::command) {
      if (!apply_next(e)) return;
    } else {
      applied_one(e, applied.time, {});
      if (leads && !serves && e.term == leads_in) {
        serves = true;
        // All that was logged before is applied now; it may be later than what was when leadership began.
        if (applied.time > clock.now(voters_time())) clock.start(voters_time(), applied.time);
        effects.push_back(role_effect{true, leads_in});
      }
    }
    release(apply_loads);
    to_apply_bytes -= e.size();
    to_apply.pop_front();
  }
}

bool replica::impl::apply_next(const raft::entry& e) {
  const auto how = poison.of(e.index);
  if (how == attempt::refused) {
    close_for(e.index);
    return false;
  }
  witnessed_apply guard(options.witness.get(), options.shard, e.index, how == attempt::alone);
  if (!apply_command(e)) return false;
  guard.done();
  return true;
}

bool replica::impl::apply_command(const raft::entry& e) {
  const auto& local = *static_cast<const local_entry*>(e.payload.decoded.get());
  const auto at = std::max(local.command.now, applied.time);
  state_view view(source, above, apply_loads.got, prefix);
  auto out = queue::apply({options.shard, e.index, at}, local.command.what, view);
  if (view.failure()) {
    fail(*view.failure());
    return false;
  }
  if (!out.missing.empty()) {
    ++counted.applies_abandoned;
    // What is known beforehand comes with the first load, so that a hundred ids are not a hundred rounds.
    if (apply_loads.got.empty()) {
      for (const auto& k : queue::keys(local.command.what)) view.want(k);
    }
    if (!view.wants()) for (const auto& k : out.missing) view.want(k);
    start_load(apply_loads, view.take_wanted(), apply_load{});
    return false;
  }
  applied_one(e, at, std::move(out.changes));
  counted.commands_applied += local.command.what.commands.size();
  for (auto& u : out.usage) effects.push_back(usage_effect{std::move(u)});
  finish_entry(local, out);
  return true;
}

void replica::impl::applied_one(const raft::entry& e, instant at, queue::delta changes) {
  BURROW_ASSERT(e.index.value == applied.index.value + 1);
  follow(applied.state_hash, changes);
  applied.index = e.index;
  applied.term = e.term;
  applied.time = at;
  above.add(applied, std::move(changes));
  if (!delta_since) delta_since = now.steady;
  ++counted.entries_applied;
  due_stale = true;
  note_state();
}

void replica::impl::finish_entry(const local_entry& local, queue::outcome& out) {
  const auto& commands = local.command.what.commands;
  BURROW_ASSERT(out.replies.size() == commands.size());
  // Only what this leadership proposed has somebody waiting: others were told `unknown` when it ended.
  if (flight.empty() || flight.front().local.get() != &local) return;
  const auto keep = std::move(flight.front().local);
  flight.pop_front();
  flight_bytes -= local.bytes;
  effects.reserve(effects.size() + local.origins.size() + out.effects.size() + 2);
  auto next_repeated = out.repeated.begin();
  for (std::size_t i = 0; i < local.origins.size(); ++i) {
    const bool repeated = next_repeated != out.repeated.end() && *next_repeated == i;
    next_repeated += repeated ? 1 : 0;
    waiting.done(commands[i].queue.tenant);
    expect_moves(local.origins[i].from, out.replies[i]);
    give(reply_effect{local.origins[i].from, std::move(out.replies[i]), {}, repeated}, local.origins[i].want_bodies);
  }
  if (local.origins.empty()) own_applied(commands.front());
  if (!leads) return;
  for (const auto to : out.leaving_to) moves.note(to);
  for (const auto& a : out.activity) rates.add(now.steady, a.queue, a.did);
  for (auto& e : out.effects) effects.push_back(notify_effect{std::move(e)});
}

} // namespace burrow
