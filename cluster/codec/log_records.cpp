// Records with a checksum: log entries, replica, node, applied. The checksum is the last field, so it can be checked
// before protobuf sees a byte.
#include "cluster/base/limits.hpp"
#include "cluster/codec/log_codec.hpp"
#include "cluster/codec/members.hpp"
#include "cluster/codec/seal.hpp"
#include "proto/log.pb.h"

#include <xxhash.h>

namespace burrow::codec {
namespace {

// Tag bytes of the log_record, as protoc numbers them: number << 3 | wire type.
constexpr std::uint8_t tag_term = 1 << 3, tag_kind = 2 << 3, tag_command = 3 << 3 | 2, tag_body = 4 << 3 | 2,
                       tag_config = 5 << 3 | 2;
constexpr std::uint8_t tag_size = 1 << 3, tag_high = 2 << 3 | 1, tag_low = 3 << 3 | 1;
constexpr std::uint8_t applied_layout = 1;

void fixed64(std::string& out, std::uint64_t x) {
  for (int i = 0; i < 8; ++i) out.push_back(static_cast<char>(x >> (8 * i)));
}

std::uint64_t checksum(std::string_view bytes, std::uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

std::uint64_t seed_of(shard_id shard, log_index index = {}) {
  return (static_cast<std::uint64_t>(shard.value) + 1) << 48 ^ index.value;
}

template <class Message>
bool parse(Message& into, std::string_view bytes) {
  return into.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

} // namespace

// Written by hand: the command is encoded already and is copied once, not parsed and written again.
std::string encode_entry(shard_id shard, const raft::entry& e) {
  std::string out;
  const auto command = e.payload.command.view();
  out.reserve(64 + command.size() + e.payload.bodies.size() * 26);
  byte_writer w(out);
  w.u8(tag_term);
  w.varint(e.term.value);
  w.u8(tag_kind);
  w.varint(static_cast<std::uint64_t>(e.kind));
  if (e.kind == raft::entry_kind::command) {
    w.u8(tag_command);
    w.sized(command);
  }
  std::string part;
  for (const auto& b : e.payload.bodies) {
    part.clear();
    byte_writer p(part);
    p.u8(tag_size);
    p.varint(b.size);
    p.u8(tag_high);
    fixed64(part, b.hash.high);
    p.u8(tag_low);
    fixed64(part, b.hash.low);
    w.u8(tag_body);
    w.sized(part);
  }
  if (e.kind == raft::entry_kind::configuration) {
    proto::configuration config;
    write(config, *e.config);
    w.u8(tag_config);
    w.sized(config.SerializeAsString());
  }
  seal(out, seed_of(shard, e.index));
  return out;
}

result<raft::entry> decode_entry(shard_id shard, log_index index, std::string_view bytes) {
  const auto content = unseal(bytes, seed_of(shard, index));
  proto::log_record in;
  if (!content || !parse(in, *content)) return error{errc::corrupt, "log entry"};
  raft::entry out;
  out.index = index;
  out.term = {in.term()};
  if (in.kind() > static_cast<std::uint32_t>(raft::entry_kind::configuration) || in.term() == 0) {
    return error{errc::corrupt, "log entry of unknown kind"};
  }
  out.kind = static_cast<raft::entry_kind>(in.kind());
  const bool with_command = out.kind == raft::entry_kind::command;
  const bool with_config = out.kind == raft::entry_kind::configuration;
  if (in.has_command() != with_command || in.has_config() != with_config) return error{errc::corrupt, "log entry"};
  // Deterministic enough for a comparison of meaning, which is all that is wanted of it again.
  if (with_command) out.payload.command = shared_bytes(in.command().SerializeAsString());
  for (const auto& b : in.bodies()) {
    if (b.size() > limits::body_bytes_max) return error{errc::corrupt, "body of a log entry"};
    out.payload.bodies.push_back({{}, b.size(), {b.hash_high(), b.hash_low()}});
  }
  if (with_config) out.config = std::make_shared<const raft::configuration>(read(in.config()));
  return out;
}

std::string encode_replica(shard_id shard, const replica_record& record) {
  proto::replica_record m;
  m.set_replica(record.replica.value);
  m.set_term(record.hard.term.value);
  m.set_vote(record.hard.vote.value);
  write(*m.mutable_config(), record.config);
  write(*m.mutable_snapshot(), record.snapshot);
  m.set_log_first(record.log_first.value);
  m.set_generation(record.generation.value);
  m.set_life(record.life);
  m.set_start(record.start.value);
  for (const auto& c : record.configs) {
    auto& config = *m.add_configs();
    config.set_index(c.index.value);
    write(*config.mutable_config(), c.config);
  }
  auto out = m.SerializeAsString();
  seal(out, seed_of(shard));
  return out;
}

result<replica_record> decode_replica(shard_id shard, std::string_view bytes) {
  const auto content = unseal(bytes, seed_of(shard));
  proto::replica_record in;
  if (!content || !parse(in, *content) || in.replica() == 0 || in.snapshot().machine_version() > 0xFFFF) {
    return error{errc::corrupt, "replica record"};
  }
  replica_record out;
  out.replica = {in.replica()};
  out.hard = {{in.term()}, {in.vote()}};
  out.config = read(in.config());
  out.snapshot = read(in.snapshot());
  out.log_first = {in.log_first()};
  out.generation = {in.generation()};
  out.life = in.life();
  out.start = {in.start()};
  for (const auto& c : in.configs()) out.configs.push_back({{c.index()}, read(c.config())});
  return out;
}

std::string encode_node(const node_record& record) {
  proto::node_record m;
  m.set_node(record.node.value);
  m.mutable_cluster()->set_high(record.cluster.high);
  m.mutable_cluster()->set_low(record.cluster.low);
  m.set_shards(record.shards);
  m.set_shards_per_tenant(record.shards_per_tenant);
  m.set_format(record.format);
  auto out = m.SerializeAsString();
  seal(out, 0);
  return out;
}

result<node_record> decode_node(std::string_view bytes) {
  const auto content = unseal(bytes, 0);
  proto::node_record in;
  if (!content || !parse(in, *content) || in.shards() > 0xFFFE || in.shards_per_tenant() > 0xFFFE) {
    return error{errc::corrupt, "node record"};
  }
  return node_record{{in.node()},
                     {in.cluster().high(), in.cluster().low()},
                     static_cast<std::uint16_t>(in.shards()),
                     static_cast<std::uint16_t>(in.shards_per_tenant()),
                     in.format()};
}

std::string encode_applied(shard_id shard, const applied_record& record) {
  std::string out;
  out.reserve(64);
  byte_writer w(out);
  w.u8(applied_layout);
  w.u64(record.index.value);
  w.u64(record.term.value);
  w.u16(record.machine_version);
  w.u64(static_cast<std::uint64_t>(record.time.ms));
  w.hash(record.state_hash);
  w.u64(checksum(out, seed_of(shard)));
  return out;
}

result<applied_record> decode_applied(shard_id shard, std::string_view bytes) {
  byte_reader in(bytes);
  applied_record out;
  const auto layout = in.u8();
  out.index = {in.u64()};
  out.term = {in.u64()};
  out.machine_version = in.u16();
  out.time = {static_cast<std::int64_t>(in.u64())};
  out.state_hash = in.hash();
  const auto sum = in.u64();
  if (layout != applied_layout || !in.done() || sum != checksum(bytes.substr(0, bytes.size() - 8), seed_of(shard))) {
    return error{errc::corrupt, "applied record"};
  }
  return out;
}

} // namespace burrow::codec
