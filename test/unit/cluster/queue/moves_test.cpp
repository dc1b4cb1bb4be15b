// Dead letters, arrivals and tasks, one promise of contract section 12 each.
#include "test/unit/cluster/queue/moves_fixture.hpp"

using namespace burrow;
using namespace burrow::queue;
using burrow::test::far;
using burrow::test::here;
using burrow::test::moves_fixture;
using namespace std::chrono_literals;

TEST_CASE("a message whose last claim runs out is at the end of the target, visible there only") {
  moves_fixture f;
  f.rule(3, here);
  f.put(f.named({"inv-9"}));
  for (int n = 0; n < 3; ++n) {
    REQUIRE(f.claim(1, 1s).items.size() == 1);
    f.pass(1s);
  }
  f.tick();
  CHECK(f.list(true).items.empty());
  const auto dead = f.list_of("dead");
  REQUIRE(dead.size() == 1);
  CHECK(dead[0].name == "inv-9");
  CHECK(dead[0].claims == 0);
  CHECK(dead[0].claims_total == 3);
  CHECK(dead[0].expires == f.now + 60s);
  CHECK(dead[0].dead_letter == dead_letter_origin{"one", here, "inv-9", "max_claims", 3, f.now, 1});
  CHECK(f.check() == "");
}

TEST_CASE("what leaves for another shard is held by neither queue, and only its bytes still count") {
  moves_fixture f;
  f.rule(1, far);
  f.put(f.named({"a"}));
  const auto claimed = f.claim(1, 1s).items.at(0);
  change release;
  release.targets = {{"a", {}}};
  release.targets[0].guard.receipt = claimed.claim;
  release.hide = 0s;
  const auto reply = f.run_one<targets_reply>(release);
  CHECK(reply.moves == std::vector<move_key>{{far, {1, 1}}});
  CHECK(f.last.leaving_to == std::vector<shard_id>{far});
  CHECK(f.list(true).items.empty());
  CHECK_FALSE(f.get("a"));
  CHECK(f.stats().moving == 1);
  CHECK(f.stats().bytes == 10);
  CHECK(f.run_one<targets_reply>(release).items[0].problem == errc::message_not_found);
  CHECK(f.put(f.named({"a"})).items[0].status == insert_status::created); // its name is free
  CHECK(f.check() == "");
  f.have_left(1);
  CHECK(f.stats().moving == 0);
  CHECK(f.stats().bytes == 10);
  f.have_left(1);
  CHECK(f.check() == "");
}

TEST_CASE("4096 are moving at most, the others wait hidden, are counted as they were, and can be finished") {
  moves_fixture f;
  f.rule(1, far);
  f.put_many(4600);
  message waiting;
  for (int n = 0; n < 5; ++n) {
    const auto got = f.claim(1000, 1s);
    if (!got.items.empty()) waiting = got.items.back();
  }
  f.pass(1s);
  f.work_off();
  CHECK(f.stats().moving == 4096);
  CHECK(f.stats().claimed == 504);
  CHECK(f.stats().visible == 0);
  CHECK(f.claim(10, 1s).items.empty());
  CHECK(f.check() == "");
  const auto seen = f.get(waiting.id.text26());
  REQUIRE(seen);
  CHECK_FALSE(seen->is_visible(f.now)); // though its hide is over
  burrow::queue::remove finish;
  finish.targets = {{waiting.id.text26(), {}}};
  finish.targets[0].guard.receipt = waiting.claim;
  CHECK(f.run_one<targets_reply>(finish).items[0].problem == errc::ok);
  f.have_left(256);
  CHECK(f.stats().moving == 4096);
  CHECK(f.stats().claimed == 504 - 1 - 256);
  // Numbers are given out below the lowest open one + 4096 only.
  const auto all = f.leaving(5000);
  CHECK(all.items.back().number.number - all.items.front().number.number < 4096);
  CHECK(f.check() == "");
  f.no_rule();
  f.work_off();
  CHECK(f.stats().visible == 247);
  CHECK(f.stats().claimed == 0);
  CHECK(f.check() == "");
}

