// The settings of RocksDB and why each is not its default (replication.md section 4; figures in README.md).
#include "cluster/storage/rocks_internal.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/table_properties_collectors.h>

namespace burrow {

namespace {

constexpr std::size_t kib = 1024, mib = 1024 * kib;
constexpr double filter_bits_per_key = 10; // about 1 % false

rocksdb::BlockBasedTableOptions table_options(const std::shared_ptr<rocksdb::Cache>& cache, std::size_t block_bytes) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.block_size = block_bytes;
  table.checksum = rocksdb::kXXH3;
  table.format_version = 5;
  // Filters and indexes are held by the table readers, not by the cache: a look-up in the memory tier must be able to
  // say "absent", and must not depend on what else was read.
  table.cache_index_and_filter_blocks = false;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(filter_bits_per_key));
  table.whole_key_filtering = true;
  return table;
}

rocksdb::ColumnFamilyOptions family_options(const rocks_options& options,
                                            const rocksdb::BlockBasedTableOptions& table) {
  rocksdb::ColumnFamilyOptions family;
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  // A memtable is never full by itself: the bound of the WAL, and that of all memtables, have it flushed. One that
  // filled up in a replay would be flushed there and then, and the start would wait for it and for all the others.
  family.write_buffer_size = 4 * options.wal_bytes_max;
  family.max_write_buffer_number = 4;
  // Memtables are allotted in blocks, the first on the first write: small ones, so that an idle node stays small.
  family.arena_block_size = 256 * kib;
  family.target_file_size_base = 64 * mib; // with all files open, their number is what a start waits for
  family.max_bytes_for_level_base = 256 * mib;
  family.level_compaction_dynamic_level_bytes = true;
  family.max_compaction_bytes = 256 * mib; // the disk reserve is sized for two
  // Young levels are rewritten soon or deleted before: packing them is wasted on a queue.
  family.compression_per_level = {rocksdb::kNoCompression, rocksdb::kNoCompression, rocksdb::kLZ4Compression,
                                  rocksdb::kLZ4Compression, rocksdb::kLZ4Compression, rocksdb::kLZ4Compression,
                                  rocksdb::kLZ4Compression};
  family.paranoid_file_checks = false; // would read every new file back
  return family;
}

} // namespace

std::string rocks_directory(const rocks_options& options) { return options.directory + "/rocks"; }

rocksdb::DBOptions rocks_db_options(const rocks_options& options, recovery mode) {
  rocksdb::DBOptions db;
  const bool strict = mode == recovery::to_a_point;
  // A flipped byte ends the replay instead of being skipped; what lies behind is then missed by SYNCED.
  db.wal_recovery_mode = strict ? rocksdb::WALRecoveryMode::kPointInTimeRecovery
                                : rocksdb::WALRecoveryMode::kSkipAnyCorruptedRecords;
  db.track_and_verify_wals_in_manifest = strict;
  db.paranoid_checks = strict;
  db.recycle_log_file_num = 0;
  db.avoid_flush_during_recovery = true; // a start writes nothing
  db.max_total_wal_size = options.wal_bytes_max;
  db.db_write_buffer_size = options.write_buffer_bytes;
  db.max_open_files = -1;
  db.skip_stats_update_on_db_open = true;
  db.create_missing_column_families = true;
  db.max_background_jobs = 2;
  db.bytes_per_sync = 1 * mib; // spreads the writing of tables, which would delay syncs of the WAL
  db.allow_concurrent_memtable_write = false; // there is one writer
  db.enable_write_thread_adaptive_yield = false;
  // An error in the background makes the next write fail, and that ends the process; no second try.
  db.max_bgerror_resume_count = 0;
  // No periodic threads' work on an idle node, and a small log of RocksDB's own.
  db.stats_dump_period_sec = 0;
  db.stats_persist_period_sec = 0;
  db.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  db.max_log_file_size = 1 * mib;
  db.keep_log_file_num = 2;
  return db;
}

std::vector<rocksdb::ColumnFamilyDescriptor> rocks_families(const rocks_options& options,
                                                          const std::shared_ptr<rocksdb::Cache>& cache,
                                                          recovery mode) {
  // Log: written once, read after a restart or for a slow follower, dropped by ranges.
  auto log = family_options(options, table_options(cache, 16 * kib));
  // Bodies: read once each and by readers only, then deleted. A look-up always finds, so the last level, which holds
  // nine tenths, needs no filter.
  auto body = family_options(options, table_options(cache, 16 * kib));
  body.optimize_filters_for_hits = true;
  auto state = family_options(options, table_options(cache, 4 * kib));
  state.write_buffer_size = 1 * mib;
  // Queue: what apply reads in the memory tier. Small blocks, a hash index for gets, and files full of tombstones are
  // compacted early, since takes walk over them.
  auto queue_table = table_options(cache, 8 * kib);
  queue_table.data_block_index_type = rocksdb::BlockBasedTableOptions::kDataBlockBinaryAndHash;
  auto queue = family_options(options, queue_table);
  queue.memtable_whole_key_filtering = true;
  queue.memtable_prefix_bloom_size_ratio = 0.004; // 1 MiB
  // Each kind of key is written about in order, so the last place of its kind is near the next: takes cost 12 % fewer
  // instructions. A range must not begin with a prefix this long (rocks_store.cpp).
  queue.memtable_insert_with_hint_prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(hinted_prefix_bytes));
  queue.table_properties_collector_factories.push_back(rocksdb::NewCompactOnDeletionCollectorFactory(4096, 2048));

  rocksdb::ColumnFamilyOptions none;
  none.write_buffer_size = 64 * kib;
  for (auto* family : {&log, &body, &state, &queue}) family->force_consistency_checks = mode == recovery::to_a_point;
  return {{rocksdb::kDefaultColumnFamilyName, none},
          {"raft_log", log},
          {"body", body},
          {"raft_state", state},
          {"queue", queue}};
}

} // namespace burrow
