// test/golden/format-N-queue: what a shard writes, made by a fixed list of commands. The same commands must leave the
// same bytes today, and what was written then is read, found whole and written on. BURROW_GOLDEN_QUEUE_WRITE=DIR writes
// the present form there instead.
#include "cluster/codec/log_codec.hpp"
#include "cluster/queue/move_records.hpp"
#include "cluster/queue/remembered.hpp"
#include "cluster/queue/snapshot.hpp"
#include "cluster/storage/keys.hpp"
#include "cluster/storage/memory_store.hpp"
#include "test/support/direct_shard.hpp"
#include "test/support/rocks_golden.hpp"
#include "test/support/source_directory.hpp"

#include <cstdlib>
#include <doctest/doctest.h>
#include <fstream>
#include <functional>

namespace burrow::test {

namespace {

using namespace std::chrono_literals;
const replica_options shard_zero{shard_id{0}, node_id{77}, false, nullptr};
const replica_options shard_one{shard_id{1}, node_id{77}, false, nullptr};
const std::string golden =
  source_directory() + "/test/golden/format-" + std::to_string(keys::format_version) + "-queue";
const queue_ref jobs{"acme", "jobs"}, mail{"acme", "mail"}, other{"zoo", "jobs"}, purged{"zoo", "gone"};
const queue_ref repeated{"zoo", "repeated"};
constexpr queue::dedupe_bounds bounds{600s, 1000, 10};

queue::insert_item item(const std::string& name) {
  queue::insert_item out;
  out.name = name;
  return out;
}

/// One insert of these, each with a body made from its place in the list.
queue::reply put(direct_shard& shard, const queue_ref& where, std::vector<queue::insert_item> items) {
  queue::insert what;
  std::vector<std::string> bodies;
  for (std::size_t n = 0; n < items.size(); ++n) {
    bodies.push_back(items[n].name + std::string(n * 7, static_cast<char>('a' + n)));
    items[n].body = static_cast<std::uint32_t>(n);
    items[n].body_size = static_cast<std::uint32_t>(bodies.back().size());
  }
  what.items = std::move(items);
  what.fallback.ttl = 4 * 24h;
  what.fallback.body_bytes_max = 1 << 20;
  return shard.run({where, {}, std::move(what)}, bodies);
}

/// Every attribute alone, so that every flag of a stored message that a command can set is there.
std::vector<queue::insert_item> one_of_each_kind() {
  std::vector<queue::insert_item> out;
  const auto add = [&](const char* name, const std::function<void(queue::insert_item&)>& change) {
    change(out.emplace_back(item(name)));
  };
  add("", [](auto&) {});
  add("plain", [](auto&) {});
  add("01HGW2BBG0000000000000000A", [](auto&) {}); // a name that could be an id
  add("type", [](auto& i) { i.attributes.content_type = "text/plain"; });
  add("meta", [](auto& i) { i.attributes.meta = {{"kind", "invoice"}, {"empty", ""}}; });
  add("priority", [](auto& i) { i.attributes.priority = 7; });
  add("group", [](auto& i) { i.attributes.group = "g1"; });
  add("sender", [](auto& i) { i.attributes.sender = "somebody"; });
  add("producer", [](auto& i) { i.attributes.producer = "p1"; });
  add("trace", [](auto& i) {
    i.attributes.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    i.attributes.tracestate = "a=b";
  });
  add("lasting", [](auto& i) { i.attributes.persistent = true; });
  add("fleeting", [](auto& i) { i.attributes.persistent = false; });
  add("short", [](auto& i) { i.ttl = 90s; });
  add("endless", [](auto& i) { i.ttl = 0s; });
  add("hidden", [](auto& i) { i.hide = 40s; });
  return out;
}

queue::take_reply take(direct_shard& shard, const queue_ref& where, std::uint32_t limit,
                       const std::function<void(queue::take&)>& more) {
  queue::take what;
  what.limit = limit;
  more(what);
  return std::get<queue::take_reply>(shard.run({where, {}, std::move(what)}));
}

/// Two messages, one of them of a producer, by a request that may come again.
queue::reply put_once(direct_shard& shard) {
  queue::insert what;
  what.items = {item("first"), item("")};
  what.items[1].body = 1;
  what.items[0].body_size = what.items[1].body_size = 4;
  what.items[1].attributes.producer = "till-7";
  what.items[1].sequence = 812;
  what.idempotency_key = "an insert";
  what.request_hash = {3, 4};
  what.bounds = bounds;
  return shard.run({repeated, {}, std::move(what)}, {"1111", "2222"});
}
queue::take_reply claim_once(direct_shard& shard, const char* key) {
  return take(shard, repeated, 1, [&](auto& t) {
    t.hide = 300s;
    t.idempotency_key = key;
    t.bounds = bounds;
  });
}

queue::target by_receipt(const queue::message& m) {
  queue::target out{m.shown_id(), {}};
  out.guard.receipt = m.claim;
  out.guard.receipt_claims = m.claims;
  return out;
}

/// A redrive with a key, and one of each kind of command that a gateway may send again.
void play_repeats(direct_shard& shard) {
  std::uint64_t number = 0;
  const auto send = [&](queue::action what, const std::vector<std::string>& bodies = {}) {
    const queue::request_id id{0xFEDCBA9876543210, ++number, number > 9 ? number - 8 : 0, number % 2 == 0};
    return shard.run({{"zoo", "sent"}, id, std::move(what)}, bodies);
  };
  queue::insert some;
  some.items = {item("a"), item(""), item("c"), item("d")};
  for (std::uint32_t n = 0; n < 4; ++n) some.items[n].body = n, some.items[n].body_size = 1;
  some.items[2].guard.if_match_any = true;
  send(some, {"a", "b", "c", "d"});
  queue::take claim;
  claim.limit = 2, claim.hide = 300s;
  const auto claimed = std::get<queue::take_reply>(send(claim));
  send(queue::change{{by_receipt(claimed.items[0]), {"nobody", {}}}, std::nullopt, 200s});
  send(queue::remove{{by_receipt(claimed.items[1])}});
  send(queue::configure{});
  queue::redrive move;
  move.to = "elsewhere", move.idempotency_key = "a redrive", move.bounds = bounds;
  send(queue::cancel_task{std::get<queue::task_reply>(send(move)).task.id});
  send(queue::unclaim{claimed.items[0].claim, {claimed.items[0].place}});
  claim.step = 1, send(claim);
  send(queue::purge{});
}

/// What leaves for another shard, what has come from one, and tasks: one that runs, one that has ended.
void play_moves(direct_shard& shard) {
  const queue_ref letters{"acme", "letters"}, dead{"acme", "dead"};
  queue::configure rule;
  rule.to.named = bit_of(queue::setting::dead_letter);
  rule.to.values.rules.dead_letter = {"far", shard_id{9}, 1, true, true, false, 600};
  shard.run({letters, {}, rule});
  put(shard, letters, {item("x"), item(""), item("y")});
  take(shard, letters, 2, [](auto& t) { t.hide = 1s; });
  shard.pass(2s);
  shard.run({{}, {}, queue::left{shard_id{9}, {{1, 1}}}});
  queue::arrive in{shard_id{4}, {1, 3}, {}};
  for (std::uint64_t n = 4; n < 8; ++n) {
    auto& one = in.items.emplace_back();
    one.number = {1, n};
    one.to = dead;
    one.what.id = message_id::make(1'600'000'000'000, shard_id{4}, n);
    one.what.name = n == 4 ? "named" : "";
    one.what.body = {{}, static_cast<std::uint32_t>(n - 4), 5, hash_of("hello")};
    one.what.claims_total = 3;
    one.what.dead_letter = {"origin", shard_id{4}, "id", "max_claims", 3, {1'600'000'000'007}, 1};
    if (n == 5) one.ttl = 60s;
  }
  shard.run({{}, {}, in}, {"hello", "hello", "hello", "hello"});
  queue::redrive one;
  one.to = "mail";
  one.to_shard = shard_id{1};
  one.limit = 1;
  shard.run({dead, {}, one});
  shard.pass(200ms);
  one.ids = {"named", "nobody"};
  one.limit = 0;
  one.max_per_second = 1;
  shard.run({dead, {}, one});
}

/// Never changed: what it leaves is in test/golden. `midway` is called once, between two commands.
void play(direct_shard& shard, const std::function<void()>& midway) {
  REQUIRE(std::get<queue::insert_reply>(put(shard, jobs, one_of_each_kind())).items.size() == 15);
  put(shard, other, {item("a"), item("b"), item("c")});
  shard.pass(1s);
  put(shard, jobs, {item("plain")}); // replaced, so created later than its id says
  const auto claimed = take(shard, jobs, 6, [](auto& t) { t.hide = 60s; });
  REQUIRE(claimed.items.size() == 6);
  midway();
  shard.pass(500ms);
  shard.run({jobs, {}, queue::remove{{by_receipt(claimed.items[0])}}});                      // acknowledged
  shard.run({jobs, {}, queue::change{{by_receipt(claimed.items[1])}, std::nullopt, 0s}});    // released
  shard.run({jobs, {}, queue::change{{by_receipt(claimed.items[2])}, 600s, 120s}});          // extended, another ttl
  shard.run({jobs, {}, queue::unclaim{claimed.items[3].claim, {claimed.items[3].place}}});   // never handed over
  take(shard, other, 1, [](auto& t) { t.hide = 20s, t.order = queue::take_order::lifo; });
  take(shard, other, 1, [](auto& t) { t.action = queue::take_action::change, t.ttl = 300s; });
  put(shard, mail, {item("x"), item("y")});
  take(shard, mail, 5, [](auto& t) { t.action = queue::take_action::remove; }); // and its record is gone
  put(shard, purged, {item("p"), item("q")});
  shard.run({purged, {}, queue::purge{}});
  put_once(shard);
  claim_once(shard, "a claim");
  const auto undone = claim_once(shard, "never written");
  shard.run({repeated, {}, queue::unclaim{undone.items[0].claim, {undone.items[0].place}, "never written"}});
  shard.pass(21s); // a claim ends by itself
  play_repeats(shard);
  play_moves(shard);
  shard.finish();
}

/// A node as it is made, and all its shards play.
void play_node(store& s, const std::function<void()>& midway) {
  write_batch first;
  first.put(family::raft_state, keys::node_wide("node"),
            codec::encode_node({node_id{77}, {1, 2}, 8, 8, keys::format_version}));
  REQUIRE(s.write(first).ok());
  direct_shard registry(s, shard_zero);
  registry.run({{}, {}, queue::registry_put{"seal/0000000001", "a key", true}});
  registry.finish();
  direct_shard shard(s, shard_one);
  play(shard, midway);
}

/// What no command of play() makes: every kind of an item's result, every flag of a claim.
void remembered_values(const std::function<void(const std::string&, const std::string&)>& line) {
  queue::remembered_key key{{1'700'000'000'000}, {1'700'000'600'000}, 0x80003, {5, 6}, {}};
  key.answer = queue::remembered_insert{
    {queue::insert_status::created, errc::ok, true, {}, {0x80001}, 1, 90s},
    {queue::insert_status::replaced, errc::ok, false, {0x18bcfe568000001, 0x70002}, {0x70001}, 7, 0s},
    {queue::insert_status::duplicate, errc::ok, true, {}, {}, 0, 0s},
    {queue::insert_status::failed, errc::body_too_large, false, {}, {}, 0, 0s}};
  line("remembered_insert", encode(key));
  CHECK(queue::decode_key(encode(key)) == key);
  key.answer = queue::remembered_claim{{0x80002}, true, {{0x60001}, {0x50007}, {0x70000}}, {0x70000}, {0x80004},
                                       true, true, true, 9};
  line("remembered_claim", encode(key));
  CHECK(queue::decode_key(encode(key)) == key);
  key.answer = queue::remembered_task{{0x80001}, 700};
  line("remembered_task", encode(key));
  CHECK(queue::decode_key(encode(key)) == key);
}

/// Values that no command makes yet (moves, dead letters, an open sweep): each flag alone, and all together.
std::string values_of_every_flag() {
  using queue::stored_message;
  std::string out;
  stored_message all;
  const auto line = [&](const std::string& name, const std::string& bytes) { out += name + ' ' + hex(bytes) + '\n'; };
  const auto flag = [&](const char* name, const std::function<void(stored_message&)>& set) {
    stored_message one;
    for (auto* m : {&one, &all}) {
      m->item.id = {1'700'000'000'000ULL << 16 | 1, 0x20001};
      m->item.place = {0x20001};
      m->item.created = {1'700'000'000'000};
      m->item.body = {log_index{2}, 1, 5, hash_of("hello")};
    }
    set(one);
    set(all);
    all.item.created = {1'700'000'000'007};
    all.item.id.low = 99;
    line(name, encode(one));
    const auto read = queue::decode_message(one.item.place, encode(one));
    REQUIRE(read);
    CHECK(*read == one);
  };
  flag("nothing", [](auto&) {});
  flag("own_number", [](auto& m) { m.item.id.low = 0x30007; });
  flag("named", [](auto& m) { m.item.name = "a name"; });
  flag("replaced", [](auto& m) { m.item.created.ms += 1234; });
  flag("expires", [](auto& m) { m.item.expires = {1'700'000'090'000}; });
  flag("hidden", [](auto& m) { m.item.hidden_until = {1'700'000'030'000}, m.hide_group = 0x40001; });
  flag("claim", [](auto& m) { m.item.claim = {0x50002}; });
  flag("claims", [](auto& m) { m.item.claims = 3, m.item.claims_total = 300; });
  flag("changed", [](auto& m) { m.changed = true; });
  flag("claimed", [](auto& m) { m.item.claimed = true; });
  flag("in_ttl_order", [](auto& m) { m.item.in_ttl_order = true; });
  flag("ttl_group", [](auto& m) { m.ttl_group = 0x60003; });
  flag("content_type", [](auto& m) { m.item.attributes.content_type = "text/plain"; });
  flag("meta", [](auto& m) { m.item.attributes.meta = {{"a", "1"}, {"b", ""}}; });
  flag("priority", [](auto& m) { m.item.attributes.priority = 9; });
  flag("group", [](auto& m) { m.item.attributes.group = "g"; });
  flag("sender", [](auto& m) { m.item.attributes.sender = "s"; });
  flag("producer", [](auto& m) { m.item.attributes.producer = "p"; });
  flag("trace", [](auto& m) { m.item.attributes.traceparent = "00-1-2-01", m.item.attributes.tracestate = "c=d"; });
  flag("persistent_no", [](auto& m) { m.item.attributes.persistent = false; });
  flag("persistent_yes", [](auto& m) { m.item.attributes.persistent = true; });
  flag("dead_letter",
       [](auto& m) { m.item.dead_letter = {"from", {9}, "id", "max-claims", 5, {1'700'000'000'001}, 2}; });
  flag("lined", [](auto& m) { m.lined = true; });
  flag("ended", [](auto& m) { m.ended = true; });
  flag("unnamed", [](auto& m) { m.unnamed = true; });
  line("all", encode(all));
  CHECK(queue::decode_message(all.item.place, encode(all)) == all);
  remembered_values(line);
  line("shard_record", encode(queue::shard_record{{1'700'000'000'000}, 3}));
  line("shard_record_moves", encode(queue::shard_record{{1'700'000'000'000}, 3, 2, 4, 5, true, {0x80001}, 6, 7}));
  line("line_key", queue::key::line({0x70001}, {0x90002}));
  line("line_of_key", queue::key::line_of({0x70001}));
  line("sweep_key", queue::key::sweep({0x70001}));
  return out;
}

void write_golden(const std::string& to) {
  const temp_directory living;
  const auto s = std::move(rocks_store::open(small_store(living.path())).value());
  play_node(*s, [&] { REQUIRE(s->flush_idle().ok()); }); // so that tables and the WAL hold some of it
  REQUIRE(s->sync().ok());
  REQUIRE(s->mark_synced(1).ok());
  copy_golden(living.path(), to);
  std::ofstream(to + "/contents.txt") << list_of(*s);
  std::ofstream(to + "/values.txt") << values_of_every_flag();
}

} // namespace

TEST_CASE("the commands of the golden directory leave the same bytes today") {
  if (const char* to = std::getenv("BURROW_GOLDEN_QUEUE_WRITE"); to != nullptr) return write_golden(to);
  memory_store s;
  play_node(s, [] {});
  CHECK(list_of(s) == read_file(golden + "/contents.txt"));
}

TEST_CASE("the values of every flag are the same bytes today") {
  CHECK(values_of_every_flag() == read_file(golden + "/values.txt"));
}

TEST_CASE("every pair of a golden shard is read, and would be written the same") {
  const temp_directory copy;
  copy_files(golden, copy.path());
  const auto s = rocks_store::open(small_store(copy.path()));
  REQUIRE(s.ok());
  const auto state = (*s)->scan(family::queue, {.from = "", .to = "", .items_max = 10'000}, read_tier::disk);
  REQUIRE(state.ok());
  std::map<std::pair<int, int>, int> kinds;
  for (const auto& pair : state->items) {
    const auto& key = pair.first;
    const auto relative = std::string_view(key).substr(keys::prefix_bytes);
    CAPTURE(hex(key));
    CHECK(hex(rewritten(shard_id{byte_reader(key).u16()}, relative, pair.second)) == hex(pair.second));
    const bool has_kinds = relative[0] == 0x30 || relative[0] == queue::key::remembered_family;
    ++kinds[{relative[0], has_kinds ? relative[9] : 0}];
  }
  // applied, shard, deadlines, queues, tenants, settings, registry, memory, its deadlines, all eight of moves but
  // lines; of messages all kinds but lines, of what is remembered both; gateways, replies to them
  CHECK(kinds.size() == 25);
  const auto log = (*s)->scan(family::raft_log, {.from = "", .to = "", .items_max = 10'000}, read_tier::disk);
  REQUIRE(log.ok());
  CHECK(log->items.size() > 15);
  for (const auto& pair : log->items) {
    const auto& key = pair.first;
    CAPTURE(hex(key));
    const auto place = keys::parse_raft_log(key);
    REQUIRE(place);
    const auto e = codec::decode_entry(place->first, place->second, pair.second);
    REQUIRE(e.ok());
    CHECK(codec::encode_entry(place->first, *e) == pair.second);
    if (e->kind != raft::entry_kind::command) continue;
    const auto command = codec::decode_command(e->payload.command.view(), e->payload.bodies);
    REQUIRE(command.ok());
    codec::command_encoder encoder;
    CHECK(encoder.encode(*command) == e->payload.command.view());
  }
  for (const auto shard : {shard_zero.shard, shard_one.shard}) {
    const auto record = (*s)->get(family::raft_state, keys::raft_state(shard), read_tier::disk);
    REQUIRE(record.ok());
    CHECK(codec::encode_replica(shard, codec::decode_replica(shard, record->value).value()) == record->value);
  }
}

TEST_CASE("a golden shard is whole, serves, and is written on") {
  const temp_directory copy;
  copy_files(golden, copy.path());
  const auto s = rocks_store::open(small_store(copy.path()));
  REQUIRE(s.ok());
  auto checked = shard_one;
  checked.check_state = true;
  direct_shard shard(**s, checked);
  REQUIRE(shard.why_not == "");
  queue::list_messages everything;
  everything.match_hidden = true;
  const auto [answer, bodies] = shard.ask({jobs, everything});
  const auto& items = std::get<queue::messages_answer>(answer).items;
  CHECK(items.size() == 14); // one was acknowledged
  REQUIRE(bodies.size() == items.size());
  for (std::size_t n = 0; n < items.size(); ++n) CHECK(bodies[n].view().starts_with(items[n].name));
  CHECK(std::get<queue::message_answer>(shard.ask({jobs, queue::get_message{"meta"}}).first)
          .item->attributes.meta.at("kind") == "invoice");
  CHECK(std::get<queue::insert_reply>(put_once(shard)).replayed);
  CHECK(claim_once(shard, "a claim").replayed);
  CHECK_FALSE(claim_once(shard, "never written").replayed);
  put(shard, jobs, {item("today")});
  const auto taken = take(shard, jobs, 100, [](auto& t) {
    t.action = queue::take_action::remove;
    t.match_hidden = true;
  });
  CHECK(taken.items.size() == 15);
  shard.finish();
  direct_shard again_whole(**s, checked);
  CHECK(again_whole.why_not == "");
}

} // namespace burrow::test
