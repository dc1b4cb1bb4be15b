#include "test/unit/cluster/queue/machine_fixture.hpp"

using namespace burrow;
using namespace burrow::queue;
using burrow::test::machine_fixture;
using namespace std::chrono_literals;

TEST_CASE_FIXTURE(machine_fixture, "a message without a name shows 26 characters, in the order of creation") {
  const auto r = put(items(3));
  const auto all = list().items;
  REQUIRE(all.size() == 3);
  CHECK(all[0].shown_id() < all[1].shown_id());
  CHECK(all[1].shown_id() < all[2].shown_id());
  CHECK(all[0].shown_id() == r.items[0].id.text26());
  CHECK(ask<message_answer>(get_message{all[1].shown_id()}).item->place == all[1].place);
}

TEST_CASE_FIXTURE(machine_fixture, "a put to a nameless message's 26 characters replaces it, and it stays nameless") {
  const auto id = put(items(1)).items[0].id;
  const auto r = put(named({id.text26()}));
  CHECK(r.items[0].status == insert_status::replaced);
  CHECK(r.items[0].id == id);
  REQUIRE(list().items.size() == 1);
  CHECK(list().items[0].name.empty());
  CHECK(check() == "");
}

TEST_CASE_FIXTURE(machine_fixture, "a name wins over another message's 26 characters, and both are never shown") {
  // The next nameless message would get this id; the name has it already.
  const auto next = message_id::make(now.ms, shard, (index + 2) << 16);
  put(named({"other", next.text26()}));
  const auto r = put(items(1));
  CHECK(r.items[0].id != next);
  CHECK(ask<message_answer>(get_message{next.text26()}).item->name == next.text26());
  CHECK(check() == "");
}

TEST_CASE_FIXTURE(machine_fixture, "the 26 characters do not address a message that has a name") {
  const auto id = put(named({"m"})).items[0].id;
  CHECK_FALSE(ask<message_answer>(get_message{id.text26()}).item);
  CHECK(put(named({id.text26()})).items[0].status == insert_status::created);
  CHECK(list().items.size() == 2);
}

TEST_CASE_FIXTURE(machine_fixture, "the 26 characters of a message in another queue address nothing here") {
  const auto id = put(items(1)).items[0].id;
  ref.queue = "two";
  put(items(1));
  CHECK_FALSE(ask<message_answer>(get_message{id.text26()}).item);
}

TEST_CASE_FIXTURE(machine_fixture, "a replaced message keeps place and id, its counts are 0 and its receipt dies") {
  const auto first = put(named({"m"})).items[0];
  put(named({"n"}));
  const auto claimed = claim(1, 30s).items.at(0);
  pass(1s);
  const auto again = put(named({"m"})).items[0];
  CHECK(again.place == first.place);
  CHECK(again.id == first.id);
  const auto m = *ask<message_answer>(get_message{"m"}).item;
  CHECK(m.claims == 0);
  CHECK(m.claims_total == 0);
  CHECK(m.hidden_until == no_instant);
  CHECK(m.created == now);
  CHECK(m.revision > claimed.revision);
  burrow::queue::remove ack;
  ack.targets.push_back({"m", {}});
  ack.targets[0].guard.receipt = claimed.claim;
  CHECK(run_one<targets_reply>(ack).items[0].problem == errc::receipt_stale);
  CHECK(list().items.front().name == "m");
  CHECK(check() == "");
}

TEST_CASE_FIXTURE(machine_fixture, "an expired message of the same name is not replaced: a new one is made") {
  auto what = named({"m"});
  what.items[0].ttl = 5s;
  const auto old = put(what).items[0];
  pass(5s);
  const auto made = put(named({"m"})).items[0];
  CHECK(made.status == insert_status::created);
  CHECK(made.place > old.place);
  CHECK(check() == "");
}

TEST_CASE_FIXTURE(machine_fixture, "ttl and hide not given are the defaults; a ttl of 0 is never") {
  auto what = named({"default", "never"});
  what.fallback.ttl = 60s;
  what.fallback.hide = 7s;
  what.items[1].ttl = 0s;
  what.items[1].hide = 0s;
  const auto r = put(what);
  CHECK(r.items[0].expires == now + 60s);
  CHECK(r.items[1].expires == no_instant);
  CHECK(ask<message_answer>(get_message{"default"}).item->hidden_until == now + 7s);
  CHECK(stats().delayed == 1);
}

TEST_CASE_FIXTURE(machine_fixture, "attributes are given back as they came") {
  auto what = named({"m"});
  auto& a = what.items[0].attributes;
  a.content_type = "application/json";
  a.meta = {{"region", "north"}};
  a.traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  a.producer = "till-7";
  a.persistent = true;
  put(what);
  CHECK(ask<message_answer>(get_message{"m"}).item->attributes == a);
}

