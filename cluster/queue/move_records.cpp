#include "cluster/queue/move_records.hpp"

#include "cluster/base/assert.hpp"

namespace burrow::queue {
namespace {

std::string of_shard(char family, shard_id shard) {
  std::string key(1, family);
  byte_writer(key).u16(shard.value);
  return key;
}
std::string of_move(char family, shard_id shard, const move_number& n) {
  std::string key = of_shard(family, shard);
  byte_writer out(key);
  out.u64(n.life);
  out.u64(n.number);
  return key;
}
std::string of_task(char family, const queue_ref& of, task_id task) {
  std::string key(1, family);
  key.append(of.tenant).push_back('\0');
  key.append(of.queue).push_back('\0');
  byte_writer(key).u64(task.value);
  return key;
}
std::string timed(char family, instant at, task_id task) {
  std::string key(1, family);
  byte_writer out(key);
  out.u64(static_cast<std::uint64_t>(at.ms));
  out.u64(task.value);
  return key;
}
std::uint64_t ms(instant t) { return static_cast<std::uint64_t>(t.ms); }
instant read_instant(byte_reader& in) { return {static_cast<std::int64_t>(in.varint())}; }

} // namespace

namespace key {

std::string pair(shard_id to) { return of_shard(pair_family, to); }
std::string leaving(shard_id to, const move_number& n) { return of_move(leaving_family, to, n); }
std::string line_of(queue_number number) {
  std::string key(1, line_family);
  byte_writer(key).u64(number.value);
  return key;
}
std::string source(shard_id from) { return of_shard(source_family, from); }
std::string arrived(shard_id from, const move_number& n) { return of_move(arrived_family, from, n); }
std::string task(const queue_ref& of, task_id task) { return of_task(task_family, of, task); }
std::string task_ids(const queue_ref& of, task_id task) { return of_task(ids_family, of, task); }
std::string step(instant due, task_id task) { return timed(step_family, due, task); }
std::string forget(instant deadline, task_id task) { return timed(forget_family, deadline, task); }
shard_id shard_of(std::string_view key) {
  BURROW_ASSERT(key.size() >= 3);
  return {byte_reader(key.substr(1)).u16()};
}
move_number move_of(std::string_view key) {
  BURROW_ASSERT(key.size() == 19);
  byte_reader in(key.substr(3));
  const auto life = in.u64();
  return {life, in.u64()};
}
bool is_leaving(std::string_view key) { return key.size() == 19 && key[0] == leaving_family; }

} // namespace key

std::string encode(const pair_record& x) {
  std::string bytes;
  byte_writer out(bytes);
  for (const auto n : {x.last, x.open, x.lowest.life, x.lowest.number}) out.varint(n);
  return bytes;
}
std::optional<pair_record> decode_pair(std::string_view bytes) {
  byte_reader in(bytes);
  pair_record x;
  for (auto* n : {&x.last, &x.open, &x.lowest.life, &x.lowest.number}) *n = in.varint();
  if (!in.done()) return std::nullopt;
  return x;
}

std::string encode(const move_number& x) {
  std::string bytes;
  byte_writer out(bytes);
  out.varint(x.life);
  out.varint(x.number);
  return bytes;
}
std::optional<move_number> decode_move(std::string_view bytes) {
  byte_reader in(bytes);
  move_number x;
  x.life = in.varint();
  x.number = in.varint();
  if (!in.done()) return std::nullopt;
  return x;
}

std::string encode(const leaving_message& x) {
  std::string bytes;
  byte_writer out(bytes);
  out.sized(x.from.tenant);
  out.sized(x.from.queue);
  out.sized(x.moved.to.queue); // of the same tenant
  out.varint(x.task);
  out.varint(x.moved.ttl ? static_cast<std::uint64_t>(x.moved.ttl->count()) + 1 : 0);
  stored_message stored;
  stored.item = x.moved.what;
  stored.item.place = {};
  out.raw(encode(stored));
  return bytes;
}
std::optional<leaving_message> decode_leaving(const move_number& number, std::string_view bytes) {
  byte_reader in(bytes);
  leaving_message x;
  x.moved.number = number;
  x.from.tenant = in.sized();
  x.from.queue = in.sized();
  x.moved.to = {x.from.tenant, std::string(in.sized())};
  x.task = in.varint();
  if (const auto ttl = in.varint(); ttl > 0) x.moved.ttl = duration{static_cast<std::int64_t>(ttl - 1)};
  auto stored = decode_message({}, in.rest());
  if (!in.ok() || !stored) return std::nullopt;
  x.moved.what = std::move(stored->item);
  return x;
}

std::string encode(const task_record& x) {
  std::string bytes;
  byte_writer out(bytes);
  const task_view& v = x.view;
  out.u8(static_cast<std::uint8_t>(v.state));
  out.u8(static_cast<std::uint8_t>((v.to ? 1 : 0) | (x.has_ids ? 2 : 0) | (x.walked ? 4 : 0)));
  if (v.to) out.sized(*v.to);
  for (const std::uint64_t n :
       {v.moved, v.skipped, v.failed, v.remaining, ms(v.started), ms(v.finished), v.limit,
        std::uint64_t{v.max_per_second}, std::uint64_t{x.to_shard.value}, static_cast<std::uint64_t>(x.fallback_ttl_ms),
        x.next, x.until, x.open, x.paced_us, ms(x.due)})
    out.varint(n);
  return bytes;
}
std::optional<task_record> decode_task(task_id id, std::string_view bytes) {
  byte_reader in(bytes);
  task_record x;
  task_view& v = x.view;
  v.id = id;
  v.state = static_cast<task_state>(in.u8());
  const auto flags = in.u8();
  if (flags & 1) v.to = std::string(in.sized());
  x.has_ids = (flags & 2) != 0;
  x.walked = (flags & 4) != 0;
  for (auto* n : {&v.moved, &v.skipped, &v.failed, &v.remaining}) *n = in.varint();
  v.started = read_instant(in);
  v.finished = read_instant(in);
  v.limit = in.varint();
  v.max_per_second = static_cast<std::uint32_t>(in.varint());
  x.to_shard = {static_cast<std::uint16_t>(in.varint())};
  x.fallback_ttl_ms = static_cast<std::int64_t>(in.varint());
  for (auto* n : {&x.next, &x.until, &x.open, &x.paced_us}) *n = in.varint();
  x.due = read_instant(in);
  if (!in.done() || v.state > task_state::failed || flags > 7) return std::nullopt;
  return x;
}

std::string encode(const std::vector<std::string>& ids) {
  std::string bytes;
  byte_writer out(bytes);
  for (const auto& id : ids) out.sized(id);
  return bytes;
}
std::optional<std::vector<std::string>> decode_ids(std::string_view bytes) {
  std::vector<std::string> ids;
  byte_reader in(bytes);
  while (in.ok() && in.left() > 0) ids.emplace_back(in.sized());
  if (!in.done()) return std::nullopt;
  return ids;
}

} // namespace burrow::queue
