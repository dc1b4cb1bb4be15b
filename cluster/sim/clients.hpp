// What clients want next, and what they remember: the receipts they hold. They know nothing of replicas.
#pragma once

#include "cluster/base/random.hpp"
#include "cluster/sim/history.hpp"
#include "cluster/sim/replica_plan.hpp"

#include <deque>
#include <set>
#include <vector>

namespace burrow::sim {

class clients {
 public:
  explicit clients(const replica_plan& p)
      : plan_(p)
      , plain_(p.shards) {}

  /// An operation on some queue of this shard, without a number.
  [[nodiscard]] operation draw(std::size_t shard, random& chance);
  /// Takes in what it brought.
  void learn(const operation& op);
  /// Nobody knows whether it was done; it may be sent again if it has a key or sequences.
  void learn_unknown(const operation& op);
  /// All queues of a shard that were ever used.
  [[nodiscard]] const std::set<queue_ref>& used(std::size_t shard) const { return plain_[shard].used; }

 private:
  struct receipt {
    queue_ref queue;
    queue::target target;
  };
  struct shard_memory {
    std::uint64_t plain = 0, plain_used = 0; ///< number of the plain queue in use, and how often it was
    std::deque<receipt> receipts;            ///< live and stale ones
    std::set<queue_ref> used;
    std::deque<operation> repeatable; ///< inserts with a key or sequences, those of unknown outcome first
    std::uint64_t last_key = 0, last_sequence = 0;
    std::set<std::string> ruled; ///< queues that have got their dead-letter rule
    std::optional<std::pair<queue_ref, queue::task_id>> task; ///< the last one
  };
  void draw_plain(operation& op, shard_memory& s, random& chance);
  void draw_busy(operation& op, shard_memory& s, random& chance);
  void draw_insert(operation& op, queue_ref queue, random& chance);
  void draw_receipt(operation& op, shard_memory& s, random& chance);
  // clients_repeating.cpp
  void draw_repeatable(operation& op, shard_memory& s, queue_ref queue, random& chance);
  static void keep_repeatable(shard_memory& s, const operation& op);
  // clients_moving.cpp
  void draw_moving(operation& op, shard_memory& s, random& chance);
  void draw_moving_insert(operation& op, queue_ref queue, random& chance);
  [[nodiscard]] queue::action draw_rule(shard_id shard, const std::string& queue, random& chance) const;
  [[nodiscard]] queue::action draw_redrive(random& chance) const;
  void learn_moving(const operation& op);

  const replica_plan& plan_;
  std::vector<shard_memory> plain_;
  std::uint64_t last_body_ = 0;
};

} // namespace burrow::sim
