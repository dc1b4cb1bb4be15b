#include "cluster/replica/renew.hpp"

#include "cluster/replica/reading.hpp"
#include "cluster/replica/stored.hpp"
#include "cluster/storage/keys.hpp"

namespace burrow {
namespace {

/// Runs a replica by hand until its log is applied and written. Its time stands still at that of its state, so nothing
/// falls due meanwhile.
class driver {
public:
  driver(store& data, const replica_options& options) : data_(data), options_(options) {}

  /// The last index of the log, all of which is applied.
  result<log_index> run() {
    auto stored = load_replica(data_, options_);
    if (!stored) return stored.error();
    now_ = {duration{1000}, (*stored)->applied.time};
    replica_ = std::make_unique<replica>(options_, data_, std::move(*stored), now_);
    if (auto done = pump(); !done) return done.error();
    const auto status = replica_->status();
    if (!status.leads || status.applied != status.last)
      return error{errc::corrupt, "the log of the shard cannot be applied"};
    replica_->drain(now_);
    if (auto done = pump(); !done) return done.error();
    return status.last;
  }

private:
  result<void> pump() {
    for (bool more = true; more;) {
      more = false;
      for (auto& e : replica_->take_effects()) {
        if (const auto* const p = std::get_if<persist_effect>(&e)) {
          if (auto done = data_.write(*p->batch); !done) return done;
          replica_->persisted(now_, p->ticket);
          more = true;
        } else if (const auto* const l = std::get_if<load_effect>(&e)) {
          std::vector<loaded_item> values;
          for (const auto& item : l->items) values.push_back(read_item(data_, item));
          replica_->loaded(now_, l->id, std::move(values));
          more = true;
        } else if (const auto* const d = std::get_if<damaged_effect>(&e)) {
          return d->why;
        }
      }
    }
    return data_.sync();
  }

  store& data_;
  replica_options options_;
  clock_reading now_;
  std::unique_ptr<replica> replica_;
};

result<void> write_synced(store& data, const write_batch& batch) {
  if (auto done = data.write(batch); !done) return done;
  return data.sync();
}

/// Entries that speak of a configuration name members that are no longer any.
result<void> forget_configurations(const store& data, shard_id shard, write_batch& batch) {
  scan_request request;
  request.from = keys::raft_state(shard); // the beginning of raft_log's keys, too
  request.to = keys::after_prefix(request.from);
  request.items_max = 256;
  request.bytes_max = std::size_t{8} << 20;
  for (bool complete = false; !complete;) {
    const auto page = data.scan(family::raft_log, request, read_tier::disk);
    if (!page) return page.error();
    for (const auto& [key, value] : page->items) {
      const auto place = keys::parse_raft_log(key);
      auto entry = place ? codec::decode_entry(shard, place->second, value) : result<raft::entry>(errc::corrupt);
      if (!entry) return entry.error();
      if (entry->kind != raft::entry_kind::configuration) continue;
      entry->kind = raft::entry_kind::empty;
      entry->config = nullptr;
      batch.put(family::raft_log, key, codec::encode_entry(shard, *entry));
    }
    complete = page->complete || page->items.empty();
    if (!page->items.empty()) request.from = page->items.back().first + '\0';
  }
  return {};
}

result<codec::replica_record> read_record(const store& data, shard_id shard) {
  const auto found = data.get(family::raft_state, keys::raft_state(shard), read_tier::disk);
  if (!found) return found.error();
  if (!found->found) return error{errc::corrupt, "the replica's record is missing"};
  return codec::decode_replica(shard, found->value);
}

/// The log ends where the state is, and begins again far behind.
result<void> leave_a_gap(store& data, shard_id shard, log_index last) {
  auto record = read_record(data, shard);
  if (!record) return record.error();
  const auto key = keys::queue(shard, record->generation, keys::applied_relative);
  const auto found = data.get(family::queue, key, read_tier::disk);
  if (!found) return found.error();
  // Without a record nothing but empty entries was ever applied.
  auto applied = found->found ? codec::decode_applied(shard, found->value) : result(codec::applied_record{});
  if (!applied) return applied.error();

  write_batch batch;
  batch.erase_range(family::raft_log, keys::raft_state(shard), keys::after_prefix(keys::raft_state(shard)));
  applied->index.value = last.value + renewal_gap;
  applied->term = record->hard.term;
  record->log_first = {applied->index.value + 1};
  record->snapshot = {applied->index, applied->term, record->config, applied->machine_version, applied->state_hash};
  batch.put(family::queue, key, codec::encode_applied(shard, *applied));
  batch.put(family::raft_state, keys::raft_state(shard), codec::encode_replica(shard, *record));
  return write_synced(data, batch);
}

} // namespace

result<void> renew_replica(store& data, const renewal& what) {
  const auto found = data.get(family::raft_state, keys::raft_state(what.shard), read_tier::disk);
  if (!found) return found.error();
  replica_options options;
  options.shard = what.shard;
  options.self = what.node;
  if (!found->found) { // fresh, unless something of it is there
    const auto stored = load_replica(data, options);
    return stored ? result<void>{} : stored.error();
  }
  auto record = codec::decode_replica(what.shard, found->value);
  if (!record) return record.error();
  write_batch batch;
  auto forgotten = forget_configurations(data, what.shard, batch);
  record->replica = what.replica;
  record->config = {};
  record->config.voters = {{what.replica, what.node}};
  record->snapshot.config = record->config;
  ++record->hard.term.value;
  record->hard.vote = {};
  ++record->life;
  batch.put(family::raft_state, keys::raft_state(what.shard), codec::encode_replica(what.shard, *record));
  if (auto done = write_synced(data, batch); !done) return done;
  if (!forgotten || !what.apply) return forgotten;
  const auto last = driver(data, options).run();
  return last ? leave_a_gap(data, what.shard, *last) : result<void>(last.error());
}

} // namespace burrow
