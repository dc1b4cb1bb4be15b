// Any bytes as an admin message or as a value of the registry: refused or decoded, never a crash; what is decoded
// encodes to the same again, and a map that is let through can be planned on.
#include "cluster/codec/admin_codec.hpp"
#include "cluster/placement/planner.hpp"
#include "cluster/placement/safety.hpp"

#include <cstdlib>

using namespace burrow;

namespace {

void plan_on(const placement::shard_map& map, const std::vector<placement::node_entry>& nodes) {
  placement::cluster_view view{map, nodes, {}, {}, {}, {1'000'000}, {}};
  for (const auto& n : nodes) view.seen.push_back({n.node, membership::member_state::alive, {}});
  const auto next = placement::applied(map, nodes, placement::plan(view));
  if (!placement::validate(next.map).ok()) std::abort();
  (void)placement::can_lose(view);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto map = codec::decode_map(bytes); map.ok() && codec::encode_map(*map) != bytes) {
    if (!(*codec::decode_map(codec::encode_map(*map)) == *map)) std::abort();
  }
  (void)codec::decode_node_entry(bytes);
  const auto got = codec::decode_admin(bytes);
  if (!got.ok()) return 0;
  const auto again = codec::decode_admin(codec::encode_admin(*got));
  if (!again.ok() || !(*again == *got)) std::abort();
  if (const auto* const order = std::get_if<placement::map_order>(&*got)) plan_on(order->map, order->nodes);
  if (const auto* const answer = std::get_if<placement::admit_answer>(&*got); answer && answer->map.epoch != 0) {
    plan_on(answer->map, answer->nodes);
  }
  return 0;
}
