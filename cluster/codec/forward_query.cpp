// Queries on their way to the leader of their shard.
#include "cluster/base/limits.hpp"
#include "cluster/codec/forward_parts.hpp"

namespace burrow::codec {
namespace {

using codec::read; // functions of these names in here would hide them
using codec::write;

void write(proto::query& out, const queue::list_messages& in) {
  auto& q = *out.mutable_list_messages();
  q.set_limit(in.limit);
  q.set_bytes_max(in.bytes_max);
  q.set_match_hidden(in.match_hidden);
  q.set_lifo(in.lifo);
  if (in.from != queue::position{}) write(*q.mutable_from(), in.from);
  for (const auto& [name, value] : in.match_meta) {
    auto& field = *q.add_match_meta();
    field.set_name(name);
    field.set_value(value);
  }
  q.set_examine_max(in.examine_max);
  if (in.taking) q.set_taking(static_cast<std::uint32_t>(*in.taking));
  q.set_order(static_cast<std::uint32_t>(in.order));
  q.set_idempotency_key(in.idempotency_key);
}
void write(proto::query& out, const queue::get_message& in) { out.mutable_get_message()->set_id(in.id); }
void write(proto::query& out, const queue::queue_stats&) { out.mutable_queue_stats(); }
void write(proto::query& out, const queue::look& in) {
  out.mutable_look()->set_match_hidden(in.match_hidden);
  out.mutable_look()->set_idempotency_key(in.idempotency_key);
}
void write(proto::query& out, const queue::list_queues& in) {
  auto& q = *out.mutable_list_queues();
  q.set_tenant(in.tenant);
  q.set_after(in.after);
  q.set_prefix(in.prefix);
  q.set_limit(in.limit);
  q.set_include_empty(in.include_empty);
}
void write(proto::query& out, const queue::list_tenants& in) {
  auto& q = *out.mutable_list_tenants();
  q.set_after(in.after);
  q.set_prefix(in.prefix);
  q.set_limit(in.limit);
}
void write(proto::query& out, const queue::tenant_total& in) { out.mutable_tenant_total()->set_tenant(in.tenant); }
void write(proto::query& out, const queue::registry_get& in) { out.mutable_registry_get()->set_prefix(in.prefix); }
void write(proto::query& out, const queue::get_settings&) { out.mutable_get_settings(); }
void write(proto::query& out, const queue::list_tasks&) { out.mutable_list_tasks(); }
void write(proto::query& out, const queue::get_task& in) { out.mutable_get_task()->set_task(in.task.value); }
void write(proto::query& out, const queue::list_leaving& in) {
  auto& q = *out.mutable_list_leaving();
  q.set_target(in.to.value);
  write(*q.mutable_after(), in.after);
  q.set_limit(in.limit);
  q.set_bytes_max(in.bytes_max);
}
void write(proto::query& out, const queue::look_ahead& in) { out.mutable_look_ahead()->set_task(in.task.value); }
void write(proto::query& out, const queue::names_taken& in) {
  auto& q = *out.mutable_names_taken();
  for (const auto& name : in.names) q.add_names(name);
}

// ---- reading: a part over its bound makes the whole malformed ------------------------------------------------------

const std::string& name(reader& r, const std::string& text, std::size_t most = limits::name_bytes_max) {
  if (text.size() > most) r.ok = false;
  return text;
}
std::uint32_t count(reader& r, std::uint32_t x, std::size_t most) {
  if (x > most) r.ok = false;
  return x;
}

queue::list_messages read(reader& r, const proto::list_messages& in) {
  queue::list_messages out;
  out.limit = count(r, in.limit(), limits::list_items_max);
  out.bytes_max = in.bytes_max();
  out.match_hidden = in.match_hidden();
  out.lifo = in.lifo();
  out.from = read(r, in.from());
  name(r, out.from.marker);
  bounded(r, in.match_meta_size(), limits::meta_count_max);
  for (const auto& field : in.match_meta())
    out.match_meta.emplace_back(name(r, field.name(), limits::http_target_bytes_max),
                                name(r, field.value(), limits::http_target_bytes_max));
  out.examine_max = count(r, in.examine_max(), limits::meta_scan_messages_max);
  if (in.has_taking()) out.taking = r.one_of(in.taking(), queue::take_action::remove);
  out.order = r.one_of(in.order(), queue::take_order::lifo);
  out.idempotency_key = name(r, in.idempotency_key(), limits::idempotency_key_bytes_max);
  return out;
}
queue::list_queues read(reader& r, const proto::list_queues& in) {
  return {name(r, in.tenant()), name(r, in.after()), name(r, in.prefix()),
          count(r, in.limit(), limits::list_items_max), in.include_empty()};
}
queue::list_leaving read(reader& r, const proto::list_leaving& in) {
  if (in.bytes_max() > limits::move_batch_bytes_max) r.ok = false;
  return {{r.narrow<std::uint16_t>(in.target())}, read(in.after()),
          count(r, in.limit(), limits::move_batch_messages_max), in.bytes_max()};
}
queue::names_taken read(reader& r, const proto::names_taken& in) {
  queue::names_taken out;
  bounded(r, in.names_size(), limits::move_batch_messages_max);
  for (const auto& one : in.names()) out.names.push_back(name(r, one));
  return out;
}

decltype(queue::query::what) read_what(reader& r, const proto::query& in) {
  switch (in.what_case()) {
  case proto::query::kListMessages: return read(r, in.list_messages());
  case proto::query::kGetMessage: return queue::get_message{name(r, in.get_message().id())};
  case proto::query::kQueueStats: return queue::queue_stats{};
  case proto::query::kLook:
    return queue::look{in.look().match_hidden(),
                       name(r, in.look().idempotency_key(), limits::idempotency_key_bytes_max)};
  case proto::query::kListQueues: return read(r, in.list_queues());
  case proto::query::kListTenants: {
    const auto& q = in.list_tenants();
    return queue::list_tenants{name(r, q.after()), name(r, q.prefix()), count(r, q.limit(), limits::list_items_max)};
  }
  case proto::query::kTenantTotal: return queue::tenant_total{name(r, in.tenant_total().tenant())};
  case proto::query::kRegistryGet: return queue::registry_get{name(r, in.registry_get().prefix())};
  case proto::query::kGetSettings: return queue::get_settings{};
  case proto::query::kListTasks: return queue::list_tasks{};
  case proto::query::kGetTask: return queue::get_task{{in.get_task().task()}};
  case proto::query::kListLeaving: return read(r, in.list_leaving());
  case proto::query::kLookAhead: return queue::look_ahead{{in.look_ahead().task()}};
  case proto::query::kNamesTaken: return read(r, in.names_taken());
  case proto::query::WHAT_NOT_SET: break;
  }
  r.ok = false; // of a later version
  return queue::queue_stats{};
}

} // namespace

void write(proto::query& out, const queue::query& in) {
  out.set_tenant(in.queue.tenant);
  out.set_queue(in.queue.queue);
  std::visit([&](const auto& what) { write(out, what); }, in.what);
}

queue::query read(reader& r, const proto::query& in) {
  return {{name(r, in.tenant()), name(r, in.queue())}, read_what(r, in)};
}

} // namespace burrow::codec
