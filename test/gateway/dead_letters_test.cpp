// The bridge and moves: where a redrive goes, and how a dead-letter rule is followed before it is set. The test plays
// the queues.
#include "actors/gateway/bridge.hpp"

#include <caf/all.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <doctest/doctest.h>

#include <map>

namespace burrow::test {
namespace {

/// A bridge over queues that have settings and nothing else.
struct rule_world {
  struct config : caf::actor_system_config {
    config() { set("scheduler.policy", caf::atom("testing")); }
  };
  config settings;
  caf::actor_system system{settings};
  caf::scheduler::test_coordinator& turns{dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler())};
  std::map<std::string, queue::settings_answer> stored; ///< of each queue of tenant `acme`
  std::vector<std::string> looked;                      ///< whose settings were read
  std::vector<queue::configure> changed;
  std::vector<queue::redrive> redriven;
  std::vector<call_ptr> given;
  unsigned overtaken = 0; ///< how often another change comes first
  std::string dead;       ///< a queue whose shard has no leader
  caf::actor queue, supervisor, bridge;
  placement::routing routing;

  rule_world() {
    queue = system.spawn([this](caf::event_based_actor* self) -> caf::behavior {
      return {[this, self](const submit& m) {
        auto out = std::make_shared<operation_result>(answer(*m.what));
        self->send(m.from, completed{{{m.number, std::move(out)}}});
      }};
    });
    supervisor = system.spawn([this](caf::event_based_actor* self) -> caf::behavior {
      return {[this, self](const resolve& m) { self->send(m.from, resolved{m.queue, queue}); }};
    });
    bridge_options options;
    options.supervisor = supervisor;
    options.routing = routing;
    options.deliver = [this](std::vector<call_ptr> done) { given.insert(given.end(), done.begin(), done.end()); };
    bridge = spawn_bridge(system, std::move(options));
  }
  ~rule_world() {
    for (const auto& one : {bridge, supervisor, queue}) caf::anon_send_exit(one, caf::exit_reason::kill);
    turns.run();
  }

  operation_result answer(const operation& what) {
    REQUIRE(what.queue.tenant == "acme");
    auto& own = stored[what.queue.queue];
    operation_result out;
    if (what.queue.queue == dead) return out.what = error{errc::not_leader}, out;
    if (std::holds_alternative<queue::get_settings>(what.what)) {
      looked.push_back(what.queue.queue);
      out.what = own;
    } else if (const auto* change = std::get_if<queue::configure>(&what.what)) {
      changed.push_back(*change);
      if (overtaken > 0) --overtaken, ++own.revision;
      const auto& guard = change->guard.if_match;
      queue::settings_reply reply;
      if (!guard.empty() && guard != std::vector{own.revision}) reply.problem = errc::etag_mismatch;
      out.what = reply;
    } else {
      redriven.push_back(std::get<queue::redrive>(what.what));
      out.what = queue::task_reply{};
    }
    return out;
  }
  void chain(std::initializer_list<const char*> names) {
    for (auto at = names.begin(); at + 1 != names.end(); ++at) rule(*at, *(at + 1));
  }
  void rule(const std::string& from, const std::string& to, std::uint16_t claims = 5, bool expired = false) {
    auto& own = stored[from];
    own.revision = 40;
    own.value.rules.dead_letter = queue::dead_letter_rule{to, {}, claims, expired};
  }
  /// The outcome of setting this rule, of which `kept` are left as they are.
  operation_result set(const std::string& at, queue::dead_letter_rule rule, std::uint8_t kept = 0,
                       std::vector<std::uint64_t> if_match = {}) {
    queue::configure change;
    change.action = queue::configure_action::merge;
    change.to.named = bit_of(queue::setting::dead_letter);
    change.to.values.rules.dead_letter = std::move(rule);
    change.guard.if_match = std::move(if_match);
    return run({"acme", at}, std::move(change), kept);
  }
  operation_result run(queue_ref at, operation_body what, std::uint8_t kept = 0) {
    auto one = std::make_shared<call>();
    one->made.what = std::make_shared<operation>();
    one->made.what->queue = std::move(at);
    one->made.what->what = std::move(what);
    one->made.rule_kept = kept;
    looked.clear();
    changed.clear();
    caf::anon_send(bridge, bridge_work{{one}, {}, {}});
    turns.run();
    REQUIRE(!given.empty());
    CHECK(given.back() == one);
    return *given.back()->outcome;
  }
  [[nodiscard]] shard_id shard_of(std::string name) const {
    return placement::shard_of({"acme", std::move(name)}, routing);
  }
};

errc code_of(const operation_result& r) {
  if (const auto* why = r.failed()) return why->code;
  return std::get<queue::settings_reply>(r.what).problem;
}

using names = std::vector<std::string>;

} // namespace

TEST_CASE("a rule is set with the shard of its target, after the target's own rules were read") {
  rule_world w;
  w.chain({"dead", "deader", "deadest"});
  CHECK(code_of(w.set("jobs", {"dead", {}, 3, true})) == errc::ok);
  CHECK(w.looked == names{"dead", "deader", "deadest"});
  REQUIRE(w.changed.size() == 1);
  const auto& rule = *w.changed[0].to.values.rules.dead_letter;
  CHECK(rule.queue == "dead");
  CHECK(rule.shard == w.shard_of("dead"));
  CHECK(rule.max_claims == 3);
  CHECK(rule.expired);
  CHECK(w.changed[0].guard == queue::condition{});
}

