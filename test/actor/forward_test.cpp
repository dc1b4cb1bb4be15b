// Any node serves any request: operations whose shard leads elsewhere (ARCHITECTURE section 2), and what becomes of
// them when leadership moves, a link is cut, or nobody leads.
#include "test/support/actor_nodes.hpp"

#include <doctest/doctest.h>

using namespace burrow;
using burrow::test::actor_nodes;
using namespace std::chrono_literals;

namespace {

const queue_ref jobs{"acme", "jobs"};

operation_body settings_of(std::uint32_t ttl) {
  queue::configure out;
  out.to.named = queue::bit_of(queue::setting::default_ttl);
  out.to.values.rules.default_ttl_s = ttl;
  return out;
}

std::uint64_t taken(actor_nodes& n, const call_ptr& one) {
  const auto* r = n.answer<queue::take_reply>(one);
  return r ? r->count : ~std::uint64_t{0};
}

} // namespace

TEST_CASE("operations of every kind are carried out where their shard leads") {
  actor_nodes n(2);
  n.all_believe(1);
  const auto put = n.put(0, jobs, "a body", 3);
  n.settle();
  const auto* inserted = n.answer<queue::insert_reply>(put);
  REQUIRE(inserted != nullptr);
  REQUIRE(inserted->items.size() == 3);
  CHECK(put->outcome->zone == "zone-1");
  CHECK(n.visible(1, jobs) == 3);
  CHECK(n.visible(0, jobs) == 0);

  const auto take = n.take(0, jobs, 2);
  n.settle();
  const auto* got = n.answer<queue::take_reply>(take);
  REQUIRE(got != nullptr);
  REQUIRE(got->items.size() == 2);
  CHECK(take->outcome->bodies.at(1).view() == "a body");

  queue::change release;
  release.hide = duration{0};
  release.targets.push_back({got->items[0].shown_id(), {}});
  queue::remove ack;
  ack.targets.push_back({got->items[1].shown_id(), {}});
  ack.targets[0].guard.receipt = got->items[1].claim;
  const auto changed = n.begin(0, jobs, release), removed = n.begin(0, jobs, ack);
  queue::list_messages all;
  n.settle();
  const auto listed = n.begin(0, jobs, all);
  const auto one = n.begin(0, jobs, queue::get_message{got->items[0].shown_id()});
  const auto stats = n.begin(0, jobs, queue::queue_stats{});
  const auto set = n.begin(0, jobs, settings_of(77));
  n.settle();
  REQUIRE(n.answer<queue::targets_reply>(changed) != nullptr);
  CHECK(n.answer<queue::targets_reply>(changed)->items.at(0).problem == errc::ok);
  REQUIRE(n.answer<queue::targets_reply>(removed) != nullptr);
  CHECK(n.answer<queue::targets_reply>(removed)->items.at(0).problem == errc::ok);
  REQUIRE(n.answer<queue::messages_answer>(listed) != nullptr);
  CHECK(n.answer<queue::messages_answer>(listed)->items.size() == 2);
  REQUIRE(n.answer<queue::message_answer>(one) != nullptr);
  CHECK(n.answer<queue::message_answer>(one)->item.has_value());
  REQUIRE(n.answer<queue::stats_answer>(stats) != nullptr);
  CHECK(n.answer<queue::stats_answer>(stats)->summary.visible == 2);
  REQUIRE(n.answer<queue::settings_reply>(set) != nullptr);
  const auto shown = n.begin(0, jobs, queue::get_settings{});
  n.settle();
  REQUIRE(n.answer<queue::settings_answer>(shown) != nullptr);
  CHECK(n.answer<queue::settings_answer>(shown)->value.rules.default_ttl_s == 77);
  CHECK(n.net(0).metrics().forwarded_now(forward_kind::operation) == 9);
  CHECK(n.net(0).flight_with(n.id(1))->count == 0);
  CHECK(n.net(0).flight_with(n.id(1))->bytes == 0);
}

