// BURROW_ASSERT: a broken invariant of our own ends the process, in release builds too.
// What the world does wrong (input, disks, peers) is never an assertion: it is a result<T>.
#pragma once

namespace burrow {

/// Prints the failed expression with its place and aborts. Never returns.
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line) noexcept;

} // namespace burrow

#define BURROW_ASSERT(condition)                                                                   \
  do {                                                                                             \
    if (!(condition)) [[unlikely]]                                                                 \
      ::burrow::assertion_failed(#condition, __FILE__, __LINE__);                                  \
  } while (false)
