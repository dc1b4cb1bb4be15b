// The bounds of a logged command, asked when it is proposed and again when it is decoded.
#include "cluster/base/limits.hpp"
#include "cluster/codec/commands.hpp"
#include "cluster/codec/log_codec.hpp"

namespace burrow::codec {
namespace {

constexpr std::size_t revisions_max = limits::batch_entries_max;
constexpr std::size_t selected_max = limits::meta_scan_messages_max;
constexpr std::uint8_t priority_max = 9;

bool fits(const std::string& text, std::size_t bytes_max) { return text.size() <= bytes_max; }
bool fits(const std::optional<duration>& ttl, std::int64_t seconds_max) {
  return !ttl || (ttl->count() >= 0 && ttl->count() <= seconds_max * 1000);
}

bool fits(const queue::condition& c) { return c.if_match.size() <= revisions_max; }

bool fits(const queue::defaults& d) {
  return fits(std::optional{d.ttl}, limits::ttl_s_max) && fits(std::optional{d.hide}, limits::hide_s_max);
}

bool fits(const queue::dedupe_bounds& b) { return fits(std::optional{b.window}, limits::dedupe_window_s_max); }

bool fits(const queue::message_attributes& a) {
  std::size_t bytes = 0;
  for (const auto& [name, value] : a.meta) {
    if (!fits(name, limits::meta_name_bytes_max)) return false;
    bytes += name.size() + value.size();
  }
  return a.meta.size() <= limits::meta_count_max && bytes <= limits::meta_bytes_max && a.priority <= priority_max &&
         fits(a.content_type, limits::content_type_bytes_max) && fits(a.group, limits::name_bytes_max) &&
         fits(a.sender, limits::name_bytes_max) && fits(a.producer, limits::producer_bytes_max) &&
         fits(a.traceparent, limits::name_bytes_max) && fits(a.tracestate, limits::tracestate_bytes_max);
}

bool fits(const queue::insert& c) {
  for (const auto& i : c.items) {
    if (!fits(i.name, limits::name_bytes_max) || i.body_size > limits::body_bytes_max || !fits(i.guard) ||
        !fits(i.ttl, limits::ttl_s_max) || !fits(i.hide, limits::hide_s_max) || !fits(i.attributes) ||
        i.sequence > limits::sequence_max) {
      return false;
    }
  }
  return c.items.size() <= limits::entry_messages_max && fits(c.fallback) &&
         fits(c.bounds) && fits(c.idempotency_key, limits::idempotency_key_bytes_max);
}

bool fits(const queue::take& c) {
  return c.action <= queue::take_action::remove && c.order <= queue::take_order::lifo && c.limit >= 1 &&
         c.limit <= limits::entry_messages_max && fits(c.ttl, limits::ttl_s_max) && fits(c.hide, limits::hide_s_max) &&
         fits(c.from.marker, limits::name_bytes_max) &&
         c.from.priority.value_or(0) <= priority_max && c.only.size() <= selected_max && fits(c.fallback) &&
         fits(c.bounds) && fits(c.idempotency_key, limits::idempotency_key_bytes_max);
}

bool fits(const std::vector<queue::target>& targets) {
  for (const auto& t : targets) {
    if (!fits(t.id, limits::name_bytes_max) || !fits(t.guard)) return false;
  }
  return targets.size() <= limits::entry_messages_max;
}

bool fits(const queue::change& c) {
  return fits(c.targets) && fits(c.ttl, limits::ttl_s_max) && fits(c.hide, limits::hide_s_max);
}
bool fits(const queue::remove& c) { return fits(c.targets); }
bool fits(const queue::unclaim& c) {
  return c.places.size() <= limits::entry_messages_max && fits(c.idempotency_key, limits::idempotency_key_bytes_max);
}
bool fits(const queue::registry_put& c) {
  return fits(c.key, limits::name_bytes_max) && fits(c.value, limits::registry_value_bytes_max);
}
bool fits(const queue::configure& c) {
  for (const auto& name : c.to.labels_erased) {
    if (!fits(name, limits::label_name_bytes_max)) return false;
  }
  return c.action <= queue::configure_action::forget && queue::is_valid(c.to.values) &&
         c.to.labels_erased.size() <= limits::labels_max && fits(c.guard) && fits(c.fallback);
}
bool fits(const queue::redrive& c) {
  for (const auto& id : c.ids) {
    if (!fits(id, limits::name_bytes_max)) return false;
  }
  return c.ids.size() <= limits::redrive_ids_max && (!c.to || fits(*c.to, limits::name_bytes_max)) &&
         c.max_per_second >= 1 && c.max_per_second <= limits::redrive_rate_max && fits(c.fallback) &&
         fits(c.bounds) && fits(c.idempotency_key, limits::idempotency_key_bytes_max);
}
bool fits(const queue::redrive_step& c) { return c.taken.size() <= limits::entry_messages_max; }
bool fits(const queue::message& m) {
  const auto& from = m.dead_letter;
  return fits(m.name, limits::name_bytes_max) && m.body.size <= limits::body_bytes_max && fits(m.attributes) &&
         (!from || (fits(from->queue, limits::name_bytes_max) && fits(from->id, limits::name_bytes_max) &&
                    fits(from->reason, limits::name_bytes_max)));
}
bool fits(const queue::arrive& c) {
  for (const auto& i : c.items) {
    if (!fits(i.to.tenant, limits::name_bytes_max) || !fits(i.to.queue, limits::name_bytes_max) || !fits(i.what) ||
        !fits(i.ttl, limits::ttl_s_max)) {
      return false;
    }
  }
  return c.items.size() <= limits::move_batch_messages_max;
}
bool fits(const queue::left& c) { return c.numbers.size() <= limits::move_batch_messages_max; }
bool fits(const queue::cancel_task&) { return true; }
bool fits(const queue::begin_life&) { return true; }
bool fits(const queue::purge&) { return true; }
bool fits(const queue::clock&) { return true; }
bool fits(const queue::set_version&) { return true; }

} // namespace

bool within_limits(const queue::message& m) { return fits(m); }

result<void> check_limits(const queue::command& command) {
  if (!fits(command.queue.tenant, limits::name_bytes_max) || !fits(command.queue.queue, limits::name_bytes_max)) {
    return error{errc::too_large, "name of account or queue"};
  }
  if (!std::visit([](const auto& what) { return fits(what); }, command.what)) {
    return error{errc::invalid_parameter, "a part of the command is over its limit"};
  }
  return {};
}

} // namespace burrow::codec
