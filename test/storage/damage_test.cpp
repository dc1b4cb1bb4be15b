// Damage: flipped bytes, lost files, torn marks. A store that lost synced data must say so, and never serve less in
// silence (replication.md section 4, "Recovery").
#include "cluster/storage/memory_store.hpp"
#include "cluster/storage/rocks_internal.hpp"
#include "cluster/storage/rocks_salvage.hpp"
#include "test/support/rocks_directory.hpp"

#include <doctest/doctest.h>
#include <fstream>
#include <iterator>

namespace burrow::test {

namespace {

constexpr family all_families[] = {family::raft_log, family::body, family::raft_state, family::queue};
constexpr int records = 10;

/// Long enough that the records lie in different blocks of the WAL: what is damaged takes the rest of its block along.
std::string value_of(family f, int n) {
  return "needle-" + std::to_string(static_cast<int>(f)) + "-" + std::to_string(n) + "-" + std::string(9000, '#');
}
std::string needle(family f, int n) { return value_of(f, n).substr(0, 12); }

/// A store whose ten records, each with a pair in every family, are synced and marked; then its process was killed.
struct killed_store {
  temp_directory directory;

  explicit killed_store(const std::vector<family>& flushed = {}) {
    const temp_directory living;
    const auto s = std::move(rocks_store::open(small_store(living.path())).value());
    for (int n = 0; n < records; ++n) {
      write_batch batch;
      for (const auto f : all_families) batch.put(f, "key" + std::to_string(n), value_of(f, n));
      REQUIRE(s->write(batch).ok());
    }
    for (const auto f : flushed)
      REQUIRE(s->internals().db->Flush(rocksdb::FlushOptions(), s->internals().handle(f)).ok());
    REQUIRE(s->sync().ok());
    REQUIRE(s->mark_synced(1).ok());
    copy_files(living.path(), directory.path());
  }
  [[nodiscard]] auto open(bool accept_loss = false) const {
    auto options = small_store(directory.path());
    options.accept_loss = accept_loss;
    return rocks_store::open(options);
  }
  [[nodiscard]] bool flip_wal(int record) const {
    return flip_in_any(directory.database(), ".log", needle(family::queue, record));
  }
};

/// It says that synced data is gone, says so again, and opens only for who accepts the loss; from then on for all.
/// What of that does not hold; empty = all of it does.
std::string not_refused_until_accepted(const killed_store& killed) {
  for (int round = 0; round < 2; ++round) {
    const auto opened = killed.open();
    if (opened.ok()) return "it opened";
    if (opened.code() != errc::lost_writes) return "refused for another reason: " + opened.error().context;
    if (opened.error().context.empty()) return "refused without a word";
  }
  {
    const auto opened = killed.open(true);
    if (!opened) return "not opened for who accepts the loss: " + opened.error().context;
    write_batch batch;
    batch.put(family::queue, "later", "goes on");
    if (!(*opened)->write(batch).ok() || !(*opened)->sync().ok()) return "not to be written on";
  }
  const auto again = killed.open();
  if (!again) return "not opened again: " + again.error().context;
  if ((*again)->get(family::queue, "later", read_tier::disk)->value != "goes on") return "what came later is lost";
  return {};
}

std::vector<int> records_left(const store& s, family f) {
  std::vector<int> left;
  for (int n = 0; n < records; ++n)
    if (s.get(f, "key" + std::to_string(n), read_tier::disk)->found) left.push_back(n);
  return left;
}

} // namespace

TEST_CASE("a killed store opens with everything") {
  const killed_store killed;
  const auto opened = killed.open();
  REQUIRE(opened.ok());
  for (const auto f : all_families) CHECK(records_left(**opened, f).size() == records);
}

TEST_CASE("a byte flipped in an old record of the WAL is lost data") {
  const killed_store killed;
  REQUIRE(killed.flip_wal(2));
  const auto opened = killed.open();
  REQUIRE_FALSE(opened.ok());
  CHECK(opened.error().context.find("32 sequence numbers") != std::string::npos); // records 2 to 9, four pairs each
  CHECK(not_refused_until_accepted(killed) == "");
}

TEST_CASE("a byte flipped in the last record of the WAL is lost data") {
  const killed_store killed;
  REQUIRE(killed.flip_wal(records - 1));
  const auto opened = killed.open();
  REQUIRE_FALSE(opened.ok());
  CHECK(opened.error().context.find("4 sequence numbers") != std::string::npos);
  CHECK(not_refused_until_accepted(killed) == "");
}

TEST_CASE("a flipped byte behind which a family was flushed is lost data") {
  for (const auto flushed : all_families) {
    if (flushed == family::queue) continue;
    for (const int record : {2, records - 1}) {
      CAPTURE(static_cast<int>(flushed));
      CAPTURE(record);
      const killed_store killed({flushed});
      REQUIRE(killed.flip_wal(record));
      CHECK(not_refused_until_accepted(killed) == "");
    }
  }
}

TEST_CASE("accepting the loss keeps what lies behind a damaged record") {
  const killed_store killed;
  REQUIRE(killed.flip_wal(2));
  const auto opened = killed.open(true);
  REQUIRE(opened.ok());
  CHECK(records_left(**opened, family::body) == std::vector{0, 1, 3, 4, 5, 6, 7, 8, 9});
  CHECK(std::filesystem::exists(killed.directory.path() + "/lost")); // with the WAL as it was
}

TEST_CASE("what is salvaged from an undamaged WAL is that WAL") {
  const killed_store killed;
  for (const auto& path : files_with(killed.directory.database(), ".log")) {
    std::ifstream file(path, std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    CHECK(bytes.size() > 300'000);
    CHECK(salvage_wal(bytes) == bytes);
  }
}

TEST_CASE("a lost WAL file is lost data, also when it was not the last") {
  for (const bool flushed : {false, true}) {
    const killed_store killed(flushed ? std::vector{family::body} : std::vector<family>{});
    const auto logs = files_with(killed.directory.database(), ".log");
    REQUIRE(logs.size() == (flushed ? 2 : 1));
    std::filesystem::remove(logs.front());
    CHECK(not_refused_until_accepted(killed) == "");
  }
}

TEST_CASE("a flipped byte in a table is found at start or by the read, and is never an absent key") {
  for (const auto f : all_families) {
    CAPTURE(static_cast<int>(f));
    const killed_store killed({family::raft_log, family::body, family::raft_state, family::queue});
    REQUIRE(flip_in_any(killed.directory.database(), ".sst", needle(f, 3)));
    const auto opened = killed.open();
    if (!opened) {
      CHECK(opened.error() == errc::lost_writes);
      continue;
    }
    CHECK((*opened)->get(f, "key3", read_tier::disk).code() == errc::corrupt);
    CHECK((*opened)->scan(f, {.from = "", .to = "", .items_max = 99}, read_tier::disk).code() == errc::corrupt);
    for (const auto other : all_families)
      if (other != f) CHECK((*opened)->get(other, "key3", read_tier::disk)->found);
  }
}

TEST_CASE("a lost table is lost data") {
  const killed_store killed({family::body});
  const auto tables = files_with(killed.directory.database(), ".sst");
  REQUIRE(tables.size() == 1);
  std::filesystem::remove(tables.front());
  CHECK(not_refused_until_accepted(killed) == "");
}

TEST_CASE("a lost database is lost data, not a new one") {
  const killed_store killed;
  std::filesystem::remove_all(killed.directory.database());
  const auto opened = killed.open();
  REQUIRE_FALSE(opened.ok());
  CHECK(opened.error() == errc::lost_writes);
  CHECK(files_with(killed.directory.path(), ".sst").empty());
}

TEST_CASE("a lost CURRENT is lost data, not a new database") {
  const killed_store killed({family::body});
  std::filesystem::remove(killed.directory.database() + "/CURRENT");
  CHECK(killed.open().code() == errc::lost_writes);
}

TEST_CASE("one torn slot of the mark is made good by the other") {
  const killed_store killed;
  const auto mark = killed.directory.path() + "/SYNCED";
  for (const auto slot : {0, 1}) {
    flip_byte(mark, slot * synced_marker::block_bytes + 3);
    CHECK(killed.open().ok());
    flip_byte(mark, slot * synced_marker::block_bytes + 3);
  }
}

TEST_CASE("a mark with both slots torn, or none, is lost data") {
  const killed_store torn;
  flip_byte(torn.directory.path() + "/SYNCED", 3);
  flip_byte(torn.directory.path() + "/SYNCED", synced_marker::block_bytes + 12);
  CHECK(not_refused_until_accepted(torn) == "");
  const killed_store gone;
  std::filesystem::remove(gone.directory.path() + "/SYNCED");
  CHECK(not_refused_until_accepted(gone) == "");
}

TEST_CASE("damage behind the mark looks like a torn tail, and is not told") {
  const temp_directory living, dead;
  const auto s = std::move(rocks_store::open(small_store(living.path())).value());
  write_batch batch;
  batch.put(family::queue, "a", std::string(100, 'a'));
  REQUIRE(s->write(batch).ok());
  REQUIRE(s->sync().ok());
  copy_files(living.path(), dead.path());
  REQUIRE(flip_in_any(dead.database(), ".log", std::string(90, 'a')));
  const auto opened = rocks_store::open(small_store(dead.path()));
  REQUIRE(opened.ok());
  CHECK_FALSE((*opened)->get(family::queue, "a", read_tier::disk)->found);
}

TEST_CASE("in memory: lost synced batches are told with their number, until they are accepted") {
  memory_store s({.synced_batches_undoable = 8});
  for (int n = 0; n < 4; ++n) {
    write_batch batch;
    batch.put(family::queue, "key" + std::to_string(n), "v");
    REQUIRE(s.write(batch).ok());
  }
  REQUIRE(s.sync().ok());
  s.lose_synced(3);
  const auto checked = s.check_synced();
  REQUIRE_FALSE(checked.ok());
  CHECK(checked.error() == errc::lost_writes);
  CHECK(checked.error().context.find("3 sequence numbers") == 0);
  CHECK(s.size(family::queue) == 1);
  s.accept_loss();
  CHECK(s.check_synced().ok());
}

TEST_CASE("in memory: a flipped pair is corrupt for whoever meets it, until it is written anew") {
  memory_store s;
  write_batch batch;
  for (const auto* key : {"a", "b", "c"}) batch.put(family::body, key, "v");
  REQUIRE(s.write(batch).ok());
  s.flip(family::body, "b");
  const auto scan = [&](std::string to) { return s.scan(family::body, {"", std::move(to), {}, 9}, read_tier::disk); };
  CHECK(s.get(family::body, "b", read_tier::disk).code() == errc::corrupt);
  CHECK(s.get(family::body, "a", read_tier::disk).ok());
  CHECK(scan("").code() == errc::corrupt);
  CHECK(scan("b").ok());
  REQUIRE(s.write(batch).ok());
  CHECK(scan("").ok());
}

} // namespace burrow::test
