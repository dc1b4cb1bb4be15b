// The data directory of a node: one process at a time, its identity, and the store in it.
#pragma once

#include "cluster/codec/log_codec.hpp"
#include "cluster/storage/rocks_store.hpp"
#include "node/accepted_loss.hpp"
#include "node/settings.hpp"

#include <memory>
#include <string>

namespace burrow {

struct data_directory {
  std::shared_ptr<rocks_store> store;
  codec::node_record identity;
  bool fresh = false; ///< made by this start: a new cluster
  int lock = -1;      ///< file descriptor, held as long as the process lives
  std::shared_ptr<accepted_loss> loss; ///< which shards must be checked before they serve

  /// Makes it if need be. Errors: config_invalid (naming `data` or `shards`), lost_writes, corrupt, io_failed.
  [[nodiscard]] static result<data_directory> open(const settings& with);
};

/// Is there while a backup is being restored into the directory: no node starts on a half.
inline constexpr const char* restoring_file = "RESTORING";
/// One process at a time; the directory is made if need be. Errors: config_invalid.
[[nodiscard]] result<int> lock_directory(const std::string& directory);

/// Of the store in the directory `data`.
[[nodiscard]] rocks_options store_options(const settings& with);

[[nodiscard]] std::uint64_t random_number();
/// Random bytes from the kernel.
[[nodiscard]] std::string random_bytes(std::size_t size);

} // namespace burrow
