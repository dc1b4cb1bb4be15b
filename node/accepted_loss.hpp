// Which shards have not been found whole since a loss was accepted. Kept in the file UNCHECKED of the data directory,
// which is there before anything is salvaged: neither a crash nor a later start forgets that what a salvaged store
// holds has to be compared with its hashes before it is served. Without a loss there is no file.
#pragma once

#include "cluster/base/ids.hpp"
#include "cluster/base/result.hpp"

#include <mutex>
#include <set>
#include <string>

namespace burrow {

class accepted_loss {
public:
  static constexpr const char* file_name = "UNCHECKED";

  /// Reads the file; one that cannot be understood means all shards. Error: io_failed.
  [[nodiscard]] static result<accepted_loss> open(const std::string& directory);
  accepted_loss(accepted_loss&& other) noexcept;

  /// Every shard has to be checked from now on; on disk when it returns. Error: io_failed.
  result<void> begin();
  /// Of all shards only these are not whole. On disk when it returns; none: the file goes. Error: io_failed.
  result<void> settle(std::set<shard_id> not_whole);

  /// From any thread.
  [[nodiscard]] bool must_check(shard_id shard) const;
  [[nodiscard]] bool pending() const;

private:
  explicit accepted_loss(std::string directory) : directory_(std::move(directory)) {}

  std::string directory_;
  mutable std::mutex mutex_;
  bool all_ = false;
  std::set<shard_id> shards_;
};

} // namespace burrow
