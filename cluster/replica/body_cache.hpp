// The bodies of the last entries, kept for the takes that follow soon after: bounded in bytes, oldest entry out first.
// A miss means nothing but a read of the store.
#pragma once

#include "cluster/replica/overlay.hpp"

#include <deque>
#include <vector>

namespace burrow {

class body_cache {
public:
  explicit body_cache(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  /// Bodies of an entry, the n-th under n. Indices ascend from call to call.
  void add(log_index entry, std::vector<shared_bytes> bodies);
  /// Not present: not here.
  [[nodiscard]] shared_bytes find(const body_key& key) const;
  /// Entries from here on were truncated.
  void truncate(log_index from);
  /// Its message is gone.
  void erase(const body_key& key);

  /// An idle shard keeps nothing.
  void clear();
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

private:
  struct entry_bodies {
    log_index entry;
    std::vector<shared_bytes> bodies;
  };
  [[nodiscard]] std::deque<entry_bodies>::const_iterator find_entry(log_index index) const;
  void drop_front();

  std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  std::deque<entry_bodies> entries_; ///< ascending
};

} // namespace burrow
