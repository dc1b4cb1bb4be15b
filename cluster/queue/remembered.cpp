#include "cluster/queue/remembered.hpp"

#include "cluster/queue/snapshot.hpp"

namespace burrow::queue {

std::uint64_t zigzag(std::uint64_t to, std::uint64_t from) {
  const auto by = static_cast<std::int64_t>(to - from);
  return (static_cast<std::uint64_t>(by) << 1) ^ static_cast<std::uint64_t>(by >> 63);
}
std::uint64_t unzigzag(std::uint64_t by, std::uint64_t from) { return from + ((by >> 1) ^ (~(by & 1) + 1)); }

namespace {

// Part of the disk format, as the numbers in remembered.hpp: never renumber.
constexpr std::uint8_t of_insert = 1, of_claim = 2, of_task = 3;
constexpr std::uint8_t item_named = 1U << 2; // beside the status, which has the two lowest bits
enum claim_flag : std::uint8_t { answered_again = 1, more = 2, lifo = 4, by_priority = 8 };
constexpr std::uint8_t claim_flags = answered_again | more | lifo | by_priority;

void write(byte_writer& out, const remembered_item& x, std::uint64_t base) {
  out.u8(static_cast<std::uint8_t>(static_cast<std::uint8_t>(x.status) | (x.named ? item_named : 0)));
  if (x.status == insert_status::failed) return out.varint(static_cast<std::uint64_t>(x.problem));
  if (x.status == insert_status::duplicate) return;
  out.varint(zigzag(x.place.value, base));
  out.varint(x.revision);
  out.varint(static_cast<std::uint64_t>(x.ttl.count()));
  if (x.status != insert_status::replaced) return;
  out.u64(x.id.high);
  out.u64(x.id.low);
}
remembered_item read_item(byte_reader& in, std::uint64_t base, bool& fine) {
  remembered_item x;
  const auto tag = in.u8();
  fine = fine && tag < 2 * item_named;
  x.status = static_cast<insert_status>(tag & (item_named - 1));
  x.named = (tag & item_named) != 0;
  if (x.status == insert_status::failed) {
    x.problem = static_cast<errc>(in.varint());
    return x;
  }
  if (x.status == insert_status::duplicate) return x;
  x.place = {unzigzag(in.varint(), base)};
  x.revision = in.varint();
  x.ttl = duration{static_cast<std::int64_t>(in.varint())};
  if (x.status != insert_status::replaced) return x;
  x.id.high = in.u64();
  x.id.low = in.u64();
  return x;
}

void write(byte_writer& out, const remembered_claim& x, std::uint64_t base) {
  out.u8(static_cast<std::uint8_t>((x.answered_again ? answered_again : 0) | (x.more ? more : 0) |
                                   (x.lifo ? lifo : 0) | (x.by_priority ? by_priority : 0)));
  out.u8(x.last_priority);
  for (const auto n : {x.claim.value, x.last.value, x.next_place.value}) out.varint(zigzag(n, base));
  out.varint(x.places.size());
  std::uint64_t before = base;
  for (const auto p : x.places) out.varint(zigzag(p.value, std::exchange(before, p.value)));
}
remembered_claim read_claim(byte_reader& in, std::uint64_t base, bool& fine) {
  remembered_claim x;
  const auto flags = in.u8();
  fine = fine && (flags & ~claim_flags) == 0;
  x.answered_again = (flags & answered_again) != 0;
  x.more = (flags & more) != 0;
  x.lifo = (flags & lifo) != 0;
  x.by_priority = (flags & by_priority) != 0;
  x.last_priority = in.u8();
  for (auto* n : {&x.claim.value, &x.last.value, &x.next_place.value}) *n = unzigzag(in.varint(), base);
  std::uint64_t before = base;
  for (auto n = in.varint(); n > 0 && in.ok(); --n) {
    before = unzigzag(in.varint(), before);
    x.places.push_back({before});
  }
  return x;
}

} // namespace

namespace key {

std::string memory(const queue_ref& ref) {
  std::string key = queue(ref);
  key[0] = memory_family;
  return key;
}
std::string remembered(std::uint64_t number, remembered_kind kind, std::string_view rest) {
  std::string key;
  key.reserve(10 + rest.size());
  byte_writer out(key);
  out.u8(static_cast<std::uint8_t>(remembered_family));
  out.u64(number);
  out.u8(static_cast<std::uint8_t>(kind));
  out.raw(rest);
  return key;
}
std::string of_step(std::string_view key, std::uint32_t step) {
  std::string out(key);
  if (step == 0) return out;
  out.push_back('\0'); // no key has this byte
  byte_writer(out).varint(step);
  return out;
}
std::string memory_due(instant deadline, std::uint64_t number) {
  std::string key;
  byte_writer out(key);
  out.u8(static_cast<std::uint8_t>(memory_due_family));
  out.u64(static_cast<std::uint64_t>(deadline.ms));
  out.u64(number);
  return key;
}

} // namespace key

std::string encode(const memory_record& x) {
  std::string bytes;
  byte_writer out(bytes);
  out.varint(x.number);
  out.varint(x.keys);
  out.varint(x.producers);
  return bytes;
}
std::optional<memory_record> decode_memory(std::string_view bytes) {
  byte_reader in(bytes);
  memory_record x;
  x.number = in.varint();
  x.keys = in.varint();
  x.producers = in.varint();
  if (!in.done()) return std::nullopt;
  return x;
}

std::string encode(const remembered_key& x) {
  std::string bytes;
  bytes.reserve(48);
  byte_writer out(bytes);
  const auto* claim = std::get_if<remembered_claim>(&x.answer);
  const auto* task = std::get_if<remembered_task>(&x.answer);
  out.u8(claim != nullptr ? of_claim : task != nullptr ? of_task : of_insert);
  out.varint(static_cast<std::uint64_t>(x.at.ms));
  out.varint(static_cast<std::uint64_t>(x.expires.ms));
  out.varint(x.number);
  out.hash(x.request);
  if (claim != nullptr) {
    write(out, *claim, x.number);
    return bytes;
  }
  if (task != nullptr) {
    out.varint(zigzag(task->task.value, x.number));
    out.varint(task->remaining);
    return bytes;
  }
  const auto& items = std::get<remembered_insert>(x.answer);
  out.varint(items.size());
  for (const auto& item : items) write(out, item, x.number);
  return bytes;
}
std::optional<remembered_key> decode_key(std::string_view bytes) {
  byte_reader in(bytes);
  remembered_key x;
  const auto kind = in.u8();
  bool fine = kind >= of_insert && kind <= of_task;
  x.at = {static_cast<std::int64_t>(in.varint())};
  x.expires = {static_cast<std::int64_t>(in.varint())};
  x.number = in.varint();
  x.request = in.hash();
  if (kind == of_claim) {
    x.answer = read_claim(in, x.number, fine);
  } else if (kind == of_task) {
    remembered_task task{{unzigzag(in.varint(), x.number)}, 0};
    task.remaining = in.varint();
    x.answer = task;
  } else {
    remembered_insert items;
    for (auto n = in.varint(); n > 0 && in.ok(); --n) items.push_back(read_item(in, x.number, fine));
    x.answer = std::move(items);
  }
  if (!in.done() || !fine) return std::nullopt;
  return x;
}

std::string encode(const remembered_producer& x) {
  std::string bytes;
  byte_writer out(bytes);
  out.varint(x.sequence);
  out.varint(static_cast<std::uint64_t>(x.used.ms));
  return bytes;
}
std::optional<remembered_producer> decode_producer(std::string_view bytes) {
  byte_reader in(bytes);
  remembered_producer x;
  x.sequence = in.varint();
  x.used = {static_cast<std::int64_t>(in.varint())};
  if (!in.done()) return std::nullopt;
  return x;
}

std::string encode(const remembered_name& x) {
  std::string bytes;
  bytes.reserve(4 + x.queue.tenant.size() + x.queue.queue.size() + x.rest.size());
  byte_writer out(bytes);
  out.u8(static_cast<std::uint8_t>(x.kind));
  out.sized(x.queue.tenant);
  out.sized(x.queue.queue);
  out.raw(x.rest);
  return bytes;
}
std::optional<remembered_name> decode_name(std::string_view bytes) {
  byte_reader in(bytes);
  remembered_name x;
  const auto kind = in.u8();
  x.kind = static_cast<remembered_kind>(kind);
  x.queue.tenant = in.sized();
  x.queue.queue = in.sized();
  x.rest = in.rest();
  if (!in.ok() || (kind != 1 && kind != 2)) return std::nullopt;
  return x;
}

} // namespace burrow::queue
