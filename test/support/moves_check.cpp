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

void moves_check::compare(shard_id shard, const places& before, const places& after, const outcome& out,
                          const entry_command& entry) {
  std::vector<std::pair<hash128, std::pair<shard_id, move_key>>> brought;
  std::set<hash128> put, fresh;
  for (const auto& c : entry.commands) {
    if (const auto* const a = std::get_if<arrive>(&c.what))
      for (const auto& item : a->items) brought.push_back({item.what.body.hash, {a->from, {shard, item.number}}});
  }
  // Those that were put in and taken out by commands of one entry are seen nowhere.
  std::set<hash128> passing;
  for (std::size_t n = 0; n < entry.commands.size(); ++n) {
    const auto* const i = std::get_if<insert>(&entry.commands[n].what);
    for (std::size_t k = 0; i != nullptr && k < i->items.size(); ++k) {
      if (std::get<insert_reply>(out.replies[n]).items[k].status != insert_status::created) continue;
      put.insert(i->items[k].body_hash);
      passing.insert(i->items[k].body_hash);
      seen_.insert(i->items[k].body_hash);
    }
  }
  for (const auto& [body, from] : brought) {
    const bool known = states_view_[shard].pairs.contains(key::arrived(from.first, from.second.number));
    if (known && arrived_.emplace(from, body).second) {
      ++arrived;
      fresh.insert(body);
      passing.insert(body);
    } else {
      ++repeated;
    }
  }
  const std::string here = " on shard " + std::to_string(shard.value);
  for (const auto& [body, queue] : after.queued) {
    const auto was = before.queued.find(body);
    if (was != before.queued.end()) {
      local += was->second != queue ? 1 : 0;
      continue;
    }
    // It is new here: put in, or brought by a move that never came before.
    if (!put.contains(body) && !fresh.contains(body)) {
      const bool again = std::any_of(brought.begin(), brought.end(), [&](const auto& b) { return b.first == body; });
      complain(name_of(body) + (again ? " arrived twice" : " came from nowhere") + here);
    }
    if (gone_.contains(body)) complain(name_of(body) + " came back from the dead" + here);
    for (const auto& [other, log] : logs_)
      if (other != shard && log.where.queued.contains(body)) complain(name_of(body) + " is visible twice" + here);
  }
  std::set<hash128> began;
  for (const auto& [move, body] : after.leaving)
    if (!before.leaving.contains(move)) began.insert(body);
  std::uint64_t vanished = 0, may_vanish = 0;
  for (const auto& a : out.activity) may_vanish += a.did.deleted + a.did.expired;
  for (const auto& [body, queue] : before.queued) {
    if (after.queued.contains(body)) continue;
    if (began.contains(body)) {
      ++left;
      continue;
    }
    ++vanished;
    gone_.insert(body);
  }
  for (const auto& body : passing) {
    if (after.queued.contains(body) || began.contains(body) || before.queued.contains(body)) continue;
    ++vanished;
    gone_.insert(body);
  }
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
