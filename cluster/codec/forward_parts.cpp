// What replies and answers have in common: messages, settings, tasks.
#include "cluster/codec/forward_parts.hpp"

#include "cluster/base/limits.hpp"
#include "cluster/codec/log_codec.hpp"

namespace burrow::codec {

errc read_code(reader& r, std::uint32_t code) {
  const auto out = static_cast<errc>(r.narrow<std::uint16_t>(code));
  if (to_string(out) == "unnamed") r.ok = false;
  return out;
}

void bounded(reader& r, int count, std::size_t most) {
  if (static_cast<std::size_t>(count) > most) r.ok = false;
}

void write(proto::body_reference& out, const queue::body_ref& in) {
  out.set_index(in.index.value);
  out.set_n(in.n);
  out.set_size(in.size);
  out.set_hash_high(in.hash.high);
  out.set_hash_low(in.hash.low);
}
queue::body_ref read(const proto::body_reference& in) {
  return {{in.index()}, in.n(), in.size(), {in.hash_high(), in.hash_low()}};
}

void write(proto::told_message& out, const queue::message& in) {
  out.set_id_high(in.id.high);
  out.set_id_low(in.id.low);
  out.set_place(in.place.value);
  out.set_name(in.name);
  write(*out.mutable_body(), in.body);
  write(*out.mutable_attributes(), in.attributes);
  out.set_created_ms(in.created.ms);
  out.set_expires_ms(in.expires.ms);
  out.set_hidden_until_ms(in.hidden_until.ms);
  out.set_claim(in.claim.value);
  out.set_claimed(in.claimed);
  out.set_claims(in.claims);
  out.set_claims_total(in.claims_total);
  out.set_revision(in.revision);
  out.set_in_ttl_order(in.in_ttl_order);
  if (in.dead_letter) write(*out.mutable_dead_letter(), *in.dead_letter);
}
queue::message read(reader& r, const proto::told_message& in) {
  queue::message out;
  out.id = {in.id_high(), in.id_low()};
  out.place = {in.place()};
  out.name = in.name();
  out.body = read(in.body());
  out.attributes = read(r, in.attributes());
  out.created = {in.created_ms()};
  out.expires = {in.expires_ms()};
  out.hidden_until = {in.hidden_until_ms()};
  out.claim = {in.claim()};
  out.claimed = in.claimed();
  out.claims = in.claims();
  out.claims_total = in.claims_total();
  out.revision = in.revision();
  out.in_ttl_order = in.in_ttl_order();
  if (in.has_dead_letter()) out.dead_letter = read(r, in.dead_letter());
  if (!within_limits(out)) r.ok = false;
  return out;
}

void write(proto::told_settings& out, const queue::settings& in) {
  write(*out.mutable_rules(), in.rules);
  for (const auto& [name, value] : in.labels) {
    auto& label = *out.add_labels();
    label.set_name(name);
    label.set_value(value);
  }
  if (in.zone) out.set_zone(*in.zone);
  if (in.rules.dead_letter) write(*out.mutable_dead_letter(), *in.rules.dead_letter);
}
queue::settings read(reader& r, const proto::told_settings& in) {
  queue::settings out;
  read(r, in.rules(), out.rules);
  for (const auto& label : in.labels())
    if (!out.labels.emplace(label.name(), label.value()).second) r.ok = false;
  if (in.has_zone()) out.zone = in.zone();
  if (in.has_dead_letter()) out.rules.dead_letter = read(r, in.dead_letter());
  if (!queue::is_valid(out)) r.ok = false;
  return out;
}

void write(proto::task_view& out, const queue::task_view& in) {
  out.set_task(in.id.value);
  out.set_state(static_cast<std::uint32_t>(in.state));
  out.set_moved(in.moved);
  out.set_skipped(in.skipped);
  out.set_failed(in.failed);
  out.set_remaining(in.remaining);
  out.set_started_ms(in.started.ms);
  out.set_finished_ms(in.finished.ms);
  if (in.to) out.set_to(*in.to);
  out.set_limit(in.limit);
  out.set_max_per_second(in.max_per_second);
}
queue::task_view read(reader& r, const proto::task_view& in) {
  queue::task_view out;
  out.id = {in.task()};
  out.state = r.one_of(in.state(), queue::task_state::failed);
  out.moved = in.moved();
  out.skipped = in.skipped();
  out.failed = in.failed();
  out.remaining = in.remaining();
  out.started = {in.started_ms()};
  out.finished = {in.finished_ms()};
  if (in.has_to()) out.to = in.to();
  if (out.to && out.to->size() > limits::name_bytes_max) r.ok = false;
  out.limit = in.limit();
  out.max_per_second = in.max_per_second();
  return out;
}

} // namespace burrow::codec
