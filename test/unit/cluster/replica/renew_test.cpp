// A replica made another one, and a damaged shard made whole: what was served still is, and nothing is numbered twice.
#include "cluster/codec/log_codec.hpp"
#include "cluster/replica/repair.hpp"
#include "cluster/storage/keys.hpp"
#include "cluster/storage/memory_store.hpp"
#include "test/support/direct_shard.hpp"

#include <doctest/doctest.h>

using namespace burrow;
using namespace burrow::test;

namespace {

const queue_ref jobs{"acme", "jobs"};
const replica_options here{{1}, {77}, false, nullptr};

queue::command put(const std::string& name, std::uint32_t size = 5) {
  queue::insert what;
  queue::insert_item item;
  item.name = name;
  item.body_size = size;
  item.body_hash = hash_of("hello");
  what.items.push_back(item);
  what.fallback.body_bytes_max = 1 << 20;
  return {jobs, {}, what};
}

codec::replica_record record_of(const store& data) {
  return *codec::decode_replica({1}, data.get(family::raft_state, keys::raft_state({1}), read_tier::disk)->value);
}

std::vector<std::string> names_in(store& data) {
  direct_shard shard(data, here);
  REQUIRE(shard.why_not.empty());
  std::vector<std::string> out;
  const auto answer = shard.ask({jobs, queue::list_messages{}}).first;
  for (const auto& m : std::get<queue::messages_answer>(answer).items) out.push_back(m.name);
  shard.finish();
  return out;
}

/// Three messages, one of them claimed; all written.
void fill(store& data) {
  direct_shard shard(data, here);
  for (const auto* name : {"a", "b", "c"}) shard.run(put(name), {"hello"});
  shard.finish();
}

/// All keys of the state, the shard's own records apart.
std::vector<std::string> state_keys(const store& data) {
  const auto g = record_of(data).generation;
  scan_request all{keys::prefix({1}, g), keys::after_prefix(keys::prefix({1}, g)), direction::ascending, 1000};
  std::vector<std::string> out;
  const auto page = data.scan(family::queue, all, read_tier::disk);
  for (const auto& [key, value] : page->items)
    if (key.substr(keys::prefix_bytes) != keys::applied_relative) out.push_back(key);
  return out;
}

void erase(store& data, family where, const std::string& key) {
  write_batch batch;
  batch.erase(where, key);
  REQUIRE(data.write(batch).ok());
  REQUIRE(data.sync().ok());
}

const renewal anew{{1}, {88}, {99}, true};

} // namespace

TEST_CASE("a renewed replica has a new id, a later term and life, and goes on behind a gap") {
  memory_store data{{}};
  fill(data);
  const auto before = record_of(data);
  REQUIRE(renew_replica(data, anew).ok());
  const auto after = record_of(data);
  CHECK(after.replica == replica_id{99});
  REQUIRE(after.config.voters.size() == 1);
  CHECK(after.config.voters[0] == raft::member{{99}, {88}});
  CHECK(after.life == before.life + 1);
  CHECK(after.hard.term > before.hard.term);
  CHECK(after.log_first.value > before.log_first.value + renewal_gap);
  CHECK(names_in(data) == std::vector<std::string>{"a", "b", "c"});
  CHECK(!*find_damage(data, {1}));
}

TEST_CASE("a renewal that was cut short can be begun again") {
  memory_store data{{}};
  fill(data);
  REQUIRE(renew_replica(data, anew).ok());
  REQUIRE(renew_replica(data, anew).ok());
  CHECK(names_in(data) == std::vector<std::string>{"a", "b", "c"});
}

TEST_CASE("a shard that was never there stays so") {
  memory_store data{{}};
  REQUIRE(renew_replica(data, anew).ok());
  CHECK(!data.get(family::raft_state, keys::raft_state({1}), read_tier::disk)->found);
}

