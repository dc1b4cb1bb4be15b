// What a reader does for a load_effect (effect.hpp): reads at disk tier, which may block.
#pragma once

#include "cluster/replica/effect.hpp"

namespace burrow {

/// From the store as it is now. The error of a value is the store's, or corrupt.
[[nodiscard]] loaded_item read_item(const store& from, const load_item& item);
/// From what was pinned for a session; entries of the log are not asked for in one.
[[nodiscard]] loaded_item read_item(const pinned_state& from, const load_item& item);

} // namespace burrow
