// So that whoever causes a log line cannot fill a disk with them.
#pragma once

#include "cluster/base/time.hpp"

#include <optional>

namespace burrow {

class rate_limit {
public:
  explicit rate_limit(duration every = duration{10'000}) : every_(every) {}
  /// At most once in the period.
  bool allows(duration now) {
    if (last_ && now - *last_ < every_) return false;
    last_ = now;
    return true;
  }

private:
  duration every_;
  std::optional<duration> last_;
};

} // namespace burrow
