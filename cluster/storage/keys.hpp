// The keys of every family, format version 1. All numbers are big endian, so that byte order is numeric order.
//
//   raft_log    shard:2 index:8                      one log entry (proto/log.proto `log_record`)
//   body        shard:2 generation:4 index:8 n:4     the n-th body of that entry, as it came
//   raft_state  shard:2                              replica id, term, vote, configuration, ... (`replica_record`)
//   raft_state  0xFFFF "format"                      format version of the whole directory
//   raft_state  0xFFFF "node"                        node id, cluster id, shard count (`node_record`)
//   queue       shard:2 generation:4 relative key    state of the queue machine (queue/snapshot.hpp)
//   queue       shard:2 generation:4 0x01            `applied`: index, term, version, shard time, state hash
//
// Shard 0xFFFF is never a shard. Changing anything here is a new format version and a new directory in test/golden.
#pragma once

#include "cluster/base/bytes.hpp"
#include "cluster/base/ids.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace burrow::keys {

inline constexpr std::uint32_t format_version = 1;
inline constexpr shard_id no_shard{0xFFFF};

[[nodiscard]] inline std::string raft_log(shard_id shard, log_index index) {
  std::string key;
  byte_writer out(key);
  out.u16(shard.value);
  out.u64(index.value);
  return key;
}
[[nodiscard]] inline std::string raft_state(shard_id shard) {
  std::string key;
  byte_writer(key).u16(shard.value);
  return key;
}
[[nodiscard]] inline std::string node_wide(std::string_view name) {
  std::string key = raft_state(no_shard);
  key.append(name);
  return key;
}
/// Common prefix of a shard's state (and, in family body, of its bodies) in one generation.
[[nodiscard]] inline std::string prefix(shard_id shard, generation g) {
  std::string key;
  byte_writer out(key);
  out.u16(shard.value);
  out.u32(g.value);
  return key;
}
[[nodiscard]] inline std::string body(shard_id shard, generation g, log_index index, std::uint32_t n) {
  std::string key = prefix(shard, g);
  byte_writer out(key);
  out.u64(index.value);
  out.u32(n);
  return key;
}
[[nodiscard]] inline std::string queue(shard_id shard, generation g, std::string_view relative) {
  std::string key = prefix(shard, g);
  key.append(relative);
  return key;
}
inline constexpr std::size_t prefix_bytes = 6;
inline constexpr std::string_view applied_relative{"\x01", 1};

/// The first key after all that begin with `p`; empty if there is none.
[[nodiscard]] inline std::string after_prefix(std::string p) {
  while (!p.empty() && static_cast<unsigned char>(p.back()) == 0xFF) p.pop_back();
  if (!p.empty()) p.back() = static_cast<char>(static_cast<unsigned char>(p.back()) + 1);
  return p;
}
/// Shard and index of a raft_log key, or nothing if it is not one.
[[nodiscard]] inline std::optional<std::pair<shard_id, log_index>> parse_raft_log(std::string_view key) {
  byte_reader in(key);
  const shard_id shard{in.u16()};
  const log_index index{in.u64()};
  if (!in.done()) return std::nullopt;
  return std::pair{shard, index};
}

} // namespace burrow::keys
