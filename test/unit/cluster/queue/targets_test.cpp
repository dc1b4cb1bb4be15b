#include "test/unit/cluster/queue/machine_fixture.hpp"

using namespace burrow;
using namespace burrow::queue;
using burrow::test::machine_fixture;
using namespace std::chrono_literals;

namespace {

struct targets_fixture : machine_fixture {
  target of(const std::string& id) { return {id, {}}; }
  target with_receipt(const message& m, const std::string& id) {
    target t{id, {}};
    t.guard.receipt = m.claim;
    t.guard.receipt_claims = m.claims;
    t.guard.receipt_place = m.place;
    return t;
  }
  targets_reply ack(std::vector<target> targets) {
    return run_one<targets_reply>(burrow::queue::remove{std::move(targets)});
  }
  targets_reply post(std::vector<target> targets, ttl_choice ttl, std::optional<duration> hide) {
    return run_one<targets_reply>(change{std::move(targets), ttl, hide});
  }
};

} // namespace

TEST_CASE_FIXTURE(targets_fixture, "each target stands alone") {
  put(named({"a", "b"}));
  const auto r = ack({of("nobody"), of("a"), of("a"), of("b")});
  CHECK(r.items[0].problem == errc::message_not_found);
  CHECK(r.items[1].problem == errc::ok);
  CHECK(r.items[1].item->name == "a");
  CHECK(r.items[2].problem == errc::message_not_found);
  CHECK(r.items[3].problem == errc::ok);
  CHECK(r.queue_exists);
  CHECK(state.pairs.empty());
}

TEST_CASE_FIXTURE(targets_fixture, "in a queue that does not exist every target is not found") {
  const auto r = ack({of("a")});
  CHECK_FALSE(r.queue_exists);
  CHECK(r.items[0].problem == errc::message_not_found);
  CHECK(last.changes.changes.empty());
}

TEST_CASE_FIXTURE(targets_fixture, "a receipt alone finds its message, by place") {
  put(items(1));
  const auto m = claim(1, 30s).items[0];
  CHECK(ack({with_receipt(m, "")}).items[0].problem == errc::ok);
  CHECK(ack({with_receipt(m, "")}).items[0].problem == errc::message_not_found);
}

TEST_CASE_FIXTURE(targets_fixture, "a receipt is good after the hide ran out if nobody took the message since") {
  put(named({"a"}));
  const auto m = claim(1, 5s).items[0];
  pass(60s);
  tick();
  CHECK(ack({with_receipt(m, "a")}).items[0].problem == errc::ok);
}

TEST_CASE_FIXTURE(targets_fixture, "a receipt is stale once the message is claimed again") {
  put(named({"a"}));
  const auto first = claim(1, 5s).items[0];
  pass(5s);
  const auto second = claim(1, 5s).items[0];
  CHECK(ack({with_receipt(first, "a")}).items[0].problem == errc::receipt_stale);
  CHECK(ack({with_receipt(second, "a")}).items[0].problem == errc::ok);
}

TEST_CASE_FIXTURE(targets_fixture, "without a receipt a claimed message is changed and removed all the same") {
  put(named({"a"}));
  claim(1, 30s);
  CHECK(post({of("a")}, std::nullopt, 60s).items[0].item->claims == 1);
  CHECK(ack({of("a")}).items[0].problem == errc::ok);
}

TEST_CASE_FIXTURE(targets_fixture, "a release shows the message at its old place and says so") {
  put(named({"a", "b"}));
  const auto m = claim(1, 30s).items[0];
  const auto r = post({with_receipt(m, "a")}, std::nullopt, 0s);
  CHECK(r.visible_left);
  REQUIRE(last.effects.size() == 1);
  CHECK(std::get<became_visible>(last.effects[0]).queue == ref);
  CHECK(list().items.front().name == "a");
  CHECK(ack({with_receipt(m, "a")}).items[0].problem == errc::receipt_stale);
}

TEST_CASE_FIXTURE(targets_fixture, "an extension counts from now, and may be shorter") {
  put(named({"a"}));
  const auto m = claim(1, 30s).items[0];
  pass(1s);
  CHECK(post({with_receipt(m, "a")}, std::nullopt, 5s).items[0].item->hidden_until == now + 5s);
  pass(5s);
  CHECK(stats().visible == 1);
  CHECK(check() == "");
}

TEST_CASE_FIXTURE(targets_fixture, "hiding a message that nobody claimed delays it") {
  put(named({"a"}));
  post({of("a")}, std::nullopt, 5s);
  CHECK(stats().delayed == 1);
  CHECK(stats().claimed == 0);
}

TEST_CASE_FIXTURE(targets_fixture, "ttl and hide both reset") {
  auto i = named({"a"});
  i.items[0].ttl = 100s;
  i.items[0].hide = 200s;
  put(i);
  const auto m = *post({of("a")}, duration{0}, 0s).items[0].item;
  CHECK(m.expires == no_instant);
  CHECK(m.hidden_until == no_instant);
  tick();
  pass(1000s);
  CHECK(stats().visible == 1);
  CHECK(check() == "");
}

TEST_CASE_FIXTURE(targets_fixture, "if-match guards by version") {
  put(named({"a"}));
  auto t = of("a");
  const auto version = read("a").version();
  t.guard.if_match = {version + 1};
  CHECK(post({t}, 5s, std::nullopt).items[0].problem == errc::etag_mismatch);
  t.guard.if_match = {version + 1, version};
  CHECK(post({t}, 5s, std::nullopt).items[0].item->revision == 2);
  auto gone = of("nobody");
  gone.guard.if_match_any = true;
  CHECK(ack({gone}).items[0].problem == errc::etag_mismatch);
}

TEST_CASE_FIXTURE(targets_fixture, "an expired message is not found by name, by 26 characters, or by receipt") {
  put(items(1, 5s));
  const auto m = claim(1, 30s).items[0];
  pass(5s);
  const auto r = ack({of(m.id.text26()), with_receipt(m, "")});
  CHECK(r.items[0].problem == errc::message_not_found);
  CHECK(r.items[1].problem == errc::message_not_found);
}

TEST_CASE_FIXTURE(targets_fixture, "an undone claim is as if it had not been, and only that claim is undone") {
  put(named({"a", "b"}));
  const auto m = claim(1, 30s).items[0];
  CHECK(run_one<done_reply>(unclaim{{m.claim.value + 1}, {m.place}}).changed == false);
  CHECK(run_one<done_reply>(unclaim{m.claim, {m.place, {999}}}).changed);
  const auto seen = list().items.front();
  CHECK(seen.name == "a");
  CHECK(seen.claims == 0);
  CHECK(seen.claims_total == 0);
  CHECK(run_one<done_reply>(unclaim{m.claim, {m.place}}).changed == false);
  CHECK(ack({with_receipt(m, "a")}).items[0].problem == errc::receipt_stale);
}

TEST_CASE_FIXTURE(targets_fixture, "a claim that somebody else has taken over is not undone") {
  put(named({"a"}));
  const auto first = claim(1, 5s).items[0];
  pass(5s);
  claim(1, 60s);
  CHECK_FALSE(run_one<done_reply>(unclaim{first.claim, {first.place}}).changed);
  CHECK(stats().claimed == 1);
}
