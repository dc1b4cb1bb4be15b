// Commands that a gateway sends once more, and every bound of what is kept of them.
#include "test/unit/cluster/queue/repeats_fixture.hpp"

using namespace burrow;
using namespace burrow::queue;
using namespace std::chrono_literals;

TEST_CASE_FIXTURE(repeats_fixture, "an insert sent again stores nothing and gets the same ids") {
  auto what = named({"a", "", "b"});
  what.items[1].name.clear();
  what.items[2].guard.if_match_any = true; // which fails
  const auto made = first<insert_reply>(1, what);
  REQUIRE(made.items.size() == 3);
  pass(5s);
  const auto told = again<insert_reply>(1, what);
  CHECK(told.items == made.items);
  CHECK_FALSE(told.replayed);
  CHECK(list().items.size() == 2);
  CHECK(last.changes.bodies_erased.size() == 3);
  CHECK(check() == "");
}

TEST_CASE_FIXTURE(repeats_fixture, "a claim sent again gets the same messages and receipts, not new ones") {
  put(items(5));
  const auto made = first<take_reply>(1, claiming(2));
  REQUIRE(made.items.size() == 2);
  pass(10s);
  const auto told = again<take_reply>(1, claiming(2));
  CHECK(told.items == made.items);
  CHECK(told.count == 2);
  CHECK_FALSE(told.replayed);
  CHECK(told.last == made.last);
  CHECK(told.more == made.more);
  CHECK(stats().claimed == 2);
  pass(51s); // the claim has ended, and who has it now is another
  claim(5, 60s);
  const auto late = again<take_reply>(1, claiming(2));
  CHECK(late.items.empty());
  CHECK(late.count == 0);
  CHECK(check() == "");
}

TEST_CASE_FIXTURE(repeats_fixture, "what a removal took is counted again, not shown and not taken from others") {
  put(items(5));
  take what;
  what.action = take_action::remove;
  what.limit = 2;
  CHECK(first<take_reply>(1, what).items.size() == 2);
  const auto told = again<take_reply>(1, what);
  CHECK(told.count == 2);
  CHECK(told.items.empty());
  CHECK(stats().visible == 3);
  CHECK(check() == "");
}

TEST_CASE_FIXTURE(repeats_fixture, "a take that found nothing is none that happened") {
  CHECK(first<take_reply>(1, claiming()).count == 0);
  CHECK(kept() == 0);
  put(items(1));
  CHECK(std::get<take_reply>(send(1, claiming(), true)).count == 1); // held, and asked again
  CHECK(last.repeated.empty());
  CHECK(again<take_reply>(1, claiming()).count == 1);
  CHECK(check() == "");
}

TEST_CASE_FIXTURE(repeats_fixture, "each step of a take is told by itself") {
  put(items(5));
  auto one = claiming(2), two = claiming(2);
  two.step = 1;
  const auto a = first<take_reply>(1, one), b = first<take_reply>(1, two);
  CHECK(again<take_reply>(1, two).items == b.items);
  CHECK(again<take_reply>(1, one).items == a.items);
  CHECK(stats().claimed == 4);
  CHECK(kept() == 2);
  CHECK(check() == "");
}

TEST_CASE_FIXTURE(repeats_fixture, "other commands are told again with what they were told, and done once") {
  put(named({"a", "b", "c"}));
  const auto claimed = claim(1, 60s).items.at(0);
  condition guard;
  guard.receipt = claimed.claim;
  const change longer{{{"a", guard}, {"none", {}}}, std::nullopt, 90s};
  const auto extended = first<targets_reply>(1, longer);
  REQUIRE(extended.items.at(0).item);
  const auto told = again<targets_reply>(1, longer);
  REQUIRE(told.items.size() == 2);
  CHECK(told.items[0].item == extended.items[0].item); // and its revision was raised once
  CHECK(told.items[1].problem == errc::message_not_found);

  const queue::remove gone{{{"a", guard}}};
  CHECK(first<targets_reply>(2, gone).items.at(0).problem == errc::ok);
  CHECK(again<targets_reply>(2, gone).items.at(0).problem == errc::ok);
  CHECK_FALSE(again<targets_reply>(2, gone).items.at(0).item);

  configure rule;
  rule.to.named = bit_of(setting::max_messages);
  rule.to.values.rules.max_messages = 9;
  rule.guard.if_match = {0};
  const auto set = first<settings_reply>(3, rule);
  CHECK(set.created);
  const auto set_again = again<settings_reply>(3, rule);
  CHECK(set_again.created);
  CHECK(set_again.problem == errc::ok);
  CHECK(set_again.revision == set.revision);
  CHECK(set_again.value.rules.max_messages == 9);

  redrive move;
  move.to = "two";
  const auto task = first<task_reply>(4, move);
  CHECK(again<task_reply>(4, move).task == task.task);
  CHECK(first<task_reply>(5, cancel_task{task.task.id}).task.state == task_state::cancelled);
  CHECK(again<task_reply>(5, cancel_task{task.task.id}).task.state == task_state::cancelled);
  CHECK(first<purge_reply>(6, purge{}).count == 2);
  put(items(1));
  CHECK(again<purge_reply>(6, purge{}).count == 2);
  CHECK(stats().visible == 1);
  CHECK(check() == "");
}

