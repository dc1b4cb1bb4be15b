// Recovery of one shard: hard state, applied record, and every entry that is not applied yet. Whatever fails a check
// makes the shard damaged; it is never taken for an empty log.
#include "cluster/base/limits.hpp"
#include "cluster/replica/stored.hpp"
#include "cluster/storage/keys.hpp"

namespace burrow {
namespace {

constexpr std::size_t page_items = 256;

// Node ids are drawn when a node is made and a shard is made once on it, so the pair never names two replicas.
replica_id make_replica_id(node_id node, shard_id shard) {
  std::string bytes;
  byte_writer out(bytes);
  out.u64(node.value);
  out.u16(shard.value);
  return {hash_of(bytes).low | 1U};
}

codec::replica_record make_record(const replica_options& options) {
  codec::replica_record out;
  out.replica = make_replica_id(options.self, options.shard);
  out.config.voters = {{out.replica, options.self}};
  out.snapshot.config = out.config;
  return out;
}

result<void> decode_tail_entry(raft::entry& e) {
  if (e.kind != raft::entry_kind::command) return {};
  auto command = codec::decode_command(e.payload.command.view(), e.payload.bodies);
  if (!command) return error{errc::corrupt, "logged command: " + std::string(to_string(command.code()))};
  auto local = std::make_shared<local_entry>();
  local->command = std::move(command).value();
  e.payload.decoded = std::move(local);
  return {};
}

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
      if (auto fine = decode_tail_entry(*e); !fine) return fine;
      out.tail.push_back(std::move(e).value());
    }
    complete = page->complete || page->items.empty();
    if (!page->items.empty()) request.from = page->items.back().first + '\0';
  }
  return {};
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
  if (auto fine = read_tail(from, options.shard, *out); !fine) return fine.error();
  if (options.check_state) {
    if (auto fine = check_stored(from, options.shard, *out); !fine) return fine.error();
  }
  return std::shared_ptr<const stored_replica>(std::move(out));
}

} // namespace burrow
