// Every entry that can be decoded gets its replies, and no two applies of one differ: what commands of the whole shard
// do, and what the machine makes of commands that no gateway would send.
#include "cluster/base/limits.hpp"
#include "test/support/queue_text.hpp"
#include "test/unit/cluster/queue/machine_fixture.hpp"

using namespace burrow;
using namespace burrow::queue;
using burrow::test::machine_fixture;
using namespace std::chrono_literals;

namespace {

struct registry_fixture : machine_fixture {
  done_reply set(const std::string& key, const std::string& value, bool only_if_absent = false) {
    run({{{}, {}, registry_put{key, value, only_if_absent}}});
    return std::get<done_reply>(last.replies[0]);
  }
};

} // namespace

TEST_CASE_FIXTURE(machine_fixture, "names that cannot be keys are refused, and their bodies go") {
  for (const auto& bad : {std::string(), std::string("a\0b", 3), std::string(300, 'x'), std::string("\x1f")}) {
    for (const auto& where : {queue_ref{bad, "q"}, queue_ref{"t", bad}}) {
      run({{where, {}, items(2)}, {where, {}, take{}}, {where, {}, change{{{"a", {}}}, 1s, 1s}}, {where, {}, purge{}},
           {where, {}, burrow::queue::remove{{{"a", {}}}}}, {where, {}, unclaim{{1}, {{1}}}}});
      CHECK(std::get<insert_reply>(last.replies[0]).items[1].problem == errc::invalid_name);
      CHECK(std::get<take_reply>(last.replies[1]).problem == errc::invalid_name);
      CHECK(std::get<targets_reply>(last.replies[2]).items.at(0).problem == errc::invalid_name);
      CHECK(std::get<done_reply>(last.replies[5]).problem == errc::invalid_name);
      CHECK(last.changes.bodies_erased.size() == 2);
      CHECK(last.changes.changes.empty());
    }
  }
  CHECK(put(named({std::string("a\nb")})).items[0].problem == errc::invalid_name);
}

TEST_CASE_FIXTURE(machine_fixture, "an entry without commands, and commands without content, are answered") {
  run({});
  CHECK(last.replies.empty());
  run({{ref, {}, insert{}}, {ref, {}, change{}}, {ref, {}, burrow::queue::remove{}}, {ref, {}, unclaim{}}});
  CHECK(last.changes.changes.empty());
  take none;
  none.limit = 0;
  CHECK(run_one<take_reply>(none).count == 0);
}

TEST_CASE_FIXTURE(machine_fixture, "times beyond what a client may ask for are cut to it") {
  auto what = named({"a", "b"});
  what.items[0].ttl = duration{std::numeric_limits<std::int64_t>::max()};
  what.items[0].hide = duration{std::numeric_limits<std::int64_t>::max()};
  what.items[1].ttl = duration{-5};
  what.items[1].hide = duration{std::numeric_limits<std::int64_t>::min()};
  put(what);
  const auto a = *ask<message_answer>(get_message{"a"}).item, b = *ask<message_answer>(get_message{"b"}).item;
  CHECK(a.expires == now + std::chrono::seconds(limits::ttl_s_max));
  CHECK(a.hidden_until == now + std::chrono::seconds(limits::hide_s_max));
  CHECK(b.expires == no_instant);
  CHECK(b.hidden_until == no_instant);
}

TEST_CASE_FIXTURE(machine_fixture, "positions at the ends of all places are harmless") {
  put(items(3));
  for (const bool lifo : {false, true}) {
    for (const auto p : {place{0}, place{1}, place_end, place{place_end.value - 1}}) {
      take what;
      what.action = take_action::change;
      what.limit = 10;
      what.order = lifo ? take_order::lifo : take_order::fifo;
      what.from.after = p;
      const bool low = p.value < 2;
      CHECK(run_one<take_reply>(what).count == (low != lifo ? 3 : 0));
      what.from = {};
      what.below = p;
      CHECK(run_one<take_reply>(what).count == (low ? 0 : 3));
    }
  }
  CHECK(check() == "");
}

TEST_CASE_FIXTURE(machine_fixture, "the largest entry keeps within its numbers") {
  std::vector<command> all;
  for (std::uint32_t n = 0; n < limits::entry_commands_max; ++n) {
    auto what = items(4, 1s * static_cast<int>(n + 1), 5s);
    for (std::uint32_t i = 0; i < 4; ++i) what.items[i].body = 4 * n + i;
    all.push_back({{"t", "q" + std::to_string(n)}, {}, what});
  }
  run(all);
  CHECK(check() == "");
  pass(1000s);
  for (int n = 0; n < 4; ++n) tick();
  CHECK(state.pairs.empty());
}

