#include "cluster/queue/rebuild.hpp"

#include "cluster/queue/backlog.hpp"
#include "cluster/queue/remembered.hpp"
#include "cluster/queue/repeat_records.hpp"

namespace burrow::queue {
namespace {

constexpr char shard_family = 0x10, messages_family = 0x30;
constexpr int number_bits = 16;

/// As it was, with nothing in it but what leaves, if that was there first.
void begin(queue_state& q, const queue_record& was) {
  const auto moves = q.record.moves;
  q.record = was.emptied();
  q.record.number = was.number;
  q.record.moves = moves;
  q.record.bytes = moves.moving_bytes;
  q.changed = true;
}

bool is_queue_name(std::string_view rest) { return rest.find('\0') != std::string_view::npos; }

} // namespace

void rebuilder::lose(const queue_ref& of, std::string id, std::string why) {
  ++report_.lost_messages;
  if (report_.lost.size() < rebuild_report::lost_named_max) report_.lost.push_back({of, std::move(id), std::move(why)});
}

void rebuilder::pair(std::string_view key, std::string_view value) {
  if (key.empty()) return;
  switch (key.front()) {
    case shard_family: case key::tenant_family: return;
    case key::sweep_family:
      if (key.size() == 9) swept_.insert(key::last_number(key));
      return;
    case key::due_family:
      // A queue whose record is lost may have its name here.
      if (key.size() == 17 && is_queue_name(value))
        registered_.emplace(key::last_number(key),
                            key::queue_of(std::string(1, key::queue_family) + std::string(value)));
      return;
    case key::queue_family: return take_queue(key, value);
    case messages_family:
      if (key::is_message(key)) take_message(key, value);
      return;
    case key::leaving_family: return take_leaving(key, value);
    case key::pair_family:
      // Numbers that were given out never come again; the rest is counted.
      if (const auto old = decode_pair(value)) pairs_[key::shard_of(key)].last = old->last;
      return;
    case key::memory_family: case key::task_family: return void(++report_.lost_records);
    case key::remembered_family: case key::memory_due_family: case key::line_family: case key::step_family:
    case key::ids_family: case key::forget_family: case key::gateway_family: case key::kept_family:
      return;
    default: raw_.push_back({std::string(key), std::string(value), std::nullopt});
  }
}

void rebuilder::take_queue(std::string_view key, std::string_view value) {
  const auto read = decode_queue(value);
  if (!read || !is_queue_name(key.substr(1))) return void(++report_.lost_records);
  auto ref = key::queue_of(key);
  // One that holds nothing has no number.
  if (read->number.value == 0) {
    if (!read->has_settings()) return;
    bare_.push_back({std::move(ref), *read});
    return;
  }
  queues_[read->number.value] = {std::move(ref), *read};
  if (read->has_settings()) without_messages_.push_back(read->number.value);
}

void rebuilder::take_message(std::string_view key, std::string_view value) {
  byte_reader in(key.substr(1));
  const auto number = in.u64();
  if (swept_.contains(number)) return;
  auto found = queues_.find(number);
  if (found == queues_.end()) {
    const auto named = registered_.find(number);
    if (named == registered_.end()) return lose({}, {}, "the name of its queue is lost");
    ++report_.lost_records;
    old_queue made{named->second, {}};
    made.record.number = {number};
    found = queues_.emplace(number, std::move(made)).first;
  }
  const place at{key::last_number(key)};
  auto message = decode_message(at, value);
  if (!message) return lose(found->second.ref, {}, "it cannot be read");
  if (!has_body_(message->item.body)) return lose(found->second.ref, message->item.shown_id(), "its body is lost");
  const log_index newest{std::max(message->item.body.index.value, at.value >> number_bits)};
  report_.newest = std::max(report_.newest, newest);
  pending_.emplace_back(number, std::move(*message));
}

void rebuilder::take_leaving(std::string_view key, std::string_view value) {
  if (!key::is_leaving(key)) return;
  auto what = decode_leaving(key::move_of(key), value);
  if (!what) return lose({}, {}, "it was leaving, and cannot be read");
  const auto& m = what->moved.what;
  if (!has_body_(m.body)) return lose(what->from, m.shown_id(), "its body is lost");
  report_.newest = std::max(report_.newest, m.body.index);
  what->task = 0;
  leaving_.push_back(std::move(*what));
  leaving_to_.push_back(key::shard_of(key));
}

/// What is on its way to other shards stays so, under its number: it may have arrived there.
void rebuilder::put_leaving(work& w) {
  for (std::size_t i = 0; i < leaving_.size(); ++i) {
    const auto& what = leaving_[i];
    const auto to = leaving_to_[i];
    const auto& number = what.moved.number;
    auto& pair = pairs_[to];
    if (pair.open++ == 0) pair.lowest = number; // they come in the order of numbers
    pair.last = std::max(pair.last, number.number);
    queue_state& q = w.open(what.from);
    ++q.record.moves.moving;
    q.record.moves.moving_bytes += what.moved.what.body.size;
    q.record.bytes += what.moved.what.body.size;
    q.changed = true;
    ++w.edit_shard().moving;
    raw_.push_back({key::leaving(to, number), encode(what), std::nullopt});
  }
  leaving_.clear();
  leaving_to_.clear();
}

std::vector<delta::change> rebuilder::take() {
  work w(at_, into_, pending_.size() * 4 + 1);
  for (const auto& one : bare_) begin(w.open(one.ref), one.record);
  report_.queues += bare_.size();
  bare_.clear();
  ++at_.index.value;
  const auto opened = [&](std::uint64_t number) -> queue_state& {
    auto& old = queues_.at(number);
    auto& q = w.open(old.ref);
    if (!old.opened) {
      begin(q, old.record);
      old.opened = true;
      ++report_.queues;
    }
    // One that was written without messages, and gets some now.
    if (q.record.number.value == 0) q.record.number = old.record.number;
    return q;
  };
  for (auto& [number, message] : pending_) {
    auto& q = opened(number);
    // Of two with one name, which only an old copy of one can bring about, the later stays.
    if (!message.item.name.empty())
      if (const auto at = w.state().get(key::name(q.record.number, message.item.name)))
        if (const auto h = read(w, q, decode_places(*at).front())) {
          lose(q.ref, message.item.name, "there is a later one of that name");
          report_.bytes -= h->item().body.size;
          --report_.messages;
          drop(w, q, *h, going::deleted);
        }
    report_.bytes += message.item.body.size;
    ++report_.messages;
    readmit(w, q, std::move(message));
  }
  // Settings are kept without a message, too.
  if (pending_.empty())
    for (const auto number : without_messages_) static_cast<void>(opened(number));
  const bool last = pending_.empty() && leaving_.empty();
  pending_.clear();
  put_leaving(w);
  // Whatever a gateway sends again may have been done.
  if (last) w.edit_shard().gateways_lost = true;
  if (last)
    for (const auto& [to, pair] : pairs_) raw_.push_back({key::pair(to), encode(pair), std::nullopt});
  outcome out;
  w.finish(out);
  auto changes = std::move(out.changes.changes);
  for (auto& one : raw_) changes.push_back(std::move(one));
  raw_.clear();
  return changes;
}

} // namespace burrow::queue
