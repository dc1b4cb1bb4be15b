// The actors' figures: prometheus handles kept by reference, so that counting on the path of a message is one atomic
// addition and never a look-up of a label. One for a node, shared by its actors; every function from any thread.
#pragma once

#include "cluster/base/ids.hpp"
#include "cluster/base/time.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

namespace prometheus {
class Registry;
class Counter;
class Gauge;
class Histogram;
} // namespace prometheus

namespace burrow {

enum class refusal : unsigned char { busy, draining, too_many_waiters };
/// What of a queue's own settings turned something away.
enum class rule : unsigned char { paused, full, ttl, receipt, durability };
/// What became of requests that were sent twice, or of keys for that case.
enum class dedupe : unsigned char { replayed, duplicate, reused, running, full };
/// What became of commands that a gateway sent once more.
enum class repeated : unsigned char { answered, lost };
enum class restarted : unsigned char { queue, tenant, replica, reader, ticker };
enum class forward_kind : unsigned char { operation, question, proposal };
enum class forward_failure : unsigned char { no_leader, busy, lost, malformed };

class actor_metrics {
public:
  /// Without a registry it counts all the same, for itself.
  explicit actor_metrics(std::shared_ptr<prometheus::Registry> registry);

  void wrote(std::size_t persists, std::size_t bytes);
  void synced(double seconds);
  void disk_free(std::uint64_t bytes);
  void shard_took(std::size_t proposals, std::size_t questions);
  void queue_actors(int change);
  void waiters(int change);
  void refused(refusal why);
  void refused_by(rule which);
  void dropped(std::uint64_t messages);
  void deduped(dedupe what);
  void repeat(repeated what);
  void restart(restarted kind);
  /// A shard went out of service (1), or its actor ended (-1).
  void shard_off(bool quarantined, int change);
  /// What changed since this was last said.
  void moves(std::int64_t open, std::uint64_t left, std::uint64_t resent);
  /// Bytes that are no message of this shard's group, dropped.
  void peer_message_refused();
  /// 0: it is not, or no longer. The figure is the largest of all shards.
  void shard_time_ahead(shard_id shard, duration ahead);

  void forwarded(forward_kind what);
  void forward_served();
  void forward_repeated();
  void forward_failed(forward_failure why);

  [[nodiscard]] std::size_t queue_actors_now() const;
  [[nodiscard]] std::size_t waiters_now() const;
  [[nodiscard]] std::size_t restarts_now() const;
  [[nodiscard]] std::size_t repeats_now(repeated what) const;
  [[nodiscard]] std::size_t shards_damaged_now() const;
  [[nodiscard]] double shard_time_ahead_now() const;
  [[nodiscard]] std::size_t forwarded_now(forward_kind what) const;
  [[nodiscard]] std::size_t forward_repeated_now() const;
  [[nodiscard]] std::size_t forward_failed_now(forward_failure why) const;

private:
  std::shared_ptr<prometheus::Registry> registry_;
  prometheus::Counter *writes_, *persists_, *bytes_, *proposals_, *questions_, *moves_left_, *moves_resent_;
  prometheus::Counter* peer_refused_;
  prometheus::Histogram *sync_seconds_, *batch_persists_;
  prometheus::Gauge *disk_free_, *queue_actors_, *waiters_;
  prometheus::Gauge *damaged_, *quarantined_, *time_ahead_, *moves_open_;
  std::mutex ahead_mutex_;
  std::map<shard_id, duration> ahead_; ///< of the shards that raised the alarm
  std::array<prometheus::Counter*, 3> refused_;
  std::array<prometheus::Counter*, 5> restarts_;
  std::array<prometheus::Counter*, 5> rules_;
  prometheus::Counter* dropped_;
  std::array<prometheus::Counter*, 5> dedupe_;
  std::array<prometheus::Counter*, 3> forwarded_;
  std::array<prometheus::Counter*, 4> forward_failed_;
  prometheus::Counter *forward_served_, *forward_repeated_;
  std::array<prometheus::Counter*, 2> repeats_;
};

} // namespace burrow
