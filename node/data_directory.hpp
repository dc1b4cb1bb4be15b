// The data directory of a node: one process at a time, its identity, and the store in it.
#pragma once

#include "cluster/codec/log_codec.hpp"
#include "cluster/storage/rocks_store.hpp"
#include "node/accepted_loss.hpp"
#include "node/settings.hpp"

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace burrow {

/// For a directory that nobody has used: who this node is from now on, given the id that was drawn for it. May block.
using node_former = std::function<result<codec::node_record>(node_id drawn)>;

struct data_directory {
  std::shared_ptr<rocks_store> store;
  codec::node_record identity;
  bool fresh = false; ///< made by this start: a new cluster
  std::string set_aside; ///< where this start moved a store that had lost writes, below the directory; empty: nowhere
  int lock = -1;      ///< file descriptor, held as long as the process lives
  std::shared_ptr<accepted_loss> loss; ///< which shards must be checked before they serve

  /// Makes it if need be. Errors: config_invalid (naming `data` or `shards`), lost_writes, corrupt, io_failed.
  /// Without a former a new directory is a new cluster. With one, a member whose store has lost writes begins anew: the
  /// store is moved to `lost/`.
  [[nodiscard]] static result<data_directory> open(const settings& with, const node_former& form = nullptr);
  /// A number above that of every earlier start, durable before it is used. Errors: io_failed, corrupt.
  [[nodiscard]] result<std::uint64_t> begin_life(std::int64_t wall_ms);
  /// The replicas whose records are in the store.
  [[nodiscard]] result<std::vector<std::pair<shard_id, replica_id>>> stored_replicas() const;
};

/// Is there while a backup is being restored into the directory: no node starts on a half.
inline constexpr const char* restoring_file = "RESTORING";
/// One process at a time; the directory is made if need be. Errors: config_invalid.
[[nodiscard]] result<int> lock_directory(const std::string& directory);

/// Of the store in the directory `data`.
[[nodiscard]] rocks_options store_options(const settings& with);

/// When a store was last moved to `lost/` and is still there; 0: none is.
[[nodiscard]] instant last_set_aside(const std::string& directory);

[[nodiscard]] std::uint64_t random_number();
/// Random bytes from the kernel.
[[nodiscard]] std::string random_bytes(std::size_t size);

} // namespace burrow