TEST_CASE("so are those on tasks, and a purge") {
  actor_nodes n(2);
  n.all_believe(1);
  n.put(0, jobs, "a body", 3);
  n.settle();
  queue::redrive again;
  again.to = "other";
  const auto task = n.begin(0, jobs, again);
  n.settle();
  REQUIRE(n.answer<queue::task_reply>(task) != nullptr);
  const auto id = n.answer<queue::task_reply>(task)->task.id;
  const auto tasks = n.begin(0, jobs, queue::list_tasks{}), single = n.begin(0, jobs, queue::get_task{id});
  const auto cancelled = n.begin(0, jobs, queue::cancel_task{id});
  n.settle();
  CHECK(n.answer<queue::tasks_answer>(tasks) != nullptr);
  CHECK(n.answer<queue::task_answer>(single) != nullptr);
  CHECK(n.answer<queue::task_reply>(cancelled) != nullptr);
  const auto purged = n.begin(0, jobs, queue::purge{});
  n.settle();
  CHECK(n.answer<queue::purge_reply>(purged) != nullptr);
}

TEST_CASE("a lone node forwards nothing") {
  actor_nodes n(2);
  const auto put = n.put(0, jobs, "a body");
  n.settle();
  CHECK(n.answer<queue::insert_reply>(put) != nullptr);
  CHECK(put->outcome->zone.empty());
  CHECK(n.network().sent == 0);
}

TEST_CASE("a list of queues asks the leaders of all shards") {
  actor_nodes n(2);
  n.all_believe(1);
  for (const auto* name : {"one", "two", "three", "four", "five"}) n.put(0, {"acme", name}, "x");
  n.settle();
  const auto list = n.begin(0, {"acme", ""}, queue::list_queues{"acme", "", "", 100, false});
  const auto tenants = n.begin(0, {"", ""}, queue::list_tenants{"", "", 100});
  n.settle();
  REQUIRE(n.answer<queue::queues_answer>(list) != nullptr);
  CHECK(n.answer<queue::queues_answer>(list)->items.size() == 5);
  REQUIRE(n.answer<queue::tenants_answer>(tenants) != nullptr);
  CHECK(n.answer<queue::tenants_answer>(tenants)->items.size() == 1);
  CHECK(n.net(0).metrics().forwarded_now(forward_kind::question) == 6);
}

TEST_CASE("a held take is served when something comes, and empty when its own time is over") {
  actor_nodes n(2);
  n.all_believe(1);
  const auto first = n.take(0, jobs, 1, 5s), second = n.take(0, jobs, 1, 1s);
  n.run(500ms);
  CHECK_FALSE(n.answered(first));
  n.put(1, jobs, "for the first");
  n.settle();
  CHECK(taken(n, first) == 1);
  n.run(600ms);
  CHECK(taken(n, second) == 0);
}

TEST_CASE("a held take follows the leader within its own time") {
  actor_nodes n(3);
  n.all_believe(1);
  const auto held = n.take(0, jobs, 1, 5s), hungry = n.take(0, jobs, 1, 2s);
  n.run(1s);
  n.all_believe(2);
  n.dethrone(1, jobs);
  n.run(100ms);
  CHECK_FALSE(n.answered(held));
  const auto put = n.put(1, jobs, "for the one that waits");
  n.settle();
  REQUIRE(n.answer<queue::insert_reply>(put) != nullptr);
  CHECK(taken(n, held) == 1);
  CHECK(held->outcome->zone == "zone-2");
  n.run(800ms);
  CHECK_FALSE(n.answered(hungry));
  n.run(200ms);
  CHECK(taken(n, hungry) == 0); // 2 s after it came, not after it moved
}

TEST_CASE("one that waits where it came in follows the leader, too") {
  actor_nodes n(2);
  n.all_believe(0);
  const auto held = n.take(0, jobs, 1, 5s);
  n.run(100ms);
  n.all_believe(1);
  n.dethrone(0, jobs);
  n.run(100ms);
  n.put(1, jobs, "x");
  n.settle();
  CHECK(taken(n, held) == 1);
}

