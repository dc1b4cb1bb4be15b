// The bridge alone, in one thread and in an order that the test decides: claims whose client went at the wrong moment.
#include "actors/gateway/bridge.hpp"

#include <caf/all.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <doctest/doctest.h>

namespace burrow::test {
namespace {

const queue_ref jobs{"acme", "jobs"};

/// A bridge between the test, as its connections, and a queue actor that answers only when it is told to.
struct bridge_world {
  struct config : caf::actor_system_config {
    config() { set("scheduler.policy", caf::atom("testing")); }
  };
  config settings;
  caf::actor_system system{settings};
  caf::scheduler::test_coordinator& turns{dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler())};
  std::vector<submit> asked;   ///< of the queue actor
  std::size_t withdrawn = 0;   ///< from the queue actor
  std::vector<call_ptr> given; ///< back to the connections
  caf::actor queue, supervisor, bridge;

  bridge_world() {
    queue = system.spawn([this](caf::event_based_actor*) -> caf::behavior {
      return {[this](const submit& m) { asked.push_back(m); }, [this](const withdraw&) { ++withdrawn; }};
    });
    supervisor = system.spawn([this](caf::event_based_actor* self) -> caf::behavior {
      return {[this, self](const resolve& m) { self->send(m.from, resolved{m.queue, queue}); }};
    });
    bridge_options options;
    options.supervisor = supervisor;
    options.deliver = [this](std::vector<call_ptr> done) { given.insert(given.end(), done.begin(), done.end()); };
    bridge = spawn_bridge(system, std::move(options));
  }
  ~bridge_world() {
    for (const auto& one : {bridge, supervisor, queue}) caf::anon_send_exit(one, caf::exit_reason::kill);
    turns.run();
  }

  void tell(bridge_work work) {
    caf::anon_send(bridge, std::move(work));
    turns.run();
  }
  call_ptr begin(operation_body what) {
    auto out = std::make_shared<call>();
    out->made.what = std::make_shared<operation>();
    out->made.what->queue = jobs;
    out->made.what->what = std::move(what);
    out->made.what->client = std::make_shared<client_presence>();
    tell({{out}, {}, {}});
    return out;
  }
  /// Two claims in one answer, of two and one message; an acknowledged claim would have none.
  void answer_with_claims(std::uint64_t number) {
    queue::take_reply reply;
    for (const std::uint64_t claim : {7U, 8U, 7U}) {
      auto& m = reply.items.emplace_back();
      m.claim = {claim};
      m.claimed = true;
      m.place = {10 + reply.items.size()};
    }
    reply.count = reply.items.size();
    auto out = std::make_shared<operation_result>();
    out->what = std::move(reply);
    caf::anon_send(bridge, completed{{{number, std::move(out)}}});
    turns.run();
  }
  /// Claim → how many places of it were given back, of all that the queue actor was asked since `from`.
  [[nodiscard]] std::map<std::uint64_t, std::size_t> undone(std::size_t from) const {
    std::map<std::uint64_t, std::size_t> out;
    for (auto i = from; i < asked.size(); ++i)
      if (const auto* one = std::get_if<queue::unclaim>(&asked[i].what->what))
        out[one->claim.value] += one->places.size();
    return out;
  }
};

const std::map<std::uint64_t, std::size_t> both{{7, 2}, {8, 1}};

} // namespace

TEST_CASE("a claim that comes after its client has gone is undone") {
  bridge_world w;
  const auto take = w.begin(queue::take{});
  REQUIRE(w.asked.size() == 1);
  w.tell({{}, {take}, {}});
  CHECK(w.withdrawn == 1);
  CHECK(w.asked[0].what->client->gone);
  w.answer_with_claims(w.asked[0].number);
  CHECK(w.undone(1) == both);
  CHECK(w.given.empty());
}

TEST_CASE("a claim whose answer could not be written is undone") {
  bridge_world w;
  const auto take = w.begin(queue::take{});
  REQUIRE(w.asked.size() == 1);
  w.answer_with_claims(w.asked[0].number);
  REQUIRE(w.given.size() == 1);
  CHECK(w.undone(1).empty());
  w.tell({{}, {}, {take}});
  CHECK(w.undone(1) == both);
}

TEST_CASE("what was taken away for good is not undone when its client has gone") {
  bridge_world w;
  const auto take = w.begin(queue::take{});
  REQUIRE(w.asked.size() == 1);
  w.tell({{}, {take}, {}});
  queue::take_reply reply;
  reply.items.resize(2);
  reply.items[0].claim = {7}; // as a message shows itself that was under a claim once
  auto out = std::make_shared<operation_result>();
  out->what = std::move(reply);
  caf::anon_send(w.bridge, completed{{{w.asked[0].number, std::move(out)}}});
  w.turns.run();
  CHECK(w.asked.size() == 1);
}

} // namespace burrow::test
