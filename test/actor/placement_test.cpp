// Hosting: replicas that come to a node and leave it while it runs, and who is told.
#include "cluster/storage/keys.hpp"
#include "test/support/actor_world.hpp"

#include <doctest/doctest.h>

using namespace burrow;
using burrow::test::actor_world;
using namespace std::chrono_literals;

namespace {

std::size_t stored(actor_world& w, shard_id shard) {
  std::size_t out = 0;
  for (const auto f : {family::raft_log, family::body, family::raft_state, family::queue}) {
    const auto from = keys::raft_state(shard);
    const auto page = w.disk().scan(f, {from, keys::after_prefix(from), direction::ascending, 1000}, read_tier::disk);
    REQUIRE(page.ok());
    out += page->items.size();
  }
  return out;
}

} // namespace

TEST_CASE("a replica that has to go is stopped and what it stored is erased; another may come in its place") {
  actor_world w({.shards = 3});
  w.run(1s);
  std::vector<std::vector<caf::actor>> told;
  const auto listener = w.probe([&](const replicas& m) { told.push_back(m.by_shard); });
  caf::anon_send(w.supervisor(), get_replicas{listener});
  w.run(100ms);
  REQUIRE(told.size() == 1);
  REQUIRE(told.back()[2]);
  REQUIRE(stored(w, {2}) > 0);

  caf::anon_send(w.supervisor(), host_shard{{2}, std::nullopt});
  w.run(1s);
  CHECK(w.fatal.empty());
  CHECK(stored(w, {2}) == 0);
  CHECK_FALSE(told.back()[2]);
  CHECK(w.status().shards.size() == 3);

  caf::anon_send(w.supervisor(), host_shard{{2}, replica_id{77}});
  w.run(1s);
  CHECK(told.back()[2]);
  const auto status = w.status();
  REQUIRE(status.shards.size() == 4);
  // It waits to be let in: nobody votes, nobody leads.
  CHECK(status.shards[2].running);
  CHECK_FALSE(status.shards[2].replica.leads);
  CHECK(status.shards[2].group.members.voters.empty());
  CHECK_FALSE(status.ready);
}

TEST_CASE("the same replica again changes nothing, and one under another id takes its place") {
  actor_world w({.shards = 3});
  w.run(1s);
  const auto before = w.started("replica").size();
  caf::anon_send(w.supervisor(), host_shard{{1}, replica_id{}}); // as it was started: what is stored
  w.run(1s);
  CHECK(w.started("replica").size() == before);
  CHECK(w.status().shards[1].replica.leads);
  caf::anon_send(w.supervisor(), host_shard{{1}, replica_id{5}});
  w.run(1s);
  CHECK(w.started("replica").size() == before + 1);
  CHECK_FALSE(w.status().shards[1].replica.leads);
}
