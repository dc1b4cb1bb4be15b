#include "cluster/queue/repeat_records.hpp"

#include "cluster/base/limits.hpp"
#include "cluster/queue/remembered.hpp"

#include <algorithm>

namespace burrow::queue {

namespace {

// Part of the disk format: never renumber.
enum kept_kind : std::uint8_t { of_insert = 1, of_take, of_targets, of_purge, of_done, of_settings, of_task };
enum take_flag : std::uint8_t { more = 1, lifo = 2, by_priority = 4, take_replayed = 8 };
constexpr std::uint8_t take_flags = more | lifo | by_priority | take_replayed;
constexpr std::uint8_t item_named = 1U << 2; // beside the status, which has the two lowest bits
constexpr std::uint64_t varint_max = 10;

// Which name it is, the repeat says; that there is one has to be kept.
constexpr const char* some_name = "?";

std::uint64_t ms(instant t) { return static_cast<std::uint64_t>(t.ms); }
std::uint64_t number_of(errc code) { return static_cast<std::uint64_t>(code); }
instant read_instant(byte_reader& in) { return {static_cast<std::int64_t>(in.varint())}; }
errc read_problem(byte_reader& in) { return static_cast<errc>(in.varint()); }
bool read_bool(byte_reader& in, bool& fine) {
  const auto x = in.u8();
  fine = fine && x <= 1;
  return x == 1;
}

// ---- replies --------------------------------------------------------------------------------------------------------

void write(byte_writer& out, const insert_result& x) {
  out.u8(static_cast<std::uint8_t>(static_cast<std::uint8_t>(x.status) | (x.name.empty() ? 0 : item_named)));
  if (x.status == insert_status::failed) return out.varint(number_of(x.problem));
  if (x.status == insert_status::duplicate) return;
  out.u64(x.id.high);
  out.u64(x.id.low);
  out.varint(x.place.value);
  out.varint(x.revision);
  out.varint(ms(x.expires));
  out.varint(static_cast<std::uint64_t>(x.ttl.count()));
}
insert_result read_result(byte_reader& in, bool& fine) {
  insert_result x;
  const auto tag = in.u8();
  fine = fine && tag < 2 * item_named;
  x.status = static_cast<insert_status>(tag & (item_named - 1));
  if ((tag & item_named) != 0) x.name = some_name;
  if (x.status == insert_status::failed) x.problem = read_problem(in);
  if (x.status == insert_status::failed || x.status == insert_status::duplicate) return x;
  x.id.high = in.u64();
  x.id.low = in.u64();
  x.place = {in.varint()};
  x.revision = in.varint();
  x.expires = read_instant(in);
  x.ttl = duration{static_cast<std::int64_t>(in.varint())};
  return x;
}

void write(byte_writer& out, const insert_reply& x) {
  out.u8(of_insert);
  out.u8(x.replayed ? 1 : 0);
  out.varint(number_of(x.problem));
  out.varint(x.dropped);
  out.varint(x.items.size());
  for (const auto& item : x.items) write(out, item);
}
insert_reply read_insert(byte_reader& in, bool& fine) {
  insert_reply x;
  x.replayed = read_bool(in, fine);
  x.problem = read_problem(in);
  x.dropped = in.varint();
  for (auto n = in.varint(); n > 0 && in.ok(); --n) x.items.push_back(read_result(in, fine));
  return x;
}

void write(byte_writer& out, const take_reply& x) {
  out.u8(of_take);
  out.u8(static_cast<std::uint8_t>((x.more ? more : 0) | (x.lifo ? lifo : 0) | (x.by_priority ? by_priority : 0) |
                                   (x.replayed ? take_replayed : 0)));
  out.u8(x.last_priority);
  for (const auto n : {number_of(x.problem), x.count, x.first_count, x.last.value, x.next_place.value}) out.varint(n);
}
take_reply read_take(byte_reader& in, bool& fine) {
  take_reply x;
  const auto flags = in.u8();
  fine = fine && (flags & ~take_flags) == 0;
  x.more = (flags & more) != 0;
  x.lifo = (flags & lifo) != 0;
  x.by_priority = (flags & by_priority) != 0;
  x.replayed = (flags & take_replayed) != 0;
  x.last_priority = in.u8();
  x.problem = read_problem(in);
  for (auto* n : {&x.count, &x.first_count, &x.last.value, &x.next_place.value}) *n = in.varint();
  return x;
}

void write(byte_writer& out, const targets_reply& x) {
  out.u8(of_targets);
  out.u8(x.queue_exists ? 1 : 0);
  out.varint(x.items.size());
  for (const auto& item : x.items) out.varint(number_of(item.problem));
}
targets_reply read_targets(byte_reader& in, bool& fine) {
  targets_reply x;
  x.queue_exists = read_bool(in, fine);
  for (auto n = in.varint(); n > 0 && in.ok(); --n) x.items.push_back({read_problem(in), std::nullopt});
  return x;
}

void write(byte_writer& out, const purge_reply& x) {
  out.u8(of_purge);
  out.varint(x.count);
}

void write(byte_writer& out, const done_reply& x) {
  out.u8(of_done);
  out.u8(x.changed ? 1 : 0);
  out.varint(number_of(x.problem));
}
done_reply read_done(byte_reader& in, bool& fine) {
  done_reply x;
  x.changed = read_bool(in, fine);
  x.problem = read_problem(in);
  return x;
}

void write(byte_writer& out, const settings_reply& x) {
  out.u8(of_settings);
  out.u8(x.created ? 1 : 0);
  out.varint(number_of(x.problem));
}
settings_reply read_settings(byte_reader& in, bool& fine) {
  settings_reply x;
  x.created = read_bool(in, fine);
  x.problem = read_problem(in);
  return x;
}

void write(byte_writer& out, const task_reply& x) {
  const task_view& t = x.task;
  out.u8(of_task);
  out.u8(x.replayed ? 1 : 0);
  out.u8(static_cast<std::uint8_t>(t.state));
  for (const auto n : {number_of(x.problem), t.id.value, t.moved, t.skipped, t.failed, t.remaining, ms(t.started),
                       ms(t.finished)})
    out.varint(n);
}
task_reply read_task_reply(byte_reader& in, bool& fine) {
  task_reply x;
  x.replayed = read_bool(in, fine);
  const auto state = in.u8();
  fine = fine && state <= static_cast<std::uint8_t>(task_state::failed);
  x.task.state = static_cast<task_state>(state);
  x.problem = read_problem(in);
  x.task.id = {in.varint()};
  for (auto* n : {&x.task.moved, &x.task.skipped, &x.task.failed, &x.task.remaining}) *n = in.varint();
  x.task.started = read_instant(in);
  x.task.finished = read_instant(in);
  return x;
}

// Only kinds that to_keep() lets through.
void write(byte_writer&, const arrive_reply&) {}
void write(byte_writer&, const refused_reply&) {}

struct keeper {
  kept_reply& out;
  bool operator()(const command&, insert_reply x) const {
    for (auto& item : x.items)
      if (!item.name.empty()) item.name = some_name;
    out.what = std::move(x);
    return true;
  }
  bool operator()(const command& c, take_reply x) const {
    // What found nothing may be held, and be asked again under the same number when something comes.
    if (x.count == 0 && x.problem == errc::ok && !x.replayed) return false;
    const auto& asked = std::get<take>(c.what);
    if (asked.action != take_action::remove)
      for (const auto& m : x.items) out.places.push_back(m.place);
    if (asked.action == take_action::claim && !x.items.empty()) out.claim = x.items.front().claim;
    take_reply bare;
    bare.count = x.count;
    bare.last = x.last;
    bare.more = x.more;
    bare.next_place = x.next_place;
    bare.lifo = x.lifo;
    bare.by_priority = x.by_priority;
    bare.last_priority = x.last_priority;
    bare.replayed = x.replayed;
    bare.first_count = x.first_count;
    bare.problem = x.problem;
    out.what = std::move(bare);
    return true;
  }
  bool operator()(const command& c, targets_reply x) const {
    const bool stays = std::holds_alternative<change>(c.what);
    targets_reply bare;
    bare.queue_exists = x.queue_exists;
    for (const auto& item : x.items) {
      bare.items.push_back({item.problem, std::nullopt});
      out.places.push_back(stays && item.item ? item.item->place : place{});
    }
    out.what = std::move(bare);
    return true;
  }
  bool operator()(const command&, done_reply x) const {
    out.what = done_reply{x.problem, x.changed, {}};
    return true;
  }
  bool operator()(const command&, settings_reply x) const {
    settings_reply bare;
    bare.problem = x.problem;
    bare.created = x.created;
    out.what = std::move(bare);
    return true;
  }
  bool operator()(const command&, task_reply x) const {
    x.task.to.reset();
    x.task.limit = 0;
    x.task.max_per_second = 0;
    out.what = std::move(x);
    return true;
  }
  bool operator()(const command&, purge_reply x) const {
    out.what = x;
    return true;
  }
  bool operator()(const command&, const arrive_reply&) const { return false; }
  bool operator()(const command&, const refused_reply&) const { return false; }
};

struct most_kept {
  static constexpr std::uint64_t fixed = 128, item = 1 + 16 + 4 * varint_max, pair = 2 * varint_max;
  std::uint64_t operator()(const insert& x) const { return fixed + x.items.size() * item; }
  std::uint64_t operator()(const take& x) const {
    return fixed + std::min<std::uint64_t>(x.limit, limits::entry_messages_max) * varint_max;
  }
  std::uint64_t operator()(const change& x) const { return fixed + x.targets.size() * pair; }
  std::uint64_t operator()(const remove& x) const { return fixed + x.targets.size() * pair; }
  std::uint64_t operator()(const auto&) const { return fixed; }
};

} // namespace

std::optional<kept_reply> to_keep(const command& c, const reply& made) {
  kept_reply out;
  const bool keeps = std::visit([&](const auto& x) { return keeper{out}(c, x); }, made);
  return keeps ? std::optional(std::move(out)) : std::nullopt;
}

std::uint64_t kept_bytes_max(const command& c) { return std::visit(most_kept{}, c.what); }

std::string encode(const kept_reply& x) {
  std::string bytes;
  byte_writer out(bytes);
  std::visit([&](const auto& what) { write(out, what); }, x.what);
  out.varint(x.claim.value);
  out.varint(x.places.size());
  std::uint64_t before = x.claim.value;
  for (const auto at : x.places) out.varint(zigzag(at.value, std::exchange(before, at.value)));
  return bytes;
}

std::optional<kept_reply> decode_kept(std::string_view bytes) {
  byte_reader in(bytes);
  kept_reply x;
  bool fine = true;
  switch (in.u8()) {
    case of_insert: x.what = read_insert(in, fine); break;
    case of_take: x.what = read_take(in, fine); break;
    case of_targets: x.what = read_targets(in, fine); break;
    case of_purge: x.what = purge_reply{in.varint()}; break;
    case of_done: x.what = read_done(in, fine); break;
    case of_settings: x.what = read_settings(in, fine); break;
    case of_task: x.what = read_task_reply(in, fine); break;
    default: return std::nullopt;
  }
  x.claim = {in.varint()};
  std::uint64_t before = x.claim.value;
  for (auto n = in.varint(); n > 0 && in.ok(); --n) {
    before = unzigzag(in.varint(), before);
    x.places.push_back({before});
  }
  if (!in.done() || !fine) return std::nullopt;
  return x;
}

} // namespace burrow::queue
