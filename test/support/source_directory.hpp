// Where the source tree is, for suites that read scripts and golden files from it.
#pragma once

#include <string>

namespace burrow::test {

/// Absolute, without a slash at its end. Known to one translation unit only: a path in the compiler's flags would keep
/// every checkout from using what the compiler cache has of another.
[[nodiscard]] std::string source_directory();

} // namespace burrow::test