TEST_CASE_FIXTURE(registry_fixture, "the registry keeps values, by prefix, on shard 0 only") {
  CHECK(set("node/1", "a").changed);
  CHECK(set("node/2", "b").changed);
  CHECK(set("cluster", "c").changed);
  const auto got = ask<registry_answer>(registry_get{"node/"});
  REQUIRE(got.items.size() == 2);
  CHECK(got.items[1] == std::pair<std::string, std::string>{"node/2", "b"});
  CHECK(set("node/1", "").changed);
  CHECK_FALSE(set("node/1", "").changed);
  CHECK(ask<registry_answer>(registry_get{}).items.size() == 2);
  shard = {5};
  CHECK(set("node/1", "a").problem == errc::invalid_parameter);
}

TEST_CASE_FIXTURE(registry_fixture, "a value set only if absent gives the one in force") {
  CHECK(set("cluster", "first", true).value == "first");
  const auto r = set("cluster", "second", true);
  CHECK_FALSE(r.changed);
  CHECK(r.value == "first");
  CHECK(set("cluster", "second").value == "second");
}

TEST_CASE_FIXTURE(registry_fixture, "a registry value is replaced only while it is what was read") {
  const auto replace = [&](const std::string& read, const std::string& value) {
    run({{{}, {}, registry_put{"map", value, false, hash_of(read)}}});
    return std::get<done_reply>(last.replies[0]);
  };
  CHECK(replace("something", "1").problem == errc::etag_mismatch);
  CHECK(replace("", "1").changed);
  CHECK(replace("1", "2").changed);
  const auto late = replace("1", "other");
  CHECK(late.problem == errc::etag_mismatch);
  CHECK_FALSE(late.changed);
  CHECK(late.value == "2");
  CHECK(replace("1", "2").problem == errc::ok); // a repeat of what was done
  CHECK(replace("2", "").changed);
  CHECK(replace("", "3").changed);
}

TEST_CASE_FIXTURE(registry_fixture, "registry keys and values have bounds") {
  CHECK(set("", "x").problem == errc::invalid_parameter);
  CHECK(set(std::string(256, 'k'), "x").problem == errc::invalid_parameter);
  CHECK(set("k", std::string(64 * 1024, 'x')).problem == errc::ok);
  CHECK(set("k", std::string(64 * 1024 + 1, 'x')).problem == errc::invalid_parameter);
}

TEST_CASE_FIXTURE(machine_fixture, "a machine version that is not known is refused and changes nothing") {
  run({{{}, {}, set_version{1}}, {{}, {}, set_version{2}}, {{}, {}, set_version{0}}});
  CHECK(std::get<done_reply>(last.replies[0]).problem == errc::ok);
  CHECK(std::get<done_reply>(last.replies[1]).problem == errc::invalid_parameter);
  CHECK(std::get<done_reply>(last.replies[2]).problem == errc::invalid_parameter);
  CHECK(state.pairs.empty());
}

TEST_CASE_FIXTURE(machine_fixture, "what is known beforehand is asked for at once") {
  const auto known = keys({{{ref, {}, named({"a"})}, {{}, {}, burrow::queue::clock{}}, {ref, {}, purge{}}}});
  CHECK(known.size() == 3); // shard, queue, tenant
}

TEST_CASE_FIXTURE(machine_fixture, "a batch of a hundred names on a cold state is loaded in a few rounds") {
  std::vector<std::string> names;
  for (int n = 0; n < 100; ++n) names.push_back("name-" + std::to_string(n));
  put(named(names));
  state.is_cold = [] { return true; };
  burrow::queue::remove all;
  for (const auto& n : names) all.targets.push_back({n, {}});
  const entry_command entry{{{ref, {}, all}}};
  state.load(keys(entry));
  int rounds = 0;
  for (;; ++rounds) {
    REQUIRE(rounds < 110);
    const auto out = apply({shard, {++index}, now}, entry, state);
    if (out.missing.empty()) break;
    CHECK(out.replies.empty());
    if (rounds == 0) CHECK(out.missing.size() == 100);
    state.load(out.missing);
  }
  CHECK(rounds <= 2);
}

TEST_CASE_FIXTURE(machine_fixture, "nothing that was not loaded is taken for absent") {
  put(named({"a"}));
  state.is_cold = [] { return true; };
  CHECK_FALSE(apply({shard, {++index}, now}, {{{ref, {}, named({"a"})}}}, state).missing.empty());
  CHECK_FALSE(queue::ask(shard, now, {ref, get_message{"a"}}, state).missing.empty());
  CHECK_FALSE(queue::ask(shard, now, {ref, list_tenants{}}, state).missing.empty());
  CHECK_FALSE(pending(state).missing.empty());
}
