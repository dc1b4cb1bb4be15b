// Majority and joint-majority arithmetic, and nothing else. The only place that knows how many are enough.
#pragma once

#include "cluster/raft/types.hpp"

#include <functional>

namespace burrow::raft {

/// Of n voters. 0 for 0: a configuration without voters decides nothing, see below.
constexpr std::size_t majority_of(std::size_t voters) { return voters == 0 ? 0 : voters / 2 + 1; }

/// Whether the voters for which `says_yes` holds are enough. False without any voter.
[[nodiscard]] bool is_quorum(const configuration& config, const std::function<bool(replica_id)>& says_yes);

/// The highest index that a quorum has, given what each voter has (Raft §5.3, §6). 0 without any voter.
[[nodiscard]] log_index quorum_index(const configuration& config, const std::function<log_index(replica_id)>& has);

[[nodiscard]] bool is_voter(const configuration& config, replica_id who);
/// Whether this replica alone decides: the only voter, and no change under way.
[[nodiscard]] bool is_alone(const configuration& config, replica_id who);
/// Whether it takes part at all, learners included.
[[nodiscard]] bool is_member(const configuration& config, replica_id who);

} // namespace burrow::raft
