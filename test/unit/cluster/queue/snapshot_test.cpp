#include "cluster/queue/snapshot.hpp"

#include <doctest/doctest.h>

using namespace burrow;
using namespace burrow::queue;

namespace {

stored_message full() {
  stored_message x;
  message& m = x.item;
  m.place = {77};
  m.id = {0x0123456789abcdefULL, 78};
  m.name = "name";
  m.body = {{5}, 6, 7, {8, 9}};
  m.attributes = {"text/plain", {{"a", "b"}, {"c", ""}}, 9, "group", "sender", "till-7", "trace", "state", true};
  m.created = {123456};
  m.expires = {999999};
  m.hidden_until = {888888};
  m.claim = {11};
  m.claimed = true;
  m.claims = 2;
  m.claims_total = 300;
  m.revision = 1000;
  m.dead_letter = dead_letter_origin{"q", {4}, "id", "claims", 3, {55}, 1};
  x.hide_group = 44;
  x.ttl_group = 45;
  x.changed = true;
  return x;
}

} // namespace

TEST_CASE("a message with everything in it is read back as it was") {
  const auto x = full();
  const auto read = decode_message(x.item.place, encode(x));
  REQUIRE(read);
  CHECK(*read == x);
}

TEST_CASE("a message with nothing in it is read back as it was, and is small") {
  stored_message x;
  x.item.place = {1 << 16};
  x.item.id = message_id::make(1'700'000'000'000, {3}, x.item.place.value);
  x.item.created = {1'700'000'000'000};
  x.item.body.index = {1};
  x.item.body.size = 1024;
  const auto bytes = encode(x);
  CHECK(bytes.size() <= 32);
  const auto read = decode_message(x.item.place, bytes);
  REQUIRE(read);
  CHECK(*read == x);
}

TEST_CASE("each single field of a message survives on its own") {
  const auto all = full();
  for (int field = 0; field < 9; ++field) {
    stored_message x;
    x.item.place = {77};
    switch (field) {
      case 0: x.item.attributes.persistent = false; break;
      case 1: x.item.attributes.tracestate = "s"; break;
      case 2: x.item.claims_total = 4; break;
      case 3: x.item.in_ttl_order = true; x.item.expires = {5}; break;
      case 4: x.item.hidden_until = {5}; x.hide_group = 3; break;
      case 5: x.item.created = {-7}; break;
      case 6: x.item.attributes.meta = all.item.attributes.meta; break;
      case 7: x.item.dead_letter = all.item.dead_letter; break;
      default: x.item.attributes.priority = 3; break;
    }
    const auto read = decode_message({77}, encode(x));
    REQUIRE(read);
    CHECK(*read == x);
  }
}

TEST_CASE("no cut or longer message value is taken for a whole one") {
  const auto bytes = encode(full());
  for (std::size_t size = 0; size < bytes.size(); ++size) CHECK_FALSE(decode_message({77}, bytes.substr(0, size)));
  CHECK_FALSE(decode_message({77}, bytes + "x"));
}

TEST_CASE("the value of a message stays what it is on disk") {
  // Changing these bytes is a new machine version and a new golden directory.
  const auto bytes = encode(full());
  CHECK(bytes.size() == 133);
  CHECK(hash_of(bytes).low == 5869897996003067526ULL);
}

TEST_CASE("records are read back as they were") {
  queue_record q;
  q.number = {1};
  q.revision = 2;
  q.visible = 3;
  q.delayed = 4;
  q.claimed = 5;
  q.bytes = 6;
  q.ready = 7;
  q.id_like = 8;
  q.first = {9};
  q.head = {10};
  q.tail = {11};
  q.ttl_last = {12};
  q.ttl_due = {13};
  q.ttl_from = {14};
  q.group_due = {15};
  q.registered = {16};
  CHECK(decode_queue(encode(q)) == q);
  q.tail = place_end;
  CHECK(decode_queue(encode(q)) == q);
  CHECK(decode_tenant(encode(tenant_record{1, 2, 300})) == tenant_record{1, 2, 300});
  CHECK(decode_shard(encode(shard_record{{77}, 2})) == shard_record{{77}, 2});
  CHECK_FALSE(decode_queue("x"));
  CHECK_FALSE(decode_tenant("x"));
  CHECK_FALSE(decode_shard(""));
}

