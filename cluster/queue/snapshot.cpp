#include "cluster/queue/snapshot.hpp"

#include "cluster/base/assert.hpp"
#include "cluster/base/limits.hpp"

namespace burrow::queue {

namespace {

constexpr char shard_key = 0x10, number_family = 0x30;
// The level of the lowest priority, which is taken last of ten.
constexpr std::uint8_t lowest_level = limits::priorities_max - 1;

std::string numbered(char family, std::uint64_t number, std::size_t more) {
  std::string key;
  key.reserve(9 + more);
  key.push_back(family);
  byte_writer(key).u64(number);
  return key;
}
std::string of_name(char family, const queue_ref& ref) {
  std::string key;
  key.reserve(2 + ref.tenant.size() + ref.queue.size());
  key.push_back(family);
  key.append(ref.tenant);
  key.push_back('\0');
  key.append(ref.queue);
  return key;
}
std::string of_queue(queue_number number, key::kind kind, std::size_t more) {
  std::string key = numbered(number_family, number.value, 1 + more);
  key.push_back(static_cast<char>(kind));
  return key;
}

} // namespace

namespace key {

std::string shard() { return {shard_key}; }
std::string sweep(queue_number number) { return numbered(sweep_family, number.value, 0); }
std::string due(instant deadline, queue_number number) {
  std::string key = numbered(due_family, static_cast<std::uint64_t>(deadline.ms), 8);
  byte_writer(key).u64(number.value);
  return key;
}
std::string queue(const queue_ref& ref) { return of_name(queue_family, ref); }
std::string more_settings(const queue_ref& ref) { return of_name(settings_family, ref); }
std::string tenant(std::string_view tenant) { return std::string(1, tenant_family).append(tenant); }
std::string registry(std::string_view key) { return std::string(1, registry_family).append(key); }
std::string everything(queue_number number) { return numbered(number_family, number.value, 0); }
std::string message(queue_number number, place at) {
  std::string key = of_queue(number, kind::message, 8);
  byte_writer(key).u64(at.value);
  return key;
}
std::string name(queue_number number, std::string_view name) {
  return of_queue(number, kind::name, name.size()).append(name);
}
std::string ready(queue_number number, std::uint8_t priority, place at) {
  std::string key = of_queue(number, kind::ready, 9);
  byte_writer out(key);
  // Logged priorities are bounded, and what is in the state was cut to a queue's levels besides.
  BURROW_ASSERT(priority <= lowest_level);
  out.u8(static_cast<std::uint8_t>(lowest_level - priority));
  out.u64(at.value);
  return key;
}
std::string group(queue_number number, instant deadline, std::uint64_t group) {
  std::string key = of_queue(number, kind::group, 16);
  byte_writer out(key);
  out.u64(static_cast<std::uint64_t>(deadline.ms));
  out.u64(group);
  return key;
}
std::string line(queue_number number, place at) {
  std::string key = of_queue(number, kind::line, 8);
  byte_writer(key).u64(at.value);
  return key;
}
std::string id(queue_number number, const message_id& id) {
  std::string key = of_queue(number, kind::id, 16);
  byte_writer out(key);
  out.u64(id.high);
  out.u64(id.low);
  return key;
}
std::string family_end(char family) { return {static_cast<char>(family + 1)}; }

kind kind_of(std::string_view key) {
  BURROW_ASSERT(key.size() > 9 && key[0] == number_family);
  return static_cast<kind>(key[9]);
}
bool is_message(std::string_view key) {
  return key.size() > 9 && key[0] == number_family && kind_of(key) == kind::message;
}
std::uint64_t last_number(std::string_view key) {
  BURROW_ASSERT(key.size() > 8);
  return byte_reader(key.substr(key.size() - 8)).u64();
}
std::uint8_t priority_of(std::string_view key) {
  BURROW_ASSERT(key.size() == 19);
  return static_cast<std::uint8_t>(lowest_level - static_cast<std::uint8_t>(key[10]));
}
instant deadline_of(std::string_view key) {
  BURROW_ASSERT(key.size() > 16);
  return {static_cast<std::int64_t>(byte_reader(key.substr(key.size() - 16)).u64())};
}
queue_ref queue_of(std::string_view key) {
  BURROW_ASSERT(!key.empty() && key[0] == queue_family);
  key.remove_prefix(1);
  const auto zero = key.find('\0');
  BURROW_ASSERT(zero != std::string_view::npos);
  return {std::string(key.substr(0, zero)), std::string(key.substr(zero + 1))};
}

} // namespace key

namespace {

std::uint64_t ms(instant t) { return static_cast<std::uint64_t>(t.ms); }
instant read_instant(byte_reader& in) { return {static_cast<std::int64_t>(in.varint())}; }

} // namespace

std::string encode(const shard_record& x) {
  std::string bytes;
  byte_writer out(bytes);
  out.varint(ms(x.due));
  out.varint(x.sweeps);
  if (x == shard_record{.due = x.due, .sweeps = x.sweeps}) return bytes;
  for (const std::uint64_t n :
       {x.life, x.moving, x.lines, std::uint64_t{x.line_moves}, x.turn.value, x.steps, x.ended})
    out.varint(n);
  if (x.gateways_due == no_instant && !x.gateways_lost) return bytes;
  out.varint(ms(x.gateways_due));
  out.u8(x.gateways_lost ? 1 : 0);
  return bytes;
}
std::optional<shard_record> decode_shard(std::string_view bytes) {
  byte_reader in(bytes);
  shard_record x;
  x.due = read_instant(in);
  x.sweeps = in.varint();
  if (in.ok() && in.left() > 0) {
    for (auto* n : {&x.life, &x.moving, &x.lines}) *n = in.varint();
    const auto moves = in.varint();
    x.line_moves = moves == 1;
    x.turn = {in.varint()};
    x.steps = in.varint();
    x.ended = in.varint();
    if (in.ok() && in.left() > 0) {
      x.gateways_due = read_instant(in);
      const auto lost = in.u8();
      x.gateways_lost = lost == 1;
      if (lost > 1 || (lost == 0 && x.gateways_due == no_instant)) return std::nullopt;
    }
    if (moves > 1 || x == shard_record{.due = x.due, .sweeps = x.sweeps}) return std::nullopt;
  }
  if (!in.done()) return std::nullopt;
  return x;
}

namespace {

// A word that says which are there, then their values in the order of their numbers.
void write_rule(byte_writer& out, const dead_letter_rule& x) {
  out.sized(x.queue);
  out.varint(x.shard.value);
  out.varint(x.max_claims);
  out.u8(static_cast<std::uint8_t>((x.expired ? 1 : 0) | (x.resets_claims ? 0 : 2) | (x.resets_ttl ? 0 : 4)));
  out.varint(static_cast<std::uint64_t>(x.fallback_ttl_s));
}
bool read_rule(byte_reader& in, std::optional<dead_letter_rule>& to) {
  dead_letter_rule x;
  x.queue = in.sized();
  const auto shard = in.varint(), claims = in.varint();
  const auto flags = in.u8();
  const auto ttl = in.varint();
  if (shard > 0xFFFF || claims > limits::dead_letter_claims_max || flags > 7 || ttl > limits::ttl_s_max) return false;
  x.shard = {static_cast<std::uint16_t>(shard)};
  x.max_claims = static_cast<std::uint16_t>(claims);
  x.expired = (flags & 1) != 0;
  x.resets_claims = (flags & 2) == 0;
  x.resets_ttl = (flags & 4) == 0;
  x.fallback_ttl_s = static_cast<std::int64_t>(ttl);
  const bool fine = is_valid(x);
  to = std::move(x);
  return fine;
}

void write_rules(byte_writer& out, const queue_rules& x) {
  std::uint32_t there = x.dead_letter ? bit_of(setting::dead_letter) : 0U;
  each_rule([&](setting which, auto member) { there |= x.*member ? bit_of(which) : 0U; });
  out.varint(there);
  each_rule([&](setting, auto member) {
    if (x.*member) out.varint(static_cast<std::uint64_t>(*(x.*member)));
  });
  if (x.dead_letter) write_rule(out, *x.dead_letter);
}
bool read_rules(byte_reader& in, queue_rules& x) {
  const auto there = in.varint();
  std::uint64_t known = bit_of(setting::dead_letter);
  bool fine = true;
  each_rule([&]<class T>(setting which, std::optional<T> queue_rules::*member) {
    known |= bit_of(which);
    if ((there & bit_of(which)) == 0) return;
    const auto n = in.varint();
    const auto [low, high] = range_of(which);
    fine = fine && n >= low && n <= high;
    x.*member = static_cast<T>(n);
  });
  if ((there & bit_of(setting::dead_letter)) != 0) fine = fine && read_rule(in, x.dead_letter);
  return fine && (there & ~known) == 0;
}

} // namespace

std::string encode(const queue_record& x) {
  std::string bytes;
  bytes.reserve(64);
  byte_writer out(bytes);
  for (const std::uint64_t n : {x.number.value, x.revision, x.visible, x.delayed, x.claimed, x.bytes, x.ready,
                                x.id_like, x.first.value, x.head.value, x.tail == place_end ? 0 : x.tail.value + 1,
                                ms(x.ttl_last), ms(x.ttl_due), x.ttl_from.value, ms(x.group_due), ms(x.registered)})
    out.varint(n);
  // What few queues have is not there for the others.
  const queue_moves& m = x.moves;
  const bool has_moves = m != queue_moves{};
  if (x.raised == 0 && !x.has_settings() && !has_moves) return bytes;
  for (const std::uint64_t n : {x.raised, x.raised_ready, x.settings_revision}) out.varint(n);
  if (x.has_settings()) write_rules(out, x.rules);
  if (has_moves)
    for (const std::uint64_t n : {m.moving, m.moving_bytes, m.lined, m.lettered, m.tasks, m.task}) out.varint(n);
  return bytes;
}
std::optional<queue_record> decode_queue(std::string_view bytes) {
  byte_reader in(bytes);
  queue_record x;
  x.number = {in.varint()};
  for (auto* n : {&x.revision, &x.visible, &x.delayed, &x.claimed, &x.bytes, &x.ready, &x.id_like, &x.first.value,
                  &x.head.value, &x.tail.value})
    *n = in.varint();
  x.tail = x.tail.value == 0 ? place_end : place{x.tail.value - 1};
  x.ttl_last = read_instant(in);
  x.ttl_due = read_instant(in);
  x.ttl_from = {in.varint()};
  x.group_due = read_instant(in);
  x.registered = read_instant(in);
  if (in.ok() && in.left() > 0) {
    for (auto* n : {&x.raised, &x.raised_ready, &x.settings_revision}) *n = in.varint();
    if (x.has_settings() && !read_rules(in, x.rules)) return std::nullopt;
    queue_moves& m = x.moves;
    const bool has_moves = in.ok() && in.left() > 0;
    if (has_moves)
      for (auto* n : {&m.moving, &m.moving_bytes, &m.lined, &m.lettered, &m.tasks, &m.task}) *n = in.varint();
    if (has_moves == (m == queue_moves{})) return std::nullopt;
    if (x.raised == 0 && !x.has_settings() && !has_moves) return std::nullopt;
  }
  if (!in.done()) return std::nullopt;
  return x;
}

std::string encode(const tenant_record& x) {
  std::string bytes;
  byte_writer out(bytes);
  out.varint(x.queues);
  out.varint(x.messages);
  out.varint(x.bytes);
  return bytes;
}
std::optional<tenant_record> decode_tenant(std::string_view bytes) {
  byte_reader in(bytes);
  tenant_record x;
  x.queues = in.varint();
  x.messages = in.varint();
  x.bytes = in.varint();
  if (!in.done()) return std::nullopt;
  return x;
}

std::string encode_more(const settings& x) {
  std::string bytes;
  if (x.labels.empty() && !x.zone) return bytes;
  byte_writer out(bytes);
  out.varint(x.labels.size());
  for (const auto& [name, value] : x.labels) {
    out.sized(name);
    out.sized(value);
  }
  if (x.zone) out.sized(*x.zone);
  return bytes;
}
bool decode_more(std::string_view bytes, settings& to) {
  byte_reader in(bytes);
  for (auto n = in.varint(); n > 0 && in.ok(); --n) {
    std::string name(in.sized());
    to.labels.insert_or_assign(std::move(name), std::string(in.sized()));
  }
  if (in.ok() && in.left() > 0) to.zone = std::string(in.sized());
  return in.done();
}

std::string encode_place(place x) {
  std::string bytes;
  byte_writer(bytes).varint(x.value);
  return bytes;
}
std::vector<place> decode_places(std::string_view bytes) {
  std::vector<place> places;
  byte_reader in(bytes);
  while (in.ok() && in.left() > 0) places.push_back({in.varint()});
  return places;
}

} // namespace burrow::queue
