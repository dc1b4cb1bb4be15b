#include "cluster/queue/rebuild.hpp"

#include "cluster/queue/backlog.hpp"

namespace burrow::queue {
namespace {

constexpr char shard_family = 0x10, messages_family = 0x30;
constexpr int number_bits = 16;

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
    default: raw_.push_back({std::string(key), std::string(value), std::nullopt});
  }
}

void rebuilder::take_queue(std::string_view key, std::string_view value) {
  const auto read = decode_queue(value);
  if (!read || !is_queue_name(key.substr(1))) return void(++report_.lost_records);
  auto ref = key::queue_of(key);
  // One that holds nothing has no number: it is written at once.
  if (read->number.value == 0) {
    if (!read->has_settings()) return;
    raw_.push_back({std::string(key), encode(read->emptied()), std::nullopt});
    ++report_.queues;
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

std::vector<delta::change> rebuilder::take() {
  work w(at_, into_, pending_.size() * 4 + 1);
  ++at_.index.value;
  const auto opened = [&](std::uint64_t number) -> queue_state& {
    auto& old = queues_.at(number);
    auto& q = w.open(old.ref);
    if (!old.opened) {
      q.record = old.record.emptied();
      q.record.number = old.record.number;
      q.changed = true;
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
  pending_.clear();
  outcome out;
  w.finish(out);
  auto changes = std::move(out.changes.changes);
  for (auto& one : raw_) changes.push_back(std::move(one));
  raw_.clear();
  return changes;
}

} // namespace burrow::queue