TEST_CASE("a line does not keep others from becoming visible, nor does a purge leave it behind") {
  moves_fixture f;
  f.rule(1, far);
  f.put_many(4200);
  for (int n = 0; n < 5; ++n) f.claim(1000, 1s);
  const queue_ref first = f.ref;
  f.ref.queue = "two";
  f.put(f.items(1, {}, 1s));
  f.pass(1s);
  f.tick();
  f.tick();
  CHECK(f.stats().visible == 1);
  f.ref = first;
  f.work_off();
  REQUIRE(f.stats().claimed == 104);
  CHECK(f.run_one<purge_reply>(purge{}).count == 104);
  CHECK(f.stats().moving == 4096); // what has begun is completed
  f.work_off();
  CHECK(f.check() == "");
}

TEST_CASE("an expired message that has to wait is seen by nobody, and its name is free") {
  moves_fixture f;
  f.rule(1, far, true);
  f.put_many(4096, 1s);
  f.pass(1s);
  f.work_off();
  REQUIRE(f.stats().moving == 4096);
  auto named = f.named({"a"});
  named.items[0].ttl = 1s;
  f.put(named);
  f.pass(1s);
  f.work_off();
  CHECK(f.stats().delayed == 1);
  CHECK_FALSE(f.get("a"));
  CHECK(f.list(true).items.empty());
  CHECK(f.put(f.named({"a"})).items[0].status == insert_status::created);
  CHECK(f.check() == "");
  f.have_left(1);
  CHECK(f.stats().delayed == 0);
  CHECK(f.leaving(5000).items.back().what.name == "a");
  CHECK(f.check() == "");
}

TEST_CASE("a message that was dead-lettered eight times stays where it is") {
  moves_fixture f;
  f.rule(1, here);
  f.bring(1, 1, "tired");
  auto m = f.list().items.at(0);
  CHECK(m.dead_letter->hops == 2);
  // Back and forth until the count is full.
  configure back;
  back.to.named = bit_of(setting::dead_letter);
  back.to.values.rules.dead_letter = {"one", here, 1, false, true, true, 0};
  f.ref.queue = "dead";
  REQUIRE(f.run_one<settings_reply>(back).problem == errc::ok);
  for (int n = 0; n < 10; ++n) {
    for (const auto* queue : {"one", "dead"}) {
      f.ref.queue = queue;
      f.claim(1, 1s);
      f.pass(1s);
      f.tick();
    }
  }
  const auto one = f.list_of("one"), dead = f.list_of("dead");
  REQUIRE(one.size() + dead.size() == 1);
  m = one.empty() ? dead[0] : one[0];
  CHECK(m.dead_letter->hops == 8);
  CHECK(m.claims > 0);
  CHECK(f.check() == "");
}

TEST_CASE("an arrival has effect once, and none below what is done with") {
  moves_fixture f;
  CHECK(f.bring(5, 4).items == std::vector{errc::ok});
  CHECK(f.bring(5, 4).items == std::vector{errc::ok});
  CHECK(f.list().items.size() == 1);
  CHECK(f.bring(6, 6).items == std::vector{errc::ok});
  CHECK(f.bring(5, 4).items == std::vector{errc::ok}); // forgotten, yet old
  CHECK(f.list().items.size() == 2);
  CHECK(f.state.pairs.count(key::arrived(far, {1, 5})) == 0);
  CHECK(f.check() == "");
}

