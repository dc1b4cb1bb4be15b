// The deltas that are applied but not yet surely readable from the store, as one ordered map over it, and as the list
// in which they are written (replication.md section 6). A delta leaves when it is written and no read that began before
// that is in use any more: a value read too early must never win over it.
#pragma once

#include "cluster/codec/log_codec.hpp"
#include "cluster/queue/view.hpp"
#include "cluster/replica/effect.hpp"

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string_view>

namespace burrow {

/// Names a body: entry and number in it.
using body_key = std::pair<log_index, std::uint32_t>;

class overlay {
public:
  struct slot {
    const queue::delta::change* latest; ///< value absent = removed
    std::uint64_t number;               ///< of the delta it comes from
  };
  /// Keys are relative and point into the deltas.
  using slots = std::map<std::string_view, slot>;

  void add(const codec::applied_record& state, queue::delta changes);

  [[nodiscard]] const slots& map() const { return slots_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] std::size_t unsent_bytes() const { return unsent_bytes_; }
  [[nodiscard]] bool has_unsent() const { return sent_ < last_; }
  [[nodiscard]] bool empty() const { return deltas_.empty(); }

  struct target {
    shard_id shard;
    burrow::generation generation;
  };
  /// Puts unsent deltas into the batch, in order, up to the first that erases a pinned body; then the `applied` record
  /// of the last. Of a key that several of them set, the last value only. The number of the last, 0 if there was none.
  std::uint64_t write_to(write_batch& batch, const target& where, const std::set<body_key>& pinned);

  /// All up to `number` are readable from the store; `last_load` is the last read asked for so far.
  void written(std::uint64_t number, load_id last_load);
  /// State after the last written delta, if any was.
  [[nodiscard]] const std::optional<codec::applied_record>& written_state() const { return written_state_; }
  /// Lets go of written deltas that no read still in use may miss. `oldest_load`: the oldest such read.
  void retire(std::optional<load_id> oldest_load);
  /// Bodies erased by the deltas that written() covered since the last call.
  [[nodiscard]] std::vector<body_key> take_erased_bodies() { return std::exchange(erased_, {}); }

private:
  struct applied_delta {
    codec::applied_record state;
    queue::delta changes;
    std::size_t bytes = 0;
    load_id written_before; ///< set when written: reads up to this one may not have seen it
  };
  [[nodiscard]] applied_delta& numbered(std::uint64_t number) { return deltas_[number - first_]; }
  void put(const queue::delta::change& change, std::uint64_t number);

  std::deque<applied_delta> deltas_; ///< numbers first_..last_
  slots slots_;
  std::uint64_t first_ = 1, last_ = 0, sent_ = 0, written_ = 0;
  std::size_t bytes_ = 0, unsent_bytes_ = 0;
  std::optional<codec::applied_record> written_state_;
  std::vector<body_key> erased_;
};

} // namespace burrow
