// Start numbers: nothing that an earlier life of a replica actor left queued lands after the new one has read the store
// (replication.md section 5). Only remembers numbers; dropping the old work is the queue's business.
#pragma once

#include "cluster/base/ids.hpp"

#include <map>

namespace burrow {

class fence_table {
public:
  /// From now on only work of `start` or a later life passes. A number that goes back is ignored: a late fence of an
  /// older life must not reopen the door for it.
  void raise(shard_id shard, start_number start);

  /// Whether work of this life may still land. A shard that was never fenced lets everything pass.
  [[nodiscard]] bool passes(shard_id shard, start_number start) const;

private:
  std::map<shard_id, start_number> lowest_;
};

} // namespace burrow
