// The value of a message key: two words of flags say what is there, so that a plain message costs few bytes.
#include "cluster/queue/snapshot.hpp"

namespace burrow::queue {

namespace {

// Part of the disk format: never renumber. A bit that is set says that the field follows, in this order.
enum flag : std::uint32_t {
  own_number = 1U << 0, // id.low is not the place (it came from another shard)
  named = 1U << 1,
  replaced = 1U << 2,   // created later than the id says
  expires = 1U << 3,
  hidden = 1U << 4,
  claim = 1U << 5,
  claims = 1U << 6,
  changed = 1U << 7,
  claimed = 1U << 8,
  in_ttl_order = 1U << 9,
  ttl_group = 1U << 10,
  content_type = 1U << 11,
  meta = 1U << 12,
  priority = 1U << 13,
  group = 1U << 14,
  sender = 1U << 15,
  producer = 1U << 16,
  trace = 1U << 17,
  persistent_set = 1U << 18,
  persistent = 1U << 19,
  dead_letter = 1U << 20,
  lined = 1U << 21,
  ended = 1U << 22,
  unnamed = 1U << 23,
};

std::int64_t made_ms(const message_id& id) { return static_cast<std::int64_t>(id.high >> 16); }

std::uint32_t attribute_flags(const message_attributes& a) {
  return (a.content_type.empty() ? 0U : content_type) | (a.meta.empty() ? 0U : meta) |
         (a.priority == 0 ? 0U : priority) | (a.group.empty() ? 0U : group) | (a.sender.empty() ? 0U : sender) |
         (a.producer.empty() ? 0U : producer) | (a.traceparent.empty() && a.tracestate.empty() ? 0U : trace) |
         (a.persistent ? persistent_set : 0U) | (a.persistent.value_or(false) ? persistent : 0U);
}
std::uint32_t flags_of(const stored_message& x) {
  const message& m = x.item;
  return (m.id.low == m.place.value ? 0U : own_number) | (m.name.empty() ? 0U : named) |
         (m.created.ms == made_ms(m.id) ? 0U : replaced) | (m.expires == no_instant ? 0U : expires) |
         (m.hidden_until == no_instant ? 0U : hidden) | (m.claim.value == 0 ? 0U : claim) |
         (m.claims == 0 && m.claims_total == 0 ? 0U : claims) | (x.changed ? changed : 0U) |
         (m.claimed ? claimed : 0U) | (m.in_ttl_order ? in_ttl_order : 0U) | (x.ttl_group == 0 ? 0U : ttl_group) |
         attribute_flags(m.attributes) | (m.dead_letter ? dead_letter : 0U) | (x.lined ? lined : 0U) |
         (x.ended ? ended : 0U) | (x.unnamed ? unnamed : 0U);
}

void write_attributes(byte_writer& out, const message_attributes& a, std::uint32_t flags) {
  if (flags & content_type) out.sized(a.content_type);
  if (flags & meta) {
    out.varint(a.meta.size());
    for (const auto& [name, value] : a.meta) {
      out.sized(name);
      out.sized(value);
    }
  }
  if (flags & priority) out.u8(a.priority);
  if (flags & group) out.sized(a.group);
  if (flags & sender) out.sized(a.sender);
  if (flags & producer) out.sized(a.producer);
  if (flags & trace) {
    out.sized(a.traceparent);
    out.sized(a.tracestate);
  }
}
void read_attributes(byte_reader& in, message_attributes& a, std::uint32_t flags) {
  if (flags & content_type) a.content_type = in.sized();
  if (flags & meta) {
    for (auto n = in.varint(); n > 0 && in.ok(); --n) {
      std::string name(in.sized());
      a.meta.insert_or_assign(std::move(name), std::string(in.sized()));
    }
  }
  if (flags & priority) a.priority = in.u8();
  if (flags & group) a.group = in.sized();
  if (flags & sender) a.sender = in.sized();
  if (flags & producer) a.producer = in.sized();
  if (flags & trace) {
    a.traceparent = in.sized();
    a.tracestate = in.sized();
  }
  if (flags & persistent_set) a.persistent = (flags & persistent) != 0;
}

void write_origin(byte_writer& out, const dead_letter_origin& o) {
  out.sized(o.queue);
  out.varint(o.shard.value);
  out.sized(o.id);
  out.sized(o.reason);
  out.varint(o.claims);
  out.varint(static_cast<std::uint64_t>(o.at.ms));
  out.u8(o.hops);
}
dead_letter_origin read_origin(byte_reader& in) {
  dead_letter_origin o;
  o.queue = in.sized();
  o.shard = {static_cast<std::uint16_t>(in.varint())};
  o.id = in.sized();
  o.reason = in.sized();
  o.claims = static_cast<std::uint32_t>(in.varint());
  o.at = {static_cast<std::int64_t>(in.varint())};
  o.hops = in.u8();
  return o;
}

} // namespace

std::string encode(const stored_message& x) {
  const message& m = x.item;
  const std::uint32_t flags = flags_of(x);
  std::string bytes;
  bytes.reserve(80 + m.name.size() + m.attributes.content_type.size());
  byte_writer out(bytes);
  out.varint(flags);
  out.u64(m.id.high);
  if (flags & own_number) out.u64(m.id.low);
  if (flags & named) out.sized(m.name);
  out.varint(m.body.index.value);
  out.varint(m.body.n);
  out.varint(m.body.size);
  out.hash(m.body.hash);
  out.varint(m.revision);
  if (flags & replaced) out.u64(static_cast<std::uint64_t>(m.created.ms));
  if (flags & expires) out.varint(static_cast<std::uint64_t>(m.expires.ms));
  if (flags & hidden) {
    out.varint(static_cast<std::uint64_t>(m.hidden_until.ms));
    out.varint(x.hide_group);
  }
  if (flags & claim) out.varint(m.claim.value);
  if (flags & claims) {
    out.varint(m.claims);
    out.varint(m.claims_total);
  }
  if (flags & ttl_group) out.varint(x.ttl_group);
  write_attributes(out, m.attributes, flags);
  if (flags & dead_letter) write_origin(out, *m.dead_letter);
  return bytes;
}

std::optional<stored_message> decode_message(place at, std::string_view bytes) {
  std::optional<stored_message> read(std::in_place);
  stored_message& x = *read;
  message& m = x.item;
  byte_reader in(bytes);
  const auto flags = static_cast<std::uint32_t>(in.varint());
  m.place = at;
  m.id.high = in.u64();
  m.id.low = flags & own_number ? in.u64() : at.value;
  if (flags & named) m.name = in.sized();
  m.body.index = {in.varint()};
  m.body.n = static_cast<std::uint32_t>(in.varint());
  m.body.size = static_cast<std::uint32_t>(in.varint());
  m.body.hash = in.hash();
  m.revision = in.varint();
  m.created = {flags & replaced ? static_cast<std::int64_t>(in.u64()) : made_ms(m.id)};
  if (flags & expires) m.expires = {static_cast<std::int64_t>(in.varint())};
  if (flags & hidden) {
    m.hidden_until = {static_cast<std::int64_t>(in.varint())};
    x.hide_group = in.varint();
  }
  if (flags & claim) m.claim = {in.varint()};
  if (flags & claims) {
    m.claims = static_cast<std::uint32_t>(in.varint());
    m.claims_total = static_cast<std::uint32_t>(in.varint());
  }
  x.changed = (flags & changed) != 0;
  x.lined = (flags & lined) != 0;
  x.ended = (flags & ended) != 0;
  x.unnamed = (flags & unnamed) != 0;
  m.claimed = (flags & claimed) != 0;
  m.in_ttl_order = (flags & in_ttl_order) != 0;
  if (flags & ttl_group) x.ttl_group = in.varint();
  read_attributes(in, m.attributes, flags);
  if (flags & dead_letter) m.dead_letter = read_origin(in);
  if (!in.done()) return std::nullopt;
  return read;
}

} // namespace burrow::queue
