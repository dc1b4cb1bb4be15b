// The witness of every apply, over the mapped file APPLYING (storage/apply_marker). An entry that is suspected is
// applied while no other shard applies. Where nothing is suspected, nothing is locked: suspects only ever become fewer.
#pragma once

#include "cluster/replica/quarantine.hpp"
#include "cluster/storage/apply_marker.hpp"

#include <atomic>
#include <memory>
#include <shared_mutex>
#include <vector>

namespace burrow {

class apply_guard final : public apply_witness {
public:
  /// Error: io_failed.
  [[nodiscard]] static result<std::shared_ptr<apply_guard>> open(const std::string& directory, std::size_t shard_count);
  apply_guard(apply_marker marker, std::size_t shard_count);

  [[nodiscard]] apply_finding found(shard_id shard) const override;
  void begin(shard_id shard, log_index index, bool alone) override;
  void end(shard_id shard) override;
  void abandoned(shard_id shard) override;

private:
  enum class held : unsigned char { nothing, shared, exclusive };
  void leave(shard_id shard);

  apply_marker marker_;
  std::vector<held> held_; ///< by shard, each written by the thread that applies for it
  std::shared_mutex turn_;
  std::atomic<std::size_t> suspects_{0}; ///< entries that are to be applied alone
};

} // namespace burrow
