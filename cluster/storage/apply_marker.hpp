// A mapped file that outlives the process: per shard the index being applied, and how often a start found it there
// (replication.md section 6, "Poison"). It costs no write per entry, for the page cache survives the end of a process.
// It says nothing after a power failure, and decides nothing: the replica quarantines (replica/quarantine.hpp).
#pragma once

#include "cluster/base/ids.hpp"
#include "cluster/base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace burrow {

class apply_marker {
public:
  static constexpr const char* file_name = "APPLYING";

  /// Maps the file in `directory`, made or made anew if it is not one of ours, and counts what the last life left.
  /// Only the first `shard_count` shards are looked through for that; the file has room for all there can be.
  /// Error: io_failed.
  [[nodiscard]] static result<apply_marker> open(const std::string& directory, std::size_t shard_count);

  apply_marker(apply_marker&& other) noexcept;
  apply_marker& operator=(apply_marker&& other) noexcept;
  ~apply_marker();

  /// Around the apply of one entry. Each shard is marked by one thread at a time; shards do not disturb each other.
  void begin(shard_id shard, log_index index) noexcept;
  void end(shard_id shard) noexcept;
  /// Instead of end(), when the entry is not through and begin() will come again for it: what was found stays.
  void abandoned(shard_id shard) noexcept;

  /// The entry in whose apply the process ended, and how often in a row it did; 0 times = none. Kept until that entry
  /// is through. Once (`times` = 1): apply it while nothing else applies. Twice: quarantine.
  struct finding {
    log_index index;
    std::uint64_t times = 0;
  };
  [[nodiscard]] finding found(shard_id shard) const noexcept;
  /// An operator's word that the entry may be tried anew.
  void forget(shard_id shard) noexcept;

private:
  struct slot;
  explicit apply_marker(void* mapped) : mapped_(mapped) {}
  [[nodiscard]] slot& at(shard_id shard) const noexcept;
  void count_findings(std::size_t shard_count) noexcept;

  void* mapped_ = nullptr;
};

} // namespace burrow
