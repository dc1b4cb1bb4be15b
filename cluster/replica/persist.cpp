// What goes to the log writer: log entries with their bodies, the replica's record, and deltas, as one batch a turn.
#include "cluster/base/limits.hpp"
#include "cluster/replica/impl.hpp"
#include "cluster/storage/keys.hpp"

namespace burrow {
namespace {

using namespace std::chrono_literals;
constexpr std::uint64_t cut_interval = limits::log_entries_kept; ///< many range tombstones slow iterators down
constexpr std::uint64_t idle_entries = 16;
constexpr duration idle_after = 30s;

} // namespace

void replica::impl::put_raft(const raft::persist_request& p) {
  const auto shard = options.shard;
  const auto g = record.generation;
  if (!batch) batch = std::make_shared<write_batch>();
  if (p.truncate_from) {
    batch->erase_range(family::raft_log, keys::raft_log(shard, *p.truncate_from),
                       keys::after_prefix(keys::raft_state(shard)));
    batch->erase_range(family::body, keys::body(shard, g, *p.truncate_from, 0),
                       keys::after_prefix(keys::prefix(shard, g)));
  }
  for (const auto& e : p.entries) {
    batch->put(family::raft_log, keys::raft_log(shard, e.index), codec::encode_entry(shard, e));
    std::vector<shared_bytes> cached;
    for (std::uint32_t n = 0; n < e.payload.bodies.size(); ++n) {
      const auto& bytes = e.payload.bodies[n].bytes;
      batch->put_shared(family::body, keys::body(shard, g, e.index, n), bytes);
      cached.push_back(bytes);
    }
    bodies.add(e.index, std::move(cached));
  }
  if (p.hard) record.hard = *p.hard;
  if (p.config) record.config = *p.config;
  if (p.snapshot) record.snapshot = *p.snapshot;
  if (p.log_first) {
    batch->erase_range(family::raft_log, keys::raft_log(shard, disk_first), keys::raft_log(shard, *p.log_first));
    record.log_first = disk_first = *p.log_first;
  }
  if (p.hard || p.config || p.snapshot || p.log_first) {
    batch->put(family::raft_state, keys::raft_state(shard), codec::encode_replica(shard, record));
  }
  // A cut alone may be lost: the entries are there again, and harmless.
  batch_sync = batch_sync || p.truncate_from || !p.entries.empty() || p.hard || p.config;
  batch_core = p.ticket;
}

// Deltas travel with whatever is written anyway, or alone when they have waited long enough; the log can repeat them,
// so they ask for no sync.
void replica::impl::put_deltas() {
  if (!above.has_unsent() || damaged) return;
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
  written_later.push_back({ticket, batch_core, batch_deltas});
  effects.push_back(persist_effect{ticket, std::move(batch), batch_sync});
  batch.reset();
  batch_core = {};
  batch_deltas = 0;
  batch_sync = false;
}

void replica::impl::persisted(persist_ticket ticket) {
  BURROW_ASSERT(ticket <= last_ticket);
  raft::persist_ticket of_core;
  std::uint64_t deltas = 0;
  while (!written_later.empty() && written_later.front().ticket <= ticket) {
    const auto& w = written_later.front();
    if (w.of_core.number > 0) of_core = w.of_core;
    if (w.deltas_up_to > 0) deltas = w.deltas_up_to;
    written_later.pop_front();
  }
  if (deltas > 0) {
    above.written(deltas, last_load);
    for (const auto& b : above.take_erased_bodies()) bodies.erase(b);
    above.retire(held_loads.empty() ? std::nullopt : std::optional{*held_loads.begin()});
  }
  if (of_core.number > 0) core.persisted(of_core);
}

// Metadata only: the state is on disk already. Entries below a written delta may go; some are kept for a look back.
log_index replica::impl::cut_from() const {
  const auto& state = above.written_state();
  if (!state) return {};
  const bool idle = now.steady - active >= idle_after;
  const auto kept = idle ? 0 : limits::log_entries_kept;
  const auto interval = idle ? idle_entries : cut_interval;
  const auto next = state->index.value + 1;
  return {next >= disk_first.value + kept + interval ? next - kept : 0};
}

void replica::impl::cut_log() {
  const auto from = cut_from();
  if (from.value == 0) return;
  const auto& state = *above.written_state();
  core.compacted({state.index, state.term, core.config(), state.machine_version, state.state_hash}, from);
}

} // namespace burrow
