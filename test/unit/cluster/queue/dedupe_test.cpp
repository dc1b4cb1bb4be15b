#include "cluster/queue/dedupe.hpp"
#include "test/unit/cluster/queue/machine_fixture.hpp"

#include <algorithm>

using namespace burrow;
using namespace burrow::queue;
using namespace std::chrono_literals;

namespace {

struct dedupe_fixture : test::machine_fixture {
  static insert keyed(insert what, std::string key, std::uint64_t request = 1) {
    what.idempotency_key = std::move(key);
    what.request_hash = {0, request};
    what.bounds = {600s, 5, 2};
    return what;
  }
  static insert by(std::string producer, std::uint64_t sequence) {
    auto what = items(1);
    what.items[0].attributes.producer = std::move(producer);
    what.items[0].sequence = sequence;
    what.bounds = {600s, 5, 2};
    return what;
  }
  static take claim_of(std::string key, std::uint32_t limit = 1, duration hide = 60s) {
    take what;
    what.limit = limit;
    what.hide = hide;
    what.idempotency_key = std::move(key);
    what.bounds = {600s, 5, 2};
    return what;
  }
  take_reply taken(const take& what) { return run_one<take_reply>(what); }
  unclaim undo_of(const take_reply& made, std::string key) {
    unclaim what{made.items.at(0).claim, {}, std::move(key)};
    for (const auto& m : made.items) what.places.push_back(m.place);
    return what;
  }
  /// Keys of the state in this family.
  std::size_t kept(char family) const {
    return static_cast<std::size_t>(std::count_if(state.pairs.begin(), state.pairs.end(),
                                                  [&](const auto& p) { return p.first[0] == family; }));
  }
  std::size_t memory_keys() const {
    return kept(key::memory_family) + kept(key::remembered_family) + kept(key::memory_due_family);
  }
};

} // namespace

TEST_CASE_FIXTURE(dedupe_fixture, "two commands with one key in one entry: the second gets the first one's answer") {
  auto second = keyed(items(2), "k");
  second.items[0].body = 2;
  second.items[1].body = 3;
  run({{ref, {}, keyed(items(2), "k")}, {ref, {}, second}});
  const auto& first = std::get<insert_reply>(last.replies[0]);
  const auto& again = std::get<insert_reply>(last.replies[1]);
  CHECK(again.replayed);
  CHECK_FALSE(first.replayed);
  CHECK(again.items == first.items);
  CHECK(list().items.size() == 2);
  CHECK(last.changes.bodies_erased.size() == 2);
  CHECK(check() == "");
}

TEST_CASE_FIXTURE(dedupe_fixture, "a key is kept for its window to the millisecond, whatever is swept when") {
  pass(1234ms); // it is swept at the end of its ten seconds
  put(keyed(named({"m"}), "k"));
  run_one<purge_reply>(purge{});
  pass(600s - 1ms);
  CHECK(put(keyed(named({"m"}), "k")).replayed);
  pass(1ms);
  CHECK_FALSE(put(keyed(named({"m"}), "k")).replayed);
  CHECK(kept(key::remembered_family) == 1);
  CHECK(check() == "");
}

TEST_CASE_FIXTURE(dedupe_fixture, "nothing is left once everything has aged out") {
  put(keyed(named({"m"}), "k"));
  put(by("p", 7));
  taken(claim_of("c"));
  run_one<purge_reply>(purge{});
  while (pending(state).sweeping) tick();
  CHECK(memory_keys() == 7);
  pass(limits::producer_silence_max + 10s);
  tick();
  CHECK(state.pairs.empty());
}

TEST_CASE_FIXTURE(dedupe_fixture, "aging out is bounded work for each entry, and goes on by itself") {
  for (int n = 0; n < 2500; ++n) {
    auto what = keyed(items(1), "k" + std::to_string(n));
    what.bounds.keys_max = 0;
    put(what);
  }
  run_one<purge_reply>(purge{});
  while (pending(state).sweeping) tick();
  pass(700s);
  CHECK(pending(state).earliest <= now);
  put(items(1)); // does its share, and no more
  CHECK(kept(key::remembered_family) == 2500 - limits::entry_due_max);
  for (std::size_t left = kept(key::remembered_family); left > 0;) {
    tick();
    const auto now_left = kept(key::remembered_family);
    CHECK(left - now_left <= limits::entry_messages_max);
    REQUIRE(now_left < left);
    left = now_left;
  }
  CHECK(check() == "");
}