TEST_CASE_FIXTURE(repeats_fixture, "the request id is looked at before the idempotency key") {
  auto what = items(1);
  what.idempotency_key = "k";
  what.bounds = {600s, 5, 2};
  const auto made = first<insert_reply>(1, what);
  const auto told = again<insert_reply>(1, what);
  CHECK_FALSE(told.replayed);
  CHECK(told.items == made.items);
  CHECK(first<insert_reply>(2, what).replayed); // another request with that key
  CHECK(again<insert_reply>(2, what).replayed);
  put(items(3));
  auto claims = claiming();
  claims.idempotency_key = "c";
  claims.bounds = what.bounds;
  first<take_reply>(3, claims);
  CHECK_FALSE(again<take_reply>(3, claims).replayed);
  CHECK(check() == "");
}

TEST_CASE_FIXTURE(repeats_fixture, "a number below answered_below is refused, and its reply dropped") {
  for (std::uint64_t n = 1; n <= 5; ++n) first<insert_reply>(n, items(1));
  CHECK(kept() == 5);
  answered_below = 4;
  first<insert_reply>(6, items(1));
  CHECK(kept() == 3);
  CHECK(refusal(3, items(1)) == errc::session_lost);
  CHECK(refusal(2, items(1), false) == errc::session_lost);
  again<insert_reply>(4, items(1));
  answered_below = 1; // never goes back
  CHECK(refusal(3, items(1)) == errc::session_lost);
  CHECK(list().items.size() == 6);
  CHECK(check() == "");
}

TEST_CASE_FIXTURE(repeats_fixture, "1024 replies are kept of a gateway, then it waits until some are answered") {
  for (std::uint64_t n = 1; n <= limits::gateway_replies_max; ++n) send(n, purge{});
  CHECK(kept() == limits::gateway_replies_max);
  const auto before = state.pairs;
  CHECK(refusal(1025, items(1), false) == errc::busy);
  again<purge_reply>(1, purge{});
  gateway = 8; // another has its own
  first<insert_reply>(1, items(1));
  gateway = 7;
  answered_below = 3;
  first<insert_reply>(1025, items(1));
  CHECK(check() == "");
}

TEST_CASE_FIXTURE(repeats_fixture, "4 MiB of replies are kept of a gateway") {
  const auto many = items(1000);
  std::uint64_t n = 0;
  for (;; ++n) {
    const auto r = send(n + 1, many);
    if (std::holds_alternative<refused_reply>(r)) break;
    REQUIRE(std::get<insert_reply>(r).items.at(999).status == insert_status::created);
  }
  CHECK(std::get<refused_reply>(last.replies[0]).problem == errc::busy);
  std::size_t bytes = 0;
  for (const auto& [k, v] : state.pairs) bytes += k[0] == key::kept_family ? v.size() : 0;
  CHECK(bytes <= limits::gateway_reply_bytes_max);
  CHECK(bytes + kept_bytes_max({ref, {}, many}) > limits::gateway_reply_bytes_max);
  CHECK(n > 50);
}

