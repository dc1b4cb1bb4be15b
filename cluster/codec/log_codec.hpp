// The disk format of the log and of the records beside it: core types <-> proto/log.proto, each with its checksum.
// Decoders refuse whatever is malformed, over a limit of limits.hpp, or not what its checksum says; they never guess.
#pragma once

#include "cluster/base/result.hpp"
#include "cluster/queue/command.hpp"
#include "cluster/raft/types.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace burrow::codec {

/// What a log entry carries besides its bodies: the commands, and the leader's shard time when it proposed them.
struct logged_command {
  instant now;
  queue::entry_command what;
  bool operator==(const logged_command&) const = default;
};

/// Whether a command is within the bounds that decoders insist on. To be asked before anything is logged: what a
/// decoder refuses later is a damaged shard. Errors: too_large, invalid_parameter.
[[nodiscard]] result<void> check_limits(const queue::command& command);

/// Encodes commands; keeps its buffers between calls, so one a replica. About 1 µs an insert.
class command_encoder {
public:
  command_encoder();
  ~command_encoder();
  command_encoder(command_encoder&&) noexcept;
  command_encoder& operator=(command_encoder&&) noexcept;

  /// Insert items carry their body's index only: its size and hash stand beside the command. A refused one has none.
  [[nodiscard]] std::string encode(const logged_command& command);

private:
  struct buffers;
  std::unique_ptr<buffers> buffers_;
};

/// `bodies` as the entry has them. Errors: malformed, too_large.
[[nodiscard]] result<logged_command> decode_command(std::string_view bytes, const std::vector<raft::body_part>& bodies);

/// The record of one entry (family raft_log). Bodies are described, not contained.
[[nodiscard]] std::string encode_entry(shard_id shard, const raft::entry& e);
/// Without bodies' bytes and without decoding the command, whose syntax only is checked.
/// Errors: corrupt (checksum, or not what encode_entry wrote).
[[nodiscard]] result<raft::entry> decode_entry(shard_id shard, log_index index, std::string_view bytes);

/// What a replica keeps in family raft_state.
struct replica_record {
  replica_id replica;
  raft::hard_state hard;
  raft::configuration config;
  raft::snapshot_meta snapshot;
  log_index log_first{1};
  burrow::generation generation;
  std::uint64_t life = 1;
  start_number start;
  /// Entries of the log above the snapshot that are configurations, ascending: what is in force at any index of it. Of
  /// those that are applied on disk the last is enough.
  struct logged_config {
    log_index index;
    raft::configuration config;
    bool operator==(const logged_config&) const = default;
  };
  std::vector<logged_config> configs;
  bool operator==(const replica_record&) const = default;
};
[[nodiscard]] std::string encode_replica(shard_id shard, const replica_record& record);
[[nodiscard]] result<replica_record> decode_replica(shard_id shard, std::string_view bytes);

/// What a node keeps of itself (keys::node_wide("node")).
struct node_record {
  node_id node;
  hash128 cluster; ///< 128 drawn bits
  std::uint16_t shards = 0;
  std::uint16_t shards_per_tenant = 0;
  std::uint32_t format = 0;
  bool operator==(const node_record&) const = default;
};
[[nodiscard]] std::string encode_node(const node_record& record);
[[nodiscard]] result<node_record> decode_node(std::string_view bytes);

/// How far the state in family queue has got (keys::applied_relative). Written with each delta, so fixed and plain:
/// layout 1, index, term, machine version, time, state hash, xxh3-64 of all that seeded with the shard; big endian.
struct applied_record {
  log_index index;
  burrow::term term;
  std::uint16_t machine_version = 1;
  instant time;
  hash128 state_hash;
  bool operator==(const applied_record&) const = default;
};
[[nodiscard]] std::string encode_applied(shard_id shard, const applied_record& record);
[[nodiscard]] result<applied_record> decode_applied(shard_id shard, std::string_view bytes);

} // namespace burrow::codec
