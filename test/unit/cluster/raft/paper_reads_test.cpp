// The Raft thesis' claims about reads, one test each; the section is in the name.
#include "test/support/raft_group.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace burrow;
using namespace burrow::test;

TEST_CASE("thesis §6.4 a read is answered after a round of heartbeats that a majority answered") {
  raft_group g({1, 2, 3});
  g.elect(1);
  g.propose(1, "a");
  REQUIRE(g.core(1).read().ok());
  g.drain(1);
  CHECK(g.at(1).reads.empty());
  g.deliver();
  REQUIRE(g.at(1).reads.size() == 1);
  CHECK(g.at(1).reads[0].index.value() == g.status(1).committed);
}

TEST_CASE("thesis §6.4 answers to rounds before the read do not confirm it") {
  raft_group g({1, 2, 3});
  g.elect(1);
  g.tick(1, 2);
  g.deliver(); // answered heartbeats
  g.cut(2), g.cut(3);
  REQUIRE(g.core(1).read().ok());
  g.drain(1);
  g.inject(from(2, 1, g.status(1).term.value, raft::heartbeat_answer{1, {1}, {}, {1}}));
  CHECK(g.at(1).reads.empty());
}

TEST_CASE("thesis §6.4 a deposed leader fails its reads") {
  raft_group g({1, 2, 3});
  g.elect(1);
  g.cut(1);
  REQUIRE(g.core(1).read().ok());
  g.drain(1);
  for (int i = 0; i < 25; ++i) g.tick(1), g.deliver();
  REQUIRE(g.at(1).reads.size() == 1);
  CHECK(g.at(1).reads[0].index.code() == errc::not_leader);
}

TEST_CASE("thesis §6.4 one round serves all reads that wait when it starts") {
  raft_group g({1, 2, 3});
  g.elect(1);
  const auto before = sent<raft::heartbeat>(g.at(1), 2).size();
  for (int i = 0; i < 50; ++i) REQUIRE(g.core(1).read().ok());
  g.drain(1);
  g.deliver();
  CHECK(g.at(1).reads.size() == 50);
  CHECK(sent<raft::heartbeat>(g.at(1), 2).size() == before + 1);
}
