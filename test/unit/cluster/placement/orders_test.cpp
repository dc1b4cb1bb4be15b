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
