#include "cluster/sim/checkers/moves.hpp"

#include "cluster/base/bytes.hpp"
#include "cluster/queue/move_records.hpp"

namespace burrow::sim {

using namespace queue;

namespace {

std::string name_of(const hash128& h) { return "message " + std::to_string(h.low % 100'000); }
std::string on(shard_id shard) { return " on shard " + std::to_string(shard.value); }

} // namespace

void moves::note(const shard_state& s, changed& c, const hash128& body) {
  const auto at = s.queued.find(body);
  c.before.try_emplace(body, at == s.queued.end() ? std::string() : at->second.queue);
}

void moves::add(shard_state& s, changed& c, const hash128& body, const std::string& queue) {
  note(s, c, body);
  auto& here = s.queued[body];
  here.queue = queue;
  ++here.count;
}

void moves::drop(shard_state& s, changed& c, const hash128& body) {
  note(s, c, body);
  const auto at = s.queued.find(body);
  if (at != s.queued.end() && --at->second.count == 0) s.queued.erase(at);
}

/// A queue that is purged, or has become empty, gives up its number; what was under it is in no queue any more.
void moves::take_queue(shard_state& s, changed& c, const delta::change& d) const {
  const auto ref = key::queue_of(d.key);
  if (!is_ours(ref)) return;
  auto& q = s.queues[ref];
  const auto record = d.value ? decode_queue(*d.value) : std::optional<queue_record>{};
  const auto number = record ? record->number.value : 0;
  q.task = record && record->moves.task != 0;
  if (number == q.number) return;
  for (auto at = s.messages.lower_bound({q.number, 0}); at != s.messages.end() && at->first.first == q.number; ++at) {
    if (q.number != 0) drop(s, c, at->second);
  }
  s.names.erase(q.number);
  q.number = number;
  if (number != 0) s.names[number] = ref.queue;
}

void moves::take_message(shard_state& s, changed& c, const delta::change& d) {
  const std::pair at{byte_reader(std::string_view(d.key).substr(1)).u64(), key::last_number(d.key)};
  const auto name = s.names.find(at.first);
  const auto was = s.messages.find(at);
  const bool in_queue = name != s.names.end();
  if (!in_queue && was == s.messages.end()) return; // of a queue that is not looked at
  const auto now = d.value ? std::optional(decode_message({at.second}, *d.value)->item.body.hash) : std::nullopt;
  if (was != s.messages.end() && now == was->second) return;
  if (was != s.messages.end()) {
    if (in_queue) drop(s, c, was->second);
    s.messages.erase(was);
  }
  if (!now || !in_queue) return;
  s.messages[at] = *now;
  add(s, c, *now, name->second);
}

void moves::take_leaving(shard_state& s, changed& c, const delta::change& d) const {
  const move_key move{key::shard_of(d.key), key::move_of(d.key)};
  if (!d.value) {
    if (s.leaving.contains(move)) c.ended.push_back(move);
    return;
  }
  const auto m = decode_leaving(move.number, *d.value);
  if (!m || !is_ours(m->from)) return;
  const auto& body = m->moved.what.body.hash;
  note(s, c, body);
  if (s.leaving.emplace(move, body).second) c.began.insert(body);
}

void moves::take_commands(shard_id shard, const entry_command& entry, const outcome& out, changed& c) {
  for (std::size_t n = 0; n < entry.commands.size(); ++n) {
    const auto& command = entry.commands[n];
    const auto* const i = is_ours(command.queue) ? std::get_if<insert>(&command.what) : nullptr;
    const auto* const made = i != nullptr ? &std::get<insert_reply>(out.replies[n]) : nullptr;
    for (std::size_t k = 0; made != nullptr && !made->replayed && k < i->items.size(); ++k) {
      const auto status = made->items[k].status;
      if (status == insert_status::replaced) ++c.may_vanish;
      if (status == insert_status::created || status == insert_status::replaced) c.fresh.insert(i->items[k].body_hash);
    }
    const auto* const a = std::get_if<arrive>(&command.what);
    for (std::size_t k = 0; a != nullptr && k < a->items.size(); ++k) {
      const auto& item = a->items[k];
      if (!is_ours(item.to)) continue;
      const std::pair from{a->from, move_key{shard, item.number}};
      const bool taken = c.taken_in.contains({a->from, item.number});
      if (taken && arrived_.emplace(from, item.what.body.hash).second) {
        ++arrived;
        c.fresh.insert(item.what.body.hash);
      } else {
        ++repeated;
        c.again.insert(item.what.body.hash);
      }
    }
  }
  for (const auto& a : out.activity) c.may_vanish += is_ours(a.queue) ? a.did.deleted + a.did.expired : 0;
  seen_.insert(c.fresh.begin(), c.fresh.end());
}

void moves::applied(shard_id shard, const entry_command& entry, const outcome& out, findings& found) {
  auto& s = shards_[shard];
  changed c;
  for (const auto& d : out.changes.changes) {
    if (d.key[0] == key::queue_family) take_queue(s, c, d);
    if (d.key[0] == key::arrived_family && d.value) c.taken_in.insert({key::shard_of(d.key), key::move_of(d.key)});
  }
  for (const auto& d : out.changes.changes) {
    if (key::is_leaving(d.key)) take_leaving(s, c, d);
    else if (key::is_message(d.key)) take_message(s, c, d);
  }
  take_commands(shard, entry, out, c);
  for (const auto& body : c.fresh) c.before.try_emplace(body, std::string()); // some come and go within one entry
  compare(shard, c, found);
}

void moves::compare_one(shard_id shard, const changed& c, const hash128& body, const std::string& before,
                        findings& found) {
  const auto& s = shards_[shard];
  const auto now = s.queued.find(body);
  if (now == s.queued.end()) return;
  if (now->second.count > 1) return found.add("moves", name_of(body) + " is there twice" + on(shard));
  if (!before.empty()) {
    local += before != now->second.queue ? 1 : 0;
    return;
  }
  if (!c.fresh.contains(body)) {
    found.add("moves", name_of(body) + (c.again.contains(body) ? " arrived twice" : " came from nowhere") + on(shard));
  }
  if (gone_.contains(body)) found.add("moves", name_of(body) + " came back from the dead" + on(shard));
  for (const auto& [other, state] : shards_) {
    if (other == shard || !state.queued.contains(body)) continue;
    found.add("moves", name_of(body) + " is visible twice" + on(shard));
  }
}

void moves::compare(shard_id shard, const changed& c, findings& found) {
  auto& s = shards_[shard];
  std::uint64_t vanished = 0;
  for (const auto& [body, before] : c.before) {
    compare_one(shard, c, body, before, found);
    const bool was = !before.empty() || c.fresh.contains(body);
    if (!was || s.queued.contains(body)) continue;
    if (c.began.contains(body)) {
      ++left;
      continue;
    }
    ++vanished;
    gone_.insert(body);
  }
  removed += vanished;
  if (vanished > c.may_vanish) {
    found.add("moves", std::to_string(vanished - c.may_vanish) + " messages are lost" + on(shard));
  }
  for (const auto& move : c.ended) {
    const auto at = s.leaving.find(move);
    if (!arrived_.contains({shard, move})) {
      found.add("moves", name_of(at->second) + " has left without arriving" + on(shard));
    }
    s.leaving.erase(at);
  }
}

std::size_t moves::leaving() const {
  std::size_t count = 0;
  for (const auto& [shard, s] : shards_) count += s.leaving.size();
  return count;
}

std::size_t moves::running_tasks() const {
  std::size_t count = 0;
  for (const auto& [shard, s] : shards_) {
    for (const auto& [ref, q] : s.queues) count += q.task ? 1 : 0;
  }
  return count;
}

std::vector<std::string> moves::places_of(const hash128& body) const {
  std::vector<std::string> out;
  for (const auto& [shard, s] : shards_) {
    const auto at = s.queued.find(body);
    if (at != s.queued.end()) out.push_back(std::to_string(shard.value) + '/' + at->second.queue);
  }
  return out;
}

void moves::read_all(shard_id shard, const std::string& queue, const std::vector<message>& all,
                     findings& found) const {
  const auto at = shards_.find(shard);
  std::set<hash128> read;
  for (const auto& m : all) {
    const bool known = at != shards_.end() && at->second.queued.contains(m.body.hash);
    if (!known || at->second.queued.at(m.body.hash).queue != queue) {
      found.add("moves", name_of(m.body.hash) + " is read in " + queue + on(shard) + ", where it is not");
    }
    if (!read.insert(m.body.hash).second) found.add("moves", name_of(m.body.hash) + " is read twice in " + queue);
  }
}

} // namespace burrow::sim
