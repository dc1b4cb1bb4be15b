// The audit log: audit.log in the data directory, a line of JSON for each thing that a person decided and that cannot
// be undone. A line is on disk before what it speaks of is done. Never rotated or cut by the node.
#pragma once

#include "cluster/base/result.hpp"

#include <string>
#include <utility>
#include <vector>

namespace burrow {

inline constexpr const char* audit_file = "audit.log";

/// `facts` follow the time and the event, in this order. Error: io_failed; then do not do it.
[[nodiscard]] result<void> audit(const std::string& directory, const std::string& event,
                                 const std::vector<std::pair<std::string, std::string>>& facts);

} // namespace burrow
