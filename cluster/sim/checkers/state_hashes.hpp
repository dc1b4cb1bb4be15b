// Checker 3 for whole replicas: the same command at the same index everywhere, and the state at an index is the one
// that the committed log makes, applied once from the beginning by a machine of the checker's own, without overlay,
// loads, restarts and installs. What the log says is told to the other checkers, command by command.
#pragma once

#include "cluster/codec/log_codec.hpp"
#include "cluster/queue/machine.hpp"
#include "cluster/sim/findings.hpp"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace burrow::sim {

class state_hashes {
 public:
  explicit state_hashes(shard_id shard)
      : shard_(shard) {}

  struct told {
    log_index index;
    instant at;
    const queue::command& command;
    const queue::reply& reply;
  };
  using listener = std::function<void(const told&)>;

  using entry_listener = std::function<void(const queue::entry_command&, const queue::outcome&)>;

  /// The entry that follows the last one; `record` as it is stored. `each` hears of its commands, `whole` of all.
  void committed(log_index index, std::string_view record, const listener& each, const entry_listener& whole,
                 findings& found);
  /// A replica has this state at this index.
  void has(replica_id who, log_index index, const hash128& state, findings& found) const;
  [[nodiscard]] shard_id shard() const { return shard_; }
  [[nodiscard]] log_index last() const { return {hashes_.size() - 1}; }
  /// The shard's time at the last entry.
  [[nodiscard]] instant time() const { return time_; }

 private:
  class view;
  shard_id shard_;
  std::map<std::string, std::string, std::less<>> state_;
  std::vector<hash128> hashes_{hash128{}}; ///< by index
  instant time_;
};

} // namespace burrow::sim
