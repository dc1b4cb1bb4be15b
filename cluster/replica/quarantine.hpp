// Which entry was being applied when the process died, and when to stop trying it (replication.md section 6, "Poison").
// Pure: what outlives the process is kept by an apply_witness, here it is only decided what follows from it.
#pragma once

#include "cluster/base/ids.hpp"

#include <cstdint>

namespace burrow {

/// The entry in whose apply earlier lives of the process ended, and how often in a row they did; 0 times = none.
struct apply_finding {
  log_index index;
  std::uint64_t times = 0;
};

/// Told of every apply; what it notes outlives the process. Each shard calls it from one thread at a time.
class apply_witness {
public:
  virtual ~apply_witness() = default;
  /// What the last lives left. Stays the same until that entry's own end().
  [[nodiscard]] virtual apply_finding found(shard_id shard) const = 0;
  /// Before the apply of one entry. With `alone` it returns when no other shard applies, and none will until end() or
  /// abandoned(): if the process ends now, it was this entry. The wait is as long as one apply.
  virtual void begin(shard_id shard, log_index index, bool alone) = 0;
  /// The entry is applied.
  virtual void end(shard_id shard) = 0;
  /// It could not be applied yet, and begin() comes again for it. What was found stays.
  virtual void abandoned(shard_id shard) = 0;
};

enum class attempt : std::uint8_t {
  ordinary, ///< nobody suspects it
  alone,    ///< the process ended once while it was applied: it may have been another shard's fault
  refused,  ///< twice: the replica serves nothing from here on
};

class quarantine {
public:
  static constexpr std::uint64_t deaths_max = 2;

  quarantine() = default;
  explicit quarantine(apply_finding found) : found_(found) {}

  [[nodiscard]] attempt of(log_index entry) const;
  /// Whether a log whose entries in (applied, last] are still to be applied comes to a refused one.
  [[nodiscard]] bool closes(log_index applied, log_index last) const;
  [[nodiscard]] log_index suspect() const { return found_.index; }

private:
  apply_finding found_;
};

} // namespace burrow
