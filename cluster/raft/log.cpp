#include "cluster/raft/log.hpp"

#include <algorithm>

namespace burrow::raft {

log::log(const stored_state& stored)
    : first_(stored.log_first), terms_(stored.terms) {
  if (first_.value == 1) before_first_ = term{};
  else if (first_.value == stored.snapshot.index.value + 1) before_first_ = stored.snapshot.term;
  else if (!terms_.empty() && terms_.front().first < first_) before_first_ = terms_.front().term;
  BURROW_ASSERT(stored.applied >= stored.snapshot.index && first_.value <= stored.applied.value + 1);
  last_ = stored.applied;
  BURROW_ASSERT(!terms_.empty() || first_.value == last_.value + 1);
  for (const auto& e : stored.tail) append(e);
  given_ = persisted_ = last_;
}

std::optional<term> log::term_at(log_index index) const {
  if (index.value == 0) return term{};
  if (index > last_ || index.value + 1 < first_.value) return std::nullopt;
  if (index.value + 1 == first_.value) return before_first_;
  const auto after = std::upper_bound(terms_.begin(), terms_.end(), index,
                                      [](log_index i, const term_range& r) { return i < r.first; });
  BURROW_ASSERT(after != terms_.begin());
  return std::prev(after)->term;
}

log_index log::last_at_or_below(log_index index, term t) const {
  index = std::min(index, last_);
  for (auto i = terms_.size(); i-- > 0;) {
    if (terms_[i].first > index || terms_[i].term > t) continue;
    const log_index end = i + 1 < terms_.size() ? log_index{terms_[i + 1].first.value - 1} : last_;
    const auto found = std::min(index, end);
    return found.value + 1 >= first_.value ? found : log_index{};
  }
  const log_index before{first_.value - 1};
  return before_first_ && *before_first_ <= t && before <= index ? before : log_index{};
}

void log::append(entry e) {
  BURROW_ASSERT(e.index.value == last_.value + 1);
  if (terms_.empty() || terms_.back().term != e.term) {
    BURROW_ASSERT(terms_.empty() || terms_.back().term < e.term);
    terms_.push_back({e.term, e.index});
  }
  last_ = e.index;
  bytes_ += e.size();
  tail_.push_back(std::move(e));
}

bool log::truncate(log_index from) {
  BURROW_ASSERT(from >= first_);
  const bool was_given = from <= given_;
  while (last_ >= from && !tail_.empty()) {
    bytes_ -= tail_.back().size();
    tail_.pop_back();
    --last_.value;
  }
  if (last_ >= from) last_ = {from.value - 1};
  while (!terms_.empty() && terms_.back().first > last_) terms_.pop_back();
  given_ = std::min(given_, last_);
  persisted_ = std::min(persisted_, last_);
  return was_given;
}

std::vector<entry> log::take_unpersisted() {
  auto out = copy({given_.value + 1}, last_);
  given_ = last_;
  return out;
}

bool log::persisted(log_index index, term t) {
  // A truncated and overwritten index has another term; the entries that replaced it wait for their own ticket.
  if (index > given_ || term_at(index) != t) return false;
  persisted_ = std::max(persisted_, index);
  return true;
}

std::vector<entry> log::copy(log_index from, log_index to) const {
  if (from > to) return {};
  BURROW_ASSERT(from >= memory_first() && to <= last_);
  const auto begin = tail_.begin() + static_cast<std::ptrdiff_t>(from.value - memory_first().value);
  return {begin, begin + static_cast<std::ptrdiff_t>(to.value - from.value + 1)};
}

std::vector<entry> log::copy_some(log_index from, log_index to, std::size_t bytes_max) const {
  if (from > to) return {};
  BURROW_ASSERT(from >= memory_first() && to <= last_);
  const auto begin = tail_.begin() + static_cast<std::ptrdiff_t>(from.value - memory_first().value);
  const auto stop = begin + static_cast<std::ptrdiff_t>(to.value - from.value + 1);
  auto end = begin;
  for (std::size_t bytes = 0; end != stop; ++end) {
    bytes += end->size();
    if (bytes > bytes_max && end != begin) break;
  }
  return {begin, end};
}

void log::reset(const snapshot_meta& meta) {
  first_ = {meta.index.value + 1};
  last_ = given_ = persisted_ = meta.index;
  before_first_ = meta.term;
  terms_.clear();
  tail_.clear();
  bytes_ = 0;
}

void log::release(log_index applied, std::size_t bytes_max) {
  const auto up_to = std::min(applied, persisted_);
  while (!tail_.empty() && bytes_ > bytes_max && tail_.front().index <= up_to) {
    bytes_ -= tail_.front().size();
    tail_.pop_front();
  }
}

void log::cut(log_index keep_from, const snapshot_meta& meta) {
  if (keep_from <= first_) return;
  BURROW_ASSERT(keep_from.value <= meta.index.value + 1 && meta.index <= last_);
  before_first_ = term_at({keep_from.value - 1});
  first_ = keep_from;
  // The range that covers first_ stays, with its true beginning.
  while (terms_.size() > 1 && terms_[1].first <= first_) terms_.erase(terms_.begin());
  if (!tail_.empty() && tail_.front().index < first_) {
    while (!tail_.empty() && tail_.front().index < first_) {
      bytes_ -= tail_.front().size();
      tail_.pop_front();
    }
  }
}

} // namespace burrow::raft
