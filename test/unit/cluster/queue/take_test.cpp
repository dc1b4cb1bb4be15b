#include "test/unit/cluster/queue/machine_fixture.hpp"

using namespace burrow;
using namespace burrow::queue;
using burrow::test::machine_fixture;
using namespace std::chrono_literals;

namespace {

std::vector<std::string> names(const std::vector<message>& items) {
  std::vector<std::string> all;
  for (const auto& m : items) all.push_back(m.name);
  return all;
}
using list_of = std::vector<std::string>;

struct take_fixture : machine_fixture {
  take what;
  take_reply go() { return run_one<take_reply>(what); }
};

} // namespace

TEST_CASE_FIXTURE(machine_fixture, "an entry says what it did to the messages of each queue") {
  const auto did = [&] { return last.activity.empty() ? activity{} : last.activity.at(0).did; };
  put(named({"a", "b", "c", "d", "e"}));
  CHECK(did() == activity{.inserted = 5});
  put(named({"a"}));
  CHECK(did() == activity{.inserted = 1});
  claim(2, 10s);
  CHECK(did() == activity{.claimed = 2});
  CHECK(last.activity[0].queue == ref);
  take_away(1);
  CHECK(did() == activity{.deleted = 1});
  run_one<targets_reply>(burrow::queue::remove{{{"a", {}}, {"nobody", {}}}});
  CHECK(did() == activity{.deleted = 1});
  run_one<purge_reply>(purge{});
  CHECK(did() == activity{.deleted = 3});
  put(items(3, 5s));
  pass(6s);
  tick();
  CHECK(did() == activity{.expired = 3});
  auto bad = named({"x", "bad"});
  bad.atomic = true;
  bad.items[1].refused = errc::invalid_parameter;
  put(bad);
  CHECK(last.activity.empty());
}

TEST_CASE_FIXTURE(machine_fixture, "an entry says what a tenant holds after it, if that changed") {
  run({{ref, {}, items(2)}, {{"ann", "two"}, {}, items(1)}, {{"bob", "one"}, {}, items(1)}});
  REQUIRE(last.usage.size() == 2);
  CHECK(last.usage[0].tenant == "ann");
  CHECK(last.usage[0].queues == 2);
  CHECK(last.usage[0].bytes == 30);
  CHECK(last.usage[1].tenant == "bob");
  claim(1, 5s);
  CHECK(last.usage.empty());
  run_one<purge_reply>(purge{});
  REQUIRE(last.usage.size() == 1);
  CHECK(last.usage[0].queues == 1);
  CHECK(last.usage[0].bytes == 10);
}

TEST_CASE_FIXTURE(take_fixture, "a claim counts, mints one claim id for all it takes, and raises the revision") {
  put(named({"a", "b"}));
  const auto r = claim(2, 30s);
  REQUIRE(r.items.size() == 2);
  CHECK(r.items[0].claim == r.items[1].claim);
  CHECK(r.items[0].claim.value != 0);
  CHECK(r.items[0].claims == 1);
  CHECK(r.items[0].hidden_until == now + 30s);
  CHECK(r.items[0].revision == 2);
  CHECK(stats().claimed == 2);
  pass(30s);
  const auto again = claim(1, 30s);
  CHECK(again.items[0].claims == 2);
  CHECK(again.items[0].claim > r.items[0].claim);
}

TEST_CASE_FIXTURE(take_fixture, "two claims in one entry never get the same message") {
  put(named({"a"}));
  what.limit = 1;
  what.hide = 30s;
  run({{ref, {}, what}, {ref, {}, what}});
  CHECK(std::get<take_reply>(last.replies[0]).count == 1);
  CHECK(std::get<take_reply>(last.replies[1]).count == 0);
}

TEST_CASE_FIXTURE(take_fixture, "DELETE on a queue gives the messages as they were, and leaves hidden ones") {
  auto i = named({"a", "b"});
  i.items[1].hide = 9s;
  put(i);
  const auto r = take_away(10);
  CHECK(names(r.items) == list_of{"a"});
  CHECK(r.queue_exists);
  CHECK_FALSE(r.visible_left);
  what.action = take_action::remove;
  what.match_hidden = true;
  what.limit = 10;
  CHECK_FALSE(go().queue_exists);
  CHECK(bodies.empty());
}

TEST_CASE_FIXTURE(take_fixture, "POST with hide 0 and match_hidden releases all and kills their receipts") {
  put(named({"a", "b"}));
  claim(2, 30s);
  what.action = take_action::change;
  what.hide = 0s;
  what.match_hidden = true;
  what.limit = 10;
  const auto r = go();
  CHECK(r.count == 2);
  CHECK(r.items[0].claim.value == 0);
  CHECK(r.items[0].claims == 1);
  REQUIRE(last.effects.size() == 1);
  CHECK(std::get<became_visible>(last.effects[0]).count == 2);
  CHECK(check() == "");
}

TEST_CASE_FIXTURE(take_fixture, "POST with ttl changes what matches and takes nothing") {
  put(named({"a", "b"}));
  what.action = take_action::change;
  what.ttl = 5s;
  what.limit = 1;
  CHECK(names(go().items) == list_of{"a"});
  CHECK(names(list().items) == list_of{"a", "b"});
  pass(5s);
  CHECK(names(list().items) == list_of{"b"});
}