TEST_CASE_FIXTURE(dedupe_fixture, "keys of one ten seconds go together: a quiet shard is woken once") {
  for (int n = 0; n < 5; ++n) {
    put(keyed(items(1), "k" + std::to_string(n)));
    pass(1s);
  }
  const auto first = pending(state).earliest;
  CHECK(first.ms % 10'000 == 0);
  pass(first - now);
  tick();
  CHECK((pending(state).earliest == no_instant || pending(state).earliest - first == 10s));
  CHECK(check() == "");
}

TEST_CASE_FIXTURE(dedupe_fixture, "a full queue takes no new key and changes nothing, but answers those it knows") {
  for (int n = 0; n < 5; ++n) put(keyed(named({"m"}), "k" + std::to_string(n)));
  const auto before = state.pairs;
  CHECK(put(keyed(named({"new"}), "k5")).problem == errc::dedupe_full);
  CHECK(taken(claim_of("c")).problem == errc::dedupe_full);
  CHECK(state.pairs == before);
  CHECK(put(keyed(named({"m"}), "k0")).replayed);
  pass(610s); // they are due, and the entry that comes next removes them
  CHECK(put(keyed(named({"new"}), "k5")).problem == errc::ok);
  CHECK(check() == "");
}

TEST_CASE_FIXTURE(dedupe_fixture, "what was not stored holds no place for its key") {
  auto what = keyed(named({"m"}), "k");
  what.items[0].guard.if_match_any = true;
  for (int n = 0; n < 10; ++n) CHECK(put(what).items[0].problem == errc::etag_mismatch);
  CHECK(memory_keys() == 0);
  for (int n = 0; n < 10; ++n) CHECK(taken(claim_of("c" + std::to_string(n))).count == 0);
  CHECK(memory_keys() == 0);
}

TEST_CASE_FIXTURE(dedupe_fixture, "a claim that was answered again is not undone; one that was not is, key and all") {
  put(items(2));
  const auto first = taken(claim_of("a"));
  run_one<done_reply>(undo_of(first, "a"));
  CHECK(stats().claimed == 0);
  CHECK(memory_keys() == 0);
  const auto second = taken(claim_of("a"));
  CHECK_FALSE(second.replayed);
  CHECK(taken(claim_of("a")).items == second.items);
  CHECK_FALSE(run_one<done_reply>(undo_of(second, "a")).changed);
  CHECK(stats().claimed == 1);
  CHECK(taken(claim_of("a")).count == 1);
  CHECK(check() == "");
}

TEST_CASE_FIXTURE(dedupe_fixture, "claims that are made and undone leave nothing behind, however often") {
  put(items(1));
  for (int n = 0; n < 50; ++n) {
    const auto key = "k" + std::to_string(n);
    run_one<done_reply>(undo_of(taken(claim_of(key)), key));
  }
  CHECK(memory_keys() == 0);
  run({{ref, {}, claim_of("x")}});
  const auto made = std::get<take_reply>(last.replies[0]);
  run({{ref, {}, undo_of(made, "x")}, {ref, {}, claim_of("x")}});
  CHECK_FALSE(std::get<take_reply>(last.replies[1]).replayed);
  CHECK(check() == "");
}

TEST_CASE_FIXTURE(dedupe_fixture, "a key serves one request: not an insert and a claim, not two bodies") {
  put(keyed(items(1), "k"));
  CHECK(put(keyed(items(1), "k", 2)).problem == errc::idempotency_key_reused);
  CHECK(taken(claim_of("k")).problem == errc::idempotency_key_reused);
  taken(claim_of("c"));
  CHECK(put(keyed(items(1), "c", 0)).problem == errc::idempotency_key_reused);
  CHECK(list(true).items.size() == 1);
  CHECK(check() == "");
}

TEST_CASE_FIXTURE(dedupe_fixture, "a redrive with a key makes one task, and its repeat gets that one as it was made") {
  const auto move = [&](std::string key, std::uint64_t request = 1) {
    redrive what;
    what.to = "two";
    what.max_per_second = limits::redrive_rate_max;
    what.idempotency_key = std::move(key);
    what.request_hash = {0, request};
    what.bounds = {600s, 5, 2};
    return run_one<task_reply>(what);
  };
  put(items(3));
  const auto first = move("k");
  REQUIRE(first.problem == errc::ok);
  CHECK_FALSE(first.replayed);
  CHECK(first.task.remaining == 3);
  const auto again = move("k");
  CHECK(again.replayed);
  CHECK(again.task == first.task);
  CHECK(move("k", 2).problem == errc::idempotency_key_reused);
  CHECK(put(keyed(items(1), "k")).problem == errc::idempotency_key_reused);
  CHECK(taken(claim_of("k")).problem == errc::idempotency_key_reused);
  CHECK(move("other").problem == errc::task_running); // which is not remembered
  CHECK(kept(key::remembered_family) == 1);
  pass(1s);
  CHECK(run_one<task_reply>(redrive_step{first.task.id, ~std::uint64_t{0}, {}}).task.state == task_state::done);
  CHECK(move("k").task == first.task);
  CHECK(ask<tasks_answer>(list_tasks{}).items.size() == 1);
  CHECK(check() == "");
  pass(600s);
  const auto later = move("k");
  CHECK_FALSE(later.replayed);
  CHECK(later.task.id != first.task.id);
  CHECK(check() == "");
}

TEST_CASE_FIXTURE(dedupe_fixture, "a redrive's key counts to queue and tenant, and not if nothing came of it") {
  redrive what;
  what.to = "one";
  what.idempotency_key = "k";
  what.bounds = {600s, 1, 0};
  CHECK(run_one<task_reply>(what).problem == errc::invalid_parameter);
  CHECK(memory_keys() == 0);
  what.to = "two";
  what.fallback.tenant_bytes_max = 255;
  CHECK(run_one<task_reply>(what).problem == errc::quota_exceeded);
  CHECK(state.pairs.empty());
  ++what.fallback.tenant_bytes_max;
  CHECK(run_one<task_reply>(what).problem == errc::ok);
  CHECK(last.usage.at(0).bytes == 256);
  CHECK(put(keyed(items(1), "next")).problem == errc::ok);
  what.idempotency_key = "third";
  what.fallback = {};
  CHECK(run_one<task_reply>(what).problem == errc::dedupe_full);
  CHECK(check() == "");
}

TEST_CASE_FIXTURE(dedupe_fixture, "a producer is forgotten after seven days of silence, and not before") {
  put(by("p", 7));
  for (int week = 0; week < 3; ++week) {
    pass(limits::producer_silence_max - 1min);
    tick();
    CHECK(put(by("p", 7)).items[0].status == insert_status::duplicate); // which is a sign of life
  }
  CHECK(check() == "");
  pass(limits::producer_silence_max);
  CHECK(put(by("p", 1)).items[0].status == insert_status::created);
  CHECK(put(by("p", 1)).items[0].status == insert_status::duplicate);
  CHECK(check() == "");
}

TEST_CASE_FIXTURE(dedupe_fixture, "a producer beyond the bound is refused, those known go on") {
  put(by("p", 1));
  put(by("q", 1));
  CHECK(put(by("r", 1)).items[0].problem == errc::dedupe_full);
  CHECK(put(by("p", 2)).items[0].status == insert_status::created);
  auto atomic = by("p", 3);
  atomic.items.push_back(by("r", 1).items[0]);
  atomic.items[1].body = 1;
  atomic.atomic = true;
  CHECK(put(atomic).problem == errc::batch_rejected);
  CHECK(put(by("p", 3)).items[0].status == insert_status::created); // it was rolled back
  CHECK(check() == "");
}

TEST_CASE_FIXTURE(dedupe_fixture, "keys and producers count to the tenant's bytes, for inserts only") {
  const auto bytes = [&] { return last.usage.at(0).bytes; };
  put(keyed(items(1), "k"));
  CHECK(bytes() == 10 + 256);
  put(by("p", 1));
  CHECK(bytes() == 20 + 512);
  auto what = keyed(items(1), "next");
  what.fallback.tenant_bytes_max = 20 + 512 + 256;
  CHECK(put(what).items[0].problem == errc::quota_exceeded); // the key fits, the message does not
  CHECK(memory_keys() == 5);
  ++(what.fallback.tenant_bytes_max += 8);
  CHECK(put(what).items[0].problem == errc::quota_exceeded);
  ++what.fallback.tenant_bytes_max;
  CHECK(put(what).items[0].status == insert_status::created);
  CHECK(put(what).replayed); // which needs no room
  auto claim = claim_of("c");
  claim.fallback.tenant_bytes_max = 1;
  CHECK(taken(claim).count == 1);
  run_one<purge_reply>(purge{});
  CHECK(bytes() == 4 * 256);
  CHECK(check() == "");
}

TEST_CASE_FIXTURE(dedupe_fixture, "a refused item that repeats a stored sequence is a duplicate, not a refusal") {
  put(by("p", 1));
  auto again = by("p", 1);
  again.items[0].refused = errc::quota_exceeded; // as an account does that is full
  CHECK(put(again).items[0].status == insert_status::duplicate);
  again.items[0].sequence = 2;
  CHECK(put(again).items[0].problem == errc::quota_exceeded);
  CHECK(check() == "");
}
