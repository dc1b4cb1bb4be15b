#include "test/support/moves_check.hpp"

#include "cluster/codec/log_codec.hpp"
#include "cluster/queue/move_records.hpp"
#include "cluster/storage/keys.hpp"

#include <algorithm>

namespace burrow::test {

using namespace queue;

namespace {

std::string name_of(const hash128& h) { return std::to_string(h.low % 100'000); }

} // namespace

void moves_check::complain(const std::string& what) {
  if (wrong_.size() < 20) wrong_.push_back(what);
}

void moves_check::follow(shard_id shard, const memory_store& disk) {
  auto& log = logs_[shard];
  scan_request request;
  request.from = keys::raft_log(shard, {log.applied.value + 1});
  request.to = keys::after_prefix(keys::raft_state(shard));
  request.items_max = ~std::size_t{0};
  const auto page = disk.scan(family::raft_log, request, read_tier::disk);
  for (const auto& [key, bytes] : page.value().items) {
    const auto index = keys::parse_raft_log(key)->second;
    if (index.value != log.applied.value + 1) return complain("a gap in the log");
    const auto e = codec::decode_entry(shard, index, bytes).value();
    log.applied = index;
    if (e.kind != raft::entry_kind::command) continue;
    const auto command = codec::decode_command(e.payload.command.view(), e.payload.bodies).value();
    apply_entry(shard, index, command.what, command.now);
  }
}

void moves_check::apply_entry(shard_id shard, log_index index, const entry_command& entry, instant at) {
  auto& log = logs_[shard];
  auto& state = states_view_[shard];
  ++entries;
  log.time = std::max(log.time, at);
  const auto out = apply({shard, index, log.time}, entry, state);
  if (const auto bad = state.accept(out.changes); !bad.empty()) complain(bad);
  auto after = places_in(state);
  compare(shard, log.where, after, out, entry);
  log.where = std::move(after);
}

moves_check::places moves_check::places_in(const map_view& state) {
  places out;
  std::map<std::uint64_t, std::string> queues;
  for (auto at = state.pairs.lower_bound(std::string(1, key::queue_family));
       at != state.pairs.end() && at->first < key::family_end(key::queue_family); ++at)
    queues[decode_queue(at->second)->number.value] = key::queue_of(at->first).queue;
  for (const auto& [k, v] : state.pairs) {
    if (key::is_leaving(k)) {
      const auto number = key::move_of(k);
      out.leaving[{key::shard_of(k), number}] = decode_leaving(number, v)->moved.what.body.hash;
    } else if (key::is_message(k)) {
      const auto queue = queues.find(byte_reader(std::string_view(k).substr(1)).u64());
      if (queue == queues.end()) continue; // purged
      out.queued[decode_message({key::last_number(k)}, v)->item.body.hash] = queue->second;
    }
  }
  return out;
}

moves_check::brought_in moves_check::brought_by(shard_id shard, const outcome& out, const entry_command& entry) {
  brought_in in;
  for (std::size_t n = 0; n < entry.commands.size(); ++n) {
    if (const auto* const i = std::get_if<insert>(&entry.commands[n].what))
      for (std::size_t k = 0; k < i->items.size(); ++k)
        if (std::get<insert_reply>(out.replies[n]).items[k].status == insert_status::created)
          in.fresh.insert(i->items[k].body_hash);
    const auto* const a = std::get_if<arrive>(&entry.commands[n].what);
    for (std::size_t k = 0; a != nullptr && k < a->items.size(); ++k) {
      const auto& item = a->items[k];
      const std::pair from{a->from, move_key{shard, item.number}};
      const bool known = states_view_[shard].pairs.contains(key::arrived(a->from, item.number));
      if (known && arrived_.emplace(from, item.what.body.hash).second) {
        ++arrived;
        in.fresh.insert(item.what.body.hash);
      } else {
        ++repeated;
        in.again.insert(item.what.body.hash);
      }
    }
  }
  seen_.insert(in.fresh.begin(), in.fresh.end());
  return in;
}

void moves_check::compare(shard_id shard, const places& before, const places& after, const outcome& out,
                          const entry_command& entry) {
  const auto in = brought_by(shard, out, entry);
  const std::string here = " on shard " + std::to_string(shard.value);
  for (const auto& [body, queue] : after.queued) {
    const auto was = before.queued.find(body);
    if (was != before.queued.end()) {
      local += was->second != queue ? 1 : 0;
      continue;
    }
    if (!in.fresh.contains(body))
      complain(name_of(body) + (in.again.contains(body) ? " arrived twice" : " came from nowhere") + here);
    if (gone_.contains(body)) complain(name_of(body) + " came back from the dead" + here);
    for (const auto& [other, log] : logs_)
      if (other != shard && log.where.queued.contains(body)) complain(name_of(body) + " is visible twice" + here);
  }
  account_for_gone(shard, before, after, out, in);
}

void moves_check::account_for_gone(shard_id shard, const places& before, const places& after, const outcome& out,
                                   const brought_in& in) {
  const std::string here = " on shard " + std::to_string(shard.value);
  std::set<hash128> began;
  for (const auto& [move, body] : after.leaving)
    if (!before.leaving.contains(move)) began.insert(body);
  std::uint64_t vanished = 0, may_vanish = 0;
  for (const auto& a : out.activity) may_vanish += a.did.deleted + a.did.expired;
  const auto gone = [&](const hash128& body) {
    if (after.queued.contains(body)) return;
    if (began.contains(body)) {
      ++left;
      return;
    }
    ++vanished;
    gone_.insert(body);
  };
  for (const auto& [body, queue] : before.queued) gone(body);
  // Those that came and went within one entry are seen nowhere.
  for (const auto& body : in.fresh)
    if (!before.queued.contains(body)) gone(body);
  removed += vanished;
  if (vanished > may_vanish) complain(std::to_string(vanished - may_vanish) + " messages are lost" + here);
  for (const auto& [move, body] : before.leaving) {
    if (after.leaving.contains(move)) continue;
    if (!arrived_.contains({shard, move})) complain(name_of(body) + " has left without arriving" + here);
  }
}

std::size_t moves_check::leaving() const {
  std::size_t count = 0;
  for (const auto& [shard, log] : logs_) count += log.where.leaving.size();
  return count;
}

std::size_t moves_check::running_tasks() const {
  std::size_t count = 0;
  for (const auto& [shard, state] : states_view_)
    for (auto at = state.pairs.lower_bound(std::string(1, key::queue_family));
         at != state.pairs.end() && at->first < key::family_end(key::queue_family); ++at)
      count += decode_queue(at->second)->moves.task != 0 ? 1 : 0;
  return count;
}

std::vector<std::string> moves_check::places_of(const hash128& body) const {
  std::vector<std::string> out;
  for (const auto& [shard, log] : logs_) {
    const auto at = log.where.queued.find(body);
    if (at != log.where.queued.end()) out.push_back(std::to_string(shard.value) + '/' + at->second);
  }
  return out;
}

} // namespace burrow::test