TEST_CASE_FIXTURE(take_fixture, "POST with neither ttl nor hide changes nothing, not even a revision") {
  put(named({"a", "b"}));
  what.action = take_action::change;
  what.limit = 10;
  CHECK(go().count == 2);
  CHECK(last.changes.changes.empty());
}

TEST_CASE_FIXTURE(take_fixture, "match_hidden reaches into live claims and ends them") {
  put(named({"a"}));
  const auto old = claim(1, 30s).items[0];
  what.hide = 60s;
  what.match_hidden = true;
  const auto fresh = go().items.at(0);
  CHECK(fresh.claim != old.claim);
  burrow::queue::remove ack;
  ack.targets.resize(1);
  ack.targets[0].id = "a";
  ack.targets[0].guard.receipt = old.claim;
  CHECK(run_one<targets_reply>(ack).items[0].problem == errc::receipt_stale);
  ack.targets[0].guard.receipt = fresh.claim;
  CHECK(run_one<targets_reply>(ack).items[0].problem == errc::ok);
}

TEST_CASE_FIXTURE(take_fixture, "a cursor goes on behind its place whether or not that message still exists") {
  put(named({"a", "b", "c"}));
  const auto first = take_away(1);
  what.from.after = first.last;
  what.action = take_action::remove;
  CHECK(names(go().items) == list_of{"b"});
}

TEST_CASE_FIXTURE(take_fixture, "a take from the middle leaves the front to be taken later") {
  put(named({"a", "b", "c", "d"}));
  what.from.marker = "b";
  what.hide = 30s;
  what.limit = 1;
  CHECK(names(go().items) == list_of{"c"});
  CHECK(names(claim(10, 10s).items) == list_of{"a", "b", "d"});
  pass(30s);
  CHECK(names(claim(10, 10s).items) == list_of{"a", "b", "c", "d"});
}

TEST_CASE_FIXTURE(take_fixture, "an unknown marker begins at the start, an expired one too") {
  auto i = named({"a", "b", "c"});
  i.items[1].ttl = 5s;
  put(i);
  what.action = take_action::change;
  what.limit = 10;
  what.from.marker = "nobody";
  CHECK(go().count == 3);
  what.from.marker = "b";
  CHECK(go().count == 1);
  pass(5s);
  CHECK(go().count == 2);
}

TEST_CASE_FIXTURE(take_fixture, "given places are taken as far as they match") {
  const auto made = put(named({"a", "b", "c", "d"}));
  claim(1, 30s);
  what.action = take_action::remove;
  what.limit = 10;
  for (const auto n : {0, 1, 3}) what.only.push_back(made.items[n].place);
  what.only.push_back({12345});
  CHECK(names(go().items) == list_of{"b", "d"});
  CHECK(names(claim(10, 5s).items) == list_of{"c"});
  CHECK(check() == "");
}

TEST_CASE_FIXTURE(take_fixture, "more is false once nothing is left") {
  put(named({"a", "b"}));
  CHECK(take_away(1).more);
  CHECK_FALSE(take_away(1).more);
}

TEST_CASE_FIXTURE(take_fixture, "delayed messages that are passed come to their turn when they are due") {
  auto i = named({"late", "a", "b"});
  i.items[0].hide = 10s;
  put(i);
  CHECK(names(take_away(1).items) == list_of{"a"});
  pass(10s);
  CHECK(names(take_away(2).items) == list_of{"late", "b"});
  CHECK(state.pairs.empty());
}

TEST_CASE_FIXTURE(take_fixture, "the ttl goes on while a message is hidden") {
  auto i = named({"a"});
  i.items[0].ttl = 5s;
  put(i);
  claim(1, 30s);
  pass(5s);
  CHECK_FALSE(ask<message_answer>(get_message{"a"}).item);
  tick();
  CHECK(state.pairs.empty());
}

TEST_CASE_FIXTURE(take_fixture, "lifo takes the newest, and what comes in later before what is older") {
  put(named({"a", "b", "c"}));
  what.order = take_order::lifo;
  what.action = take_action::remove;
  CHECK(names(go().items) == list_of{"c"});
  put(named({"d"}));
  what.limit = 10;
  CHECK(names(go().items) == list_of{"d", "b", "a"});
  CHECK(state.pairs.empty());
}

TEST_CASE_FIXTURE(take_fixture, "fifo after lifo finds all that is left, in order") {
  put(named({"a", "b", "c", "d"}));
  what.order = take_order::lifo;
  what.hide = 5s;
  what.limit = 2;
  CHECK(names(go().items) == list_of{"d", "c"});
  put(named({"e"}));
  pass(5s);
  CHECK(names(take_away(10).items) == list_of{"a", "b", "c", "d", "e"});
  CHECK(bodies.empty());
}

TEST_CASE_FIXTURE(take_fixture, "a take of nothing writes nothing") {
  CHECK(claim(10, 5s).count == 0);
  CHECK(last.changes.changes.empty());
  auto i = named({"a"});
  i.items[0].hide = 9s;
  put(i);
  CHECK_FALSE(claim(10, 5s).visible_left);
  CHECK(last.effects.empty());
}
