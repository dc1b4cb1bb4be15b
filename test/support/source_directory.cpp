#include "test/support/source_directory.hpp"

namespace burrow::test {

std::string source_directory() { return BURROW_SOURCE_DIR; }

} // namespace burrow::test
