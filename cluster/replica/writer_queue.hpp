// What waits for the log writer: the persists of all shards of a node, in order per shard, taken in batches of bounded
// size, round robin over shards when there is more than one batch's worth (replication.md section 5). Pure: it writes
// nothing and knows no clock; the log writer actor carries the batches out.
#pragma once

#include "cluster/replica/effect.hpp"
#include "cluster/replica/fence.hpp"

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <vector>

namespace burrow {

struct writer_queue_options {
  std::size_t batch_bytes_max;
  std::size_t batch_items_max;
  std::size_t shard_bytes_max;
  std::size_t queued_bytes_max;
  /// The bounds of limits.hpp; tests use smaller ones.
  static writer_queue_options standard();
};

class writer_queue {
public:
  struct item {
    shard_id shard;
    start_number start;
    persist_ticket ticket;
    std::shared_ptr<const write_batch> batch;
    bool sync = false;
  };

  /// One turn of the log writer: write all (merged() makes one batch of them), sync if `sync`, then tell each ticket.
  struct batch {
    std::vector<item> items; ///< of one shard in ticket order
    std::size_t bytes = 0;
    bool sync = false; ///< at least one of them needs it
    [[nodiscard]] bool empty() const { return items.empty(); }
    /// All of them as one atomic write; bodies are shared, not copied.
    [[nodiscard]] write_batch merged() const;
  };

  enum class added : std::uint8_t {
    accepted,
    /// Queued all the same, for a persist cannot be taken back, but a bound is passed: the shell answers new proposals
    /// with `busy` until overloaded() is false again. What replicas have in flight bounds how far it can go over.
    busy,
    /// Of a life before the fence: dropped, its ticket will never be told.
    stale,
  };

  explicit writer_queue(writer_queue_options options = writer_queue_options::standard());

  added add(item what);
  /// Drops what is queued of this shard's earlier lives, and what may still come of them. What take_batch() handed out
  /// before is to be written first: answer `fenced` only then.
  void fence(shard_id shard, start_number start);
  /// Up to batch_bytes_max or batch_items_max, at least one item if any waits. O(items taken).
  [[nodiscard]] batch take_batch();

  [[nodiscard]] bool empty() const { return queued_items_ == 0; }
  /// Of the whole node, or of one shard.
  [[nodiscard]] bool overloaded() const { return queued_bytes_ > options_.queued_bytes_max; }
  [[nodiscard]] bool overloaded(shard_id shard) const;
  [[nodiscard]] std::size_t queued_bytes() const { return queued_bytes_; }
  [[nodiscard]] std::size_t queued_items() const { return queued_items_; }

private:
  struct shard_line {
    std::deque<item> items;
    std::size_t bytes = 0;
  };
  item pop(shard_line& line);

  writer_queue_options options_;
  fence_table fences_;
  std::map<shard_id, shard_line> lines_; ///< every shard that ever wrote: at most as many as the node has
  std::deque<shard_id> turns_;           ///< shards with something queued, next turn first
  std::size_t queued_bytes_ = 0;
  std::size_t queued_items_ = 0;
};

} // namespace burrow
