// What goes to the log writer: log entries with their bodies, the replica's record, and deltas, as one batch a turn.
#include "cluster/base/limits.hpp"
#include "cluster/replica/impl.hpp"
#include "cluster/storage/keys.hpp"

namespace burrow {
namespace {

using namespace std::chrono_literals;
constexpr std::uint64_t idle_entries = 16;
constexpr duration idle_after = 30s;

/// The life that an entry begins; it stands alone in its entry. 0: none.
std::uint64_t life_begun(const raft::entry& e) {
  if (e.kind != raft::entry_kind::command) return 0;
  const auto& what = static_cast<const local_entry*>(e.payload.decoded.get())->command.what.commands.front().what;
  const auto* const begun = std::get_if<queue::begin_life>(&what);
  return begun != nullptr ? begun->life : 0;
}

} // namespace

/// Whoever accepts a loss here begins a later life than any that was ever logged, also if by then neither state nor log
/// can be read. So the record has it, with the entry or the state that brings it. One that is truncated does no harm.
bool replica::impl::note_life(std::uint64_t life) {
  const bool later = life > record.life;
  if (later) record.life = life;
  return later;
}

void replica::impl::put_raft(const raft::persist_request& p) {
  const auto shard = options.shard;
  const auto g = record.generation;
  if (!batch) batch = std::make_shared<write_batch>();
  if (p.truncate_from) {
    batch->erase_range(family::raft_log, keys::raft_log(shard, *p.truncate_from),
                       keys::after_prefix(keys::raft_state(shard)));
    batch->erase_range(family::body, keys::body(shard, g, *p.truncate_from, 0),
                       keys::after_prefix(keys::prefix(shard, g)));
    bodies.truncate(*p.truncate_from);
    sizes.truncate(*p.truncate_from);
  }
  bool began_life = false;
  for (const auto& e : p.entries) {
    began_life = note_life(life_begun(e)) || began_life;
    auto encoded = codec::encode_entry(shard, e);
    sizes.add(e.index, encoded.size());
    batch->put(family::raft_log, keys::raft_log(shard, e.index), std::move(encoded));
    std::vector<shared_bytes> cached;
    for (std::uint32_t n = 0; n < e.payload.bodies.size(); ++n) {
      const auto& bytes = e.payload.bodies[n].bytes;
      if (!bytes.present()) continue; // gone: the entry that removed it is committed, and follows
      batch->put_shared(family::body, keys::body(shard, g, e.index, n), bytes);
      if (leads) cached.push_back(bytes);
    }
    bodies.add(e.index, std::move(cached));
  }
  if (p.hard) record.hard = *p.hard;
  if (p.config) record.config = *p.config;
  note_configs(p);
  if (p.snapshot) record.snapshot = *p.snapshot;
  if (p.log_first) {
    batch->erase_range(family::raft_log, keys::raft_log(shard, disk_first), keys::raft_log(shard, *p.log_first));
    record.log_first = disk_first = *p.log_first;
    sizes.cut(disk_first);
  }
  if (p.hard || p.config || p.snapshot || p.log_first || began_life) put_record();
  // A cut alone may be lost: the entries are there again, and harmless.
  batch_sync = batch_sync || p.truncate_from || !p.entries.empty() || p.hard || p.config;
  batch_core = p.ticket;
}

// Deltas travel with whatever is written anyway, or alone when they have waited long enough; the log can repeat them,
// so they ask for no sync.
void replica::impl::put_deltas() {
  // Behind a switch nothing of the old state may land.
  if (!above.has_unsent() || damaged || switching) return;
  const bool waited = delta_since && now.steady - *delta_since >= limits::delta_delay_max;
  const bool many = above.unsent_bytes() >= limits::overlay_bytes_max / 4;
  if (!batch && !waited && !many && !draining) return;
  auto into = batch ? batch : std::make_shared<write_batch>();
  std::set<body_key> pinned(pins.begin(), pins.end());
  const auto up_to = above.write_to(*into, {options.shard, record.generation}, pinned);
  if (up_to == 0) return; // a pinned body holds the oldest back: its reader comes first
  batch = std::move(into);
  batch_deltas = up_to;
  batch_sync = batch_sync || draining;
  delta_since = above.has_unsent() ? std::optional{now.steady} : std::nullopt;
}

void replica::impl::emit_persist() {
  if (!batch || damaged) return;
  const persist_ticket ticket{++last_ticket.value};
  const bool of_pull = pull && std::exchange(pull->in_batch, false);
  written_later.push_back({ticket, batch_core, batch_deltas, of_pull, batch_switch});
  if (batch_core.number > 0) last_core_ticket = ticket;
  effects.push_back(persist_effect{ticket, std::move(batch), batch_sync});
  batch.reset();
  batch_core = {};
  batch_deltas = 0;
  batch_sync = batch_switch = false;
}

void replica::impl::persisted(persist_ticket ticket) {
  BURROW_ASSERT(ticket <= last_ticket);
  raft::persist_ticket of_core;
  std::uint64_t deltas = 0;
  while (!written_later.empty() && written_later.front().ticket <= ticket) {
    const auto w = written_later.front();
    written_later.pop_front();
    if (w.of_core.number > 0) of_core = w.of_core;
    if (w.deltas_up_to > 0) deltas = w.deltas_up_to;
    if (w.of_pull && pull) pull->writing = pull->in_batch;
    if (!w.of_switch) continue;
    // Tickets are told in their order, also around a switch; what was written of the old state is gone with it.
    if (of_core.number > 0) core.persisted(std::exchange(of_core, {}));
    deltas = 0;
    finish_switch();
  }
  if (deltas > 0) {
    above.written(deltas, last_load);
    for (const auto& b : above.take_erased_bodies()) bodies.erase(b);
    above.retire(held_loads.empty() ? std::nullopt : std::optional{*held_loads.begin()});
  }
  if (of_core.number > 0) core.persisted(of_core);
  told = std::max(told, ticket);
  leave_held(told);
}

// ---- the log's length -------------------------------------------------------------------------------------------

/// Which configuration was in force at an index must be known after a restart, too.
void replica::impl::note_configs(const raft::persist_request& p) {
  auto& all = record.configs;
  if (p.truncate_from) std::erase_if(all, [&](const auto& c) { return c.index >= *p.truncate_from; });
  for (const auto& e : p.entries) {
    if (e.config) all.push_back({e.index, *e.config});
  }
  // The state on disk is at least what was written; of the configurations up to there the last one counts.
  const auto& state = above.written_state();
  const auto done = std::max(state ? state->index : log_index{}, record.snapshot.index);
  while (all.size() > 1 && all[1].index <= done) all.erase(all.begin());
  while (!all.empty() && all.front().index <= record.snapshot.index) all.erase(all.begin());
}

void replica::impl::put_record() {
  batch->put(family::raft_state, keys::raft_state(options.shard), codec::encode_replica(options.shard, record));
}

// Metadata only: the state is on disk already. Entries below a written delta may go; some are kept for a look back, and
// a leader keeps what a follower that is alive has not got, within a bound.
log_index replica::impl::cut_from() const {
  const auto& state = above.written_state();
  if (!state || switching) return {};
  const bool idle = now.steady - active >= idle_after;
  const auto kept = idle ? 0 : options.bounds.log_entries_kept;
  const auto interval = idle ? idle_entries : options.bounds.cut_interval;
  const auto next = state->index.value + 1;
  if (next < disk_first.value + kept + interval) return {};
  auto from = next - kept;
  if (leads && has_peers()) {
    auto wanted = core.status().at_all.value_or(log_index{}).value + 1;
    for (const auto& s : sessions) {
      if (s.at.value > 0) wanted = std::min(wanted, s.at.value + 1);
    }
    from = std::max(std::min(from, wanted), std::min(from, sizes.first_within(options.bounds.log_bytes_max).value));
    if (from < disk_first.value + interval) return {};
  }
  return {from};
}

void replica::impl::cut_log() {
  const auto from = cut_from();
  if (from.value == 0) return;
  const auto& state = *above.written_state();
  core.compacted({state.index, state.term, core.config(), state.machine_version, state.state_hash}, from);
}

} // namespace burrow
