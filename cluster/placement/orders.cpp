#include "cluster/placement/orders.hpp"

#include "cluster/base/limits.hpp"

#include <algorithm>

namespace burrow::placement {
namespace {

constexpr duration report_kept{5'000}; ///< a leader reports every second

} // namespace

report_order as_of(report_order report, instant now) {
  const auto shift = now - report.now;
  for (auto& shard : report.shards)
    for (auto& m : shard.members)
      if (m.caught_up) m.caught_up_since = m.caught_up_since + shift;
  report.now = now;
  return report;
}

std::optional<node_id> successor_of(const group_told& told) {
  const raft::follower_progress* best = nullptr;
  for (const auto& f : told.followers) {
    const bool votes = std::ranges::find(told.config.voters, f.who) != told.config.voters.end();
    if (votes && f.active && f.who.node != told.self.node && (best == nullptr || f.match > best->match)) best = &f;
  }
  if (best == nullptr) return std::nullopt;
  return best->who.node;
}

std::optional<shard_map> founding_map(node_id node, std::uint16_t shards, const std::vector<shard_seen>& reported) {
  shard_map out;
  out.epoch = 1;
  out.shards.resize(std::size_t{shards} + 1);
  for (const auto& s : reported) {
    const auto& voters = s.config.voters;
    if (s.shard.value > shards || voters.size() != 1 || voters.front().node != node) return std::nullopt;
    out.next_replica = std::max(out.next_replica, replica_id{voters.front().replica.value + 1});
    out.shards[s.shard.value] = {voters, s.mark(), {}, {node}};
  }
  const bool all = std::ranges::none_of(out.shards, [](const shard_place& p) { return p.voters.empty(); });
  return all ? std::optional(std::move(out)) : std::nullopt;
}

void report_book::take(std::vector<shard_seen> reported, instant now) {
  for (auto& shard : reported) {
    const auto id = shard.shard;
    const auto known = last_.find(id);
    if (known != last_.end() && known->second.first.mark() > shard.mark()) continue;
    last_.insert_or_assign(id, std::pair{std::move(shard), now});
  }
}

std::vector<shard_seen> report_book::fresh(instant now) const {
  std::vector<shard_seen> out;
  for (const auto& [shard, report] : last_)
    if (report.second + report_kept >= now) out.push_back(report.first);
  return out;
}

bool report_book::knows_leaders(std::size_t shards, instant now) const {
  return last_.size() >= shards || since_ + report_kept < now;
}

shard_seen group_watch::see(const group_told& told, instant now) {
  shard_seen out{told.shard, told.self.node, told.term, told.config, told.configured, told.changing, {}, told.bytes};
  std::vector<raft::member> all = told.config.voters;
  for (const auto* const more : {&told.config.leaving, &told.config.learners})
    for (const auto& m : *more)
      if (std::ranges::find(all, m) == all.end()) all.push_back(m);
  for (const auto& who : all) {
    member_seen m;
    m.who = who;
    const auto at = std::ranges::find(told.followers, who, &raft::follower_progress::who);
    const bool self = who == told.self;
    const bool votes = std::ranges::find(told.config.voters, who) != told.config.voters.end();
    m.damaged = std::ranges::find(told.distrusted, who) != told.distrusted.end();
    m.heard = self || (at != told.followers.end() && at->active);
    if (!self) {
      const auto match = at == told.followers.end() ? 0 : at->match.value;
      m.lag = told.committed.value - std::min(match, told.committed.value);
      m.installing = at != told.followers.end() && at->installing;
    }
    // Few entries may be many bytes, so for a newcomer it takes more; a busy voter may be read back for now and then.
    const bool level = votes || (at != told.followers.end() && at->from_memory);
    m.caught_up = m.heard && !m.damaged && !m.installing && level && m.lag <= limits::log_entries_kept;
    const auto known = std::ranges::find_if(
      seen_, [&](const seen& s) { return s.shard == told.shard && s.who == who; });
    if (m.caught_up) {
      m.caught_up_since = known == seen_.end() ? now : known->since;
      if (known == seen_.end()) seen_.push_back({told.shard, who, now});
    } else if (known != seen_.end()) {
      seen_.erase(known);
    }
    out.members.push_back(m);
  }
  std::erase_if(seen_, [&](const seen& s) {
    return s.shard == told.shard && std::ranges::find(all, s.who) == all.end();
  });
  return out;
}

void group_watch::forget(shard_id shard) {
  std::erase_if(seen_, [&](const seen& s) { return s.shard == shard; });
}

} // namespace burrow::placement