TEST_CASE("an arrival is refused by no limit, quota or pause") {
  moves_fixture f;
  configure what;
  what.to.named = bit_of(setting::max_messages) | bit_of(setting::pause_insert) | bit_of(setting::max_body) |
                  bit_of(setting::default_ttl) | bit_of(setting::default_hide);
  what.to.values.rules.max_messages = 1;
  what.to.values.rules.max_body = 1;
  what.to.values.rules.pause_insert = true;
  what.to.values.rules.default_ttl_s = 77;
  what.to.values.rules.default_hide_s = 5;
  f.run_one<settings_reply>(what);
  for (std::uint64_t n = 1; n <= 3; ++n) f.bring(n, 1);
  CHECK(f.list().items.size() == 3);
  CHECK(f.list().items[0].expires == f.now + 77s);
}

TEST_CASE("a message from elsewhere without a name is found, changed and replaced by its 26 characters") {
  moves_fixture f;
  f.put(f.items(1));
  f.bring(1, 1);
  const auto id = message_id::make(1'600'000'000'000, far, 1).text26();
  REQUIRE(f.get(id));
  CHECK(f.put(f.named({id})).items[0].status == insert_status::replaced);
  CHECK(f.get(id)->name.empty());
  CHECK(f.list().items.size() == 2);
  burrow::queue::remove gone;
  gone.targets = {{id, {}}};
  CHECK(f.run_one<targets_reply>(gone).items[0].problem == errc::ok);
  CHECK_FALSE(f.get(id));
  CHECK(f.check() == "");
}

TEST_CASE("a name that is taken is lost on arrival, and an id that is a name is drawn anew") {
  moves_fixture f;
  const auto id = message_id::make(1'600'000'000'000, far, 2).text26();
  f.put(f.named({"a", id}));
  f.bring(1, 1, "a");
  f.bring(2, 1);
  const auto all = f.list().items;
  REQUIRE(all.size() == 4);
  CHECK(all[2].name.empty());
  CHECK(all[2].id == message_id::make(1'600'000'000'000, far, 1));
  CHECK(all[3].id.text26() != id);
  std::set<std::string> shown;
  for (const auto& m : all) shown.insert(m.shown_id());
  CHECK(shown.size() == 4);
  CHECK(f.check() == "");
}

TEST_CASE("a redrive to where they came from takes only those that came from somewhere") {
  moves_fixture f;
  f.put(f.named({"direct"}));
  CHECK(f.redrive_to(std::nullopt, {}).problem == errc::invalid_parameter);
  CHECK(f.redrive_to("one", here).problem == errc::invalid_parameter);
  f.bring(1, 1, "x");
  f.bring(2, 1, "y");
  const auto made = f.redrive_to(std::nullopt, {});
  REQUIRE(made.problem == errc::ok);
  CHECK(f.redrive_to("two", here).problem == errc::task_running);
  f.pass(1ms); // even the highest rate needs time
  const auto done = f.run_one<task_reply>(redrive_step{made.task.id, ~std::uint64_t{0}, {f.list().items[2].place}});
  CHECK(done.task.moved == 1);
  CHECK(done.task.skipped == 2);
  CHECK(done.task.state == task_state::running); // until it has arrived
  f.have_left(5);
  CHECK(f.ask<task_answer>(get_task{made.task.id}).item->state == task_state::done);
  CHECK(f.check() == "");
}

TEST_CASE("a task keeps to its rate by the shard's time, and a cancelled one moves no more") {
  moves_fixture f;
  f.put_many(200);
  redrive what;
  what.to = "two";
  what.to_shard = here;
  what.max_per_second = 10;
  const auto id = f.run_one<task_reply>(what).task.id;
  std::uint64_t moved = 0;
  for (int n = 0; n < 40; ++n) {
    moved = f.run_one<task_reply>(redrive_step{id, ~std::uint64_t{0}, {}}).task.moved;
    f.pass(50ms);
  }
  CHECK(moved >= 18);
  CHECK(moved <= 21);
  CHECK(f.run_one<task_reply>(cancel_task{id}).task.state == task_state::cancelled);
  f.pass(10s);
  CHECK(f.run_one<task_reply>(redrive_step{id, ~std::uint64_t{0}, {}}).task.moved == moved);
  CHECK(f.stats().visible == 200 - moved);
  CHECK(f.check() == "");
}

