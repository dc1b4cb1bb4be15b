// Replies to commands on their way back to who proposed them.
#include "cluster/base/limits.hpp"
#include "cluster/codec/forward_parts.hpp"

namespace burrow::codec {
namespace {

using codec::read; // functions of these names in here would hide them
using codec::write;

std::uint32_t code(errc problem) { return static_cast<std::uint32_t>(problem); }

template <class Fields>
void write_moves(Fields& out, const std::vector<queue::move_key>& in) {
  for (const auto& key : in) {
    auto& move = *out.Add();
    move.set_target(key.to.value);
    write(*move.mutable_number(), key.number);
  }
}
template <class Fields>
std::vector<queue::move_key> read_moves(reader& r, const Fields& in) {
  std::vector<queue::move_key> out;
  bounded(r, in.size(), limits::entry_messages_max);
  for (const auto& move : in) out.push_back({{r.narrow<std::uint16_t>(move.target())}, read(move.number())});
  return out;
}

void write(proto::reply& out, const queue::insert_reply& in) {
  auto& m = *out.mutable_insert();
  for (const auto& one : in.items) {
    auto& item = *m.add_items();
    item.set_status(static_cast<std::uint32_t>(one.status));
    item.set_problem(code(one.problem));
    item.set_id_high(one.id.high);
    item.set_id_low(one.id.low);
    item.set_name(one.name);
    item.set_place(one.place.value);
    item.set_revision(one.revision);
    item.set_expires_ms(one.expires.ms);
    item.set_ttl_ms(static_cast<std::uint64_t>(one.ttl.count()));
  }
  m.set_problem(code(in.problem));
  m.set_replayed(in.replayed);
  m.set_dropped(in.dropped);
}
queue::insert_reply read(reader& r, const proto::insert_reply& in) {
  queue::insert_reply out;
  bounded(r, in.items_size(), limits::entry_messages_max);
  for (const auto& item : in.items()) {
    if (item.name().size() > limits::name_bytes_max) r.ok = false;
    out.items.push_back({r.one_of(item.status(), queue::insert_status::failed),
                         read_code(r, item.problem()),
                         {item.id_high(), item.id_low()},
                         item.name(),
                         {item.place()},
                         item.revision(),
                         {item.expires_ms()},
                         r.time(item.ttl_ms())});
  }
  out.problem = read_code(r, in.problem());
  out.replayed = in.replayed();
  out.dropped = in.dropped();
  return out;
}

void write(proto::reply& out, const queue::take_reply& in) {
  auto& m = *out.mutable_take();
  for (const auto& item : in.items) write(*m.add_items(), item);
  m.set_count(in.count);
  m.set_last(in.last.value);
  m.set_more(in.more);
  m.set_next_place(in.next_place.value);
  m.set_lifo(in.lifo);
  m.set_by_priority(in.by_priority);
  m.set_last_priority(in.last_priority);
  m.set_queue_exists(in.queue_exists);
  m.set_visible_left(in.visible_left);
  m.set_replayed(in.replayed);
  m.set_first_count(in.first_count);
  m.set_problem(code(in.problem));
  m.set_now_ms(in.now.ms);
  write_moves(*m.mutable_moves(), in.moves);
}
queue::take_reply read(reader& r, const proto::take_reply& in) {
  queue::take_reply out;
  bounded(r, in.items_size(), limits::entry_messages_max);
  for (const auto& item : in.items()) out.items.push_back(read(r, item));
  out.count = in.count();
  out.last = {in.last()};
  out.more = in.more();
  out.next_place = {in.next_place()};
  out.lifo = in.lifo();
  out.by_priority = in.by_priority();
  out.last_priority = r.narrow<std::uint8_t>(in.last_priority());
  out.queue_exists = in.queue_exists();
  out.visible_left = in.visible_left();
  out.replayed = in.replayed();
  out.first_count = in.first_count();
  out.problem = read_code(r, in.problem());
  out.now = {in.now_ms()};
  out.moves = read_moves(r, in.moves());
  return out;
}

void write(proto::reply& out, const queue::targets_reply& in) {
  auto& m = *out.mutable_targets();
  for (const auto& one : in.items) {
    auto& item = *m.add_items();
    item.set_problem(code(one.problem));
    if (one.item) write(*item.mutable_item(), *one.item);
  }
  m.set_queue_exists(in.queue_exists);
  m.set_visible_left(in.visible_left);
  m.set_now_ms(in.now.ms);
  write_moves(*m.mutable_moves(), in.moves);
}
queue::targets_reply read(reader& r, const proto::targets_reply& in) {
  queue::targets_reply out;
  bounded(r, in.items_size(), limits::entry_messages_max);
  for (const auto& item : in.items()) {
    auto& one = out.items.emplace_back();
    one.problem = read_code(r, item.problem());
    if (item.has_item()) one.item = read(r, item.item());
  }
  out.queue_exists = in.queue_exists();
  out.visible_left = in.visible_left();
  out.now = {in.now_ms()};
  out.moves = read_moves(r, in.moves());
  return out;
}

void write(proto::reply& out, const queue::purge_reply& in) { out.mutable_purge()->set_count(in.count); }

void write(proto::reply& out, const queue::done_reply& in) {
  auto& m = *out.mutable_done();
  m.set_problem(code(in.problem));
  m.set_changed(in.changed);
  m.set_value(in.value);
}

void write(proto::reply& out, const queue::settings_reply& in) {
  auto& m = *out.mutable_settings();
  m.set_problem(code(in.problem));
  m.set_created(in.created);
  write(*m.mutable_value(), in.value);
  m.set_revision(in.revision);
}

void write(proto::reply& out, const queue::task_reply& in) {
  out.mutable_task()->set_problem(code(in.problem));
  write(*out.mutable_task()->mutable_task(), in.task);
}

void write(proto::reply& out, const queue::arrive_reply& in) {
  auto& m = *out.mutable_arrive();
  for (const auto problem : in.items) m.add_items(code(problem));
}
queue::arrive_reply read(reader& r, const proto::arrive_reply& in) {
  queue::arrive_reply out;
  bounded(r, in.items_size(), limits::move_batch_messages_max);
  for (const auto problem : in.items()) out.items.push_back(read_code(r, problem));
  return out;
}

} // namespace

void write(proto::reply& out, const queue::reply& in) {
  std::visit([&](const auto& what) { write(out, what); }, in);
}

queue::reply read(reader& r, const proto::reply& in) {
  switch (in.what_case()) {
  case proto::reply::kInsert: return read(r, in.insert());
  case proto::reply::kTake: return read(r, in.take());
  case proto::reply::kTargets: return read(r, in.targets());
  case proto::reply::kPurge: return queue::purge_reply{in.purge().count()};
  case proto::reply::kDone: {
    const auto& m = in.done();
    return queue::done_reply{read_code(r, m.problem()), m.changed(), m.value()};
  }
  case proto::reply::kSettings: {
    const auto& m = in.settings();
    return queue::settings_reply{read_code(r, m.problem()), m.created(), read(r, m.value()), m.revision()};
  }
  case proto::reply::kTask: return queue::task_reply{read_code(r, in.task().problem()), read(r, in.task().task())};
  case proto::reply::kArrive: return read(r, in.arrive());
  case proto::reply::WHAT_NOT_SET: break;
  }
  r.ok = false; // of a later version
  return queue::purge_reply{};
}

} // namespace burrow::codec
