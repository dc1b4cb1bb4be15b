#include "cluster/queue/dedupe.hpp"

#include "cluster/base/assert.hpp"
#include "cluster/queue/backlog.hpp"
#include "cluster/queue/commands.hpp"
#include "cluster/queue/quota.hpp"

#include <algorithm>

namespace burrow::queue {

namespace {

constexpr std::size_t page_keys = 64;

// Nothing waits for the moment at which one is removed: whether it counts is compared with its own time. So they are
// looked at ten seconds' worth together, which costs a quiet shard one entry instead of hundreds.
instant look_at(instant deadline) {
  const auto step = limits::clock_delay_max.count();
  return {(deadline.ms + step - 1) / step * step};
}

void add_due(work& w, const queue_state& q, std::uint64_t number, instant at, remembered_kind kind,
             std::string_view rest) {
  w.state().put(key::memory_due(look_at(at), number), encode(remembered_name{q.ref, kind, std::string(rest)}),
                std::nullopt);
  w.note_due(look_at(at));
}
void remove_due(work& w, const queue_state& q, const keyed_request& key) {
  w.state().erase(key::memory_due(look_at(key.record->expires), key.record->number),
                  encode(remembered_name{q.ref, remembered_kind::key, key.rest}));
}

std::optional<std::string_view> was(const std::string& stored) {
  return stored.empty() ? std::nullopt : std::optional<std::string_view>(stored);
}

void begin_memory(work& w, memory_record& memory) {
  if (memory.number == 0) memory.number = w.number();
}

} // namespace

// ---- idempotency keys ---------------------------------------------------------------------------------------------

keyed_request recall(work& w, queue_state& q, std::string_view key, std::uint32_t step) {
  keyed_request out;
  out.rest = key::of_step(key, step);
  const memory_record& memory = w.memory(q);
  if (memory.keys == 0 || !w.ok()) return out;
  auto bytes = w.state().get(key::remembered(memory.number, remembered_kind::key, out.rest));
  if (!bytes) return out;
  out.record = decode_key(*bytes);
  BURROW_ASSERT(out.record);
  out.stored = std::move(*bytes);
  out.is_repeat = out.record->expires > w.now();
  return out;
}

errc reserve(work& w, queue_state& q, keyed_request& key, const dedupe_bounds& bounds, const defaults* quota) {
  const auto own = q.record.rules.dedupe_window_s;
  key.window = std::clamp<duration>(own ? duration(std::chrono::seconds(*own)) : bounds.window, duration{0},
                                    std::chrono::seconds(limits::dedupe_window_s_max));
  // One that has expired is counted until it is removed, so taking its place needs no room.
  if (key.window.count() == 0 || key.record) return errc::ok;
  memory_record& memory = w.memory(q);
  if (bounds.keys_max > 0 && memory.keys >= bounds.keys_max) return errc::dedupe_full;
  if (quota != nullptr) {
    const errc problem = admit_bytes(w, q, *quota, limits::dedupe_record_bytes);
    if (problem != errc::ok || !w.ok()) return problem;
  }
  ++memory.keys;
  key.counted = true;
  return errc::ok;
}

void release(work& w, queue_state& q, const keyed_request& key) {
  if (key.counted) --w.memory(q).keys;
}

void remember(work& w, queue_state& q, const keyed_request& key, hash128 request, remembered_answer first) {
  if (key.window.count() == 0) return;
  memory_record& memory = w.memory(q);
  begin_memory(w, memory);
  if (key.record) remove_due(w, q, key);
  const remembered_key x{w.now(), w.now() + key.window, w.number(), request, std::move(first)};
  w.state().put(key::remembered(memory.number, remembered_kind::key, key.rest), encode(x), was(key.stored));
  add_due(w, q, x.number, x.expires, remembered_kind::key, key.rest);
}

void forget(work& w, queue_state& q, const keyed_request& key) {
  memory_record& memory = w.memory(q);
  remove_due(w, q, key);
  w.state().erase(key::remembered(memory.number, remembered_kind::key, key.rest), key.stored);
  --memory.keys;
}

bool is_worth_remembering(const insert_reply& made) {
  return std::any_of(made.items.begin(), made.items.end(),
                     [](const insert_result& x) { return x.status != insert_status::failed; });
}

remembered_insert to_remember(const insert_reply& made) {
  remembered_insert out;
  out.reserve(made.items.size());
  for (const auto& r : made.items) {
    auto& x = out.emplace_back();
    x.status = r.status;
    x.problem = r.problem;
    if (r.status == insert_status::failed) continue;
    x.named = !r.name.empty();
    if (r.status == insert_status::duplicate) continue;
    x.place = r.place;
    x.revision = r.revision;
    x.ttl = r.ttl;
    if (r.status == insert_status::replaced) x.id = r.id;
  }
  return out;
}

insert_reply repeat_of(const work& w, const remembered_key& first, const insert& again) {
  insert_reply out;
  out.replayed = true;
  const auto& items = std::get<remembered_insert>(first.answer);
  for (std::size_t n = 0; n < items.size(); ++n) {
    const remembered_item& x = items[n];
    insert_result& r = out.items.emplace_back();
    r.status = x.status;
    r.problem = x.problem;
    if (x.status == insert_status::failed) continue;
    if (x.named && n < again.items.size()) r.name = again.items[n].name;
    if (x.status == insert_status::duplicate) continue;
    r.place = x.place;
    r.id = x.status == insert_status::created ? message_id::make(first.at.ms, w.shard(), x.place.value) : x.id;
    r.revision = x.revision;
    r.ttl = x.ttl;
    r.expires = x.ttl.count() == 0 ? no_instant : first.at + x.ttl;
  }
  return out;
}

task_reply repeat_of(const remembered_key& first, const redrive& again) {
  const auto& made = std::get<remembered_task>(first.answer);
  task_reply out;
  out.replayed = true;
  out.task.id = made.task;
  out.task.remaining = made.remaining;
  out.task.started = first.at;
  out.task.to = again.to;
  out.task.limit = again.limit;
  out.task.max_per_second = again.max_per_second;
  return out;
}

take_reply repeat_of(work& w, queue_state& q, keyed_request& key) {
  auto& first = std::get<remembered_claim>(key.record->answer);
  take_reply out;
  out.replayed = true;
  out.now = w.now();
  out.first_count = first.places.size();
  out.last = first.last;
  out.next_place = first.next_place;
  out.more = first.more;
  out.lifo = first.lifo;
  out.by_priority = first.by_priority;
  out.last_priority = first.last_priority;
  if (!w.spend(first.places.size())) {
    out.problem = errc::busy;
    return out;
  }
  if (q.exists())
    for (const place at : first.places) static_cast<void>(w.state().get(key::message(q.record.number, at)));
  if (!w.ok()) return out; // all that is missing is loaded at once
  for (const place at : first.places) {
    auto h = q.exists() ? read(w, q, at) : std::nullopt;
    if (!h || h->item().is_gone(w.now()) || h->item().claim != first.claim) continue;
    ++out.count;
    out.items.push_back(as_seen(q.record, std::move(h->item()), w.now()));
  }
  out.queue_exists = q.exists();
  out.visible_left = q.record.visible > 0;
  if (first.answered_again) return out;
  first.answered_again = true;
  w.state().put(key::remembered(w.memory(q).number, remembered_kind::key, key.rest), encode(*key.record),
                key.stored);
  return out;
}

bool may_undo(work& w, queue_state& q, const unclaim& what) {
  if (what.idempotency_key.empty()) return true;
  const auto key = recall(w, q, what.idempotency_key, what.step);
  if (!w.ok() || !key.record) return w.ok();
  const auto* claim = std::get_if<remembered_claim>(&key.record->answer);
  if (claim == nullptr || claim->claim != what.claim) return true;
  if (claim->answered_again) return false;
  forget(w, q, key);
  return true;
}

// ---- producers ----------------------------------------------------------------------------------------------------

bool is_sequenced(const insert_item& item) { return item.sequence > 0 && !item.attributes.producer.empty(); }

sequenced_item look_up(work& w, queue_state& q, const insert_item& item) {
  sequenced_item out;
  const memory_record& memory = w.memory(q);
  if (memory.producers == 0 || !w.ok()) return out;
  const auto key = key::remembered(memory.number, remembered_kind::producer, item.attributes.producer);
  auto bytes = w.state().get(key);
  if (!bytes) return out;
  const auto read = decode_producer(*bytes);
  BURROW_ASSERT(read);
  out.counted = true;
  out.record = *read;
  out.stored = std::move(*bytes);
  out.duplicate = read->used + limits::producer_silence_max > w.now() && item.sequence <= read->sequence;
  if (!out.duplicate || read->used == w.now()) return out;
  out.record.used = w.now();
  w.state().put(key, encode(out.record), out.stored);
  return out;
}

errc room_for(work& w, queue_state& q, const sequenced_item& known, const dedupe_bounds& bounds,
              std::uint64_t& bytes) {
  if (known.counted) return errc::ok;
  if (bounds.producers_max > 0 && w.memory(q).producers >= bounds.producers_max) return errc::dedupe_full;
  bytes += limits::dedupe_record_bytes;
  return errc::ok;
}

void note_stored(work& w, queue_state& q, const insert_item& item, const sequenced_item& known) {
  memory_record& memory = w.memory(q);
  begin_memory(w, memory);
  const std::string& producer = item.attributes.producer;
  w.state().put(key::remembered(memory.number, remembered_kind::producer, producer),
                encode(remembered_producer{item.sequence, w.now()}), was(known.stored));
  if (known.counted) return;
  ++memory.producers;
  // Not moved by what follows: when it is due, how long the producer was silent is looked up.
  add_due(w, q, w.number(), w.now() + limits::producer_silence_max, remembered_kind::producer, producer);
}

// ---- time ---------------------------------------------------------------------------------------------------------

namespace {

void settle(work& w, queue_state& q, const remembered_name& name, std::uint64_t number) {
  memory_record& memory = w.memory(q);
  const std::string key = key::remembered(memory.number, name.kind, name.rest);
  const auto bytes = w.state().get(key);
  if (!w.ok()) return; // it was in memory a moment ago
  BURROW_ASSERT(bytes);
  if (name.kind == remembered_kind::key) {
    const auto x = decode_key(*bytes);
    BURROW_ASSERT(x && x->number == number && x->expires <= w.now());
    w.state().erase(key, *bytes);
    --memory.keys;
    return;
  }
  const auto x = decode_producer(*bytes);
  BURROW_ASSERT(x);
  const instant silent_at = x->used + limits::producer_silence_max;
  if (silent_at > w.now()) return add_due(w, q, w.number(), silent_at, name.kind, name.rest);
  w.state().erase(key, *bytes);
  --memory.producers;
}

} // namespace

void work_off_memory(work& w, std::size_t budget_left) {
  const std::string end = key::memory_due({w.now().ms + 1}, 0);
  for (bool complete = false; !complete;) {
    // What is done is gone, so every page begins at the start.
    const auto page = w.state().scan({.from = key::memory_due(no_instant, 0), .to = end,
                                      .order = direction::ascending, .items_max = page_keys});
    if (!w.ok()) return;
    std::vector<remembered_name> names;
    for (const auto& [due, value] : page.items) {
      if (w.budget() <= budget_left || !w.spend()) break;
      auto name = decode_name(value);
      BURROW_ASSERT(name);
      queue_state& q = w.open(name->queue);
      static_cast<void>(w.state().get(key::remembered(w.memory(q).number, name->kind, name->rest)));
      names.push_back(std::move(*name));
    }
    if (!w.ok()) return; // so that a page is loaded at once
    for (std::size_t n = 0; n < names.size(); ++n) {
      const auto& [due, value] = page.items[n];
      w.state().erase(due, value);
      settle(w, w.open(names[n].queue), names[n], key::last_number(due));
      if (!w.ok()) return;
    }
    if (names.size() < page.items.size()) return;
    complete = page.complete;
  }
}

void ask_ahead(work& w, queue_state& q, const insert& what) {
  if (!what.idempotency_key.empty()) static_cast<void>(recall(w, q, what.idempotency_key));
  for (const auto& item : what.items) {
    const std::uint64_t number = is_sequenced(item) ? w.memory(q).number : 0;
    if (number == 0) continue;
    static_cast<void>(w.state().get(key::remembered(number, remembered_kind::producer, item.attributes.producer)));
  }
}

void ask_ahead(work& w, queue_state& q, const take& what) {
  if (what.idempotency_key.empty()) return;
  const auto key = recall(w, q, what.idempotency_key, what.step);
  const auto* claim = key.record ? std::get_if<remembered_claim>(&key.record->answer) : nullptr;
  if (claim == nullptr || !q.exists()) return;
  for (const place at : claim->places) static_cast<void>(w.state().get(key::message(q.record.number, at)));
}

} // namespace burrow::queue
