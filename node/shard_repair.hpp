// `burrow shard repair`: shards of a stopped node that were found damaged, brought back with what can be read of them.
// First a survey, which changes nothing, so that a person can decide; then the repair, after a line in the audit log.
#pragma once

#include "cluster/replica/repair.hpp"
#include "node/settings.hpp"

#include <memory>

namespace burrow {

struct shard_survey {
  shard_id shard;
  std::string damage; ///< empty = it is whole: nothing is to be done
  repair_report would;
};

class shard_repair {
public:
  /// Locks and opens the directory of a stopped node; puts the store together anew beside it if some of its blocks
  /// cannot be read. A store that lost writes is opened only with `with.accept_loss`. Errors: config_invalid (in use,
  /// or no such directory; shards out of range), lost_writes, no_space, corrupt (the node's own record), io_failed.
  [[nodiscard]] static result<std::unique_ptr<shard_repair>> open(const settings& with, std::vector<shard_id> shards);
  virtual ~shard_repair() = default;

  [[nodiscard]] virtual const std::vector<shard_survey>& surveys() const = 0;
  /// Ranges of keys that no block could be read of, as text.
  [[nodiscard]] virtual const std::vector<std::string>& unreadable() const = 0;
  /// Does it. Errors: as open(); invalid_parameter where another replica has the shard.
  [[nodiscard]] virtual result<void> carry_out(const std::string& reason) = 0;
};

} // namespace burrow
