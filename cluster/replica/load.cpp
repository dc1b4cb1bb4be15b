// Recovery of one shard: hard state, applied record, and every entry that is not applied yet. Whatever fails a check
// makes the shard damaged; it is never taken for an empty log.
#include "cluster/base/limits.hpp"
#include "cluster/replica/stored.hpp"
#include "cluster/storage/keys.hpp"

namespace burrow {
namespace {

constexpr std::size_t page_items = 256;

codec::replica_record make_record(const replica_options& options) {
  codec::replica_record out;
  out.replica = options.replica.value != 0 ? options.replica : first_replica_of(options.self, options.shard);
  if (options.initial) out.config = *options.initial;
  else out.config.voters = {{out.replica, options.self}};
  out.snapshot.config = out.config;
  return out;
}

/// The terms of the entries kept below the applied index: their bounds are looked for, so that a long log costs a few
/// reads and not all of it.
class term_finder {
public:
  term_finder(const store& from, shard_id shard) : from_(from), shard_(shard) {}

  result<void> find(stored_replica& out) {
    std::size_t probes = 0, bytes = 0;
    const auto term_at = [&](std::uint64_t index) -> result<term> {
      auto got = from_.get(family::raft_log, keys::raft_log(shard_, {index}), read_tier::disk);
      if (!got) return got.error();
      if (!got->found) return error{errc::corrupt, "a gap in the log"};
      auto e = codec::decode_entry(shard_, {index}, got->value);
      if (!e) return e.error();
      ++probes;
      bytes += got->value.size();
      return e->term;
    };
    const auto last = out.applied.index.value;
    for (auto first = out.record.log_first.value; first <= last;) {
      const auto t = term_at(first);
      if (!t) return t.error();
      out.terms.push_back({*t, {first}});
      // The greatest index of this term. Most logs have one, so the end is looked at first.
      auto low = first, high = last + 1;
      for (auto at = last; high - low > 1; at = low + (high - low) / 2) {
        const auto there = term_at(at);
        if (!there) return there.error();
        if (*there < *t) return error{errc::corrupt, "term of a log entry"};
        (*there == *t ? low : high) = at;
      }
      first = low + 1;
    }
    if (probes > 0) out.log_bytes = bytes / probes * (last - out.record.log_first.value + 1);
    return {};
  }

private:
  const store& from_;
  shard_id shard_;
};

result<void> read_tail(const store& from, shard_id shard, stored_replica& out) {
  scan_request request;
  request.from = keys::raft_log(shard, {out.applied.index.value + 1});
  request.to = keys::after_prefix(keys::raft_state(shard));
  request.items_max = page_items;
  request.bytes_max = limits::writer_batch_bytes_max;
  for (bool complete = false; !complete;) {
    auto page = from.scan(family::raft_log, request, read_tier::disk);
    if (!page) return page.error();
    for (const auto& [key, value] : page->items) {
      const auto place = keys::parse_raft_log(key);
      const auto expected = out.tail.empty() ? out.applied.index.value + 1 : out.tail.back().index.value + 1;
      if (!place || place->second.value != expected) return error{errc::corrupt, "a gap in the log"};
      auto e = codec::decode_entry(shard, place->second, value);
      if (!e) return e.error();
      const auto before = out.tail.empty() ? out.applied.term : out.tail.back().term;
      if (e->term < before || e->term > out.record.hard.term) return error{errc::corrupt, "term of a log entry"};
      if (auto fine = decode_payload(*e); !fine) {
        return error{errc::corrupt, "logged command: " + std::string(to_string(fine.code()))};
      }
      out.tail.push_back(std::move(e).value());
    }
    complete = page->complete || page->items.empty();
    if (!page->items.empty()) request.from = page->items.back().first + '\0';
  }
  return {};
}

/// What a half-finished install has left, or one that was given up.
result<bool> has_garbage(const store& from, shard_id shard, generation valid) {
  for (const auto where : {family::queue, family::body}) {
    scan_request below, above;
    below.from = keys::raft_state(shard);
    below.to = keys::prefix(shard, valid);
    above.from = keys::after_prefix(keys::prefix(shard, valid));
    above.to = keys::after_prefix(keys::raft_state(shard));
    for (const auto& request : {below, above}) {
      const auto page = from.scan(where, request, read_tier::disk);
      if (!page) return page.error();
      if (!page->items.empty()) return true;
    }
  }
  return false;
}

/// True if the store holds an entry of this shard: then a missing record is damage, not a fresh shard.
result<bool> has_entries(const store& from, shard_id shard) {
  scan_request request;
  request.from = keys::raft_state(shard);
  request.to = keys::after_prefix(request.from);
  for (const auto where : {family::raft_log, family::queue}) {
    auto page = from.scan(where, request, read_tier::disk);
    if (!page) return page.error();
    if (!page->items.empty()) return true;
  }
  return false;
}

} // namespace

// Node ids are drawn when a node is made and a shard is made once on it, so the pair never names two replicas.
replica_id first_replica_of(node_id node, shard_id shard) {
  std::string bytes;
  byte_writer out(bytes);
  out.u64(node.value);
  out.u16(shard.value);
  return {hash_of(bytes).low | 1U};
}

result<void> decode_payload(raft::entry& e) {
  if (e.kind != raft::entry_kind::command) return {};
  auto command = codec::decode_command(e.payload.command.view(), e.payload.bodies);
  if (!command) return command.error();
  auto local = std::make_shared<local_entry>();
  local->command = std::move(command).value();
  e.payload.decoded = std::move(local);
  return {};
}

result<std::shared_ptr<const stored_replica>> load_replica(const store& from, const replica_options& options) {
  auto out = std::make_shared<stored_replica>();
  auto record = from.get(family::raft_state, keys::raft_state(options.shard), read_tier::disk);
  if (!record) return record.error();
  if (!record->found) {
    auto any = has_entries(from, options.shard);
    if (!any) return any.error();
    if (*any) return error{errc::corrupt, "the replica's record is missing"};
    out->record = make_record(options);
    out->fresh = true; // or all of it was in what was lost: then nothing of it is left to be wrong
    return std::shared_ptr<const stored_replica>(std::move(out));
  }
  auto decoded = codec::decode_replica(options.shard, record->value);
  if (!decoded) return decoded.error();
  out->record = std::move(decoded).value();

  const auto key = keys::queue(options.shard, out->record.generation, keys::applied_relative);
  auto applied = from.get(family::queue, key, read_tier::disk);
  if (!applied) return applied.error();
  if (applied->found) {
    auto got = codec::decode_applied(options.shard, applied->value);
    if (!got) return got.error();
    out->applied = *got;
  }
  // The log is cut below written deltas only, so the state cannot lie below its beginning.
  if (out->applied.index.value + 1 < out->record.log_first.value || out->applied.term > out->record.hard.term) {
    return error{errc::corrupt, "the state lies below the log"};
  }
  if (auto fine = term_finder(from, options.shard).find(*out); !fine) return fine.error();
  if (auto fine = read_tail(from, options.shard, *out); !fine) return fine.error();
  auto garbage = has_garbage(from, options.shard, out->record.generation);
  if (!garbage) return garbage.error();
  out->garbage = *garbage;
  if (options.check_state) {
    if (auto fine = check_stored(from, options.shard, *out); !fine) return fine.error();
  }
  return std::shared_ptr<const stored_replica>(std::move(out));
}

} // namespace burrow
