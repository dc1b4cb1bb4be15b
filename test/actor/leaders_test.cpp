// Who leads which shard, as far as a node knows: what counts more, and what is forgotten.
#include "actors/leaders.hpp"

#include <doctest/doctest.h>

using namespace burrow;

namespace {

constexpr node_id me{1}, two{2}, three{3};
constexpr shard_id shard{5};

} // namespace

TEST_CASE("a node leads everything until it is told otherwise, and nothing that there is not") {
  leaders table(me, 8);
  CHECK(table.leads_here({0}));
  CHECK(table.leads_here({8}));
  CHECK(table.held_here({8}));
  CHECK(table.leader_of({9}).value == 0);
  CHECK_FALSE(table.leads_here({9}));
  CHECK(table.whom_to_ask({9}, 0).value == 0);
  table.replica_says({9}, two);
  table.held_by({9}, {});
}

TEST_CASE("what the own replica says counts more than what was heard, unless it is nobody") {
  leaders table(me, 8);
  table.replica_says(shard, two);
  table.heard(shard, three);
  CHECK(table.leader_of(shard) == two);
  table.replica_says(shard, {});
  CHECK(table.leader_of(shard).value == 0); // what was heard before is older
  table.heard(shard, three);
  CHECK(table.leader_of(shard) == three);
  table.heard(shard, me); // only the own replica knows that
  CHECK(table.leader_of(shard) == three);
}

TEST_CASE("what was heard of a node that is gone, or denies it, is forgotten") {
  leaders table(me, 8);
  table.replica_says(shard, {});
  table.heard(shard, two);
  table.denied(shard, three);
  CHECK(table.leader_of(shard) == two);
  table.denied(shard, two);
  CHECK(table.leader_of(shard).value == 0);
  table.heard(shard, two);
  table.gone(two);
  CHECK(table.leader_of(shard).value == 0);
}

TEST_CASE("while nobody is known the nodes that hold a shard are asked in turn, but never this one") {
  leaders table(me, 8);
  table.replica_says(shard, {});
  const node_id nodes[] = {me, two, three};
  table.held_by(shard, nodes);
  CHECK(table.held_here(shard));
  CHECK(table.whom_to_ask(shard, 0) != table.whom_to_ask(shard, 1));
  for (std::size_t i = 0; i < 4; ++i) CHECK(table.whom_to_ask(shard, i) != me);
  for (std::size_t i = 0; i < 4; ++i) CHECK(table.another_holder(shard, two, i) == three);
  table.heard(shard, three);
  CHECK(table.whom_to_ask(shard, 0) == three);
  table.held_by(shard, std::span(nodes).first(1));
  table.gone(three);
  CHECK(table.whom_to_ask(shard, 0).value == 0);
}