TEST_CASE("whichever key of the state is lost, a repair brings the shard back with the rest") {
  std::size_t count = 0;
  {
    memory_store data{{}};
    fill(data);
    count = state_keys(data).size();
    CHECK(!*find_damage(data, {1}));
  }
  REQUIRE(count > 5);
  for (std::size_t n = 0; n < count; ++n) {
    memory_store data{{}};
    fill(data);
    const auto key = state_keys(data)[n];
    erase(data, family::queue, key);
    REQUIRE(*find_damage(data, {1}));
    const auto would = survey_shard(data, {1});
    REQUIRE(would.ok());
    const auto did = repair_shard(data, anew);
    REQUIRE(did.ok());
    CHECK(did->state.messages == would->state.messages);
    CHECK(!*find_damage(data, {1}));
    const auto relative = std::string_view(key).substr(keys::prefix_bytes);
    const bool message = queue::key::is_message(relative);
    const bool queue = relative[0] == queue::key::queue_family; // its name is nowhere else, without a deadline
    CHECK_MESSAGE(names_in(data).size() == (queue ? 0 : message ? 2 : 3), "key " << n << " kind " << int{relative[0]});
  }
}

TEST_CASE("a message without its body is named as lost") {
  memory_store data{{}};
  fill(data);
  scan_request first{keys::prefix({1}, {}), keys::after_prefix(keys::prefix({1}, {})), direction::ascending, 1};
  erase(data, family::body, data.scan(family::body, first, read_tier::disk)->items[0].first);
  REQUIRE(*find_damage(data, {1}));
  const auto did = repair_shard(data, anew);
  REQUIRE(did.ok());
  REQUIRE(did->state.lost.size() == 1);
  CHECK(did->state.lost[0].id == "a");
  CHECK(names_in(data) == std::vector<std::string>{"b", "c"});
}

TEST_CASE("without its own record a shard is repaired in a later term") {
  memory_store data{{}};
  fill(data);
  const auto before = record_of(data);
  erase(data, family::raft_state, keys::raft_state({1}));
  const auto did = repair_shard(data, anew);
  REQUIRE(did.ok());
  CHECK(did->record_lost);
  CHECK(record_of(data).hard.term > before.hard.term);
  CHECK(record_of(data).life > before.life);
  CHECK(names_in(data) == std::vector<std::string>{"a", "b", "c"});
}

TEST_CASE("without the record of its state nothing that was stored is lost") {
  memory_store data{{}};
  fill(data);
  erase(data, family::queue, keys::queue({1}, {}, keys::applied_relative));
  const auto did = repair_shard(data, anew);
  REQUIRE(did.ok());
  CHECK(names_in(data) == std::vector<std::string>{"a", "b", "c"});
}

TEST_CASE("where nothing of the state is left, the log may have it all") {
  memory_store data{{}};
  fill(data);
  for (const auto& key : state_keys(data)) erase(data, family::queue, key);
  erase(data, family::queue, keys::queue({1}, {}, keys::applied_relative));
  const auto did = repair_shard(data, anew);
  REQUIRE(did.ok());
  CHECK(names_in(data) == std::vector<std::string>{"a", "b", "c"});
}

TEST_CASE("an entry that cannot be read ends the log") {
  memory_store data{{}};
  {
    direct_shard shard(data, here);
    for (const auto* name : {"a", "b", "c"}) shard.run(put(name), {"hello"});
  } // not finished: what was applied last is not written
  scan_request log{keys::raft_state({1}), keys::after_prefix(keys::raft_state({1})), direction::ascending, 100};
  const auto entries = data.scan(family::raft_log, log, read_tier::disk)->items;
  write_batch batch;
  batch.put(family::raft_log, entries.back().first, "no entry");
  REQUIRE(data.write(batch).ok());
  REQUIRE(*find_damage(data, {1}));
  const auto did = repair_shard(data, anew);
  REQUIRE(did.ok());
  CHECK(did->entries_lost == 1);
  CHECK(names_in(data) == std::vector<std::string>{"a", "b"});
}

TEST_CASE("a shard with other voters is not repaired") {
  memory_store data{{}};
  fill(data);
  auto record = record_of(data);
  record.config.voters.push_back({{5}, {6}});
  write_batch batch;
  batch.put(family::raft_state, keys::raft_state({1}), codec::encode_replica({1}, record));
  REQUIRE(data.write(batch).ok());
  CHECK(repair_shard(data, anew).code() == errc::invalid_parameter);
}
