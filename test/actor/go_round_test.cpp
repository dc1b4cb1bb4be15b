// Leaders that their clients' node cannot reach, or does not know: they are asked through another node.
#include "test/support/actor_nodes.hpp"

#include <doctest/doctest.h>

using namespace burrow;
using burrow::test::actor_nodes;
using namespace std::chrono_literals;

namespace {

const queue_ref jobs{"acme", "jobs"};

} // namespace

TEST_CASE("a leader that cannot be reached from here is asked through a node that can") {
  actor_nodes n(3);
  n.held_by({0, 1, 2});
  n.all_believe(2);
  n.network().cut(n.id(0), n.id(2));
  const auto put = n.put(0, jobs, "round");
  n.run(10ms);
  REQUIRE(n.answer<queue::insert_reply>(put) != nullptr);
  CHECK(put->outcome->zone == "zone-2");
  n.believes(0, {}); // its own replica hears the leader no more, either
  const auto held = n.take(0, jobs, 5, 5s), read = n.begin(0, jobs, queue::queue_stats{});
  const auto list = n.begin(0, {"acme", ""}, queue::list_queues{"acme", "", "", 100, false});
  n.run(150ms);
  REQUIRE(n.answer<queue::queues_answer>(list) != nullptr);
  CHECK(n.answer<queue::queues_answer>(list)->items.size() == 1);
  CHECK(n.answer<queue::stats_answer>(read) != nullptr);
  REQUIRE(n.answer<queue::take_reply>(held) != nullptr);
  CHECK(n.answer<queue::take_reply>(held)->count == 1);
  CHECK(n.visible(1, jobs) == 0);

  n.network().mend(n.id(0), n.id(2));
  bool passed_on = false;
  n.network().watch = [&](node_id from, node_id, const frame&) {
    passed_on = passed_on || from == actor_nodes::id(1);
    return true;
  };
  const auto straight = n.put(0, jobs, "straight");
  n.run(10ms);
  CHECK(n.answer<queue::insert_reply>(straight) != nullptr);
  CHECK_FALSE(passed_on);
}

TEST_CASE("a node without the shard goes round, too, though it hears who leads") {
  actor_nodes n(4);
  n.held_by({1, 2, 3});
  n.all_believe(3);
  n.believes(0, {});
  n.network().cut(n.id(0), n.id(3));
  for (int i = 0; i < 3; ++i) {
    const auto put = n.put(0, jobs, "round");
    n.run(150ms);
    CHECK(n.answer<queue::insert_reply>(put) != nullptr);
  }
  CHECK(n.net(0).table().leader_of(n.shard_of(jobs)) == n.id(3));
  CHECK(n.visible(3, jobs) == 3);
}

TEST_CASE("what was lost on its way to the leader goes round under the number that it has") {
  actor_nodes n(3);
  n.held_by({0, 1, 2});
  n.all_believe(2);
  n.network().watch = [](node_id from, node_id to, const frame&) {
    return from != actor_nodes::id(2) || to != actor_nodes::id(0);
  };
  const auto put = n.put(0, jobs, "done, and not told");
  n.run(10ms);
  CHECK_FALSE(n.answered(put));
  CHECK(n.visible(2, jobs) == 1);
  n.network().cut(n.id(0), n.id(2));
  n.run(10ms);
  REQUIRE(n.answer<queue::insert_reply>(put) != nullptr);
  CHECK(put->made.what->repeat_id.again);
  CHECK(n.visible(2, jobs) == 1);
}

TEST_CASE("while nobody leads one request looks for all whether another node knows more") {
  actor_nodes n(3);
  n.held_by({0, 1, 2});
  for (std::size_t i = 0; i < 3; ++i) n.believes(i, {});
  std::vector<call_ptr> puts;
  for (int i = 0; i < 50; ++i) puts.push_back(n.put(0, jobs, "x"));
  n.run(1s);
  CHECK(n.network().sent <= 2 * 10 + 2); // each is refused
  n.believes(1, n.id(2));
  n.believes(2, n.id(2));
  n.run(300ms);
  for (const auto& one : puts) CHECK(n.answer<queue::insert_reply>(one) != nullptr);
}

TEST_CASE("a node that is asked in place of the leader does not look any further") {
  actor_nodes n(4);
  n.held_by({0, 1, 2, 3});
  n.all_believe(2);
  n.network().cut(n.id(0), n.id(2));
  n.network().cut(n.id(1), n.id(2));
  n.network().cut(n.id(0), n.id(3));
  bool went_on = false;
  n.network().watch = [&](node_id, node_id to, const frame&) {
    went_on = went_on || to == actor_nodes::id(3);
    return true;
  };
  const auto put = n.put(0, jobs, "three hops would do");
  n.run(3300ms);
  CHECK(n.failure(put) == errc::not_leader);
  CHECK_FALSE(went_on);
}