TEST_CASE("a rule that leads back is refused with its way, and nothing is changed") {
  rule_world w;
  w.chain({"a", "b", "jobs", "x"});
  const auto back = w.set("jobs", {"a", {}, 3});
  CHECK(code_of(back) == errc::dead_letter_loop);
  CHECK(back.failed()->context.ends_with("jobs -> a -> b -> jobs."));
  CHECK(code_of(w.set("jobs", {"jobs", {}, 3})) == errc::dead_letter_loop);
  CHECK(w.changed.empty());
}

TEST_CASE("a rule may lead over eight queues, the target counted, and not over nine") {
  rule_world w;
  w.chain({"1", "2", "3", "4", "5", "6", "7", "8"});
  CHECK(code_of(w.set("jobs", {"1", {}, 3})) == errc::ok);
  CHECK(w.looked.size() == 8);
  CHECK(w.changed.size() == 1);
  w.rule("8", "9");
  CHECK(code_of(w.set("jobs", {"1", {}, 3})) == errc::dead_letter_loop);
  CHECK(w.looked.size() == 8);
  CHECK(w.changed.empty());
  // A circle that is not ours is as long as it gets.
  w.rule("8", "7");
  CHECK(code_of(w.set("jobs", {"1", {}, 3})) == errc::dead_letter_loop);
}

TEST_CASE("a chain that cannot be read is no chain without a loop") {
  rule_world w;
  w.chain({"a", "b"});
  w.dead = "b";
  CHECK(code_of(w.set("jobs", {"a", {}, 3})) == errc::not_leader);
  CHECK(w.changed.empty());
}

TEST_CASE("what a change leaves out of a rule stays as the queue has it, if nobody changes it meanwhile") {
  rule_world w;
  w.rule("jobs", "dead", 5, true);
  CHECK(code_of(w.set("jobs", {"", {}, 7}, rule_queue | rule_expired)) == errc::ok);
  CHECK(w.looked == names{"jobs", "dead"});
  REQUIRE(w.changed.size() == 1);
  const auto& rule = *w.changed[0].to.values.rules.dead_letter;
  CHECK(rule.queue == "dead");
  CHECK(rule.shard == w.shard_of("dead"));
  CHECK(rule.max_claims == 7);
  CHECK(rule.expired);
  CHECK(w.changed[0].guard.if_match == std::vector<std::uint64_t>{40});
  CHECK(code_of(w.set("jobs", {"other", {}, 1}, rule_max_claims)) == errc::ok);
  CHECK(w.changed[0].to.values.rules.dead_letter->max_claims == 5);
  CHECK_FALSE(w.changed[0].to.values.rules.dead_letter->expired);
  w.overtaken = 2;
  CHECK(code_of(w.set("jobs", {"", {}, 7}, rule_queue)) == errc::ok);
  CHECK(w.changed.size() == 3);
  CHECK(w.changed[2].guard.if_match == std::vector<std::uint64_t>{42});
  w.overtaken = 100;
  CHECK(code_of(w.set("jobs", {"", {}, 7}, rule_queue)) == errc::busy);
  CHECK(w.changed.size() == 8);
}

TEST_CASE("a condition of the client's is kept, and fails once") {
  rule_world w;
  w.rule("jobs", "dead");
  CHECK(code_of(w.set("jobs", {"", {}, 7}, rule_queue, {39})) == errc::etag_mismatch);
  CHECK(w.changed.empty());
  CHECK(code_of(w.set("jobs", {"", {}, 7}, rule_queue, {39, 40})) == errc::ok);
  CHECK(w.changed[0].guard.if_match == std::vector<std::uint64_t>{40});
  w.overtaken = 1;
  CHECK(code_of(w.set("jobs", {"", {}, 7}, rule_queue, {40})) == errc::etag_mismatch);
  CHECK(w.changed.size() == 1);
}

TEST_CASE("a part of a rule for a queue that has none is not enough") {
  rule_world w;
  CHECK(code_of(w.set("jobs", {"", {}, 7}, rule_queue)) == errc::invalid_settings);
  CHECK(code_of(w.set("jobs", {"dead", {}, 1}, rule_max_claims | rule_expired)) == errc::invalid_settings);
  CHECK(w.changed.empty());
  CHECK(code_of(w.set("jobs", {"dead", {}, 7}, rule_expired)) == errc::ok);
}

TEST_CASE("changes without a rule ask nobody") {
  rule_world w;
  queue::configure change;
  change.to.named = bit_of(queue::setting::dead_letter);
  CHECK(code_of(w.run({"acme", "jobs"}, change)) == errc::ok);
  CHECK(w.looked.empty());
  CHECK(w.changed.size() == 1);
}

TEST_CASE("a redrive is told on which shard its target lies") {
  rule_world w;
  queue::redrive to;
  to.to = "other";
  (void)w.run({"acme", "jobs"}, to);
  (void)w.run({"acme", "jobs"}, queue::redrive{});
  REQUIRE(w.redriven.size() == 2);
  CHECK(w.redriven[0].to_shard == w.shard_of("other"));
  CHECK(w.redriven[1].to_shard == shard_id{});
}

} // namespace burrow::test
