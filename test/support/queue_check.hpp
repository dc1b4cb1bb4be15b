// Reads a whole state of the queue machine and says what in it does not fit together: counters, ready keys, deadlines,
// names, tenants, bodies. Slow and plain on purpose; written against the layout in cluster/queue/snapshot.hpp.
#pragma once

#include "test/support/map_view.hpp"

#include <set>
#include <string>
#include <utility>

namespace burrow::test {

using body_name = std::pair<std::uint64_t, std::uint32_t>; ///< log index and number of a body

/// What is wrong with the state, one line each; empty = nothing. `bodies`: those that must be referred to, each once.
[[nodiscard]] std::string check_state(const map_view& state, const std::set<body_name>& bodies);

struct gateways_check {
  std::string wrong; ///< one line each
  instant due;       ///< when somebody must look for silent gateways at the latest
};
/// Each gateway's list names the pages that there are and what is in them.
[[nodiscard]] gateways_check check_gateways(const map_view& state);

} // namespace burrow::test
