// Configurations: which one is in force, which one it falls back to, and what a change may ask for (Raft §6).
#pragma once

#include "cluster/raft/types.hpp"

#include <vector>

namespace burrow::raft {

/// Every configuration from the snapshot's on, with the index of its entry. One is in force from the moment it is
/// appended, and out of force when that entry is truncated; so the ones before it must not be forgotten.
class config_history {
 public:
  config_history(log_index from, configuration base)
      : all_{{from, std::move(base)}} {}

  [[nodiscard]] const configuration& current() const { return all_.back().config; }
  [[nodiscard]] log_index current_index() const { return all_.back().index; }
  /// The one that comes back in force if the current one is truncated.
  [[nodiscard]] const configuration& previous() const { return all_[all_.size() - (all_.size() > 1 ? 2 : 1)].config; }
  /// In force at `index`, which is not below the last cut.
  [[nodiscard]] const configuration& at(log_index index) const;

  void append(log_index index, configuration config);
  /// The entries from `from` on are gone. True if the configuration in force went with them.
  bool truncate(log_index from);
  /// Nothing below `index` is asked for any more.
  void cut(log_index index);
  void reset(log_index from, configuration base) { all_.assign(1, {from, std::move(base)}); }

 private:
  struct item {
    log_index index;
    configuration config;
  };
  std::vector<item> all_; ///< ascending, never empty
};

constexpr bool is_joint(const configuration& config) { return !config.leaving.empty(); }

/// The first step of a change: the joint configuration, or at once the new one if only learners differ.
[[nodiscard]] configuration entered(const configuration& now, const std::vector<member>& voters,
                                    const std::vector<member>& learners);
/// The second step.
[[nodiscard]] configuration left(const configuration& joint);

/// Everybody who gets the log, each once: voters, those who leave, learners.
[[nodiscard]] std::vector<member> members_of(const configuration& config);

/// What is wrong with these voters and learners as such: none, one twice, too many.
[[nodiscard]] result<void> check_members(const std::vector<member>& voters, const std::vector<member>& learners);

} // namespace burrow::raft
