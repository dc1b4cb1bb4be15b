// Whether a backup is what was stored: every file by its hash, then the store opened without changing anything, and the
// state and the bodies of every shard compared with their hashes. And a backup made a node's directory again.
#pragma once

#include "node/backup_manifest.hpp"

namespace burrow {

struct backup_verdict {
  backup_manifest manifest;
  std::vector<std::string> files;               ///< what is wrong with which file
  std::vector<std::string> shards;              ///< shards that are not whole, and why
  std::vector<std::uint16_t> known;             ///< of these, ones that were out of service when it was made
  [[nodiscard]] bool good() const { return files.empty() && shards.size() == known.size(); }
};

/// Tells how many bytes were read of how many; false ends it.
using backup_progress = std::function<bool(std::uint64_t done, std::uint64_t total)>;

/// Errors: config_invalid (there is no backup), corrupt (its manifest), io_failed, unavailable (ended by `step`).
[[nodiscard]] result<backup_verdict> verify_backup(const std::string& directory, const backup_progress& step);

struct restored_backup {
  backup_manifest manifest;
  codec::node_record identity;       ///< the new one
  std::vector<std::string> damaged;  ///< shards that came as they were: they serve nothing
};
/// Makes `data` a node's directory with what the backup holds, under new node, cluster and replica ids. Errors:
/// config_invalid (no backup; `data` is not empty), corrupt (a file is not what the manifest says), no_space,
/// io_failed.
[[nodiscard]] result<restored_backup> restore_backup(const std::string& directory, const std::string& data,
                                                     const backup_progress& step);

} // namespace burrow
