// What is left of a damaged shard made a shard again, by an operator's word and while nobody else has the store: the
// state is put together anew from what can be read (queue/rebuild.hpp), the log is cut before its first hole, and the
// replica is renewed (renew.hpp). Only for a group of one: any other has a copy elsewhere.
#pragma once

#include "cluster/queue/rebuild.hpp"
#include "cluster/replica/renew.hpp"

namespace burrow {

struct repair_report {
  queue::rebuild_report state;
  bool record_lost = false;   ///< term, life and configuration were not to be read
  bool applied_lost = false;  ///< how far the state had got: entries not yet in it are lost
  std::uint64_t entries_kept = 0, entries_lost = 0; ///< of the log, not yet in the state
  /// Bodies of kept entries: their messages are lost, unless a later entry has removed them anyway.
  std::uint64_t bodies_missing = 0;
};

/// Nothing if the shard is whole, else what is wrong with it. Reads everything. Error: io_failed.
[[nodiscard]] result<std::optional<std::string>> find_damage(const store& data, shard_id shard);

/// What repair_shard would keep and lose; changes nothing. Errors: as there.
[[nodiscard]] result<repair_report> survey_shard(const store& data, shard_id shard);

/// The store has to be readable all over: one with broken blocks is put together anew before (storage/rocks_rescue).
/// Synced when it returns; begun and not finished, it can be begun again. Errors: invalid_parameter (the group has
/// other voters), corrupt, io_failed.
[[nodiscard]] result<repair_report> repair_shard(store& data, const renewal& as);

} // namespace burrow
