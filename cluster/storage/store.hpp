// The storage contract: one ordered map per family, batches that are atomic, and a sync that says when they are safe.
// rocks_store and memory_store both keep it; test/storage runs one suite over both. Frozen: others build on it.
//
// Order and visibility: batches take effect in the order of write(); a batch is visible to reads when write() returns.
// Durability: only sync() promises anything, and for every batch written before it began. After a crash the store is a
// prefix of the batches written, at least up to the last sync. There is one writer (the log writer); reads may come
// from any thread at any time.
#pragma once

#include "cluster/base/bytes.hpp"
#include "cluster/base/result.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace burrow {

/// The column families (replication.md section 4). Numbers are part of the disk format.
enum class family : std::uint8_t { raft_log = 0, body = 1, raft_state = 2, queue = 3 };
inline constexpr std::size_t family_count = 4;

/// Changes that take effect together. Keys are full keys (storage/keys.hpp), not relative ones.
struct write_batch {
  enum class kind : std::uint8_t { put, put_shared, erase, erase_range };
  struct operation {
    kind what;
    family where;
    std::string key;
    std::string value;    ///< put: the value; erase_range: the end key, excluded
    shared_bytes shared;  ///< put_shared: a body, not copied into the batch
  };

  void put(family f, std::string key, std::string value) {
    bytes += key.size() + value.size();
    operations.push_back({kind::put, f, std::move(key), std::move(value), {}});
  }
  void put_shared(family f, std::string key, shared_bytes value) {
    bytes += key.size() + value.size();
    operations.push_back({kind::put_shared, f, std::move(key), {}, std::move(value)});
  }
  void erase(family f, std::string key) {
    bytes += key.size();
    operations.push_back({kind::erase, f, std::move(key), {}, {}});
  }
  /// Erases [from, to). For old logs and generations only: many of these slow iterators down.
  void erase_range(family f, std::string from, std::string to) {
    bytes += from.size() + to.size();
    operations.push_back({kind::erase_range, f, std::move(from), std::move(to), {}});
  }
  [[nodiscard]] bool empty() const { return operations.empty(); }

  std::vector<operation> operations;
  std::size_t bytes = 0; ///< of keys and values, for the log writer's bounds
};

/// How far a read may go. `memory` never touches the disk and answers not_here instead.
enum class read_tier : std::uint8_t { memory, disk };

enum class direction : std::uint8_t { ascending, descending };

/// A piece of an ordered map: at most `items_max` pairs and about `bytes_max` bytes (one pair at least, if any).
struct scan_request {
  std::string from; ///< first key that may be returned
  std::string to;   ///< one past the last; empty = no bound
  direction order = direction::ascending;
  std::size_t items_max = 1;
  std::size_t bytes_max = ~std::size_t{0};
};
struct scan_page {
  std::vector<std::pair<std::string, std::string>> items; ///< in the order asked for
  bool complete = false; ///< nothing in the range lies beyond the last item
};

/// Free and total bytes of the file system that holds the store.
struct disk_space {
  std::uint64_t free = 0;
  std::uint64_t total = 0;
};

/// What a store held at one moment, read at disk tier. It pins the whole database, so for a bounded time; it must not
/// outlive its store. Any thread.
class pinned_state;

class store {
public:
  virtual ~store() = default;

  /// Applies a batch, atomically and in order. Error io_failed: the process must end, nobody knows what landed.
  virtual result<void> write(const write_batch& batch) = 0;
  /// Makes every earlier write durable. Error sync_failed: as above; never ask again (the kernel may have dropped
  /// pages). io_failed: a write has failed before.
  virtual result<void> sync() = 0;

  /// The value, or found = false. Errors: not_here (memory tier only), corrupt, io_failed.
  struct lookup {
    bool found = false;
    std::string value;
  };
  [[nodiscard]] virtual result<lookup> get(family f, std::string_view key, read_tier tier) const = 0;
  /// Errors as get. In the memory tier a page is whole or not_here, never cut short by the tier.
  [[nodiscard]] virtual result<scan_page> scan(family f, const scan_request& request, read_tier tier) const = 0;

  /// Everything written so far, synced or not, as it is now. Error: io_failed.
  [[nodiscard]] virtual result<std::shared_ptr<const pinned_state>> pin() const = 0;

  /// Counts the operations ever written; rises with each write. What SYNCED compares.
  [[nodiscard]] virtual std::uint64_t sequence() const = 0;
  [[nodiscard]] virtual disk_space space() const = 0;
};

class pinned_state {
public:
  virtual ~pinned_state() = default;
  [[nodiscard]] virtual result<store::lookup> get(family f, std::string_view key) const = 0;
  [[nodiscard]] virtual result<scan_page> scan(family f, const scan_request& request) const = 0;
};

} // namespace burrow
