// Checker 12 (replication.md section 13): every message is in exactly one place. It follows the logs of several shards
// as their disks have them, applies each entry to a copy of the state, and looks where every message was before and is
// after. Messages are told apart by their bodies, of which no two are equal.
#pragma once

#include "cluster/storage/memory_store.hpp"
#include "test/support/map_view.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace burrow::test {

class moves_check {
public:
  /// Entries that this shard's disk has and that were not seen yet.
  void follow(shard_id shard, const memory_store& disk);

  /// What was wrong, first things first. Empty: nothing.
  [[nodiscard]] const std::vector<std::string>& wrong() const { return wrong_; }
  /// Messages that are leaving, and queues with a running task.
  [[nodiscard]] std::size_t leaving() const;
  [[nodiscard]] std::size_t running_tasks() const;
  /// Where a message is: "shard/queue" of its body's hash; empty if nowhere.
  [[nodiscard]] std::vector<std::string> places_of(const hash128& body) const;
  /// Whether a message was ever in a queue, and whether it was taken away by somebody or by time.
  [[nodiscard]] bool was_there(const hash128& body) const { return seen_.contains(body); }
  [[nodiscard]] bool is_gone(const hash128& body) const { return gone_.contains(body); }
  [[nodiscard]] const std::map<shard_id, map_view>& states() const { return states_view_; }

  std::uint64_t entries = 0, left = 0, arrived = 0, repeated = 0, local = 0, removed = 0;

private:
  struct places {
    std::map<hash128, std::string> queued;              ///< body to queue
    std::map<queue::move_key, hash128> leaving; ///< one that has come back may leave again before it has left
  };
  struct shard_log {
    log_index applied;
    instant time;
    places where;
  };
  void apply_entry(shard_id shard, log_index index, const queue::entry_command& entry, instant at);
  [[nodiscard]] static places places_in(const map_view& state);
  struct brought_in {
    std::set<hash128> fresh; ///< put in, or come by a move that never came before
    std::set<hash128> again; ///< come by one that did
  };
  void compare(shard_id shard, const places& before, const places& after, const queue::outcome& out,
               const queue::entry_command& entry);
  void account_for_gone(shard_id shard, const places& before, const places& after, const queue::outcome& out,
                        const brought_in& in);
  brought_in brought_by(shard_id shard, const queue::outcome& out, const queue::entry_command& entry);
  void complain(const std::string& what);

  std::map<shard_id, shard_log> logs_;
  std::map<shard_id, map_view> states_view_;
  std::set<hash128> seen_, gone_;
  std::map<std::pair<shard_id, queue::move_key>, hash128> arrived_; ///< by source and move
  std::vector<std::string> wrong_;
};

} // namespace burrow::test
