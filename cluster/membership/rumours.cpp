#include "cluster/membership/rumours.hpp"

#include "cluster/base/assert.hpp"
#include "cluster/base/limits.hpp"

#include <algorithm>
#include <cmath>

namespace burrow::membership {

void rumour_queue::add(const rumour& r) {
  const auto& said = r.about;
  for (const auto& i : waiting_) {
    if (i.what.about.id != said.id) continue;
    if (is_newer(i.what.about, said)) return;
    if (!is_newer(said, i.what.about) && i.what.by == r.by) return; // being told already
  }
  std::erase_if(waiting_, [&](const item& i) { return i.what.about.id == said.id && is_newer(said, i.what.about); });
  // What has been told most goes first; exchanges bring it to whoever missed it.
  if (waiting_.size() >= limits::rumours_queued_max) waiting_.pop_back();
  waiting_.insert(waiting_.begin(), item{r, 0});
}

void rumour_queue::forget(node_id about) {
  std::erase_if(waiting_, [&](const item& i) { return i.what.about.id == about; });
}

std::vector<rumour> rumour_queue::take(std::size_t count, std::uint32_t times_max, node_id to) {
  BURROW_ASSERT(times_max > 0);
  std::vector<rumour> out;
  for (auto& i : waiting_) {
    if (out.size() == count) break;
    if (i.what.about.id == to && i.what.about.state == member_state::alive) continue;
    out.push_back(i.what);
    ++i.told;
  }
  std::erase_if(waiting_, [&](const item& i) { return i.told >= times_max; });
  std::ranges::stable_sort(waiting_, {}, &item::told);
  return out;
}

std::uint32_t rumour_queue::times_max(const options& o, std::size_t here) {
  return o.retransmits * std::max(1U, static_cast<std::uint32_t>(std::ceil(std::log10(static_cast<double>(here + 1)))));
}

} // namespace burrow::membership
