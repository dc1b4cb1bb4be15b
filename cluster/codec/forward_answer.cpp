// Answers to queries on their way back to who asked.
#include "cluster/base/limits.hpp"
#include "cluster/codec/forward_parts.hpp"

namespace burrow::codec {
namespace {

using codec::read; // functions of these names in here would hide them
using codec::write;

void write(proto::answer& out, const queue::messages_answer& in) {
  auto& m = *out.mutable_messages();
  for (const auto& item : in.items) write(*m.add_items(), item);
  m.set_last(in.last.value);
  m.set_more(in.more);
  m.set_queue_exists(in.queue_exists);
  if (in.revision) m.set_revision(*in.revision);
  m.set_now_ms(in.now.ms);
  m.set_lifo(in.lifo);
  m.set_by_priority(in.by_priority);
  m.set_last_priority(in.last_priority);
  m.set_problem(static_cast<std::uint32_t>(in.problem));
  m.set_remembered(in.remembered);
}
queue::messages_answer read(reader& r, const proto::messages_answer& in) {
  queue::messages_answer out;
  bounded(r, in.items_size(), limits::list_items_max);
  for (const auto& item : in.items()) out.items.push_back(read(r, item));
  out.last = {in.last()};
  out.more = in.more();
  out.queue_exists = in.queue_exists();
  if (in.has_revision()) out.revision = in.revision();
  out.now = {in.now_ms()};
  out.lifo = in.lifo();
  out.by_priority = in.by_priority();
  out.last_priority = r.narrow<std::uint8_t>(in.last_priority());
  out.problem = read_code(r, in.problem());
  out.remembered = in.remembered();
  return out;
}

void write(proto::answer& out, const queue::message_answer& in) {
  auto& m = *out.mutable_message();
  if (in.item) write(*m.mutable_item(), *in.item);
  m.set_queue_exists(in.queue_exists);
  m.set_now_ms(in.now.ms);
}
queue::message_answer read(reader& r, const proto::message_answer& in) {
  queue::message_answer out;
  if (in.has_item()) out.item = read(r, in.item());
  out.queue_exists = in.queue_exists();
  out.now = {in.now_ms()};
  return out;
}

void write(proto::queue_summary& out, const queue::queue_summary& in) {
  out.set_name(in.name);
  out.set_visible(in.visible);
  out.set_delayed(in.delayed);
  out.set_claimed(in.claimed);
  out.set_moving(in.moving);
  out.set_bytes_stored(in.bytes);
  out.set_oldest_created_ms(in.oldest_created.ms);
  out.set_oldest_visible_created_ms(in.oldest_visible_created.ms);
  out.set_has_settings(in.has_settings);
}
queue::queue_summary read(reader& r, const proto::queue_summary& in) {
  if (in.name().size() > limits::name_bytes_max) r.ok = false;
  return {in.name(),   in.visible(), in.delayed(), in.claimed(), in.moving(), in.bytes_stored(),
          {in.oldest_created_ms()}, {in.oldest_visible_created_ms()}, in.has_settings()};
}

void write(proto::answer& out, const queue::stats_answer& in) {
  auto& m = *out.mutable_stats();
  write(*m.mutable_summary(), in.summary);
  m.set_inserted(in.last_minute.inserted);
  m.set_claimed(in.last_minute.claimed);
  m.set_deleted(in.last_minute.deleted);
  m.set_expired(in.last_minute.expired);
  m.set_dead(in.last_minute.dead);
  m.set_queue_exists(in.queue_exists);
  m.set_now_ms(in.now.ms);
}
queue::stats_answer read(reader& r, const proto::stats_answer& in) {
  return {read(r, in.summary()),
          {in.inserted(), in.claimed(), in.deleted(), in.expired(), in.dead()},
          in.queue_exists(),
          {in.now_ms()}};
}

void write(proto::answer& out, const queue::look_answer& in) {
  auto& m = *out.mutable_look();
  m.set_maybe(in.maybe);
  m.set_queue_exists(in.queue_exists);
  m.set_next_visible_ms(in.next_visible.ms);
}

void write(proto::answer& out, const queue::queues_answer& in) {
  auto& m = *out.mutable_queues();
  for (const auto& item : in.items) write(*m.add_items(), item);
  m.set_more(in.more);
  m.set_now_ms(in.now.ms);
}
queue::queues_answer read(reader& r, const proto::queues_answer& in) {
  queue::queues_answer out;
  bounded(r, in.items_size(), limits::list_items_max);
  for (const auto& item : in.items()) out.items.push_back(read(r, item));
  out.more = in.more();
  out.now = {in.now_ms()};
  return out;
}

void write(proto::answer& out, const queue::tenants_answer& in) {
  auto& m = *out.mutable_tenants();
  for (const auto& one : in.items) {
    auto& item = *m.add_items();
    item.set_name(one.name);
    item.set_queues(one.queues);
    item.set_messages(one.messages);
    item.set_bytes_stored(one.bytes);
  }
  m.set_more(in.more);
}
queue::tenants_answer read(reader& r, const proto::tenants_answer& in) {
  queue::tenants_answer out;
  bounded(r, in.items_size(), limits::list_items_max);
  for (const auto& item : in.items()) {
    if (item.name().size() > limits::name_bytes_max) r.ok = false;
    out.items.push_back({item.name(), item.queues(), item.messages(), item.bytes_stored()});
  }
  out.more = in.more();
  return out;
}

void write(proto::answer& out, const queue::registry_answer& in) {
  auto& m = *out.mutable_registry();
  for (const auto& [key, value] : in.items) {
    auto& item = *m.add_items();
    item.set_name(key);
    item.set_value(value);
  }
}
queue::registry_answer read(reader& r, const proto::registry_answer& in) {
  queue::registry_answer out;
  for (const auto& item : in.items()) {
    if (item.name().size() > limits::name_bytes_max) r.ok = false;
    out.items.emplace_back(item.name(), item.value());
  }
  return out;
}

void write(proto::answer& out, const queue::settings_answer& in) {
  write(*out.mutable_settings()->mutable_value(), in.value);
  out.mutable_settings()->set_revision(in.revision);
}

void write(proto::answer& out, const queue::tasks_answer& in) {
  auto& m = *out.mutable_tasks();
  for (const auto& item : in.items) write(*m.add_items(), item);
}
queue::tasks_answer read(reader& r, const proto::tasks_answer& in) {
  queue::tasks_answer out;
  bounded(r, in.items_size(), limits::tasks_per_queue_max);
  for (const auto& item : in.items()) out.items.push_back(read(r, item));
  return out;
}
void write(proto::answer& out, const queue::task_answer& in) {
  auto& m = *out.mutable_task();
  if (in.item) write(*m.mutable_item(), *in.item);
}
queue::task_answer read(reader& r, const proto::task_answer& in) {
  queue::task_answer out;
  if (in.has_item()) out.item = read(r, in.item());
  return out;
}

void write(proto::answer& out, const queue::leaving_answer& in) {
  auto& m = *out.mutable_leaving();
  for (const auto& one : in.items) {
    auto& item = *m.add_items();
    write(*item.mutable_what(), one);
    item.mutable_what()->set_body(0);
    write(*item.mutable_body(), one.what.body);
  }
  write(*m.mutable_done_below(), in.done_below);
  m.set_more(in.more);
}
queue::leaving_answer read(reader& r, const proto::leaving_answer& in) {
  queue::leaving_answer out;
  // Where a body lies stands beside the message, whose number of one then means nothing.
  const std::vector<raft::body_part> some(1);
  reader inner{some};
  bounded(r, in.items_size(), limits::move_batch_messages_max);
  for (const auto& item : in.items()) {
    out.items.push_back(read(inner, item.what()));
    out.items.back().what.body = read(item.body());
  }
  r.ok = r.ok && inner.ok;
  out.done_below = read(in.done_below());
  out.more = in.more();
  return out;
}

void write(proto::answer& out, const queue::look_ahead_answer& in) {
  auto& m = *out.mutable_look_ahead();
  m.set_runs(in.runs);
  m.set_upto(in.upto);
  for (const auto& one : in.ask) {
    auto& item = *m.add_ask();
    item.set_place(one.at.value);
    item.set_name(one.name);
    item.set_tenant(one.to.tenant);
    item.set_queue(one.to.queue);
    item.set_shard(one.shard.value);
  }
}
queue::look_ahead_answer read(reader& r, const proto::look_ahead_answer& in) {
  queue::look_ahead_answer out{in.runs(), in.upto(), {}};
  bounded(r, in.ask_size(), limits::move_batch_messages_max);
  for (const auto& item : in.ask())
    out.ask.push_back({{item.place()}, item.name(), {item.tenant(), item.queue()},
                       {r.narrow<std::uint16_t>(item.shard())}});
  return out;
}

void write(proto::answer& out, const queue::names_answer& in) {
  auto& m = *out.mutable_names();
  for (const bool taken : in.taken) m.add_taken(taken);
}
queue::names_answer read(reader& r, const proto::names_answer& in) {
  bounded(r, in.taken_size(), limits::move_batch_messages_max);
  return {{in.taken().begin(), in.taken().end()}};
}

} // namespace

void write(proto::answer& out, const queue::answer& in) {
  std::visit([&](const auto& what) { write(out, what); }, in);
}

queue::answer read(reader& r, const proto::answer& in) {
  switch (in.what_case()) {
  case proto::answer::kMessages: return read(r, in.messages());
  case proto::answer::kMessage: return read(r, in.message());
  case proto::answer::kStats: return read(r, in.stats());
  case proto::answer::kLook:
    return queue::look_answer{in.look().maybe(), in.look().queue_exists(), {in.look().next_visible_ms()}};
  case proto::answer::kQueues: return read(r, in.queues());
  case proto::answer::kTenants: return read(r, in.tenants());
  case proto::answer::kRegistry: return read(r, in.registry());
  case proto::answer::kSettings:
    return queue::settings_answer{read(r, in.settings().value()), in.settings().revision()};
  case proto::answer::kTasks: return read(r, in.tasks());
  case proto::answer::kTask: return read(r, in.task());
  case proto::answer::kLeaving: return read(r, in.leaving());
  case proto::answer::kLookAhead: return read(r, in.look_ahead());
  case proto::answer::kNames: return read(r, in.names());
  case proto::answer::WHAT_NOT_SET: break;
  }
  r.ok = false; // of a later version
  return queue::names_answer{};
}

} // namespace burrow::codec