TEST_CASE("when a link is cut reads are asked again, and writes under the number that they have") {
  actor_nodes n(3);
  n.all_believe(1);
  n.put(0, jobs, "seen");
  n.settle();
  // Questions arrive; their outcomes do not.
  n.network().watch = [](node_id from, node_id, const frame&) { return from != actor_nodes::id(1); };
  const auto read = n.begin(0, jobs, queue::queue_stats{});
  const auto write = n.put(0, jobs, "perhaps");
  n.run(50ms);
  CHECK_FALSE(n.answered(read));
  n.all_believe(2);
  n.network().watch = nullptr;
  n.network().cut(n.id(0), n.id(1));
  n.run(50ms);
  REQUIRE(n.answer<queue::stats_answer>(read) != nullptr); // of the new leader
  CHECK(read->outcome->zone == "zone-2");
  CHECK(n.failure(write) == errc::ok);
  CHECK(write->made.what->repeat_id.again);
  CHECK(n.visible(1, jobs) == 2);
  // These nodes' shards are groups of one that know nothing of each other; in a real one it is done once.
  CHECK(n.visible(2, jobs) == 1);
  CHECK(n.net(0).metrics().forward_repeated_now() == 2);
  CHECK(n.net(0).metrics().forward_failed_now(forward_failure::lost) == 2);
  CHECK(n.net(0).flight_with(n.id(1))->count == 0);
}

TEST_CASE("a node that stands still is given up when it is suspect") {
  actor_nodes n(3);
  n.all_believe(1);
  n.network().silence(n.id(0), n.id(1));
  const auto read = n.begin(0, jobs, queue::queue_stats{});
  n.run(500ms);
  CHECK_FALSE(n.answered(read));
  n.all_believe(2);
  n.net(0).lost(n.id(1), false);
  n.run(10ms);
  CHECK(n.answer<queue::stats_answer>(read) != nullptr);
}

TEST_CASE("an old leader that says so sends the operation on, once") {
  actor_nodes n(3);
  n.all_believe(2);
  n.believes(0, n.id(1)); // which is not told yet
  const auto put = n.put(0, jobs, "two hops");
  n.settle();
  REQUIRE(n.answer<queue::insert_reply>(put) != nullptr);
  CHECK(n.visible(2, jobs) == 1);
  CHECK(put->outcome->zone == "zone-2");
}

TEST_CASE("nodes that take each other for the leader end in no-leader, not in a circle") {
  actor_nodes n(3);
  n.believes(0, n.id(1));
  n.believes(1, n.id(2));
  n.believes(2, n.id(0));
  const auto put = n.put(0, jobs, "x");
  n.run(2900ms);
  CHECK_FALSE(n.answered(put));
  n.run(300ms);
  CHECK(n.failure(put) == errc::not_leader);
  CHECK(n.network().sent < 200); // with pauses in between
  CHECK(n.net(0).metrics().forward_failed_now(forward_failure::no_leader) == 1);
}

TEST_CASE("where nobody leads an operation waits, wakes the replica, and goes on when somebody does") {
  actor_nodes n(2);
  n.held_by({0, 1});
  n.believes(0, {});
  n.believes(1, {});
  const auto put = n.put(0, jobs, "x");
  const auto list = n.begin(0, {"acme", ""}, queue::list_queues{"acme", "", "", 100, false});
  n.run(1s);
  CHECK_FALSE(n.answered(put));
  CHECK_FALSE(n.woken.empty());
  n.all_believe(1);
  n.run(250ms);
  CHECK(n.answer<queue::insert_reply>(put) != nullptr);
  CHECK(n.answer<queue::queues_answer>(list) != nullptr);

  n.believes(0, {});
  n.believes(1, {});
  const auto late = n.put(0, jobs, "y");
  const auto none = n.begin(0, {"acme", ""}, queue::list_queues{"acme", "", "", 100, false});
  n.run(3300ms);
  CHECK(n.failure(late) == errc::not_leader);
  CHECK(n.failure(none) == errc::not_leader);
}

TEST_CASE("a leader is found a tenth of a second after there is one, whenever that is") {
  actor_nodes n(2);
  n.held_by({0, 1});
  for (int k = 0; k < 7; ++k) { // at different moments between two looks
    CAPTURE(k);
    n.believes(0, {});
    n.believes(1, {});
    const auto put = n.put(0, jobs, "x");
    n.run(1s + 30ms * k);
    n.all_believe(1);
    n.run(120ms);
    CHECK(n.answer<queue::insert_reply>(put) != nullptr);
  }
}

