// For a repair only: a database some of whose blocks cannot be read, put together anew without them. RocksDB has no
// such thing: its repair leaves out a whole table for one bad block, and a compaction that meets the block stops the
// store.
#pragma once

#include "cluster/storage/rocks_store.hpp"

#include <vector>

namespace burrow {

/// Keys strictly between these two could not be read; an empty `before` is the end of the family.
struct unreadable_range {
  family where = family::queue;
  std::string after, before;
};

/// Whether every block of every table is what its checksum says. Reads everything. Errors: corrupt, io_failed.
[[nodiscard]] result<void> check_tables(rocks_store& from);

/// Writes what can be read of `from`, which nobody writes to, into a new store in the directory `to`, made for it; the
/// ranges left out. A key is left out rather than taken from an older table. Synced when it returns. Error: io_failed.
[[nodiscard]] result<std::vector<unreadable_range>> rescue_tables(rocks_store& from, const rocks_options& to);

/// Puts the database of the closed store `from` into the place of the closed one in `to`, whose own goes to `from`:
/// after a crash `to` has the one or the other. Error: io_failed.
[[nodiscard]] result<void> exchange_databases(const std::string& to, const std::string& from);

} // namespace burrow