TEST_CASE("fifty tasks of a queue are remembered, and those of an empty one for a week") {
  moves_fixture f;
  for (int n = 0; n < 60; ++n) {
    const auto id = f.redrive_to("two", here).task.id;
    f.run_one<task_reply>(redrive_step{id, ~std::uint64_t{0}, {}});
  }
  CHECK(f.ask<tasks_answer>(list_tasks{}).items.size() == 50);
  CHECK(f.check() == "");
  f.pass(std::chrono::hours(24 * 7 - 1));
  f.tick();
  CHECK(f.ask<tasks_answer>(list_tasks{}).items.size() == 50);
  f.pass(std::chrono::hours(1));
  f.tick();
  CHECK(f.ask<tasks_answer>(list_tasks{}).items.empty());
  CHECK(f.state.pairs.empty()); // nothing is left of it
}

TEST_CASE("a queue that does not exist gets no task beyond the bound of queues") {
  moves_fixture f;
  redrive what;
  what.to = "two";
  what.to_shard = here;
  what.fallback.tenant_queues_max = 1;
  CHECK(f.run_one<task_reply>(what).problem == errc::ok);
  f.ref.queue = "three";
  CHECK(f.run_one<task_reply>(what).problem == errc::quota_exceeded);
  CHECK(f.check() == "");
}

TEST_CASE("moves of a new life are no repeats of those before") {
  moves_fixture f;
  f.rule(1, far);
  f.put(f.items(2));
  f.claim(1, 1s);
  f.pass(1s);
  f.tick();
  f.run({{{}, {}, begin_life{2}}});
  f.claim(1, 1s);
  f.pass(1s);
  f.tick();
  const auto all = f.leaving().items;
  REQUIRE(all.size() == 2);
  CHECK(all[0].number == move_number{1, 1});
  CHECK(all[1].number == move_number{2, 2});
  CHECK(f.check() == "");
}

TEST_CASE("a task's text is read as it was written, and no other") {
  CHECK(text_of({0x7f3}) == "t-7f3");
  CHECK(parse_task("t-7f3") == task_id{0x7f3});
  for (const auto* bad : {"", "t-", "7f3", "t-07f3", "t-7F3", "t-7f3 ", "t-xyz", "t-11111111111111111"})
    CHECK_FALSE(parse_task(bad));
}

TEST_CASE("a message that waits for its turn in the work of an entry is not given out meanwhile") {
  moves_fixture f;
  f.rule(1, far);
  f.put_many(3000);
  place last;
  for (int n = 0; n < 3; ++n) last = f.claim(1000, 1s).items.back().place;
  f.pass(1s);
  // More is due than one entry works off: what is left of it is asked for by name and by place.
  CHECK(f.claim(10, 1s).items.empty());
  take by_place;
  by_place.hide = 1s;
  by_place.only = {last};
  CHECK(f.run_one<take_reply>(by_place).items.empty());
  CHECK(f.list().items.empty());
  CHECK(f.stats().visible == 0);
  f.work_off();
  CHECK(f.stats().moving == 3000);
}

TEST_CASE("a lost number holds back those that are 4096 beyond it") {
  moves_fixture f;
  f.rule(1, far);
  f.put_many(4500);
  for (int n = 0; n < 5; ++n) f.claim(1000, 1s);
  f.pass(1s);
  f.work_off();
  left all_but_the_first{far, {}};
  for (const auto& m : f.leaving(257).items)
    if (m.number.number > 1) all_but_the_first.numbers.push_back(m.number);
  f.run({{{}, {}, all_but_the_first}});
  CHECK(f.stats().moving == 4096 - 256);
  CHECK(f.stats().claimed == 404);
  f.have_left(1);
  f.work_off();
  CHECK(f.stats().claimed < 404);
  CHECK(f.check() == "");
}
