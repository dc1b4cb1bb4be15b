// One quantity that an account may hold so much of over all its shards, while each shard decides for itself: how much
// every shard holds, and how much those of its commands that are not applied yet may add. Pure; tenant_account has two.
//
// A shard's machine compares what the shard holds with an absolute bound that comes with the command. So a command gets
// - in full: what it may add at most is reserved, and the bound is the account's. The rule while there is room.
// - tight, when that is no longer possible: a command may turn out to add nothing (a replacement, an insert into a
//   queue that is there), which only apply knows. Its bound is what the shard holds plus what is left of the account,
//   and until it is applied the account counts the shard as if it held that much.
// What a shard ever comes to is at most level() = max(held, highest tight bound in flight) + reserved, and the sum of
// these is never raised beyond the maximum: the account's bound holds whatever the order of applies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace burrow {

/// What one command in flight holds of a pool.
struct quota_share {
  std::uint64_t bound = 0;    ///< for the command; 0: the shard holds nothing and may not get anything
  std::uint64_t reserved = 0; ///< in full
  std::uint32_t round = 0;    ///< tight if not 0: which round's bound it raised
  bool contended = false;     ///< tight only because of others in flight: refused, it may be tried again
};

class quota_pool {
public:
  explicit quota_pool(std::size_t shards) : shards_(shards) {}

  /// What a shard says that it holds.
  void holds(std::size_t shard, std::uint64_t amount) { shards_[shard].held = amount; }
  [[nodiscard]] bool knows(std::size_t shard) const { return shards_[shard].held.has_value(); }
  /// False as long as some shard has never said so.
  [[nodiscard]] bool complete() const;
  /// What the shards hold together.
  [[nodiscard]] std::uint64_t held() const;

  /// A share for a command on this shard that adds at most `amount`. `perhaps_none`: it will probably add nothing, so
  /// near the maximum it keeps nobody else from what is left. O(shards).
  [[nodiscard]] quota_share ask(std::size_t shard, std::uint64_t amount, std::uint64_t max, bool perhaps_none);
  /// The command is applied, or never will be. `holds` what it came to first.
  void settle(std::size_t shard, const quota_share& share);

private:
  /// Tight bounds end round by round: with one bound for all in flight it would never fall while there is traffic.
  struct tight_round {
    std::uint32_t number = 0;
    std::size_t open = 0;
    std::uint64_t bound = 0; ///< the highest of them
  };
  struct shard_state {
    std::optional<std::uint64_t> held;
    std::uint64_t reserved = 0;
    tight_round ending{0, 0, 0}, current{1, 0, 0};
    [[nodiscard]] std::uint64_t level() const;
  };

  std::vector<shard_state> shards_;
};

} // namespace burrow
