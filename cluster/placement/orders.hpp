// What nodes tell each other for the planner: reports to where shard 0 leads, and its orders to the leaders of groups.
// Any of them may get lost: reports come every second, and what an order did not do the next plan orders again.
#pragma once

#include "cluster/placement/planner.hpp"

#include <map>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

namespace burrow::placement {

struct report_order {
  hash128 cluster;
  std::uint64_t epoch = 0;         ///< of the map that the sender knows
  instant now;                     ///< of the sender, as its times in `shards`
  std::vector<shard_seen> shards;  ///< those that it leads
  bool operator==(const report_order&) const = default;
};

struct group_order {
  hash128 cluster;
  std::variant<change_members, transfer> what;
  bool operator==(const group_order&) const = default;
};

/// To where shard 0 leads: what does the planner know of the groups? Answered by a report of all of them.
struct picture_question {
  hash128 cluster;
  std::uint64_t number = 0; ///< the asker's
  bool operator==(const picture_question&) const = default;
};
struct picture_answer {
  std::uint64_t number = 0;
  report_order picture;
  bool operator==(const picture_answer&) const = default;
};
/// To where shard 0 leads: an operator wants this replica on another node.
struct move_order {
  hash128 cluster;
  shard_id shard;
  node_id from, to;
  bool operator==(const move_order&) const = default;
};

/// The report with times as the receiver's clock would have shown them.
[[nodiscard]] report_order as_of(report_order report, instant now);

/// What a leader knows of its group, as its replica tells it.
struct group_told {
  shard_id shard;
  raft::member self;
  burrow::term term;
  log_index committed;
  raft::configuration config;
  log_index configured;
  bool changing = false;
  std::vector<raft::follower_progress> followers;
  std::vector<raft::member> distrusted;
  std::uint64_t bytes = 0;
};

/// Who is to lead when this leader ends: the voter that answers and has most. Nobody, if no other one answers.
[[nodiscard]] std::optional<node_id> successor_of(const group_told& told);

/// The first map of a cluster that is one node yet: every group is its replica alone. No value: some shard was not
/// reported, or is not so.
[[nodiscard]] std::optional<shard_map> founding_map(node_id node, std::uint16_t shards,
                                                    const std::vector<shard_seen>& reported);

/// What the leaders of groups have told where shard 0 leads, since it does.
class report_book {
 public:
  explicit report_book(instant since) : since_(since) {}
  /// Of two reports of a shard that with the higher mark counts, be it older. Times are those of the taker.
  void take(std::vector<shard_seen> reported, instant now);
  /// What was heard of lately.
  [[nodiscard]] std::vector<shard_seen> fresh(instant now) const;
  /// Whether the leaders of so many shards have reported, or have had the time to: before, nobody seems to lead
  /// anything, which is no picture to show.
  [[nodiscard]] bool knows_leaders(std::size_t shards, instant now) const;

 private:
  instant since_;
  std::map<shard_id, std::pair<shard_seen, instant>> last_;
};

/// Remembers since when the members of the groups led here have caught up.
class group_watch {
 public:
  [[nodiscard]] shard_seen see(const group_told& told, instant now);
  void forget(shard_id shard);

 private:
  struct seen {
    shard_id shard;
    raft::member who;
    instant since;
  };
  std::vector<seen> seen_; ///< those that have caught up
};

} // namespace burrow::placement
