// Decoding of logged commands: needed at recovery and on followers only.
#include "cluster/base/limits.hpp"
#include "cluster/codec/commands.hpp"
#include "cluster/codec/log_codec.hpp"

#include <google/protobuf/arena.h>

namespace burrow::codec {
namespace {

using codec::read; // functions of this name in here would hide them

hash128 read(const proto::hash& in) { return {in.high(), in.low()}; }

queue::defaults read(reader& r, const proto::defaults& in) {
  return {r.time(in.ttl_ms()), r.time(in.hide_ms()),     in.body_bytes_max(),
          in.claimed_max(),    in.tenant_bytes_max(), in.tenant_queues_max()};
}

queue::dedupe_bounds read(reader& r, const proto::dedupe_bounds& in) {
  return {r.time(in.window_ms()), in.keys_max(), in.producers_max()};
}

queue::condition read(const proto::condition& in) {
  queue::condition out;
  if (in.has_receipt()) out.receipt = claim_id{in.receipt()};
  if (in.has_receipt_claims()) out.receipt_claims = in.receipt_claims();
  if (in.has_receipt_place()) out.receipt_place = place{in.receipt_place()};
  out.if_match.assign(in.if_match().begin(), in.if_match().end());
  out.if_match_any = in.if_match_any();
  out.if_none_match = in.if_none_match();
  return out;
}

queue::insert_item read(reader& r, const proto::insert_item& in) {
  queue::insert_item out;
  out.name = in.name();
  out.refused = static_cast<errc>(r.narrow<std::uint16_t>(in.refused()));
  out.body = in.body();
  if (out.refused == errc::ok) {
    if (in.body() >= r.bodies.size()) {
      r.ok = false;
      return out;
    }
    out.body_size = r.bodies[in.body()].size;
    out.body_hash = r.bodies[in.body()].hash;
  }
  if (in.has_ttl_ms()) out.ttl = r.time(in.ttl_ms());
  if (in.has_hide_ms()) out.hide = r.time(in.hide_ms());
  out.attributes = read(r, in.attributes());
  out.sequence = in.sequence();
  out.guard = read(in.guard());
  return out;
}

queue::action read(reader& r, const proto::insert& in) {
  queue::insert out;
  out.items.reserve(static_cast<std::size_t>(in.items_size()));
  for (const auto& item : in.items()) out.items.push_back(read(r, item));
  out.atomic = in.atomic();
  out.idempotency_key = in.idempotency_key();
  out.request_hash = read(in.request_hash());
  out.fallback = read(r, in.fallback());
  out.bounds = read(r, in.bounds());
  return out;
}

queue::action read(reader& r, const proto::take& in) {
  queue::take out;
  out.action = static_cast<queue::take_action>(r.narrow<std::uint8_t>(in.action()));
  out.limit = in.limit();
  out.bytes_max = in.bytes_max();
  if (in.has_ttl_ms()) out.ttl = r.time(in.ttl_ms());
  if (in.has_hide_ms()) out.hide = r.time(in.hide_ms());
  out.match_hidden = in.match_hidden();
  out.order = static_cast<queue::take_order>(r.narrow<std::uint8_t>(in.order()));
  out.from = read(r, in.from());
  if (in.has_below()) out.below = place{in.below()};
  for (const auto p : in.only()) out.only.push_back({p});
  out.idempotency_key = in.idempotency_key();
  out.request_hash = read(in.request_hash());
  out.fallback = read(r, in.fallback());
  out.bounds = read(r, in.bounds());
  out.step = in.step();
  return out;
}

template <class Message>
std::vector<queue::target> read_targets(const Message& in) {
  std::vector<queue::target> out;
  for (const auto& t : in.targets()) out.push_back({t.id(), read(t.guard())});
  return out;
}

queue::action read(reader& r, const proto::change& in) {
  queue::change out;
  out.targets = read_targets(in);
  if (in.has_ttl_ms()) out.ttl = r.time(in.ttl_ms());
  if (in.has_hide_ms()) out.hide = r.time(in.hide_ms());
  return out;
}

queue::action read(const proto::registry_put& in) {
  queue::registry_put out{in.key(), in.value(), in.only_if_absent(), std::nullopt};
  if (in.has_if_hash()) out.if_hash = read(in.if_hash());
  return out;
}

queue::action read(reader& r, const proto::configure& in) {
  queue::configure out;
  out.action = static_cast<queue::configure_action>(r.narrow<std::uint8_t>(in.action()));
  out.to.named = in.named();
  read(r, in.rules(), out.to.values.rules);
  for (const auto& label : in.labels()) {
    if (!out.to.values.labels.emplace(label.name(), label.value()).second) r.ok = false;
  }
  out.to.labels_erased.assign(in.labels_erased().begin(), in.labels_erased().end());
  if (in.has_zone()) out.to.values.zone = in.zone();
  if (in.has_dead_letter()) out.to.values.rules.dead_letter = read(r, in.dead_letter());
  out.guard = read(in.guard());
  out.fallback = read(r, in.fallback());
  return out;
}

queue::action read(reader& r, const proto::redrive& in) {
  queue::redrive out;
  if (in.has_to()) out.to = in.to();
  out.to_shard = {r.narrow<std::uint16_t>(in.to_shard())};
  out.ids.assign(in.ids().begin(), in.ids().end());
  out.limit = in.limit();
  out.max_per_second = in.max_per_second();
  out.fallback = read(r, in.fallback());
  out.idempotency_key = in.idempotency_key();
  out.request_hash = read(in.request_hash());
  out.bounds = read(r, in.bounds());
  return out;
}

queue::action read(const proto::redrive_step& in) {
  queue::redrive_step out{{in.task()}, in.upto(), {}};
  for (const auto p : in.taken()) out.taken.push_back({p});
  return out;
}

queue::action read(reader& r, const proto::arrive& in) {
  queue::arrive out{{r.narrow<std::uint16_t>(in.source())}, read(in.done_below()), {}};
  out.items.reserve(static_cast<std::size_t>(in.items_size()));
  for (const auto& item : in.items()) out.items.push_back(read(r, item));
  return out;
}
queue::action read(reader& r, const proto::left& in) {
  queue::left out{{r.narrow<std::uint16_t>(in.target())}, {}};
  for (const auto& n : in.numbers()) out.numbers.push_back(read(n));
  return out;
}

queue::action read_action(reader& r, const proto::command& in) {
  switch (in.what_case()) {
  case proto::command::kInsert: return read(r, in.insert());
  case proto::command::kTake: return read(r, in.take());
  case proto::command::kChange: return read(r, in.change());
  case proto::command::kRemove: return queue::remove{read_targets(in.remove())};
  case proto::command::kPurge: return queue::purge{};
  case proto::command::kUnclaim: return read(in.unclaim());
  case proto::command::kClock: return queue::clock{};
  case proto::command::kRegistryPut:
    return read(in.registry_put());
  case proto::command::kSetVersion:
    return queue::set_version{r.narrow<std::uint16_t>(in.set_version().number())};
  case proto::command::kConfigure: return read(r, in.configure());
  case proto::command::kRedrive: return read(r, in.redrive());
  case proto::command::kCancelTask: return queue::cancel_task{{in.cancel_task().task()}};
  case proto::command::kRedriveStep: return read(in.redrive_step());
  case proto::command::kArrive: return read(r, in.arrive());
  case proto::command::kLeft: return read(r, in.left());
  case proto::command::kBeginLife: return queue::begin_life{in.begin_life().life()};
  case proto::command::WHAT_NOT_SET: break;
  }
  r.ok = false; // a command of a later version: this one cannot apply it, and must not skip it
  return queue::clock{};
}

} // namespace

queue::message_attributes read(reader& r, const proto::attributes& in) {
  queue::message_attributes out;
  out.content_type = in.content_type();
  for (const auto& field : in.meta()) {
    if (!out.meta.emplace(field.name(), field.value()).second) r.ok = false;
  }
  out.priority = r.narrow<std::uint8_t>(in.priority());
  out.group = in.group();
  out.sender = in.sender();
  out.producer = in.producer();
  out.traceparent = in.traceparent();
  out.tracestate = in.tracestate();
  if (in.has_persistent()) out.persistent = in.persistent();
  return out;
}

queue::position read(reader& r, const proto::position& in) {
  queue::position out;
  if (in.has_after()) out.after = place{in.after()};
  out.marker = in.marker();
  if (in.has_lifo()) out.lifo = in.lifo();
  if (in.has_priority()) out.priority = r.narrow<std::uint8_t>(in.priority());
  return out;
}

queue::unclaim read(const proto::unclaim& in) {
  queue::unclaim out{claim_id{in.claim()}, {}, in.idempotency_key(), in.step()};
  for (const auto p : in.places()) out.places.push_back({p});
  return out;
}

void read(reader& r, const rule_fields& in, queue::queue_rules& out) {
  for (const auto& one : in) {
    bool known = false;
    queue::each_rule([&]<class T>(queue::setting which, std::optional<T> queue::queue_rules::*member) {
      if (static_cast<std::uint32_t>(which) != one.number()) return;
      const auto [low, high] = queue::range_of(which);
      known = !(out.*member) && one.value() >= low && one.value() <= high;
      out.*member = static_cast<T>(one.value());
    });
    if (!known) r.ok = false;
  }
}

queue::dead_letter_rule read(reader& r, const proto::dead_letter_rule& in) {
  if (in.fallback_ttl_s() > static_cast<std::uint64_t>(limits::ttl_s_max)) r.ok = false;
  return {in.queue(), {r.narrow<std::uint16_t>(in.shard())}, r.narrow<std::uint16_t>(in.max_claims()), in.expired(),
          !in.keeps_claims(), !in.keeps_ttl(), static_cast<std::int64_t>(in.fallback_ttl_s())};
}

queue::dead_letter_origin read(reader& r, const proto::dead_letter_origin& in) {
  return {in.queue(),  {r.narrow<std::uint16_t>(in.shard())}, in.id(), in.reason(),
          in.claims(), {in.at_ms()},                          r.narrow<std::uint8_t>(in.hops())};
}

queue::move_number read(const proto::move_number& in) { return {in.life(), in.number()}; }

queue::moved_message read(reader& r, const proto::moved_message& in) {
  queue::moved_message out;
  auto& m = out.what;
  if (in.body() >= r.bodies.size()) {
    r.ok = false;
    return out;
  }
  out.number = read(in.number());
  out.to = {in.tenant(), in.queue()};
  m.id = {in.id_high(), in.id_low()};
  m.name = in.name();
  m.body = {{}, in.body(), r.bodies[in.body()].size, r.bodies[in.body()].hash};
  m.attributes = read(r, in.attributes());
  m.created = {in.created_ms()};
  m.expires = {in.expires_ms()};
  m.claims = in.claims();
  m.claims_total = in.claims_total();
  m.revision = in.revision();
  if (in.has_dead_letter()) m.dead_letter = read(r, in.dead_letter());
  if (in.has_ttl_ms()) out.ttl = r.time(in.ttl_ms());
  return out;
}

queue::command read(reader& r, const proto::command& in) {
  return {{in.tenant(), in.queue()},
          {in.request().gateway(), in.request().number(), in.request().answered_below(),
           in.request().again()},
          read_action(r, in)};
}

result<logged_command> decode_command(std::string_view bytes, const std::vector<raft::body_part>& bodies) {
  if (bytes.size() > limits::entry_bytes_max) return errc::too_large;
  google::protobuf::Arena arena;
  auto& in = *google::protobuf::Arena::CreateMessage<proto::logged_command>(&arena);
  if (!in.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return errc::malformed;
  if (in.commands_size() == 0) return errc::malformed;
  if (static_cast<std::size_t>(in.commands_size()) > limits::entry_commands_max) return errc::too_large;
  reader r{bodies};
  logged_command out{{in.time_ms()}, {}};
  out.what.commands.reserve(static_cast<std::size_t>(in.commands_size()));
  for (const auto& c : in.commands()) {
    auto command = read(r, c);
    if (!r.ok) return errc::malformed;
    if (auto fine = check_limits(command); !fine) return fine.error();
    out.what.commands.push_back(std::move(command));
  }
  return out;
}

} // namespace burrow::codec
