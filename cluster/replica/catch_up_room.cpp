#include "cluster/replica/catch_up_room.hpp"

#include <algorithm>

namespace burrow {

bool catch_up_line::take(shard_id shard, std::size_t bytes) {
  const auto at = std::find(line_.begin(), line_.end(), shard);
  const auto ahead = static_cast<std::size_t>(at - line_.begin());
  const bool fits = used_ + (ahead + 1) * bytes <= bytes_max_ || (used_ == 0 && ahead == 0);
  if (fits) {
    used_ += bytes;
    if (at != line_.end()) line_.erase(at);
  } else if (at == line_.end()) {
    line_.push_back(shard);
  }
  return fits;
}

} // namespace burrow
