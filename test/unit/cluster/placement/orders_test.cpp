#include "cluster/placement/orders.hpp"

#include "cluster/base/limits.hpp"

#include <doctest/doctest.h>

using namespace burrow;
using namespace burrow::placement;

namespace {

constexpr raft::member one{{1}, {11}}, two{{2}, {12}}, three{{3}, {13}};

group_told told(shard_id shard, log_index committed, log_index match_of_two) {
  group_told out;
  out.shard = shard;
  out.self = one;
  out.term = {3};
  out.committed = committed;
  out.config.voters = {one, two};
  out.followers = {{two, match_of_two, true, false}};
  return out;
}

} // namespace

TEST_CASE("who has caught up is known since when, for many groups at a time") {
  group_watch watch;
  for (std::uint16_t i = 0; i < 40; ++i) {
    const auto seen = watch.see(told({i}, {10}, {10}), {100 + i});
    REQUIRE(seen.members.size() == 2);
    CHECK(seen.members[1].caught_up);
    CHECK(seen.members[1].caught_up_since == instant{100 + i});
  }
  const auto later = watch.see(told({7}, {20}, {20}), {900});
  CHECK(later.members[0].caught_up_since == instant{107});
  CHECK(later.members[1].caught_up_since == instant{107});
}

TEST_CASE("who falls behind, or is not trusted, begins anew") {
  group_watch watch;
  (void)watch.see(told({1}, {10}, {10}), {100});
  const log_index far{10 + limits::log_entries_kept + 1};
  const auto behind = watch.see(told({1}, far, {10}), {200});
  CHECK_FALSE(behind.members[1].caught_up);
  CHECK(behind.members[1].lag == limits::log_entries_kept + 1);
  CHECK(watch.see(told({1}, far, far), {300}).members[1].caught_up_since == instant{300});
  auto bad = told({1}, far, far);
  bad.distrusted = {two};
  CHECK(watch.see(bad, {400}).members[1].damaged);
  watch.forget({1});
  CHECK(watch.see(told({1}, far, far), {500}).members[0].caught_up_since == instant{500});
}

TEST_CASE("a newcomer that something is read back for has not caught up, however few entries it is; a voter has") {
  group_watch watch;
  auto t = told({1}, {10}, {9});
  CHECK(watch.see(t, {100}).members[1].caught_up);
  t.config.voters = {one};
  t.config.learners = {two};
  CHECK_FALSE(watch.see(t, {200}).members[1].caught_up);
  t.followers[0].from_memory = true;
  CHECK(watch.see(t, {300}).members[1].caught_up);
}

TEST_CASE("a member that the leader knows nothing of has not answered") {
  group_watch watch;
  auto t = told({1}, {10}, {10});
  t.config.learners = {three};
  const auto seen = watch.see(t, {100});
  REQUIRE(seen.members.size() == 3);
  CHECK_FALSE(seen.members[2].heard);
  CHECK(seen.members[2].lag == 10);
}

TEST_CASE("a report's times are shifted to the clock of whoever got it") {
  group_watch watch;
  report_order report{{1, 2}, 5, {1000}, {watch.see(told({1}, {10}, {10}), {400})}};
  const auto here = as_of(report, {51'000});
  CHECK(here.now == instant{51'000});
  CHECK(here.shards[0].members[1].caught_up_since == instant{50'400});
}

namespace {

shard_seen report_of(shard_id shard, term in, node_id leader) {
  shard_seen out;
  out.shard = shard;
  out.term = in;
  out.leader = leader;
  return out;
}

} // namespace

TEST_CASE("of two reports of a shard that with the higher mark counts, whenever it comes") {
  report_book book({0});
  book.take({report_of({1}, {4}, {11})}, {100});
  book.take({report_of({1}, {3}, {12}), report_of({2}, {3}, {12})}, {200}); // who led it once does not know better
  REQUIRE(book.fresh({200}).size() == 2);
  CHECK(book.fresh({200})[0].leader == node_id{11});
  book.take({report_of({1}, {4}, {11})}, {300});
  book.take({report_of({1}, {5}, {12})}, {400});
  CHECK(book.fresh({400})[0].leader == node_id{12});
}

TEST_CASE("a report is forgotten after five seconds, its mark is not") {
  report_book book({0});
  book.take({report_of({1}, {4}, {11})}, {100});
  CHECK(book.fresh({5'100}).size() == 1);
  CHECK(book.fresh({5'101}).empty());
  book.take({report_of({1}, {3}, {12})}, {6'000});
  CHECK(book.fresh({6'000}).empty());
}

TEST_CASE("a new leader of shard 0 has a picture to show when all have reported, or have had the time to") {
  report_book book({1'000});
  CHECK_FALSE(book.knows_leaders(2, {1'000}));
  book.take({report_of({0}, {4}, {11})}, {1'100});
  CHECK_FALSE(book.knows_leaders(2, {1'100}));
  CHECK_FALSE(book.knows_leaders(2, {6'000})); // shard 1 may have no leader, or its report may be on its way
  CHECK(book.knows_leaders(2, {6'001}));
  book.take({report_of({1}, {9}, {12})}, {1'200});
  CHECK(book.knows_leaders(2, {1'200}));
}

TEST_CASE("who leads next is the voter that answers and has most") {
  auto t = told({1}, {20}, {10});
  t.config = {{one, two, three}, {}, {}};
  t.followers = {{two, {10}, true, false}, {three, {15}, true, false}};
  CHECK(successor_of(t) == three.node);
  t.followers[1].active = false;
  CHECK(successor_of(t) == two.node);
  t.config = {{one, three}, {}, {two}}; // it learns only
  CHECK_FALSE(successor_of(t));
}

TEST_CASE("a cluster of one is founded when every shard was reported, alone on that node") {
  const auto alone = [](std::uint16_t shard, std::uint64_t replica) {
    shard_seen out;
    out.shard = {shard};
    out.leader = one.node;
    out.term = {2};
    out.config.voters = {{{replica}, one.node}};
    out.configured = {4};
    return out;
  };
  std::vector<shard_seen> reported{alone(0, 50), alone(2, 7)};
  CHECK_FALSE(founding_map(one.node, 2, reported));
  reported.push_back(alone(1, 9));
  const auto map = founding_map(one.node, 2, reported);
  REQUIRE(map);
  CHECK(validate(*map).ok());
  CHECK(map->epoch == 1);
  CHECK(map->next_replica == replica_id{51});
  CHECK(map->shards[2].voters == reported[1].config.voters);
  CHECK(map->shards[2].noted == reported[1].mark());
  reported[0].config.voters.push_back(two);
  CHECK_FALSE(founding_map(one.node, 2, reported));
  CHECK_FALSE(founding_map(two.node, 2, {alone(0, 1), alone(1, 1), alone(2, 1)}));
}
