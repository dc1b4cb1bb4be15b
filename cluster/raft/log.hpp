// The log as the core sees it: the entries that are not yet on disk or not yet handed out to be applied, and the terms
// of all entries by range. What is older lies in the store; the core asks for it when a follower needs it.
#pragma once

#include "cluster/raft/types.hpp"

#include <deque>
#include <optional>
#include <vector>

namespace burrow::raft {

class log {
public:
  explicit log(const stored_state& stored);

  [[nodiscard]] log_index first() const { return first_; } ///< of the entries kept; last() + 1 if there are none
  [[nodiscard]] log_index last() const { return last_; }
  [[nodiscard]] log_index memory_first() const { return {last_.value + 1 - tail_.size()}; }
  [[nodiscard]] bool in_memory(log_index from) const { return from >= memory_first(); }
  [[nodiscard]] term last_term() const { return *term_at(last_); }
  /// Nothing for an index that was cut away or is not there yet. Index 0 has term 0. The one before first() is often
  /// known: the check of the append of first() needs it (Raft §5.3).
  [[nodiscard]] std::optional<term> term_at(log_index index) const;

  /// The next entry; its index is last() + 1 and its term not below the last one's.
  void append(entry e);
  /// The greatest index at or below `index` whose term is known and not above `t`: where two logs may agree. 0 if none.
  [[nodiscard]] log_index last_at_or_below(log_index index, term t) const;
  /// Drops `from` and everything after it, also from what is still to be persisted. True if some of that was given.
  bool truncate(log_index from);
  /// Entries not yet given to persist, oldest first; they count as given from now on.
  [[nodiscard]] std::vector<entry> take_unpersisted();
  [[nodiscard]] bool has_unpersisted() const { return given_ < last_; }

  /// A ticket came back: true if the log still holds this entry with this term, so that it counts.
  bool persisted(log_index index, term t);
  [[nodiscard]] log_index persisted() const { return persisted_; }

  /// Entries from..to out of memory, for apply. They must still be there.
  [[nodiscard]] std::vector<entry> copy(log_index from, log_index to) const;
  /// The same, up to `bytes_max` in all, but at least one entry.
  [[nodiscard]] std::vector<entry> copy_some(log_index from, log_index to, std::size_t bytes_max) const;
  /// Forgets what is applied and on disk, down to `bytes_max` of memory. Terms stay.
  void release(log_index applied, std::size_t bytes_max);
  /// Entries below `keep_from` are not wanted any more.
  void cut(log_index keep_from, const snapshot_meta& meta);

  /// Begins anew after an installed state.
  void reset(const snapshot_meta& meta);

  [[nodiscard]] std::size_t memory_bytes() const { return bytes_; }
  [[nodiscard]] std::vector<term_range> terms() const { return terms_; }

private:
  log_index first_{1};
  log_index last_;
  log_index given_;     ///< handed out to be persisted up to here
  log_index persisted_; ///< on disk up to here
  std::optional<term> before_first_; ///< of first_ - 1, if known
  std::vector<term_range> terms_; ///< first element begins at or before first_
  std::deque<entry> tail_;        ///< memory_first()..last_
  std::size_t bytes_ = 0;
};

} // namespace burrow::raft
