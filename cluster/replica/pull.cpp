// The follower's side of an install: chunks go, unsynced, into the next generation, checked as they come; then one
// synced batch switches to it and drops the old log and state whole. Until that batch the replica is what it was, and
// what a crash leaves of the new generation is garbage that the next start sweeps (replication.md section 10).
#include "cluster/base/limits.hpp"
#include "cluster/queue/snapshot.hpp"
#include "cluster/replica/impl.hpp"
#include "cluster/storage/keys.hpp"

namespace burrow {
namespace {

using namespace std::chrono_literals;
constexpr duration ask_again_after = 1s;
constexpr std::size_t body_key_bytes = 12; ///< index and number, behind shard and generation

void erase_generation(write_batch& batch, shard_id shard, generation g) {
  const auto from = keys::prefix(shard, g);
  for (const auto where : {family::queue, family::body}) batch.erase_range(where, from, keys::after_prefix(from));
}

} // namespace

void replica::impl::start_pull(raft::install_offer offer) {
  give_up_pull(); // of another session: within one only may a pull go on
  pull = std::make_unique<pull_state>();
  pull->offer = std::move(offer);
  pull->into = {record.generation.value + 1};
  pull->heard = now.steady;
  ask_chunk();
}

void replica::impl::ask_chunk() {
  pull->asked = true;
  pull->asked_at = now.steady;
  const pull_request ask{pull->offer.session, pull->where, pull->from, false};
  effects.push_back(send_effect{bulk_message{{record.replica, options.self}, pull->offer.from, ask}});
}

/// What came of it is deleted; the core may take the next offer, or campaign.
void replica::impl::give_up_pull() {
  if (!pull) return;
  core.install_failed(pull->offer.session);
  if (!batch) batch = std::make_shared<write_batch>();
  erase_generation(*batch, options.shard, pull->into);
  const pull_request done{pull->offer.session, pull->where, {}, true};
  effects.push_back(send_effect{bulk_message{{record.replica, options.self}, pull->offer.from, done}});
  pull.reset();
}

void replica::impl::received(const raft::member& from, pull_chunk m) {
  if (!pull || !pull->asked || from != pull->offer.from || m.session != pull->offer.session) return;
  if (m.where != pull->where || m.from != pull->from) return; // an answer that came twice
  if (m.lost || !take_chunk(m)) return give_up_pull();
  pull->gaps = pull->gaps || m.gaps;
  pull->asked = false;
  pull->heard = now.steady;
  ++counted.chunks_taken;
  std::size_t bytes = 0;
  for (const auto& [key, value] : m.items) bytes += key.size() + value.size();
  pull->ask_from = now.steady + duration{static_cast<std::int64_t>(bytes * 1000 / options.bounds.install_bytes_per_s)};
  if (!m.items.empty()) pull->from = m.items.back().first + '\0';
  if (!m.complete) return;
  pull->from.clear();
  pull->complete = pull->where == family::body;
  pull->where = family::body;
}

/// Checks a chunk and puts it into the batch of this turn. False: these are not the pairs of what was offered.
bool replica::impl::take_chunk(pull_chunk& m) {
  if (!batch) batch = std::make_shared<write_batch>();
  pull->in_batch = pull->writing = true;
  const std::string* last = nullptr;
  if (m.items.empty() && !m.complete) return false;
  for (auto& [key, value] : m.items) {
    if (key < m.from || (last != nullptr && key <= *last)) return false;
    last = &key;
    if (m.where == family::body) {
      byte_reader in(key);
      const log_index index{in.u64()};
      const auto n = in.u32();
      if (key.size() != body_key_bytes || index > pull->offer.meta.index) return false;
      pull->sums.add_body(index, n, value);
      batch->put(family::body, keys::body(options.shard, pull->into, index, n), std::move(value));
    } else if (key == keys::applied_relative) {
      auto state = codec::decode_applied(options.shard, value);
      const auto& meta = pull->offer.meta;
      if (!state || state->index != meta.index || state->term != meta.term || state->state_hash != meta.state_hash) {
        return false;
      }
      pull->applied = *state;
    } else {
      if (!pull->sums.add_pair(key, value)) return false;
      if (key == queue::key::shard()) pull->life = queue::decode_shard(value).value_or(queue::shard_record{}).life;
      batch->put(family::queue, keys::queue(options.shard, pull->into, key), std::move(value));
    }
  }
  return true;
}

/// Once a turn. The next chunk is asked for when the last is written: so one is in memory, and a slow disk slows it.
void replica::impl::go_on_pulling() {
  if (!pull) return;
  if (now.steady - pull->heard >= limits::install_silence_max) return give_up_pull();
  if (pull->writing) return;
  if (pull->complete) return finish_pull();
  if (!pull->asked ? now.steady >= pull->ask_from : now.steady - pull->asked_at >= ask_again_after) ask_chunk();
}

void replica::impl::finish_pull() {
  const auto meta = pull->offer.meta;
  // What comes of a state with gaps is checked body by body when it is read.
  const bool whole = pull->applied && pull->sums.state() == meta.state_hash;
  if (!whole || (!pull->gaps && !pull->sums.bodies_match())) return give_up_pull();
  drain_raft(); // what the core has to say about the old log comes before the switch
  if (!pull || damaged) return;
  if (!core.begin_switch(meta, pull->offer.session)) return give_up_pull();
  const pull_request done{pull->offer.session, pull->where, {}, true};
  effects.push_back(send_effect{bulk_message{{record.replica, options.self}, pull->offer.from, done}});
  switching = std::make_unique<switch_state>(switch_state{meta, *pull->applied});
  const auto shard = options.shard;
  if (!batch) batch = std::make_shared<write_batch>();
  batch->erase_range(family::raft_log, keys::raft_log(shard, {}), keys::after_prefix(keys::raft_state(shard)));
  erase_generation(*batch, shard, record.generation);
  record.generation = pull->into;
  record.snapshot = meta;
  record.config = meta.config;
  record.configs.clear();
  static_cast<void>(note_life(pull->life));
  record.log_first = disk_first = {meta.index.value + 1};
  batch->put(family::queue, keys::queue(shard, record.generation, keys::applied_relative),
             codec::encode_applied(shard, *pull->applied));
  put_record();
  batch_sync = batch_switch = true;
  pull.reset();
}

/// The switch is on disk: everything that this life knew of the old state goes.
void replica::impl::finish_switch() {
  const auto done = std::move(switching);
  fail_flights(true);
  for (auto& [id, purpose] : std::exchange(loads, {})) {
    if (const auto* const waits = std::get_if<body_load>(&purpose)) give_up(waits->what);
  }
  fetching.reset();
  asked_items.clear();
  held_loads.clear();
  apply_loads = {};
  due_loads = {};
  pins.clear();
  bodies.clear();
  to_apply.clear();
  to_apply_bytes = 0;
  sizes.clear();
  noted.clear();
  above = {};
  delta_since.reset();
  due_stale = true;
  prefix = keys::prefix(options.shard, record.generation);
  applied = done->applied;
  ++counted.installs;
  core.snapshot_installed(done->meta);
}

} // namespace burrow
