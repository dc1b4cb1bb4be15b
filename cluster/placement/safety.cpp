#include "cluster/placement/safety.hpp"

#include "cluster/placement/picture.hpp"

#include <algorithm>
#include <functional>

namespace burrow::placement {
namespace {

/// Whether the shard goes on with those voters that answer and are not struck out. A shard without a leader's report
/// has none.
bool goes_on(const picture& seen, std::size_t n, const std::function<bool(node_id)>& struck) {
  const auto* const r = seen.report(n);
  if (r == nullptr) return false;
  for (const auto* const set : {&r->config.voters, &r->config.leaving}) {
    const auto count = std::count_if(set->begin(), set->end(), [&](const raft::member& v) {
      return seen.answers(n, v) && !struck(v.node);
    });
    if (!set->empty() && static_cast<std::size_t>(count) * 2 <= set->size()) return false;
  }
  return true;
}

bool all_go_on(const picture& seen, const std::function<bool(node_id)>& struck) {
  for (std::size_t n = 0; n < seen.view.map.shards.size(); ++n) {
    if (!goes_on(seen, n, struck)) return false;
  }
  return true;
}

std::string hint_of(const picture& seen, const loss& out) {
  if (!out.stopped.empty()) {
    return std::to_string(out.stopped.size()) + (out.stopped.size() == 1 ? " shard has" : " shards have") +
           " no majority";
  }
  std::size_t staying = 0;
  for (const auto& e : seen.view.nodes) {
    if (!seen.stays(e.node)) continue;
    ++staying;
    if (!seen.up(e.node)) return e.name + " is down";
  }
  if (staying < 2) return "add two more nodes";
  if (staying < 3) return "add a third node";
  if (!out.any_node) return "copies are being made";
  return out.any_zone || seen.zones() >= 3 ? "" : "add nodes in a third zone";
}

} // namespace

loss can_lose(const cluster_view& view) {
  const picture seen(view);
  loss out;
  const auto nobody = [](node_id) { return false; };
  for (std::size_t n = 0; n < view.map.shards.size(); ++n) {
    if (!goes_on(seen, n, nobody)) out.stopped.push_back({static_cast<std::uint16_t>(n)});
  }
  std::set<zone_id> zones;
  for (const auto& e : view.nodes) {
    if (e.state == node_state::gone) continue;
    zones.insert(e.zone);
    if (!all_go_on(seen, [&](node_id n) { return n == e.node; })) out.needed_nodes.push_back(e.node);
  }
  for (const auto& z : zones) {
    if (!all_go_on(seen, [&](node_id n) { return seen.zone(n) == z; })) out.needed_zones.push_back(z);
  }
  const bool works = out.stopped.empty() && !view.map.shards.empty();
  out.any_node = works && out.needed_nodes.empty();
  out.any_zone = works && out.needed_zones.empty() && zones.size() > 1;
  out.text = out.any_zone ? "1 zone, or any 1 node" : out.any_node ? "any 1 node" : "nothing";
  out.hint = hint_of(seen, out);
  return out;
}

} // namespace burrow::placement
