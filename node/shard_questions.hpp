// What administration asks the actors: one question to each shard, and the node's own state. Blocks its caller.
#pragma once

#include "actors/messages.hpp"

#include <caf/fwd.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace burrow {

/// Nothing if the actors did not answer in time.
[[nodiscard]] std::optional<node_status> ask_status(caf::actor_system& system, const caf::actor& supervisor);

/// How shards are reached: their replicas here, or, in a cluster, wherever they lead.
struct shard_reach {
  std::vector<caf::actor> shards;
  caf::actor router; ///< null: a lone node
};

struct account_usage {
  std::uint64_t queues = 0, messages = 0, bytes = 0;
};
/// A page of all accounts of the node, in order of name, summed over the shards.
struct usage_page {
  std::map<std::string, account_usage> accounts;
  std::string next;  ///< ask again after this name; empty = that was all
  bool exact = true; ///< every shard answered
};
[[nodiscard]] usage_page ask_usage(caf::actor_system& system, const shard_reach& shards,
                                   const std::string& after, std::uint32_t limit);
/// The same of one account.
[[nodiscard]] usage_page ask_usage_of(caf::actor_system& system, const shard_reach& shards,
                                      const std::string& account);

} // namespace burrow