TEST_CASE_FIXTURE(repeats_fixture, "no reply takes more than was allowed for") {
  index = 1ULL << 46; // numbers as long as they get
  now = {1LL << 46};
  const auto what = items(100, std::chrono::hours(80'000));
  const command c{ref, {}, what};
  CHECK(encode(*to_keep(c, put(what))).size() <= kept_bytes_max(c));
  const command claims{ref, {}, claiming(100)};
  CHECK(encode(*to_keep(claims, run_one<take_reply>(claims.what))).size() <= kept_bytes_max(claims));
  change shows;
  for (const auto& m : list(true).items) shows.targets.push_back({m.id.text26(), {}});
  shows.hide = 0s;
  const command changes{ref, {}, shows};
  CHECK(encode(*to_keep(changes, run_one<targets_reply>(shows))).size() <= kept_bytes_max(changes));
}

TEST_CASE_FIXTURE(repeats_fixture, "replies of a gateway that is silent for 60 s go by themselves, and it may go on") {
  const auto made = first<insert_reply>(1, items(1));
  pass(limits::gateway_silence_max - 1ms);
  CHECK(again<insert_reply>(1, items(1)).items == made.items); // a sign of life
  pass(limits::gateway_silence_max - 1ms);
  tick();
  CHECK(kept() == 1);
  CHECK(check() == "");
  pass(10s + 1ms);
  REQUIRE(pending(state).earliest <= now);
  tick();
  CHECK(kept() == 0);
  CHECK(pending(state).earliest == no_instant); // nothing wakes the shard for it any more
  CHECK(refusal(1, items(1)) == errc::session_lost);
  CHECK(refusal(1, items(1), false) == errc::session_lost); // a copy that was under way for so long
  // What was never done can be told from what was.
  CHECK(std::get<insert_reply>(send(2, items(1), true)).items.at(0).status == insert_status::created);
  again<insert_reply>(2, items(1));
  CHECK(list().items.size() == 2);
  CHECK(check() == "");
}

TEST_CASE_FIXTURE(repeats_fixture, "silence counts to the millisecond, whatever is swept when") {
  pass(1234ms);
  first<insert_reply>(1, items(1));
  pass(limits::gateway_silence_max);
  CHECK(kept() == 1);
  CHECK(refusal(1, items(1)) == errc::session_lost);
  CHECK(kept() == 0);
  CHECK(check() == "");
}

TEST_CASE_FIXTURE(repeats_fixture, "64 gateways are known, and one more pushes out the longest silent") {
  for (gateway = 1; gateway <= limits::gateways_max; ++gateway) {
    first<insert_reply>(1, items(1));
    pass(10ms);
  }
  gateway = 1;
  again<insert_reply>(1, items(1)); // so it is not the longest silent
  CHECK(kept(key::gateway_family) == limits::gateways_max);
  gateway = 100;
  CHECK(std::get<insert_reply>(send(1, items(1), true)).items.size() == 1); // none was ever pushed out
  gateway = 101;
  first<insert_reply>(1, items(1));
  CHECK(kept(key::gateway_family) == limits::gateways_max);
  CHECK(kept() == limits::gateways_max);
  for (gateway = 2; gateway <= 3; ++gateway) CHECK(refusal(1, items(1)) == errc::session_lost);
  gateway = 102;
  CHECK(refusal(9, items(1)) == errc::session_lost); // nobody knows any more whether it was known
  for (const std::uint64_t known : {1, 4, 100, 101}) {
    gateway = known;
    again<insert_reply>(1, items(1));
  }
  CHECK(check() == "");
}

TEST_CASE_FIXTURE(repeats_fixture, "forgetting is bounded work for each entry, and goes on by itself") {
  for (std::uint64_t n = 1; n <= limits::gateway_replies_max; ++n) send(n, purge{});
  pass(80s);
  put(items(1)); // does its share, and no more
  CHECK(kept() == limits::gateway_replies_max - limits::entry_due_max);
  for (std::size_t left = kept(); left > 0;) {
    REQUIRE(pending(state).earliest <= now);
    tick();
    REQUIRE(kept() < left);
    CHECK(left - kept() <= limits::entry_messages_max);
    left = kept();
  }
  CHECK(check() == "");
}

TEST_CASE_FIXTURE(repeats_fixture, "whom a newcomer pushes out may have more than one entry drops") {
  gateway = 1;
  for (std::uint64_t n = 1; n <= limits::gateway_replies_max; ++n) send(n, purge{});
  for (gateway = 2; gateway <= limits::gateways_max; ++gateway) first<insert_reply>(1, items(1));
  gateway = 100;
  CHECK(refusal(1, items(1), false) == errc::busy);
  CHECK(check() == "");
  first<insert_reply>(1, items(1));
  CHECK(kept() == limits::gateways_max);
  CHECK(check() == "");
}

TEST_CASE_FIXTURE(repeats_fixture, "commands of one entry: the second copy gets the first one's reply") {
  auto copy = items(1);
  copy.items[0].body = 1;
  run({{ref, {7, 1, 0, false}, items(1)}, {ref, {7, 1, 0, true}, copy}, {ref, {}, purge{}}});
  CHECK(last.repeated == std::vector<std::size_t>{1});
  CHECK(std::get<insert_reply>(last.replies[0]).items == std::get<insert_reply>(last.replies[1]).items);
  CHECK(std::get<purge_reply>(last.replies[2]).count == 1);
  CHECK(check() == "");
}

TEST_CASE_FIXTURE(repeats_fixture, "a number that was another command's is refused") {
  first<insert_reply>(1, items(1));
  CHECK(refusal(1, purge{}) == errc::session_lost);
  CHECK(refusal(1, items(2)) == errc::session_lost);
  CHECK(list().items.size() == 1);
  CHECK(check() == "");
}

TEST_CASE_FIXTURE(repeats_fixture, "a command without a request id reads nothing for it, whatever is kept") {
  const auto reads = [&](std::uint64_t of) {
    const entry_command entry{{{ref, {of, of, 0, false}, items(1)}}};
    std::size_t count = 0;
    for (const auto& k : keys(entry)) count += k.key && k.key->front() == key::gateway_family ? 1 : 0;
    test::map_view cold;
    cold.pairs = state.pairs;
    std::vector<load_request> all;
    cold.is_cold = [] { return true; };
    for (const auto& m : apply({shard, {index + 1}, now}, entry, cold).missing)
      count += m.key && (m.key->front() == key::gateway_family || m.key->front() == key::kept_family) ? 1 : 0;
    return count;
  };
  first<insert_reply>(1, items(1));
  CHECK(reads(0) == 0);
  CHECK(reads(7) > 0);
}
