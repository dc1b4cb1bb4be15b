// The machine version: which behaviour an entry is applied with. It is raised by a logged command (set_version), never
// by a binary's build date, so that all replicas change at the same index. Numbers are never reused.
#pragma once

#include <cstdint>

namespace burrow::queue {

/// A state that never saw set_version is of this version.
inline constexpr std::uint16_t version_first = 1;
/// The highest that this binary can apply. Version 2 will bring the record that says which one is in force.
inline constexpr std::uint16_t version_supported = 1;

} // namespace burrow::queue
