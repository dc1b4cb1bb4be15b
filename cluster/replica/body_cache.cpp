#include "cluster/replica/body_cache.hpp"

#include <algorithm>

namespace burrow {
namespace {

constexpr std::size_t overhead_bytes = 64;
std::size_t size_of(const shared_bytes& b) { return b.present() ? b.size() + overhead_bytes : 0; }

} // namespace

void body_cache::add(log_index entry, std::vector<shared_bytes> bodies) {
  if (bodies.empty()) return;
  BURROW_ASSERT(entries_.empty() || entries_.back().entry < entry);
  for (const auto& b : bodies) bytes_ += size_of(b);
  entries_.push_back({entry, std::move(bodies)});
  while (bytes_ > bytes_max_) drop_front();
}

void body_cache::drop_front() {
  for (const auto& b : entries_.front().bodies) bytes_ -= size_of(b);
  entries_.pop_front();
}

void body_cache::truncate(log_index from) {
  while (!entries_.empty() && entries_.back().entry >= from) {
    for (const auto& b : entries_.back().bodies) bytes_ -= size_of(b);
    entries_.pop_back();
  }
}

void body_cache::clear() {
  std::deque<entry_bodies>().swap(entries_);
  bytes_ = 0;
}

std::deque<body_cache::entry_bodies>::const_iterator body_cache::find_entry(log_index index) const {
  const auto at = std::lower_bound(entries_.begin(), entries_.end(), index,
                                   [](const entry_bodies& e, log_index i) { return e.entry < i; });
  return at != entries_.end() && at->entry == index ? at : entries_.end();
}

shared_bytes body_cache::find(const body_key& key) const {
  const auto at = find_entry(key.first);
  return at != entries_.end() && key.second < at->bodies.size() ? at->bodies[key.second] : shared_bytes{};
}

void body_cache::erase(const body_key& key) {
  const auto found = find_entry(key.first);
  if (found == entries_.end() || key.second >= found->bodies.size()) return;
  auto& e = entries_[static_cast<std::size_t>(found - entries_.cbegin())];
  bytes_ -= size_of(e.bodies[key.second]);
  e.bodies[key.second] = {};
  // Emptied entries leave when they come to the front; a body in use elsewhere lives on by its own count.
  while (!entries_.empty() && std::none_of(entries_.front().bodies.begin(), entries_.front().bodies.end(),
                                           [](const shared_bytes& b) { return b.present(); })) {
    entries_.pop_front();
  }
}

} // namespace burrow
