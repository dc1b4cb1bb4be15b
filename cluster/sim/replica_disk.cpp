// The log writer of a node, its readers, and the start of a replica on what the store holds.
#include "cluster/base/limits.hpp"
#include "cluster/replica/reading.hpp"
#include "cluster/replica/state_sums.hpp"
#include "cluster/sim/replica_world.hpp"
#include "cluster/storage/keys.hpp"

namespace burrow::sim {

void replica_world::start_writing(replica_node& n) {
  if (n.writing || n.writer.empty()) return;
  replica_node::writing_batch next{n.writer.take_batch(), 0};
  BURROW_ASSERT(n.store->write(next.what.merged()).ok());
  next.sequence = n.store->sequence();
  micros time = 10;
  if (next.what.sync) {
    time = calm_ ? chance_.between(100, 2 * ms) : plan_.base.sync.draw(chance_);
    const auto& p = plan_.base;
    if (!calm_ && p.long_sync > 0 && chance_.chance(p.long_sync)) time += chance_.between(500, 3000) * ms;
  }
  n.writing = std::move(next);
  schedule(time, kind::written, n.number);
}

void replica_world::written(replica_node& n) {
  const auto done = *std::exchange(n.writing, {});
  if (done.what.sync) BURROW_ASSERT(n.store->sync_to(done.sequence).ok());
  for (auto& s : n.slots) {
    persist_ticket last;
    for (const auto& item : done.what.items) {
      if (item.shard == s.shard && item.start == s.start) last = item.ticket;
    }
    if (!s.core || last.value == 0) continue;
    auto& facts = shards_[s.shard.value - 1U];
    const auto known = [&](log_index i) { return i.value < facts.chain.size() ? facts.chain[i.value] : 0; };
    // What was written without a sync is as good as not there until one comes.
    while (done.what.sync && !s.unwritten.empty() && s.unwritten.front().ticket <= last) {
      s.durable.take(*s.unwritten.front().batch, known, {});
      s.unwritten.pop_front();
    }
    if (done.what.sync) s.vote_unsynced = false;
    const auto installs = s.core->status().installs;
    s.core->persisted(clock_of(n), last);
    if (s.core->status().installs > installs) {
      ++met_.installs;
      aimed_ = seldom;
    }
    input_done(n, s);
  }
  for (auto& s : n.slots) {
    if (s.starting) start(n, s);
  }
  start_writing(n);
}

void replica_world::read(replica_node& n, replica_slot& s, std::uint64_t load) {
  auto& l = s.loads.at({load});
  const auto pinned = s.pins.find(l.what.session);
  for (const auto& item : l.what.items) {
    if (l.what.session.value != 0 && pinned == s.pins.end()) {
      l.values.push_back({errc::unavailable});
    } else if (l.what.session.value != 0) {
      pinned->second.used = now_;
      l.values.push_back(read_item(*pinned->second.state, item));
    } else {
      l.values.push_back(read_item(*n.store, item));
    }
  }
  const auto after = calm_ ? chance_.between(50, ms) : plan_.read.draw(chance_);
  schedule(after, kind::loaded, n.number, s.shard.value - 1U, load);
}

void replica_world::start(replica_node& n, replica_slot& s) {
  s.starting = false;
  ++s.life;
  auto& facts = shards_[s.shard.value - 1U];
  replica_options o;
  o.shard = s.shard;
  o.self = n.id;
  o.replica = s.self.replica;
  o.initial = raft::configuration{};
  for (std::size_t i = 0; i < plan_.base.voters && n.number < plan_.base.voters && s.replaced == 0; ++i) {
    o.initial->voters.push_back({id_of(i, s.shard), nodes_[i].id});
  }
  o.core = plan_.base.core;
  o.bounds = plan_.bounds;
  o.catch_up = n.catch_up;
  const auto stored = load_replica(*n.store, o);
  if (!stored && s.rotten) return lose(s);
  if (!stored) return found_.add("damaged", "a start finds: " + stored.error().context);
  if (s.rotten) return found_.add("damaged", "a replica starts from a disk with a flipped bit");
  s.core = std::make_unique<replica>(o, *n.store, *stored, clock_of(n));
  s.core->disk_low(n.low);
  s.loads.clear();
  s.pins.clear();
  s.unwritten.clear();
  s.drain_set = s.vote_unsynced = s.was_asleep = s.damaged = false;
  const auto known = [&](log_index i) { return i.value < facts.chain.size() ? facts.chain[i.value] : 0; };
  s.durable.read(*n.store, known);
  s.handed = s.durable;
  const auto now = s.core->status();
  s.seen_applied = now.applied;
  facts.committed.restarted(s.self.replica, s.durable.hard().term, now.applied, found_);
  facts.states.has(s.self.replica, now.applied, now.state_hash, found_);
  check_store(n, s, false);
  input_done(n, s);
}

/// The state's hash, recomputed from the store; and at rest, that its bodies are those that its messages name.
void replica_world::check_store(const replica_node& n, const replica_slot& s, bool at_rest) {
  const auto g = s.durable.record().generation;
  scan_request all;
  all.from = keys::prefix(s.shard, g);
  all.to = keys::after_prefix(all.from);
  all.items_max = ~std::size_t{0};
  const auto page = n.store->scan(family::queue, all, read_tier::disk);
  state_sums sums;
  hash128 noted;
  const auto name = "replica " + std::to_string(s.self.replica.value);
  for (const auto& [key, value] : page->items) {
    const auto relative = std::string_view(key).substr(keys::prefix_bytes);
    if (relative == keys::applied_relative) noted = codec::decode_applied(s.shard, value)->state_hash;
    else if (!sums.add_pair(relative, value)) found_.add("states", name + " has a pair that cannot be read");
  }
  if (noted != sums.state()) found_.add("states", name + " has a state on disk that is not what its hash says");
  if (!at_rest) return;
  const auto bodies = n.store->scan(family::body, all, read_tier::disk);
  for (const auto& [key, value] : bodies->items) {
    byte_reader in(std::string_view(key).substr(keys::prefix_bytes));
    const log_index index{in.u64()};
    sums.add_body(index, in.u32(), value);
  }
  if (!sums.bodies_match()) found_.add("bounds", name + " has other bodies than its messages name");
  scan_request shard = all;
  shard.from = keys::raft_state(s.shard);
  shard.to = keys::after_prefix(shard.from);
  const auto of_all = n.store->scan(family::queue, shard, read_tier::disk)->items.size();
  if (of_all != page->items.size()) found_.add("bounds", name + " has pairs of another generation");
}

} // namespace burrow::sim
