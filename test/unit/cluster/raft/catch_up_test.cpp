// Followers that are behind what the leader has in memory: what is read back for them is bounded, and who still needs
// it does not vote yet.
#include "test/support/raft_group.hpp"

#include <doctest/doctest.h>

#include <map>

using namespace burrow;
using namespace burrow::test;

namespace {

raft::raft_options small_windows() {
  raft::raft_options o;
  o.message_bytes_max = 500;
  o.catch_up_bytes_max = 1000;
  return o;
}

void propose_many(raft_group& g, int count) {
  for (int i = 0; i < count; ++i) g.propose(1, std::string(200, 'x'));
}

/// A group of one with a log, and a learner that has heard nothing yet.
void add_learner(raft_group& g) {
  g.elect(1);
  propose_many(g, 30);
  g.add(2);
  REQUIRE(g.core(1).change({{raft_group::member(1)}, {raft_group::member(2)}}).ok());
  g.drain(1);
}

} // namespace

TEST_CASE("what is read back for a follower has a window of its own, smaller than that of what is new") {
  raft_group g({1, 2, 3}, {}, small_windows());
  g.elect(1);
  g.propose(1, "first"); // the pipeline is open
  g.cut(3);
  propose_many(g, 50);
  REQUIRE(g.status(1).memory_bytes == 0);
  g.heal();
  g.at(3).slow_disk = true;
  g.tick_all(30);
  CHECK(g.status(1).catch_up_bytes >= 1000);
  CHECK(g.status(1).catch_up_bytes <= 1000 + 500);
  CHECK(g.status(1).inflight_bytes == g.status(1).catch_up_bytes);
  g.at(3).slow_disk = false;
  g.sync(3);
  g.tick_all(30);
  CHECK(g.status(1).catch_up_bytes == 0);
  REQUIRE(g.at(3).applied.size() == 52);
  std::map<std::uint64_t, int> times;
  for (const auto& m : sent<raft::append_request>(g.at(1), 3)) {
    std::size_t bytes = 0;
    for (const auto& e : m.entries) {
      bytes += e.size();
      ++times[e.index.value];
    }
    CHECK((m.entries.size() < 2 || bytes <= 500));
  }
  CHECK(times[10] == 2); // lost once
  CHECK(times[40] == 2);
}

TEST_CASE("what is lost of it frees the window, and is read back once more") {
  raft_group g({1, 2, 3}, {}, small_windows());
  g.elect(1);
  g.propose(1, "first");
  g.cut(3);
  propose_many(g, 50);
  g.heal();
  while (g.status(1).catch_up_bytes == 0) {
    if (g.wire().empty()) g.tick(1);
    else g.deliver_one();
  }
  g.cut(3);
  g.tick_all(1);
  g.heal();
  g.tick_all(60);
  CHECK(g.at(3).applied.size() == 52);
  CHECK(g.status(1).catch_up_bytes == 0);
}

TEST_CASE("nothing is read back for a follower before it is known where its log agrees") {
  raft_group g({1}, {}, small_windows());
  add_learner(g);
  g.deliver();
  g.tick_all(10);
  CHECK(g.status(2).last == g.status(1).last);
  const auto all = sent<raft::append_request>(g.at(1), 2);
  REQUIRE(all.size() > 2);
  CHECK(all[0].entries.size() == 1); // what was new when it came
  CHECK(all[1].previous == log_index{0});
  CHECK(all[1].entries.empty());
  std::map<std::uint64_t, int> times;
  for (const auto& m : all) {
    for (const auto& e : m.entries) ++times[e.index.value];
  }
  for (std::uint64_t i = 1; i < g.status(1).last.value; ++i) CHECK(times[i] == 1);
}

TEST_CASE("thesis §4.2.1 a newcomer for which something is still read back may not vote, however few entries it is") {
  raft_group g({1}, {}, small_windows());
  add_learner(g);
  while (g.status(1).catch_up_bytes == 0) g.deliver_one();
  REQUIRE(g.core(1).followers().size() == 1);
  CHECK_FALSE(g.core(1).followers()[0].from_memory);
  const std::vector<raft::member> both{raft_group::member(1), raft_group::member(2)};
  CHECK(g.core(1).change({both, {}}).code() == errc::busy);
  g.deliver();
  g.tick_all(10);
  CHECK(g.core(1).followers()[0].from_memory);
  CHECK(g.core(1).change({both, {}}).ok());
}
