// The work bound of an entry, and that everything gets done in spite of it.
#include "cluster/base/limits.hpp"
#include "test/unit/cluster/queue/machine_fixture.hpp"

using namespace burrow;
using namespace burrow::queue;
using burrow::test::machine_fixture;
using namespace std::chrono_literals;

namespace {

/// Messages that a delta changes or removes.
std::size_t messages_in(const delta& d) {
  std::size_t count = 0;
  for (const auto& c : d.changes)
    if (c.key[0] == 0x30 && key::kind_of(c.key) == key::kind::message) ++count;
  return count;
}

} // namespace

TEST_CASE_FIXTURE(machine_fixture, "5000 messages with one ttl are gone at once and cleared away in bounded entries") {
  put_many(5000, 10s);
  pass(10s);
  CHECK(list(true).items.empty());
  CHECK(claim(10, 30s).count == 0);
  int entries = 0;
  for (; pending(state).earliest != no_instant; ++entries) {
    REQUIRE(entries < 10);
    tick();
    CHECK(messages_in(last.changes) <= limits::entry_messages_max);
  }
  CHECK(entries >= 4);
  CHECK(state.pairs.empty());
  CHECK(bodies.empty());
}

TEST_CASE_FIXTURE(machine_fixture, "3000 claims that run out together come back in order") {
  put_many(3000);
  for (int n = 0; n < 3; ++n) CHECK(claim(1000, 20s).count == 1000);
  CHECK(claim(1, 20s).count == 0);
  pass(20s);
  for (int n = 0; n < 8 && pending(state).earliest <= now && pending(state).earliest != no_instant; ++n) tick();
  CHECK(check() == "");
  place previous;
  for (int n = 0; n < 3; ++n) {
    const auto got = take_away(1000);
    REQUIRE(got.count == 1000);
    for (const auto& m : got.items) {
      CHECK(m.place > previous);
      previous = m.place;
    }
  }
  CHECK_FALSE(stats().visible > 0);
}

TEST_CASE_FIXTURE(machine_fixture, "a take finds something while more is due than one entry may work off") {
  put_many(3000);
  for (int n = 0; n < 3; ++n) claim(1000, 20s);
  pass(20s);
  const auto got = claim(5, 60s);
  CHECK(got.count == 5);
  CHECK(got.visible_left);
  CHECK(messages_in(last.changes) <= limits::entry_messages_max);
  CHECK(check() == "");
}

TEST_CASE_FIXTURE(machine_fixture, "purging 3000 messages is one step, and sweeping them several bounded ones") {
  put_many(3000, 100s);
  claim(500, 50s);
  CHECK(run_one<purge_reply>(purge{}).count == 3000);
  CHECK(last.changes.changes.size() < 10);
  CHECK(stats().visible == 0);
  CHECK(check() == "");
  put(named({"new"}));
  int entries = 0;
  for (; pending(state).sweeping; ++entries) {
    REQUIRE(entries < 10);
    tick();
    CHECK(last.changes.changes.size() <= limits::entry_messages_max + 10);
  }
  CHECK(entries >= 3);
  CHECK(check() == "");
  CHECK(bodies.size() == 1);
}

TEST_CASE_FIXTURE(machine_fixture, "inserts beyond the bound of an entry fail as busy and leave no body") {
  const auto r = put(items(1200));
  CHECK(r.items[999].problem == errc::ok);
  CHECK(r.items[1000].problem == errc::busy);
  CHECK(stats().visible == 1000);
  CHECK(check() == "");
}

TEST_CASE_FIXTURE(machine_fixture, "targets beyond the bound of an entry fail as busy") {
  const auto made = put(items(1000));
  burrow::queue::remove all;
  for (const auto& m : made.items) all.targets.push_back({m.id.text26(), {}});
  all.targets.resize(1300, {"nobody", {}});
  const auto r = run_one<targets_reply>(all);
  CHECK(r.items[999].problem == errc::ok);
  CHECK(r.items[1000].problem == errc::busy);
  CHECK(state.pairs.empty());
}

TEST_CASE_FIXTURE(machine_fixture, "a call in several steps handles what was there at its start, and no more") {
  put_many(2500);
  take what;
  what.action = take_action::remove;
  what.limit = 1000;
  what.match_hidden = true;
  std::uint64_t count = 0;
  for (bool more = true; more;) {
    const auto r = run_one<take_reply>(what);
    count += r.count;
    if (!what.below) what.below = r.next_place;
    what.from.after = r.last;
    more = r.more;
    put(items(10)); // comes meanwhile
    REQUIRE(count <= 2500);
  }
  CHECK(count == 2500);
  CHECK(list().items.front().place >= *what.below);
  CHECK(check() == "");
}

TEST_CASE_FIXTURE(machine_fixture, "a list with a pattern stops at its bound and goes on from there") {
  put_many(1500);
  auto last_one = items(1);
  last_one.items[0].attributes.meta["region"] = "north";
  put(last_one);
  list_messages what;
  what.match_meta = {{"region", "north"}};
  what.examine_max = 600;
  std::size_t found = 0, calls = 0;
  for (bool more = true; more; ++calls) {
    const auto a = ask<messages_answer>(what);
    found += a.items.size();
    what.from.after = a.last;
    more = a.more;
    REQUIRE(calls < 10);
  }
  CHECK(found == 1);
}

TEST_CASE_FIXTURE(machine_fixture, "a take never reads again what was taken before") {
  put_many(2000);
  for (int n = 0; n < 190; ++n) REQUIRE(take_away(10).count == 10);
  state.gets = state.scans = 0;
  CHECK(take_away(10).count == 10);
  CHECK(state.scans == 1);
  CHECK(state.gets <= 3);
}

TEST_CASE_FIXTURE(machine_fixture, "a look at a queue is one read") {
  put_many(10);
  state.gets = state.scans = 0;
  CHECK(ask<look_answer>(look{}).maybe);
  CHECK(state.gets == 1);
  CHECK(state.scans == 0);
}

TEST_CASE_FIXTURE(machine_fixture, "an insert writes its message, its name and three records") {
  put(items(3, 100s));
  auto one = named({"name"});
  one.items[0].ttl = 100s;
  put(one);
  CHECK(last.changes.changes.size() == 4); // message, name, queue, tenant
}

TEST_CASE_FIXTURE(machine_fixture, "a claim of ten writes one deadline, and acknowledging them together removes it") {
  put(items(20, 100s));
  const auto got = claim(10, 30s);
  std::size_t groups = 0;
  for (const auto& c : last.changes.changes)
    if (c.key[0] == 0x30 && key::kind_of(c.key) == key::kind::group) ++groups;
  CHECK(groups == 1);
  burrow::queue::remove all;
  for (const auto& m : got.items) all.targets.emplace_back().guard.receipt_place = m.place;
  run_one<targets_reply>(all);
  CHECK(last.changes.changes.size() == 13); // ten messages, the group, queue, tenant
  CHECK(check() == "");
}
