// For accept_loss only: what can still be read of a damaged WAL. RocksDB 7.8 cannot do it alone: told to skip damaged
// records it stops at the first intact one behind a damaged part of a longer record (its reader keeps the dropped
// part's hash), and its repair drops what the WAL holds of a family without tables.
#pragma once

#include "cluster/base/result.hpp"

#include <string>
#include <string_view>

namespace burrow {

/// The whole records of a WAL file, written anew one after the other; what fails its checksum is left out.
[[nodiscard]] std::string salvage_wal(std::string_view damaged);

/// Replaces each WAL file of the database by what can be read of it. The originals go to `kept`, made if need be;
/// files without damage stay untouched. Error: io_failed.
[[nodiscard]] result<void> salvage_wals(const std::string& database, const std::string& kept);

} // namespace burrow
