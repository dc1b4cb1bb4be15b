#include "cluster/codec/log_codec.hpp"

#include "cluster/base/limits.hpp"
#include "cluster/codec/commands.hpp"

#include <utility>

namespace burrow::codec {
namespace {

using codec::write; // functions of this name in here would hide them

// Buffers of a message are kept for the next one, unless it was a large one: an idle shard must stay small.
constexpr std::size_t kept_bytes_max = 64 * limits::kib;

std::uint64_t ms(duration d) { return static_cast<std::uint64_t>(d.count()); }

void write(proto::defaults& out, const queue::defaults& in) {
  out.set_ttl_ms(ms(in.ttl));
  out.set_hide_ms(ms(in.hide));
  out.set_body_bytes_max(in.body_bytes_max);
  out.set_claimed_max(in.claimed_max);
  out.set_tenant_bytes_max(in.tenant_bytes_max);
  out.set_tenant_queues_max(in.tenant_queues_max);
}

void write(proto::dedupe_bounds& out, const queue::dedupe_bounds& in) {
  out.set_window_ms(ms(in.window));
  out.set_keys_max(in.keys_max);
  out.set_producers_max(in.producers_max);
}

bool is_plain(const queue::condition& c) { return c == queue::condition{}; }

void write(proto::condition& out, const queue::condition& in) {
  if (in.receipt) out.set_receipt(in.receipt->value);
  if (in.receipt_claims) out.set_receipt_claims(*in.receipt_claims);
  if (in.receipt_place) out.set_receipt_place(in.receipt_place->value);
  for (const auto revision : in.if_match) out.add_if_match(revision);
  out.set_if_match_any(in.if_match_any);
  out.set_if_none_match(in.if_none_match);
}

void write(proto::hash& out, const hash128& in) {
  out.set_high(in.high);
  out.set_low(in.low);
}

void write(proto::insert_item& out, const queue::insert_item& in) {
  out.set_name(in.name);
  out.set_body(in.body);
  if (in.ttl) out.set_ttl_ms(ms(*in.ttl));
  if (in.hide) out.set_hide_ms(ms(*in.hide));
  write(*out.mutable_attributes(), in.attributes);
  out.set_sequence(in.sequence);
  if (!is_plain(in.guard)) write(*out.mutable_guard(), in.guard);
  out.set_refused(static_cast<std::uint32_t>(in.refused));
}

void write(proto::command& out, const queue::insert& in) {
  auto& c = *out.mutable_insert();
  for (const auto& item : in.items) write(*c.add_items(), item);
  c.set_atomic(in.atomic);
  c.set_idempotency_key(in.idempotency_key);
  if (in.request_hash != hash128{}) write(*c.mutable_request_hash(), in.request_hash);
  if (in.fallback != queue::defaults{}) write(*c.mutable_fallback(), in.fallback);
  if (in.bounds != queue::dedupe_bounds{}) write(*c.mutable_bounds(), in.bounds);
}

void write(proto::command& out, const queue::take& in) {
  auto& c = *out.mutable_take();
  c.set_action(static_cast<std::uint32_t>(in.action));
  c.set_limit(in.limit);
  c.set_bytes_max(in.bytes_max);
  if (in.ttl) c.set_ttl_ms(ms(*in.ttl));
  if (in.hide) c.set_hide_ms(ms(*in.hide));
  c.set_match_hidden(in.match_hidden);
  c.set_order(static_cast<std::uint32_t>(in.order));
  if (in.from != queue::position{}) write(*c.mutable_from(), in.from);
  if (in.below) c.set_below(in.below->value);
  for (const auto p : in.only) c.add_only(p.value);
  c.set_idempotency_key(in.idempotency_key);
  if (in.request_hash != hash128{}) write(*c.mutable_request_hash(), in.request_hash);
  if (in.fallback != queue::defaults{}) write(*c.mutable_fallback(), in.fallback);
  if (in.bounds != queue::dedupe_bounds{}) write(*c.mutable_bounds(), in.bounds);
  c.set_step(in.step);
}

template <class Message>
void write_targets(Message& out, const std::vector<queue::target>& in) {
  for (const auto& t : in) {
    auto& target = *out.add_targets();
    target.set_id(t.id);
    if (!is_plain(t.guard)) write(*target.mutable_guard(), t.guard);
  }
}

void write(proto::command& out, const queue::change& in) {
  auto& c = *out.mutable_change();
  write_targets(c, in.targets);
  if (in.ttl) c.set_ttl_ms(ms(*in.ttl));
  if (in.hide) c.set_hide_ms(ms(*in.hide));
}

void write(proto::command& out, const queue::remove& in) { write_targets(*out.mutable_remove(), in.targets); }
void write(proto::command& out, const queue::purge&) { out.mutable_purge(); }
void write(proto::command& out, const queue::unclaim& in) { write(*out.mutable_unclaim(), in); }
void write(proto::command& out, const queue::clock&) { out.mutable_clock(); }
void write(proto::command& out, const queue::registry_put& in) {
  auto& c = *out.mutable_registry_put();
  c.set_key(in.key);
  c.set_value(in.value);
  c.set_only_if_absent(in.only_if_absent);
  if (in.if_hash) {
    c.mutable_if_hash()->set_high(in.if_hash->high);
    c.mutable_if_hash()->set_low(in.if_hash->low);
  }
}
void write(proto::command& out, const queue::set_version& in) { out.mutable_set_version()->set_number(in.version); }

void write(proto::command& out, const queue::configure& in) {
  auto& c = *out.mutable_configure();
  c.set_action(static_cast<std::uint32_t>(in.action));
  c.set_named(in.to.named);
  write(*c.mutable_rules(), in.to.values.rules);
  for (const auto& [name, value] : in.to.values.labels) {
    auto& label = *c.add_labels();
    label.set_name(name);
    label.set_value(value);
  }
  for (const auto& name : in.to.labels_erased) c.add_labels_erased(name);
  if (in.to.values.zone) c.set_zone(*in.to.values.zone);
  if (const auto& rule = in.to.values.rules.dead_letter) write(*c.mutable_dead_letter(), *rule);
  if (!is_plain(in.guard)) write(*c.mutable_guard(), in.guard);
  if (in.fallback != queue::defaults{}) write(*c.mutable_fallback(), in.fallback);
}

void write(proto::command& out, const queue::redrive& in) {
  auto& c = *out.mutable_redrive();
  if (in.to) c.set_to(*in.to);
  c.set_to_shard(in.to_shard.value);
  for (const auto& id : in.ids) c.add_ids(id);
  c.set_limit(in.limit);
  c.set_max_per_second(in.max_per_second);
  if (in.fallback != queue::defaults{}) write(*c.mutable_fallback(), in.fallback);
  c.set_idempotency_key(in.idempotency_key);
  if (in.request_hash != hash128{}) write(*c.mutable_request_hash(), in.request_hash);
  if (in.bounds != queue::dedupe_bounds{}) write(*c.mutable_bounds(), in.bounds);
}
void write(proto::command& out, const queue::cancel_task& in) { out.mutable_cancel_task()->set_task(in.task.value); }
void write(proto::command& out, const queue::redrive_step& in) {
  auto& c = *out.mutable_redrive_step();
  c.set_task(in.task.value);
  c.set_upto(in.upto);
  for (const auto p : in.taken) c.add_taken(p.value);
}

void write(proto::command& out, const queue::arrive& in) {
  auto& c = *out.mutable_arrive();
  c.set_source(in.from.value);
  write(*c.mutable_done_below(), in.done_below);
  for (const auto& item : in.items) write(*c.add_items(), item);
}
void write(proto::command& out, const queue::left& in) {
  auto& c = *out.mutable_left();
  c.set_target(in.to.value);
  for (const auto& n : in.numbers) write(*c.add_numbers(), n);
}
void write(proto::command& out, const queue::begin_life& in) { out.mutable_begin_life()->set_life(in.life); }

} // namespace

void write(proto::attributes& out, const queue::message_attributes& in) {
  out.set_content_type(in.content_type);
  for (const auto& [name, value] : in.meta) {
    auto& field = *out.add_meta();
    field.set_name(name);
    field.set_value(value);
  }
  out.set_priority(in.priority);
  out.set_group(in.group);
  out.set_sender(in.sender);
  out.set_producer(in.producer);
  out.set_traceparent(in.traceparent);
  out.set_tracestate(in.tracestate);
  if (in.persistent) out.set_persistent(*in.persistent);
}

void write(proto::position& out, const queue::position& in) {
  if (in.after) out.set_after(in.after->value);
  if (!in.marker.empty()) out.set_marker(in.marker);
  if (in.lifo) out.set_lifo(*in.lifo);
  if (in.priority) out.set_priority(*in.priority);
}

void write(proto::unclaim& out, const queue::unclaim& in) {
  out.set_claim(in.claim.value);
  for (const auto p : in.places) out.add_places(p.value);
  out.set_idempotency_key(in.idempotency_key);
  out.set_step(in.step);
}

void write(rule_fields& out, const queue::queue_rules& in) {
  queue::each_rule([&](queue::setting which, auto member) {
    const auto& value = in.*member;
    if (!value) return;
    auto& rule = *out.Add();
    rule.set_number(static_cast<std::uint32_t>(which));
    rule.set_value(static_cast<std::uint64_t>(*value));
  });
}

void write(proto::dead_letter_rule& out, const queue::dead_letter_rule& in) {
  out.set_queue(in.queue);
  out.set_shard(in.shard.value);
  out.set_max_claims(in.max_claims);
  out.set_expired(in.expired);
  out.set_keeps_claims(!in.resets_claims);
  out.set_keeps_ttl(!in.resets_ttl);
  out.set_fallback_ttl_s(static_cast<std::uint64_t>(in.fallback_ttl_s));
}

void write(proto::move_number& out, const queue::move_number& in) {
  out.set_life(in.life);
  out.set_number(in.number);
}

void write(proto::dead_letter_origin& out, const queue::dead_letter_origin& in) {
  out.set_queue(in.queue);
  out.set_shard(in.shard.value);
  out.set_id(in.id);
  out.set_reason(in.reason);
  out.set_claims(in.claims);
  out.set_at_ms(in.at.ms);
  out.set_hops(in.hops);
}

void write(proto::moved_message& out, const queue::moved_message& in) {
  const auto& m = in.what;
  write(*out.mutable_number(), in.number);
  out.set_tenant(in.to.tenant);
  out.set_queue(in.to.queue);
  out.set_id_high(m.id.high);
  out.set_id_low(m.id.low);
  out.set_name(m.name);
  out.set_body(m.body.n);
  write(*out.mutable_attributes(), m.attributes);
  out.set_created_ms(m.created.ms);
  out.set_expires_ms(m.expires.ms);
  out.set_claims(m.claims);
  out.set_claims_total(m.claims_total);
  out.set_revision(m.revision);
  if (m.dead_letter) write(*out.mutable_dead_letter(), *m.dead_letter);
  if (in.ttl) out.set_ttl_ms(ms(*in.ttl));
}

void write(proto::command& out, const queue::command& in) {
  out.set_tenant(in.queue.tenant);
  out.set_queue(in.queue.queue);
  if (in.request != queue::request_id{}) {
    auto& r = *out.mutable_request();
    r.set_gateway(in.request.gateway);
    r.set_number(in.request.number);
    r.set_answered_below(in.request.answered_below);
    r.set_again(in.request.again);
  }
  std::visit([&](const auto& what) { write(out, what); }, in.what);
}

// Cleared, not destroyed, between two commands: strings and repeated fields keep their memory, so encoding allocates
// nothing but its result.
struct command_encoder::buffers {
  proto::logged_command message;
};

command_encoder::command_encoder() = default;
command_encoder::~command_encoder() = default;
command_encoder::command_encoder(command_encoder&&) noexcept = default;
command_encoder& command_encoder::operator=(command_encoder&&) noexcept = default;

std::string command_encoder::encode(const logged_command& command) {
  if (!buffers_) buffers_ = std::make_unique<buffers>();
  auto& m = buffers_->message;
  m.Clear();
  m.set_time_ms(command.now.ms);
  for (const auto& c : command.what.commands) write(*m.add_commands(), c);
  std::string out;
  m.SerializeToString(&out);
  if (out.size() > kept_bytes_max) buffers_.reset();
  return out;
}

} // namespace burrow::codec