TEST_CASE_FIXTURE(machine_fixture, "what the gateway refused keeps its line, and takes no other's body away") {
  // As the replica numbers them: what is refused has no body, and the number of the first.
  auto what = named({"bad", "a", "b"});
  what.items[0].refused = errc::body_too_large;
  what.items[1].body = 0;
  what.items[2].body = 1;
  const auto r = put(what);
  CHECK(r.items[0].problem == errc::body_too_large);
  CHECK(r.items[2].status == insert_status::created);
  CHECK(last.changes.bodies_erased.empty());
  CHECK(check() == "");
}

TEST_CASE_FIXTURE(machine_fixture, "if-none-match and if-match guard an insert") {
  auto what = named({"m"});
  what.items[0].guard.if_match_any = true;
  CHECK(put(what).items[0].problem == errc::etag_mismatch);
  what.items[0].guard = {};
  what.items[0].guard.if_none_match = true;
  CHECK(put(what).items[0].status == insert_status::created);
  CHECK(put(what).items[0].problem == errc::already_exists);
  what.items[0].guard = {};
  what.items[0].guard.if_match = {7};
  CHECK(put(what).items[0].problem == errc::etag_mismatch);
  what.items[0].guard.if_match = {read("m").version()};
  CHECK(put(what).items[0].status == insert_status::replaced);
}

TEST_CASE_FIXTURE(machine_fixture, "a message that is put again after it was deleted has another version") {
  put(named({"m"}));
  const auto before = read("m").version();
  take_away(1);
  put(named({"m"}));
  CHECK(read("m").revision == 1);
  CHECK(read("m").version() != before);
  auto what = named({"m"});
  what.items[0].guard.if_match = {before};
  CHECK(put(what).items[0].problem == errc::etag_mismatch);
}

TEST_CASE_FIXTURE(machine_fixture, "an atomic batch with a bad entry leaves the queue byte for byte as it was") {
  put(named({"a", "b"}));
  claim(1, 30s);
  const auto before = state.pairs;
  auto what = named({"a", "new", "b", "bad"});
  what.atomic = true;
  what.items[3].refused = errc::invalid_parameter;
  const auto r = put(what);
  CHECK(r.problem == errc::batch_rejected);
  CHECK(r.items[0].problem == errc::ok);
  CHECK(r.items[0].status == insert_status::failed);
  CHECK(r.items[3].problem == errc::invalid_parameter);
  CHECK(last.changes.bodies_erased.size() == 3); // a refused one has none
  CHECK(last.effects.empty());
  CHECK(state.pairs == before);
}

TEST_CASE_FIXTURE(machine_fixture, "commands of one entry see each other's changes") {
  take away;
  away.action = take_action::remove;
  away.limit = 10;
  run({{ref, {}, named({"a", "b"})}, {ref, {}, away}, {ref, {}, named({"a"})}});
  CHECK(std::get<take_reply>(last.replies[1]).count == 2);
  CHECK(std::get<insert_reply>(last.replies[2]).items[0].status == insert_status::created);
  CHECK(last.changes.bodies_erased.size() == 2);
  CHECK(list().items.size() == 1);
}

TEST_CASE_FIXTURE(machine_fixture, "a queue that is made and emptied in one entry leaves nothing") {
  take away;
  away.action = take_action::remove;
  away.limit = 10;
  run({{ref, {}, items(2, 10s, 0s)}, {ref, {}, away}});
  CHECK(std::get<take_reply>(last.replies[1]).count == 2);
  CHECK(state.pairs.empty());
}

TEST_CASE_FIXTURE(machine_fixture, "stored bytes are bounded over all queues of a tenant, and making room is allowed") {
  auto what = named({"a", "b", "c"});
  what.fallback.tenant_bytes_max = 25;
  CHECK(put(what).items[2].problem == errc::quota_exceeded);
  ref.queue = "two";
  auto more = items(1);
  more.fallback.tenant_bytes_max = 25;
  CHECK(put(more).items[0].problem == errc::quota_exceeded);
  ref.tenant = "bob";
  CHECK(put(more).items[0].problem == errc::ok);
  ref = {"ann", "one"};
  auto smaller = named({"a"});
  smaller.items[0].body_size = 1;
  smaller.fallback.tenant_bytes_max = 5;
  CHECK(put(smaller).items[0].problem == errc::ok);
  CHECK(stats().bytes == 11);
}

TEST_CASE_FIXTURE(machine_fixture, "queues of a tenant are bounded, also within one entry") {
  auto what = items(1);
  what.fallback.tenant_queues_max = 2;
  run({{{"ann", "1"}, {}, what}, {{"ann", "2"}, {}, what}, {{"ann", "3"}, {}, what}, {{"ann", "1"}, {}, what}});
  CHECK(std::get<insert_reply>(last.replies[1]).items[0].problem == errc::ok);
  CHECK(std::get<insert_reply>(last.replies[2]).items[0].problem == errc::quota_exceeded);
  CHECK(std::get<insert_reply>(last.replies[3]).items[0].problem == errc::ok);
}
