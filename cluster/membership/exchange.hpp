// Full state, in parts: what rumours missed, an exchange brings (push–pull). Merging is the facade's, member by member,
// as with rumours.
#pragma once

#include "cluster/membership/table.hpp"

#include <vector>

namespace burrow::membership {

/// All that `held` knows, as said by `self` at `now`. The last part asks for the receiver's own if `answer` is set.
[[nodiscard]] std::vector<exchange> parts_of(const table& held, node_id self, duration now, bool answer);

/// What `self` says of this member. A suspicion goes under our own name only if we hold it ourselves.
[[nodiscard]] rumour said_of(const record& r, node_id self, duration now);

} // namespace burrow::membership
