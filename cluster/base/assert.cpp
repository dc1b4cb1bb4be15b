#include "cluster/base/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace burrow {

void assertion_failed(const char* expression, const char* file, int line) noexcept {
  std::fprintf(stderr, "burrow: broken invariant: %s at %s:%d\n", expression, file, line);
  std::fflush(stderr);
  std::abort();
}

} // namespace burrow
