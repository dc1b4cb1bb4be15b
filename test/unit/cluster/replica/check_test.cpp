// The check of a shard after an accepted loss: a hole in what was salvaged never becomes a missing message.
#include "cluster/codec/log_codec.hpp"
#include "cluster/queue/snapshot.hpp"
#include "cluster/storage/keys.hpp"
#include "test/support/replica_world.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace burrow;
using namespace burrow::test;

namespace {

/// A shard with three messages, all written; then its process died.
struct salvaged {
  salvaged() : world({}) {
    REQUIRE(world.start());
    for (const std::string name : {"a", "b", "c"}) {
      queue::insert what;
      queue::insert_item item;
      item.name = name;
      item.body_size = 5;
      item.body_hash = hash_of("hello");
      what.items.push_back(item);
      what.fallback.body_bytes_max = 1 << 20;
      const queue::command put{{"acme", "jobs"}, {}, what};
      REQUIRE(world.reply_to(world.propose(put, {shared_bytes(std::string("hello"))})) != nullptr);
    }
    world.settle();
    world.crash();
    world.check_at_start(true);
  }

  /// All keys of the shard's state, `applied` apart.
  std::vector<std::string> keys_of_state() {
    scan_request all;
    all.from = keys::prefix({1}, {});
    all.to = keys::after_prefix(all.from);
    all.items_max = 1000;
    std::vector<std::string> out;
    const auto page = world.disk().scan(family::queue, all, read_tier::disk);
    for (const auto& [key, value] : page->items)
      if (key.substr(keys::prefix_bytes) != keys::applied_relative) out.push_back(key);
    return out;
  }
  std::string value_of(family f, const std::string& key) {
    return world.disk().get(f, key, read_tier::disk).value().value;
  }
  void put(family f, const std::string& key, std::string value) {
    write_batch batch;
    batch.put(f, key, std::move(value));
    REQUIRE(world.disk().write(batch).ok());
    REQUIRE(world.disk().sync().ok());
  }
  void erase(family f, const std::string& key) {
    write_batch batch;
    batch.erase(f, key);
    REQUIRE(world.disk().write(batch).ok());
    REQUIRE(world.disk().sync().ok());
  }
  std::uint64_t life() {
    return codec::decode_replica({1}, value_of(family::raft_state, keys::raft_state({1})))->life;
  }

  replica_world world;
};

} // namespace

TEST_CASE("a whole shard passes the check and serves, and its life goes up") {
  salvaged s;
  const auto before = s.life();
  REQUIRE(s.world.start());
  const auto* const all = s.world.answer_to(s.world.ask({{"acme", "jobs"}, queue::list_messages{}}, true));
  REQUIRE(all != nullptr);
  CHECK(std::get<queue::messages_answer>(*all->outcome).items.size() == 3);
  s.world.settle();
  CHECK(s.life() == before + 1);
  s.world.crash();
  s.world.check_at_start(false);
  REQUIRE(s.world.start());
  s.world.settle();
  CHECK(s.life() == before + 1); // an ordinary start is no new life
}

TEST_CASE("any key of the state that is missing makes the shard damaged") {
  salvaged s;
  const auto all = s.keys_of_state();
  CHECK(all.size() > 7); // three messages with names, queue, tenant, deadline
  for (const auto& key : all) {
    CAPTURE(static_cast<int>(key[keys::prefix_bytes]));
    const auto value = s.value_of(family::queue, key);
    s.erase(family::queue, key);
    CHECK_FALSE(s.world.start());
    CHECK(s.world.damage.find("not what its hash says") != std::string::npos);
    s.put(family::queue, key, value);
    CHECK(s.world.start());
    s.world.crash();
  }
}

TEST_CASE("an older value of a key makes the shard damaged") {
  salvaged s;
  const auto key = keys::queue({1}, {}, queue::key::queue({"acme", "jobs"}));
  auto record = queue::decode_queue(s.value_of(family::queue, key));
  REQUIRE(record);
  --record->visible;
  s.put(family::queue, key, queue::encode(*record));
  CHECK_FALSE(s.world.start());
}

TEST_CASE("a body that is missing or another makes the shard damaged") {
  salvaged s;
  const auto body = keys::body({1}, {}, {3}, 0);
  REQUIRE(s.value_of(family::body, body) == "hello");
  s.erase(family::body, body);
  CHECK_FALSE(s.world.start());
  CHECK(s.world.damage == "body 0 of entry 3 is missing");
  s.put(family::body, body, "jello");
  CHECK_FALSE(s.world.start());
  CHECK(s.world.damage == "body 0 of entry 3 is not what was stored");
  s.put(family::body, body, "hello");
  CHECK(s.world.start());
}

TEST_CASE("a body of an entry that is not applied yet must be there, too") {
  salvaged s;
  s.world.check_at_start(false);
  REQUIRE(s.world.start());
  queue::insert what;
  queue::insert_item item;
  item.name = "late";
  item.body_size = 5;
  item.body_hash = hash_of("later");
  what.items.push_back(item);
  what.fallback.body_bytes_max = 1 << 20;
  REQUIRE(s.world.reply_to(s.world.propose({{"acme", "jobs"}, {}, what}, {shared_bytes(std::string("later"))})));
  const auto entry = s.world.status().last;
  s.world.crash(); // before its delta is written
  s.world.check_at_start(true);
  s.erase(family::body, keys::body({1}, {}, entry, 0));
  CHECK_FALSE(s.world.start());
  CHECK(s.world.damage.find("is missing") != std::string::npos);
}

TEST_CASE("without the check a hole in the state goes unnoticed, which is why it is made") {
  salvaged s;
  s.world.check_at_start(false);
  s.erase(family::queue, s.keys_of_state().back());
  CHECK(s.world.start());
}
