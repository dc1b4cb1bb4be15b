// Checker 12: every message is in exactly one place, across moves between shards. It is told each entry of several
// shards as it is applied first, and looks where every message was before and is after. Messages are told apart by
// their bodies, of which no two are equal. Summed over all queues, what there is changes by inserts, removals and
// expiry only.
#pragma once

#include "cluster/queue/machine.hpp"
#include "cluster/sim/findings.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace burrow::sim {

class moves {
 public:
  /// Looks at the queues of one tenant only; at all of them if it is empty.
  explicit moves(std::string tenant = {})
      : tenant_(std::move(tenant)) {}

  void applied(shard_id shard, const queue::entry_command& entry, const queue::outcome& out, findings& found);

  /// Messages that are leaving, and queues with a running task.
  [[nodiscard]] std::size_t leaving() const;
  [[nodiscard]] std::size_t running_tasks() const;
  /// Where a message is: "shard/queue" of its body's hash; empty if nowhere.
  [[nodiscard]] std::vector<std::string> places_of(const hash128& body) const;
  /// Whether a message was ever in a queue, and whether it was taken away by somebody or by time.
  [[nodiscard]] bool was_there(const hash128& body) const { return seen_.contains(body); }
  [[nodiscard]] bool is_gone(const hash128& body) const { return gone_.contains(body); }
  /// What a client read of a whole queue when nothing was under way any more.
  void read_all(shard_id shard, const std::string& queue, const std::vector<queue::message>& all,
                findings& found) const;

  std::uint64_t left = 0, arrived = 0, repeated = 0, local = 0, removed = 0;

 private:
  struct queue_seen {
    std::uint64_t number = 0; ///< 0: no messages
    bool task = false;
  };
  struct presence {
    std::string queue;
    std::size_t count = 0; ///< more than one: it is there twice
  };
  struct shard_state {
    std::map<queue_ref, queue_seen> queues;
    std::map<std::uint64_t, std::string> names; ///< of queues with messages, by number
    std::map<std::pair<std::uint64_t, std::uint64_t>, hash128> messages; ///< by queue's number and place
    std::map<hash128, presence> queued;
    std::map<queue::move_key, hash128> leaving; ///< one that has come back may leave again before it has left
  };
  /// What one entry changed.
  struct changed {
    std::map<hash128, std::string> before; ///< of all it touched: the queue, or empty
    std::set<hash128> began;               ///< to leave
    std::vector<queue::move_key> ended;
    std::set<std::pair<shard_id, queue::move_number>> taken_in; ///< arrivals remembered from now on
    std::set<hash128> fresh; ///< put in, or come by a move that never came before
    std::set<hash128> again; ///< come by one that did
    std::uint64_t may_vanish = 0;
  };
  [[nodiscard]] bool is_ours(const queue_ref& q) const { return tenant_.empty() || q.tenant == tenant_; }
  static void add(shard_state& s, changed& c, const hash128& body, const std::string& queue);
  static void drop(shard_state& s, changed& c, const hash128& body);
  static void note(const shard_state& s, changed& c, const hash128& body);
  void take_queue(shard_state& s, changed& c, const queue::delta::change& d) const;
  static void take_message(shard_state& s, changed& c, const queue::delta::change& d);
  void take_leaving(shard_state& s, changed& c, const queue::delta::change& d) const;
  void take_commands(shard_id shard, const queue::entry_command& entry, const queue::outcome& out, changed& c);
  void compare(shard_id shard, const changed& c, findings& found);
  void compare_one(shard_id shard, const changed& c, const hash128& body, const std::string& before, findings& found);

  std::string tenant_;
  std::map<shard_id, shard_state> shards_;
  std::set<hash128> seen_, gone_;
  std::map<std::pair<shard_id, queue::move_key>, hash128> arrived_; ///< by source and move
};

} // namespace burrow::sim
