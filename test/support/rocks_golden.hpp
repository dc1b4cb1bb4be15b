// What the tests of golden directories share: the list of everything in a store, and the copy that is kept.
#pragma once

#include "test/support/rocks_directory.hpp"

#include <string>
#include <string_view>

namespace burrow::test {

[[nodiscard]] std::string hex(std::string_view bytes);
/// A line a pair: family, key, size of the value, and the value or, if it is long, its hash.
[[nodiscard]] std::string list_of(const store& s);
[[nodiscard]] std::string read_file(const std::string& path);
/// The value of a pair of family queue as it would be written today, if it is read.
[[nodiscard]] std::string rewritten(shard_id shard, std::string_view relative, std::string_view value);
/// Copies a data directory without what is not part of the format: RocksDB's own log, settings and lock.
void copy_golden(const std::string& from, const std::string& to);

} // namespace burrow::test