TEST_CASE("a record with settings is read back as it was, and only its owner's bytes are taken for one") {
  queue_record q;
  q.settings_revision = 17;
  CHECK(decode_queue(encode(q)) == q);
  q.raised = 3;
  q.raised_ready = 2;
  const std::uint64_t values[] = {1, 2, 3, 4, 1ULL << 40, 6, 0, 1, 0, 1, 10, 0, 600, 1, 0};
  std::size_t n = 0;
  each_rule([&]<class T>(setting, std::optional<T> queue_rules::*member) {
    queue_record one;
    one.settings_revision = 5;
    one.rules.*member = q.rules.*member = static_cast<T>(values[n++]);
    CHECK(decode_queue(encode(one)) == one);
  });
  const auto bytes = encode(q);
  CHECK(decode_queue(bytes) == q);
  for (std::size_t size = 17; size < bytes.size(); ++size) CHECK_FALSE(decode_queue(bytes.substr(0, size)));
  CHECK_FALSE(decode_queue(bytes + '\0'));
  // Changing these bytes is a new machine version and a new golden directory.
  CHECK(bytes.size() == 43);
  CHECK(hash_of(bytes).low == 1917378659370295828ULL);
  queue_record plain;
  plain.visible = 1;
  CHECK(encode(plain).size() == 16);
  CHECK_FALSE(decode_queue(encode(plain) + std::string(3, '\0'))); // not canonical: nothing there, yet said
}

TEST_CASE("a rule beyond its range, and one that is not known, is not read") {
  queue_record q;
  q.settings_revision = 5;
  q.rules.priorities = 11;
  CHECK_FALSE(decode_queue(encode(q)));
  q.rules = {};
  auto bytes = encode(q);
  bytes.back() = static_cast<char>(0x80); // of flags, one more follows
  CHECK_FALSE(decode_queue(bytes + "\x80\x02"));
}

TEST_CASE("labels and zone are read back as they were") {
  settings x;
  CHECK(encode_more(x).empty());
  for (const bool zone : {false, true}) {
    x.labels = {{"a", "b"}, {"c", ""}};
    if (zone) x.zone = "z";
    settings read;
    const auto bytes = encode_more(x);
    CHECK(decode_more(bytes, read));
    CHECK(read == x);
    settings cut;
    CHECK_FALSE(decode_more(bytes.substr(0, bytes.size() - 1), cut));
  }
}

TEST_CASE("queue keys sort by tenant, then by queue, whatever bytes follow") {
  CHECK(key::queue({"a", "z"}) < key::queue({"a ", "a"}));
  CHECK(key::queue({"a", "z"}) < key::queue({"aa", "a"}));
  CHECK(key::queue({"a", "a"}) < key::queue({"a", "b"}));
  const queue_ref ref{"tenant", "queue \xff"};
  CHECK(key::queue_of(key::queue(ref)) == ref);
}

TEST_CASE("keys of places and deadlines sort by their numbers") {
  CHECK(key::message({1}, {255}) < key::message({1}, {256}));
  CHECK(key::message({1}, place_end) < key::name({1}, ""));
  CHECK(key::name({1}, "\xff\xff") < key::ready({1}, 9, {}));
  CHECK(key::ready({1}, 9, place_end) < key::ready({1}, 8, {}));
  CHECK(key::ready({1}, 0, place_end) < key::group({1}, {}, 0));
  CHECK(key::priority_of(key::ready({1}, 7, {5})) == 7);
  CHECK(key::group({1}, {5}, 9) < key::group({1}, {6}, 1));
  CHECK(key::due({5}, {9}) < key::due({6}, {1}));
  CHECK(key::deadline_of(key::due({5}, {9})) == instant{5});
  CHECK(key::last_number(key::due({5}, {9})) == 9);
  CHECK(key::deadline_of(key::group({1}, {5}, 9)) == instant{5});
  CHECK(key::everything({1}) < key::message({1}, {}));
  CHECK(key::group({1}, {~std::int64_t{0}}, ~std::uint64_t{0}) < key::everything({2}));
}

TEST_CASE("the earlier of two deadlines knows that none is not early") {
  CHECK(earlier({5}, {6}) == instant{5});
  CHECK(earlier({6}, {5}) == instant{5});
  CHECK(earlier(no_instant, {5}) == instant{5});
  CHECK(earlier({5}, no_instant) == instant{5});
  CHECK(earlier(no_instant, no_instant) == no_instant);
}
