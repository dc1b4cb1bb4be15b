// What rocks_store promises beyond the contract: its settings, restarts, the memory tier on real tables, and figures.
#include "cluster/base/limits.hpp"
#include "cluster/storage/keys.hpp"
#include "cluster/storage/rocks_internal.hpp"
#include "test/support/rocks_directory.hpp"

#include <doctest/doctest.h>
#include <rocksdb/table.h>

namespace burrow::test {

namespace {

std::unique_ptr<rocks_store> open(const std::string& directory) {
  auto opened = rocks_store::open(small_store(directory));
  if (!opened) MESSAGE(opened.error().context);
  REQUIRE(opened.ok());
  return std::move(opened).value();
}

void put(store& s, family f, std::string key, std::string value) {
  write_batch batch;
  batch.put(f, std::move(key), std::move(value));
  REQUIRE(s.write(batch).ok());
}

std::string number(int n) { return std::to_string(10'000 + n); }

} // namespace

TEST_CASE("a store has the settings that recovery and the bounds rest on") {
  const temp_directory directory;
  const auto s = rocks_store::open({.directory = directory.path()});
  REQUIRE(s.ok());
  const auto& db = *(*s)->internals().db;
  const auto settings = db.GetDBOptions();
  CHECK(settings.wal_recovery_mode == rocksdb::WALRecoveryMode::kPointInTimeRecovery);
  CHECK(settings.track_and_verify_wals_in_manifest);
  CHECK(settings.paranoid_checks);
  CHECK(settings.recycle_log_file_num == 0);
  CHECK(settings.avoid_flush_during_recovery);
  CHECK(settings.max_total_wal_size <= 128 * limits::mib);
  CHECK(settings.db_write_buffer_size == 128 * limits::mib);
  CHECK(settings.max_open_files == -1);
  CHECK(settings.skip_stats_update_on_db_open);
  CHECK(settings.max_bgerror_resume_count == 0);
  CHECK_FALSE(settings.use_fsync);
  for (auto* handle : (*s)->internals().families) {
    CAPTURE(handle->GetName());
    const auto family = db.GetOptions(handle);
    // No memtable may fill up during a replay, or the start flushes (README.md, "Start").
    if (handle->GetName() != "raft_state") CHECK(family.write_buffer_size >= 2 * settings.max_total_wal_size);
    CHECK(family.max_compaction_bytes == 256 * limits::mib);
    CHECK(family.target_file_size_base >= 64 * limits::mib);
    const auto* table = family.table_factory->GetOptions<rocksdb::BlockBasedTableOptions>();
    REQUIRE(table != nullptr);
    CHECK(table->filter_policy != nullptr);
    CHECK(table->whole_key_filtering);
    CHECK_FALSE(table->cache_index_and_filter_blocks);
    CHECK(table->checksum == rocksdb::kXXH3);
  }
}

TEST_CASE("a closed store opens with all that was written, and marks its last number") {
  const temp_directory directory;
  {
    const auto s = open(directory.path());
    put(*s, family::queue, "a", "1");
    REQUIRE(s->close().ok());
  }
  CHECK(synced_marker::open(directory.path())->number() == 1);
  const auto s = open(directory.path());
  CHECK(s->sequence() == 1);
  CHECK(s->get(family::queue, "a", read_tier::disk)->value == "1");
}

TEST_CASE("a store opens once at a time") {
  const temp_directory directory;
  const auto first = open(directory.path());
  const auto second = rocks_store::open(small_store(directory.path()));
  REQUIRE_FALSE(second.ok());
  CHECK(second.error() == errc::io_failed);
}

TEST_CASE("a directory that cannot be made is an io error") {
  const auto opened = rocks_store::open(small_store("/proc/no-such-place"));
  REQUIRE_FALSE(opened.ok());
  CHECK(opened.error() == errc::io_failed);
}

TEST_CASE("the mark is written at most once a second, and only with what was synced") {
  const temp_directory directory;
  const auto s = open(directory.path());
  const auto marked = [&] { return synced_marker::open(directory.path())->number(); };
  put(*s, family::queue, "a", "1");
  REQUIRE(s->mark_synced(5'000).ok());
  CHECK(marked() == 0);
  REQUIRE(s->sync().ok());
  REQUIRE(s->mark_synced(5'001).ok());
  CHECK(marked() == 1);
  put(*s, family::queue, "b", "1");
  REQUIRE(s->sync().ok());
  REQUIRE(s->mark_synced(6'000).ok());
  CHECK(marked() == 1);
  REQUIRE(s->mark_synced(6'001).ok());
  CHECK(marked() == 2);
}

TEST_CASE("a key on disk alone is not here in the memory tier, until the disk was asked") {
  const temp_directory directory;
  {
    const auto s = open(directory.path());
    for (int i = 0; i < 2000; ++i) put(*s, family::queue, number(i), std::string(100, 'v'));
    REQUIRE(s->flush_idle().ok());
  }
  const auto s = open(directory.path());
  CHECK(s->get(family::queue, number(7), read_tier::memory).code() == errc::not_here);
  const scan_request range{.from = number(1000), .to = "", .items_max = 5};
  CHECK(s->scan(family::queue, range, read_tier::memory).code() == errc::not_here);
  CHECK(s->get(family::queue, number(7), read_tier::disk)->found);
  CHECK(s->scan(family::queue, range, read_tier::disk)->items.size() == 5);
  CHECK(s->get(family::queue, number(7), read_tier::memory)->found);
  CHECK(s->scan(family::queue, range, read_tier::memory)->items.size() == 5);
  CHECK(s->get(family::queue, number(1900), read_tier::memory).code() == errc::not_here);
}

TEST_CASE("the filters tell in memory that a key is absent") {
  const temp_directory directory;
  const auto s = open(directory.path());
  for (int i = 0; i < 2000; ++i) put(*s, family::queue, number(i), std::string(100, 'v'));
  REQUIRE(s->flush_idle().ok());
  int known = 0;
  for (int i = 0; i < 1000; ++i) {
    const auto found = s->get(family::queue, number(i) + "x", read_tier::memory);
    if (found.ok()) CHECK_FALSE(found->found);
    known += found.ok() ? 1 : 0;
  }
  CHECK(known > 950); // 10 bits a key: about 1 % must ask the disk
}

TEST_CASE("an idle store gives its memtables back and keeps what is in them") {
  const temp_directory directory;
  const auto s = open(directory.path());
  for (int i = 0; i < 3000; ++i) put(*s, family::body, number(i), std::string(1000, 'v'));
  const auto before = s->stats();
  CHECK(before.memtable_bytes > 3'000'000);
  CHECK(before.wal_bytes > 3'000'000);
  REQUIRE(s->flush_idle().ok());
  const auto after = s->stats();
  CHECK(after.memtable_bytes < 200'000);
  CHECK(after.table_count >= 1);
  CHECK(after.table_bytes > 10'000);
  CHECK_FALSE(after.stalled);
  CHECK(s->get(family::body, number(5), read_tier::disk)->value == std::string(1000, 'v'));
}

TEST_CASE("compacting a range drops what was erased from it") {
  const temp_directory directory;
  const auto s = open(directory.path());
  for (int i = 0; i < 3000; ++i) put(*s, family::body, number(i), std::string(1000, 'v'));
  REQUIRE(s->flush_idle().ok());
  write_batch batch;
  batch.erase_range(family::body, number(0), number(2990));
  REQUIRE(s->write(batch).ok());
  REQUIRE(s->flush_idle().ok());
  const auto before = s->stats().table_bytes;
  REQUIRE(s->compact(family::body, "", "").ok());
  CHECK(s->stats().table_bytes < before / 2);
  CHECK(s->get(family::body, number(2995), read_tier::disk)->found);
}

TEST_CASE("a WAL grows no further than its bound, whatever family is quiet") {
  const temp_directory directory;
  auto options = small_store(directory.path());
  options.wal_bytes_max = limits::mib;
  options.write_buffer_bytes = 64 * limits::mib;
  const auto s = std::move(rocks_store::open(options).value());
  put(*s, family::raft_state, "quiet", "since the first WAL file");
  std::uint64_t most = 0;
  for (int i = 0; i < 3000; ++i) {
    put(*s, family::body, number(i), std::string(10'000, 'v'));
    if (i % 10 == 0) REQUIRE(s->sync().ok()); // the bound is kept by flushing, so the writer must not outrun the disk
    most = std::max(most, i % 20 == 0 ? s->stats().wal_bytes : 0);
  }
  CHECK(most < 12 * limits::mib); // of 30 written
}

} // namespace burrow::test
