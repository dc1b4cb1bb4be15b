// Whom a node tells what it leads: where shard 0 leads, or may lead.
#include "actors/placement_actor.hpp"
#include "cluster/codec/admin_codec.hpp"
#include "test/support/actor_world.hpp"
#include "test/support/first_map.hpp"
#include "test/support/loop_plane.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace burrow;
using burrow::test::actor_world;
using namespace std::chrono_literals;

namespace {

/// Node 9 of a cluster whose metadata may be led by nodes 1 and 2.
struct reporting {
  actor_world w{{.shards = 3}};
  burrow::test::loop_network network;
  std::shared_ptr<leaders> table = std::make_shared<leaders>(node_id{9}, std::uint16_t{3});
  std::set<node_id> told;

  caf::actor start() {
    table->replica_says({0}, {});
    placement_options o;
    o.self = {{9}, "n9", "a", "10.0.0.9:7700", "", "", "1"};
    o.cluster = {1, 2};
    o.shards = 3;
    o.known = {o.cluster, burrow::test::first_map({1}, 3), {o.self}};
    o.known.map.shards[0].voters.push_back({{2}, {2}});
    o.supervisor = w.probe([](const get_status&) {}, [](const get_replicas&) {}, [](const host_shard&) {});
    o.plane = network.join({9}, {});
    o.table = table;
    o.clock = [this] { return w.now(); };
    o.keep = [](const placement::map_order&) { return true; };
    o.send = [this](node_id to, const std::string& order) {
      const auto read = codec::decode_admin(order);
      if (read && std::holds_alternative<placement::report_order>(*read)) told.insert(to);
    };
    auto made = spawn_placement_actor(w.system(), std::move(o));
    w.run(10ms); // it has gone by its map
    return made;
  }
};

} // namespace

TEST_CASE("a node without a replica of shard 0 reports to all that may lead it, whatever it has once heard") {
  reporting r;
  const auto actor = r.start();
  r.table->heard({0}, {1}); // before leadership went to the other one, of which nobody tells this node
  caf::anon_send(actor, node_status{});
  r.w.run(10ms);
  CHECK(r.told == std::set<node_id>{{1}, {2}});
  caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
  r.w.run(10ms);
}
