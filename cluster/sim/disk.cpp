#include "cluster/sim/disk.hpp"

#include <algorithm>
#include <utility>

namespace burrow::sim {

// As the replica's: progress of the state and a cut alone need no sync, the log can repeat the one and bear the other.
bool disk_write::needs_sync() const {
  return installed || persist.hard || persist.truncate_from || persist.config || !persist.entries.empty();
}

std::uint64_t disk_image::chain_at(log_index index) const {
  return index.value < chain.size() ? chain[index.value] : 0;
}

raft::stored_state disk_image::stored() const {
  raft::stored_state out;
  out.hard = hard;
  out.snapshot = snapshot;
  out.log_first = log_first;
  out.applied = applied.index;
  for (const auto& e : log) {
    if (e.index > applied.index) {
      out.tail.push_back(e);
      continue;
    }
    if (out.terms.empty() || out.terms.back().term != e.term) out.terms.push_back({e.term, e.index});
    if (e.kind == raft::entry_kind::configuration && e.index > snapshot.index) out.applied_config = *e.config;
  }
  return out;
}

void disk_image::take(const disk_write& w) {
  if (w.installed) {
    const auto& meta = *w.installed;
    snapshot = meta;
    log_first = {meta.index.value + 1};
    log.clear();
    chain.assign(meta.index.value + 1, 0);
    chain[meta.index.value] = meta.state_hash.low;
    applied = {meta.index, meta.term, meta.state_hash.high};
  }
  const auto& p = w.persist;
  if (p.truncate_from && *p.truncate_from <= last()) {
    BURROW_ASSERT(*p.truncate_from >= log_first);
    log.resize(p.truncate_from->value - log_first.value);
    chain.resize(p.truncate_from->value);
  }
  for (std::size_t i = 0; i < p.entries.size(); ++i) {
    BURROW_ASSERT(p.entries[i].index.value == last().value + 1);
    log.push_back(p.entries[i]);
    chain.resize(last().value);
    chain.push_back(w.chain[i]);
  }
  if (p.hard) hard = *p.hard;
  if (p.snapshot) snapshot = *p.snapshot;
  if (p.log_first) {
    while (log_first < *p.log_first && !log.empty()) {
      log.pop_front();
      ++log_first.value;
    }
  }
  if (w.applied) applied = *w.applied;
}

std::uint64_t disk::write(disk_write w) {
  w.number = ++last_number_;
  waiting_.push_back(std::move(w));
  return last_number_;
}

bool disk::begin_sync() {
  if (syncing_ > 0) return false;
  const bool waited_for = std::any_of(waiting_.begin(), waiting_.end(), [](const auto& w) {
    return !w.answered && (w.needs_sync() || w.persist.ticket.number > 0);
  });
  if (waited_for) syncing_ = waiting_.size();
  return waited_for;
}

std::vector<disk_write> disk::end_sync() {
  const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(std::exchange(syncing_, 0));
  const bool synced = std::any_of(waiting_.begin(), end, [](const auto& w) { return w.needs_sync(); });
  std::vector<disk_write> done;
  for (auto w = waiting_.begin(); w != end; ++w) {
    if (synced) image_.take(*w);
    if (!std::exchange(w->answered, true)) done.push_back(*w);
  }
  if (synced) waiting_.erase(waiting_.begin(), end);
  return done;
}

void disk::crash(random& chance) {
  for (auto kept = chance.below(waiting_.size() + 1); kept > 0; --kept) {
    image_.take(waiting_.front());
    waiting_.pop_front();
  }
  waiting_.clear();
  syncing_ = 0;
}

void disk::fence() {
  if (syncing()) (void)end_sync();
  waiting_.clear();
}

void disk::format(raft::snapshot_meta initial) {
  image_ = {};
  image_.snapshot = std::move(initial);
  image_.chain.assign(1, 0);
  waiting_.clear();
  syncing_ = 0;
}

} // namespace burrow::sim
