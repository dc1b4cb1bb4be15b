// What the rocks_*.cpp files share, and tests that look at RocksDB itself. Nobody else includes it: the public face is
// rocks_store.hpp.
#pragma once

#include "cluster/storage/keys.hpp"
#include "cluster/storage/rocks_marker.hpp"
#include "cluster/storage/rocks_store.hpp"

#include <array>
#include <atomic>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/listener.h>
#include <rocksdb/write_batch.h>
#include <vector>

namespace burrow {

/// Hears RocksDB slow writes down. Called from its threads.
class stall_listener final : public rocksdb::EventListener {
public:
  void OnStallConditionsChanged(const rocksdb::WriteStallInfo& info) override;
  [[nodiscard]] bool stalled() const { return families_stalled_.load(std::memory_order_relaxed) > 0; }
  [[nodiscard]] std::uint64_t stalls() const { return stalls_.load(std::memory_order_relaxed); }

private:
  std::atomic<int> families_stalled_{0};
  std::atomic<std::uint64_t> stalls_{0};
};

/// Of keys of family queue: shard, generation and kind. RocksDB remembers for each where it inserted last.
inline constexpr std::size_t hinted_prefix_bytes = keys::prefix_bytes + 1;

/// How strict an opening is: normal, or for what is left of a damaged store.
enum class recovery : std::uint8_t { to_a_point, past_gaps };

[[nodiscard]] rocksdb::DBOptions rocks_db_options(const rocks_options& options, recovery mode);
/// RocksDB's own `default` family, which holds nothing, then ours in the order of `family`.
[[nodiscard]] std::vector<rocksdb::ColumnFamilyDescriptor> rocks_families(const rocks_options& options,
                                                                        const std::shared_ptr<rocksdb::Cache>& cache,
                                                                        recovery mode);
[[nodiscard]] std::string rocks_directory(const rocks_options& options);
[[nodiscard]] error rocks_error(errc code, const char* what, const rocksdb::Status& status);

struct rocks_store::implementation {
  rocks_options options;
  std::unique_ptr<rocksdb::Env> env; ///< only when a file system was given
  std::shared_ptr<rocksdb::Cache> cache;
  std::shared_ptr<stall_listener> listener = std::make_shared<stall_listener>();
  std::unique_ptr<rocksdb::DB> db;
  std::array<rocksdb::ColumnFamilyHandle*, family_count> families{};
  rocksdb::ColumnFamilyHandle* unused_family = nullptr;
  std::optional<synced_marker> marker;

  // The writer's own.
  rocksdb::WriteBatch batch;
  std::uint64_t synced = 0; ///< sequence number of the last sync
  std::optional<std::int64_t> marked_at_ms;
  bool failed = false; ///< a write or sync failed: nothing may be promised any more
  bool found_unsynced = false; ///< what an opening found could not be synced

  ~implementation();
  [[nodiscard]] rocksdb::ColumnFamilyHandle* handle(family f) const { return families[static_cast<std::size_t>(f)]; }
  /// Opens the database alone; the status tells whether that was possible.
  [[nodiscard]] rocksdb::Status open_database(recovery mode, bool create);
  void close_database();
  /// Checks, then opens: the two ways to start.
  [[nodiscard]] result<void> open_strict();
  [[nodiscard]] result<void> open_what_is_left();
  /// Writes down what can be read in a form that a strict start accepts, and makes that start.
  [[nodiscard]] result<void> settle(bool repair);
};

} // namespace burrow
