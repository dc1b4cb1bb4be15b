#include "cluster/replica/rates.hpp"

namespace burrow {
namespace {

std::int64_t second_of(duration t) { return t.count() / 1000; }

void add_to(std::uint32_t& sum, std::uint64_t n) { sum += static_cast<std::uint32_t>(n); }

} // namespace

void rate_table::add(duration now, const queue_ref& queue, const queue::activity& did) {
  const auto at = second_of(now);
  const auto [found, fresh] = lines_.try_emplace(queue, &pool_);
  auto& l = found->second;
  if (fresh) {
    l.turn = turns_.insert(turns_.end(), &*found);
  } else if (l.seconds.back().at != at) {
    turns_.splice(turns_.end(), turns_, l.turn);
    std::erase_if(l.seconds, [&](const second& s) { return s.at <= at - window_s; });
  }
  if (l.seconds.empty() || l.seconds.back().at != at) l.seconds.push_back({.at = at});
  auto& s = l.seconds.back();
  add_to(s.inserted, did.inserted);
  add_to(s.claimed, did.claimed);
  add_to(s.deleted, did.deleted);
  add_to(s.expired, did.expired);
  add_to(s.dead, did.dead);
  if (lines_.size() > queues_max_) forget_front();
}

queue::activity rate_table::of(duration now, const queue_ref& queue) const {
  queue::activity out;
  const auto found = lines_.find(queue);
  if (found == lines_.end()) return out;
  const auto first = second_of(now) - window_s + 1;
  for (const auto& s : found->second.seconds) {
    if (s.at < first) continue;
    out.inserted += s.inserted;
    out.claimed += s.claimed;
    out.deleted += s.deleted;
    out.expired += s.expired;
    out.dead += s.dead;
  }
  return out;
}

void rate_table::forget_quiet(duration now) {
  for (auto at = quiet_at(); at && *at <= now; at = quiet_at()) forget_front();
}

std::optional<duration> rate_table::quiet_at() const {
  if (turns_.empty()) return std::nullopt;
  return std::chrono::seconds{turns_.front()->second.seconds.back().at + window_s};
}

void rate_table::clear() {
  turns_.clear();
  lines_ = decltype(lines_){&pool_}; // its buckets, too
  pool_.release();
}

void rate_table::forget_front() {
  const auto quiet = lines_.find(turns_.front()->first);
  turns_.pop_front();
  lines_.erase(quiet);
  if (lines_.empty()) clear();
}

} // namespace burrow
