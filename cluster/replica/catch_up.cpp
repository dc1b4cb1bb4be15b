// Old entries for a follower that is behind. A reader reads and decodes them, bodies included, so that a turn has
// little to do with them; and little is under way at a time, of this shard and of the node (catch_up_room.hpp).
#include "cluster/base/limits.hpp"
#include "cluster/replica/impl.hpp"

namespace burrow {

/// Once a turn, so a tick later at the latest if there is no room now.
void replica::impl::read_back() {
  const auto at_a_time = options.bounds.read_back_bytes;
  if (catch_up.held() > 0) catch_up.hold((fetching ? at_a_time : 0) + core.status().catch_up_bytes);
  if (!to_read || fetching || !catch_up.take(at_a_time)) return;
  const auto range = *std::exchange(to_read, {});
  fetching = load_id{++last_load.value};
  loads.emplace(*fetching, fetch_load{core.status().term});
  const log_request request{options.shard, record.generation, range.first, range.last, at_a_time};
  effects.push_back(load_effect{*fetching, {{family::raft_log, request}}});
}

void replica::impl::fetched(fetch_load load, std::vector<loaded_item> values) {
  fetching.reset();
  if (!values.at(0).value) return fail(values[0].value.error());
  // In another term it was asked for by a leadership that is over, and what it read may have been replaced since.
  if (load.in == core.status().term) core.fetched(std::get<std::vector<raft::entry>>(*values[0].value));
}

} // namespace burrow
