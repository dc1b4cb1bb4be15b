// What nodes that forward do not let pass: too much at a time, and what is none of theirs. And calls between shards.
#include "actors/forward_codec.hpp"
#include "actors/queue_actor.hpp"
#include "test/support/actor_nodes.hpp"

#include <doctest/doctest.h>

using namespace burrow;
using burrow::test::actor_nodes;
using namespace std::chrono_literals;

namespace {

const queue_ref jobs{"acme", "jobs"};

} // namespace

TEST_CASE("too much under way with one node is refused, and room comes back") {
  actor_nodes n(2);
  n.all_believe(1);
  n.network().silence(n.id(0), n.id(1));
  const std::string large(8 << 20, 'x');
  std::vector<call_ptr> puts;
  for (int i = 0; i < 9; ++i) puts.push_back(n.put(0, jobs, large));
  n.settle();
  CHECK(n.failure(puts[6]) == errc::ok);
  CHECK(n.failure(puts[8]) == errc::busy);
  CHECK(n.net(0).metrics().forward_failed_now(forward_failure::busy) >= 1);
  n.network().mend(n.id(0), n.id(1));
  n.net(0).lost(n.id(1), false);
  n.settle();
  CHECK(n.net(0).flight_with(n.id(1))->bytes == 0);
  n.net(0).flight_with(n.id(1))->count = limits::forward_flight_max;
  const auto one_more = n.put(0, jobs, "x");
  n.settle();
  CHECK(n.failure(one_more) == errc::busy);
  n.net(0).flight_with(n.id(1))->count = 0;
  n.all_believe(1);
  const auto small = n.put(0, jobs, "x");
  n.settle();
  CHECK(n.answer<queue::insert_reply>(small) != nullptr);
}

TEST_CASE("a claim that is made as the link ends is undone by the desk") {
  actor_nodes n(2);
  n.all_believe(1);
  n.put(1, jobs, "x");
  n.settle();
  // The desk sends the outcome into a link that has just ended, which it has not been told yet.
  n.network().refuse = [](node_id from, node_id) { return from == actor_nodes::id(1); };
  n.take(0, jobs, 1, 1s); // held, so without a number: sent again it is another claim
  n.run(100ms);
  CHECK(n.visible(1, jobs) == 1);
}

TEST_CASE("of a deletion in steps that loses its leader nobody repeats a step") {
  burrow::test::actor_world w({.tree = false});
  const auto table = std::make_shared<leaders>(node_id{1}, std::uint16_t{3});
  table->replica_says({1}, {2});
  // Carries out one step, and has lost the shard then.
  std::size_t steps = 0;
  const auto replica = w.probe([&](const shard_work& m) {
    shard_results out;
    queue::look_answer there;
    there.maybe = true;
    for (const auto& q : m.questions) out.answers.push_back({q.from, queue::answer{there}, {}});
    for (const auto& p : m.proposals) {
      queue::take_reply done;
      done.count = 1000;
      done.more = true;
      done.last = {1000};
      if (++steps == 1) out.replies.push_back({p.from, queue::reply{done}, {}});
      else out.replies.push_back({p.from, errc::not_leader, {}});
    }
    caf::anon_send(m.from, std::move(out));
  });
  std::vector<std::shared_ptr<operation_result>> given;
  const auto bridge = w.probe( // and ticker
    [&](const completed& m) {
      for (const auto& [number, what] : m.items) given.push_back(what);
    },
    [](const wake_at&) {});
  auto common = std::make_shared<queue_settings>();
  common->clock = [&w] { return w.now(); };
  common->budget = std::make_shared<tenant_budget>();
  common->led_by = table;
  w.keep(w.system().spawn([&](caf::event_based_actor* self) -> caf::behavior {
    self->set_down_handler([](const caf::down_msg&) {}); // it ends with the world
    const queue_actor_options options{jobs, {1}, replica, bridge, caf::actor_cast<caf::actor>(self), common};
    const auto queue = spawn_queue_actor(*self, options);
    auto all = std::make_shared<operation>();
    all->queue = jobs;
    queue::take take;
    take.action = queue::take_action::remove;
    take.limit = 1000;
    all->what = take;
    all->in_steps = true;
    all->client = std::make_shared<client_presence>();
    self->send(queue, submit{1, all, bridge});
    return {[](tick_atom) {}};
  }));
  w.settle();
  CHECK(steps == 2);
  REQUIRE(given.size() == 1);
  REQUIRE(given[0]->failed() != nullptr);
  CHECK(given[0]->failed()->code == errc::unknown_outcome);
}

TEST_CASE("bytes that are no operation are told so if their sender can be read") {
  actor_nodes n(2);
  n.net(1).received(n.id(0), "garbage");
  n.net(1).received(n.id(0), "");
  n.settle();
  CHECK(n.net(1).metrics().forward_failed_now(forward_failure::malformed) == 2);
  CHECK(n.network().sent == 0);
  auto bad = encode_ask({7, 1, {1}, 1, 10s}, question{{}, {{"acme", std::string(300, 'x')}, queue::look{}}, false});
  n.net(1).received(n.id(0), bad);
  n.settle();
  CHECK(n.network().sent == 1);
}

TEST_CASE("calls between shards go where the shard leads") {
  actor_nodes n(2);
  n.all_believe(1);
  std::vector<reply_effect> replies;
  std::vector<answer_effect> answers;
  const auto probe = n.world(0).probe([&](const shard_results& m) {
    replies.insert(replies.end(), m.replies.begin(), m.replies.end());
    answers.insert(answers.end(), m.answers.begin(), m.answers.end());
  });
  const auto call = [&] {
    queue::arrive arrive{{2}, {1, 1}, {}};
    auto& item = arrive.items.emplace_back();
    item.number = {1, 1};
    item.to = {"acme", "dead"};
    item.what.id = {1, 2};
    item.what.body = {{}, 0, 4, hash_of("body")};
    item.what.created = {1'700'000'000'000};
    routed_work out{{1}, {}};
    out.work.from = probe;
    out.work.proposals.push_back({{11}, {{}, {}, arrive}, {shared_bytes(std::string("body"))}, false});
    out.work.questions.push_back({{12}, {{"acme", "dead"}, queue::names_taken{{"a", "b"}}}, false});
    caf::anon_send(n.router(0), std::move(out));
    n.settle();
  };
  call();
  REQUIRE(replies.size() == 1);
  CHECK(replies[0].to.value == 11);
  REQUIRE(replies[0].outcome.ok());
  CHECK(std::get<queue::arrive_reply>(*replies[0].outcome).items.at(0) == errc::ok);
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].to.value == 12);
  REQUIRE(answers[0].outcome.ok());
  CHECK(std::get<queue::names_answer>(*answers[0].outcome).taken.size() == 2);

  n.all_believe(0); // and here, by this node's own replica
  call();
  REQUIRE(replies.size() == 2);
  CHECK(replies[1].outcome.ok());

  n.believes(0, n.id(1)); // which does not agree
  call();
  REQUIRE(replies.size() == 3);
  CHECK(replies[2].outcome.code() == errc::not_leader);
  CHECK(answers[2].outcome.code() == errc::not_leader);

  n.all_believe(1);
  n.network().silence(n.id(0), n.id(1));
  call();
  CHECK(replies.size() == 3);
  n.network().cut(n.id(0), n.id(1));
  n.settle();
  REQUIRE(replies.size() == 4);
  CHECK(replies[3].outcome.code() == errc::unknown_outcome);
  CHECK(n.net(0).flight_with(n.id(1))->count == 0);
}
