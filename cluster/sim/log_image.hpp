// What a replica's log is, as far as it shows in the batches that it hands to the log writer: which is all that the
// checkers know of it. One image follows what was handed over, another what is on disk.
#pragma once

#include "cluster/codec/log_codec.hpp"
#include "cluster/sim/checkers/logs.hpp"
#include "cluster/storage/store.hpp"

#include <functional>
#include <vector>

namespace burrow::sim {

class log_image {
 public:
  /// Called for each entry that is put: index, term, the log's hash up to it, the record's bytes.
  using seen = std::function<void(log_index, term, std::uint64_t, std::string_view)>;

  explicit log_image(shard_id shard)
      : shard_(shard) {}

  /// `known` tells the hash of the committed log at an index, where an install skips what came before.
  void take(const write_batch& batch, const std::function<std::uint64_t(log_index)>& known, const seen& put);
  /// What a start finds.
  void read(const store& from, const std::function<std::uint64_t(log_index)>& known);

  [[nodiscard]] log_index last() const { return {chain_.size() - 1}; }
  [[nodiscard]] std::uint64_t chain_at(log_index index) const {
    return index.value < chain_.size() ? chain_[index.value] : 0;
  }
  [[nodiscard]] const raft::hard_state& hard() const { return record_.hard; }
  [[nodiscard]] const codec::replica_record& record() const { return record_; }

 private:
  void take_range(const write_batch::operation& op);
  shard_id shard_;
  codec::replica_record record_;
  std::vector<std::uint64_t> chain_{0}; ///< by index
};

} // namespace burrow::sim
