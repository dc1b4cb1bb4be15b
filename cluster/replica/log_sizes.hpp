// How many bytes of entries the stored log holds from an index on, to within a block: enough to say where a log that
// has grown too long for a lagging follower is to be cut.
#pragma once

#include "cluster/base/ids.hpp"

#include <cstddef>
#include <deque>

namespace burrow {

class log_sizes {
public:
  void add(log_index index, std::size_t bytes) {
    if (blocks_.empty() || blocks_.back().entries == block_entries) blocks_.push_back({index, 0, 0});
    blocks_.back().bytes += bytes;
    ++blocks_.back().entries;
    bytes_ += bytes;
  }
  void truncate(log_index from) {
    while (!blocks_.empty() && blocks_.back().first >= from) pop_back();
  }
  void cut(log_index from) {
    while (blocks_.size() > 1 && blocks_[1].first <= from) {
      bytes_ -= blocks_.front().bytes;
      blocks_.pop_front();
    }
  }
  void clear() {
    std::deque<block>().swap(blocks_);
    bytes_ = 0;
  }
  /// The first index from which on no more than that is held; 0 if all of it fits.
  [[nodiscard]] log_index first_within(std::size_t bytes_max) const {
    auto left = bytes_;
    for (std::size_t i = 0; left > bytes_max && i + 1 < blocks_.size(); ++i) {
      left -= blocks_[i].bytes;
      if (left <= bytes_max || i + 2 == blocks_.size()) return blocks_[i + 1].first;
    }
    return {};
  }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

private:
  static constexpr std::size_t block_entries = 64;
  struct block {
    log_index first;
    std::size_t bytes = 0;
    std::size_t entries = 0;
  };
  void pop_back() {
    bytes_ -= blocks_.back().bytes;
    blocks_.pop_back();
  }
  std::deque<block> blocks_;
  std::size_t bytes_ = 0;
};

} // namespace burrow
