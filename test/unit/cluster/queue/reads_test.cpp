#include "test/unit/cluster/queue/machine_fixture.hpp"

using namespace burrow;
using namespace burrow::queue;
using burrow::test::machine_fixture;
using namespace std::chrono_literals;

TEST_CASE_FIXTURE(machine_fixture, "a query changes nothing, whatever is due") {
  put(items(20, 5s));
  claim(10, 3s);
  pass(4s);
  const auto before = state.pairs;
  CHECK(list().items.size() == 20);
  CHECK(stats().visible == 20);
  pass(4s);
  CHECK(list(true).items.empty());
  CHECK(state.pairs == before);
}

TEST_CASE_FIXTURE(machine_fixture, "a message whose hide ran out is shown as visible before that is worked off") {
  put(named({"a"}));
  claim(1, 3s);
  pass(3s);
  const auto m = *ask<message_answer>(get_message{"a"}).item;
  CHECK(m.hidden_until == no_instant);
  CHECK_FALSE(m.claimed);
}

TEST_CASE_FIXTURE(machine_fixture, "a list stops at its bytes, but lists one at least") {
  put(items(5));
  list_messages what;
  what.bytes_max = 25;
  auto a = ask<messages_answer>(what);
  CHECK(a.items.size() == 2);
  CHECK(a.more);
  what.bytes_max = 1;
  what.from.after = a.last;
  a = ask<messages_answer>(what);
  CHECK(a.items.size() == 1);
}

TEST_CASE_FIXTURE(machine_fixture, "a cursor reads each message once, through inserts and deletes") {
  put_many(100);
  std::vector<place> seen;
  list_messages what;
  what.limit = 7;
  for (bool more = true; more;) {
    const auto a = ask<messages_answer>(what);
    for (const auto& m : a.items) seen.push_back(m.place);
    what.from.after = a.last;
    more = a.more;
    if (seen.size() < 60) put(items(3));
    take_away(2);
    REQUIRE(seen.size() < 300);
  }
  CHECK(std::is_sorted(seen.begin(), seen.end()));
  CHECK(std::adjacent_find(seen.begin(), seen.end()) == seen.end());
  CHECK(seen.size() >= 100);
}

TEST_CASE_FIXTURE(machine_fixture, "a reversed list goes on below its cursor") {
  put(named({"a", "b", "c"}));
  list_messages what;
  what.lifo = true;
  what.limit = 2;
  const auto first = ask<messages_answer>(what);
  CHECK(first.items[0].name == "c");
  CHECK(first.more);
  what.from.after = first.last;
  const auto rest = ask<messages_answer>(what);
  REQUIRE(rest.items.size() == 1);
  CHECK(rest.items[0].name == "a");
  CHECK_FALSE(rest.more);
}

TEST_CASE_FIXTURE(machine_fixture, "meta is matched by all of the pairs") {
  auto i = named({"a", "b", "c"});
  i.items[0].attributes.meta = {{"region", "north"}};
  i.items[1].attributes.meta = {{"region", "north"}, {"kind", "x"}};
  put(i);
  list_messages what;
  what.match_meta = {{"region", "north"}, {"kind", "x"}};
  const auto a = ask<messages_answer>(what);
  REQUIRE(a.items.size() == 1);
  CHECK(a.items[0].name == "b");
  CHECK_FALSE(a.more);
}

TEST_CASE_FIXTURE(machine_fixture, "a list's revision stays while nothing happens, and changes when something does") {
  put(items(2, 10s));
  const auto first = list().revision;
  pass(1s);
  CHECK(list().revision == first);
  claim(1, 3s);
  const auto claimed = list().revision;
  CHECK(claimed != first);
  pass(3s);
  CHECK(list().revision != claimed);
  tick();
  CHECK(list().revision != claimed);
}

TEST_CASE_FIXTURE(machine_fixture, "look says no only when there is surely nothing, and when to look again") {
  CHECK_FALSE(ask<look_answer>(look{}).maybe);
  put(items(1, {}, 5s));
  auto a = ask<look_answer>(look{});
  CHECK_FALSE(a.maybe);
  CHECK(a.queue_exists);
  CHECK(a.next_visible == now + 5s);
  CHECK(ask<look_answer>(look{true}).maybe);
  pass(5s);
  CHECK(ask<look_answer>(look{}).maybe);
}

TEST_CASE_FIXTURE(machine_fixture, "queues are listed in byte order, from a name on, by prefix") {
  for (const auto* name : {"b", "a", "ab", "\xff", "c"}) {
    ref.queue = name;
    put(items(1));
  }
  ref.tenant = "anna"; // begins like the other, and is another
  put(items(1));
  const auto names = [&](list_queues what) {
    what.tenant = "ann";
    std::string all;
    for (const auto& q : ask<queues_answer>(what).items) all += q.name + " ";
    return all;
  };
  CHECK(names({}) == "a ab b c \xff ");
  CHECK(names({{}, "ab", {}, 1000, false}) == "b c \xff ");
  CHECK(names({{}, {}, "a", 1000, false}) == "a ab ");
  CHECK(names({{}, "a", "a", 1000, false}) == "ab ");
  CHECK(names({{}, {}, "\xff", 1000, false}) == "\xff ");
  CHECK(names({{}, {}, {}, 2, false}) == "a ab ");
  CHECK(ask<queues_answer>(list_queues{"ann", {}, {}, 2, false}).more);
  CHECK_FALSE(ask<queues_answer>(list_queues{"ann", {}, {}, 5, false}).more);
}

TEST_CASE_FIXTURE(machine_fixture, "a queue whose messages have all expired is in no list") {
  put(items(2, 5s));
  ref = {"bob", "two"};
  put(items(1));
  pass(5s);
  CHECK(ask<queues_answer>(list_queues{"ann", {}, {}, 10, false}).items.empty());
  const auto tenants = ask<tenants_answer>(list_tenants{}).items;
  REQUIRE(tenants.size() == 1);
  CHECK(tenants[0].name == "bob");
}

TEST_CASE_FIXTURE(machine_fixture, "tenants are listed with their counts, from a name on, by prefix") {
  for (const auto* name : {"b", "a", "ab"}) {
    ref.tenant = name;
    put(items(2));
  }
  CHECK(ask<tenants_answer>(list_tenants{}).items.size() == 3);
  const auto a = ask<tenants_answer>(list_tenants{"a", "a", 10});
  REQUIRE(a.items.size() == 1);
  CHECK(a.items[0].name == "ab");
  CHECK(a.items[0].messages == 2);
  CHECK(a.items[0].bytes == 20);
  CHECK(ask<tenants_answer>(list_tenants{{}, {}, 1}).more);
}

TEST_CASE_FIXTURE(machine_fixture, "ages are those of the oldest message and of the oldest visible one") {
  const instant first = now;
  put(items(1));
  pass(1s);
  put(items(1));
  claim(1, 30s);
  pass(1s);
  CHECK(stats().oldest_created == first);
  CHECK(stats().oldest_visible_created == first + 1s);
}

TEST_CASE_FIXTURE(machine_fixture, "a queue with a name that cannot be is not there") {
  ref.queue = std::string("a\0b", 3);
  CHECK_FALSE(ask<stats_answer>(queue_stats{}).queue_exists);
  CHECK(list().items.empty());
  CHECK(ask<queues_answer>(list_queues{"", {}, {}, 10, false}).items.empty());
}