TEST_CASE("a node without the shard asks those that hold it") {
  actor_nodes n(3);
  n.held_by({1, 2});
  n.believes(0, {});
  n.believes(1, n.id(2));
  n.believes(2, n.id(2));
  const auto put = n.put(0, jobs, "x");
  n.run(100ms);
  REQUIRE(n.answer<queue::insert_reply>(put) != nullptr);
  CHECK(n.visible(2, jobs) == 1);
  CHECK(n.net(0).table().leader_of(n.shard_of(jobs)) == n.id(2)); // heard
}

TEST_CASE("a claim whose client went while it was made elsewhere is undone there") {
  actor_nodes n(2);
  n.all_believe(1);
  n.put(0, jobs, "x");
  n.settle();
  // The claim is made, and its outcome stays under way.
  std::vector<frame> held_back;
  n.network().watch = [&](node_id from, node_id, const frame& f) {
    if (from == actor_nodes::id(1)) held_back.push_back(f);
    return from != actor_nodes::id(1);
  };
  const auto take = n.take(0, jobs);
  n.settle();
  REQUIRE(held_back.size() == 1);
  CHECK(n.visible(1, jobs) == 0);
  n.network().watch = nullptr;
  n.leave(0, take);
  n.settle();
  n.net(0).received(n.id(1), std::string{held_back[0].bytes.view()});
  n.settle();
  CHECK(n.visible(1, jobs) == 1);
  CHECK_FALSE(n.answered(take));
}

TEST_CASE("a held take whose client went takes nothing") {
  actor_nodes n(2);
  n.all_believe(1);
  const auto take = n.take(0, jobs, 1, 10s);
  n.run(100ms);
  n.leave(0, take);
  n.settle();
  CHECK(n.world(1).metrics().waiters_now() == 0);
  n.put(1, jobs, "x");
  n.run(100ms);
  CHECK(n.visible(1, jobs) == 1);
}

TEST_CASE("held takes of a node whose link is gone take nothing") {
  actor_nodes n(2);
  n.all_believe(1);
  const auto take = n.take(0, jobs, 1, 10s);
  n.run(100ms);
  n.network().cut(n.id(0), n.id(1));
  n.run(10ms);
  CHECK(n.world(1).metrics().waiters_now() == 0);
  n.put(1, jobs, "x");
  n.run(100ms);
  CHECK(n.visible(1, jobs) == 1);
  CHECK_FALSE(n.answered(take));
  n.run(3s); // nobody can be asked
  CHECK(n.failure(take) == errc::unknown_outcome);
}

TEST_CASE("a held DELETE whose link is gone is not repeated, for what it took would be lost") {
  actor_nodes n(2);
  n.all_believe(1);
  queue::take pop;
  pop.action = queue::take_action::remove;
  const auto take = n.begin(0, jobs, pop, 10s);
  n.run(100ms);
  n.network().cut(n.id(0), n.id(1));
  n.run(10ms);
  CHECK(n.failure(take) == errc::unknown_outcome);
}

TEST_CASE("a held claim whose leader's node is gone waits on at the next leader") {
  actor_nodes n(3);
  n.all_believe(1);
  const auto served = n.take(0, jobs, 1, 5s), hungry = n.take(0, jobs, 1, 2s);
  n.run(1s);
  n.network().cut(n.id(0), n.id(1));
  n.run(100ms);
  n.all_believe(2);
  n.run(300ms);
  CHECK_FALSE(n.answered(served));
  n.put(2, jobs, "for the one that waits");
  n.settle();
  CHECK(taken(n, served) == 1);
  CHECK(served->outcome->zone == "zone-2");
  n.run(700ms);
  CHECK(taken(n, hungry) == 0); // within its own time
}

TEST_CASE("a held claim that comes back to where it came in waits on within its own time") {
  actor_nodes n(2);
  n.all_believe(1);
  const auto held = n.take(0, jobs, 1, 2s);
  n.run(1s);
  n.all_believe(0);
  n.network().cut(n.id(0), n.id(1));
  n.run(900ms);
  CHECK_FALSE(n.answered(held));
  n.run(200ms);
  CHECK(taken(n, held) == 0);
}

