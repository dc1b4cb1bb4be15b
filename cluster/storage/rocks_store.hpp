// The storage contract on RocksDB: four column families in one database with one WAL, and the SYNCED mark beside it
// that tells synced writes which the disk lost from a torn tail (replication.md section 4). RocksDB's types stay
// behind it. Who writes, when to sync and what to do about an error is decided elsewhere (the log writer).
#pragma once

#include "cluster/storage/store.hpp"

#include <memory>

namespace rocksdb {
class FileSystem;
}

namespace burrow {

struct rocks_options {
  std::string directory{}; ///< made if need be; holds SYNCED and the database in `rocks/`
  /// Opens what can be read, even past a gap, and gives the mark its new place. State must be checked afterwards.
  bool accept_loss = false;
  bool read_only = false; ///< changes nothing in the directory, and nothing may be written; there must be a store
  std::size_t block_cache_bytes = std::size_t{64} << 20;
  std::size_t write_buffer_bytes = std::size_t{128} << 20; ///< all families together
  std::size_t wal_bytes_max = std::size_t{64} << 20;       ///< bounds what a restart replays
  std::shared_ptr<rocksdb::FileSystem> file_system{};      ///< tests only; empty = the real one
};

/// For metrics. Cheap enough for once a second, not for once a message.
struct store_stats {
  std::uint64_t memtable_bytes = 0;
  std::uint64_t block_cache_bytes = 0;
  std::uint64_t table_reader_bytes = 0; ///< indexes and filters
  std::uint64_t wal_bytes = 0;
  std::uint64_t table_bytes = 0; ///< all SST files
  std::uint64_t table_count = 0;
  std::uint64_t pending_compaction_bytes = 0;
  std::uint64_t stalls = 0; ///< times that writes were slowed down or stopped since the start
  bool stalled = false;     ///< and are so now
};

class rocks_store final : public store {
public:
  /// Opens or creates. Errors: lost_writes when synced data is missing or unreadable (the text says how much, and that
  /// accept_loss goes on without); io_failed when the directory cannot be used, or another process has it open;
  /// sync_failed when what is found there cannot be synced.
  [[nodiscard]] static result<std::unique_ptr<rocks_store>> open(const rocks_options& options);
  /// Closes if close() was not called, and cannot tell of an error.
  ~rocks_store() override;
  rocks_store(const rocks_store&) = delete;
  rocks_store& operator=(const rocks_store&) = delete;

  result<void> write(const write_batch& batch) override;
  result<void> sync() override;
  [[nodiscard]] result<lookup> get(family f, std::string_view key, read_tier tier) const override;
  [[nodiscard]] result<scan_page> scan(family f, const scan_request& request, read_tier tier) const override;
  [[nodiscard]] result<std::shared_ptr<const pinned_state>> pin() const override;
  [[nodiscard]] std::uint64_t sequence() const override;
  [[nodiscard]] disk_space space() const override;

  /// The writer calls this after a sync, as often as it likes: at most once in mark_period_ms of `now_ms` (any steady
  /// clock) the number of the last sync goes into SYNCED, with a sync of its own. Errors io_failed, sync_failed:
  /// end the process.
  result<void> mark_synced(std::int64_t now_ms);
  static constexpr std::int64_t mark_period_ms = 1000;

  /// Syncs, marks, closes. Nothing may be called afterwards, and no read may be under way.
  result<void> close();

  /// Writes the memtables of all families to disk and frees them. For a node that has been idle; takes a while and
  /// belongs to no thread that anybody waits for. Safe beside the writer.
  result<void> flush_idle();
  /// Has the ranges compacted that many tombstones slow down. As flush_idle.
  result<void> compact(family f, const std::string& from, const std::string& to);

  /// Puts a copy of the store and a mark for it into the directory `to`, which is there and empty: all families at one
  /// moment, with everything written before the call. Tables are hard links where the file system has them. Writes go
  /// on meanwhile. Safe beside the writer. Error: io_failed.
  [[nodiscard]] result<void> checkpoint(const std::string& to) const;

  /// RocksDB is slowing writes down or has stopped them: refuse inserts, the writer is about to wait in write().
  [[nodiscard]] bool stalled() const;
  [[nodiscard]] store_stats stats() const;

  struct implementation;
  /// RocksDB itself, for the tests of rocks_* (rocks_internal.hpp).
  [[nodiscard]] implementation& internals() { return *self_; }

private:
  explicit rocks_store(std::unique_ptr<implementation> self);
  std::unique_ptr<implementation> self_;
};

} // namespace burrow
