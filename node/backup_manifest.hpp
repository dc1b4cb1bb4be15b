// What a backup holds: the file `backup.json` in its directory, written last, so that a directory without it is no
// backup. One line of JSON whose last member is the hash of all before it: a byte of it that changes is noticed, too.
#pragma once

#include "cluster/base/result.hpp"
#include "cluster/codec/log_codec.hpp"

#include <functional>
#include <string>
#include <vector>

namespace burrow {

struct backup_file {
  std::string name; ///< below the backup's directory
  std::uint64_t size = 0;
  std::string sha256; ///< hexadecimal
  bool operator==(const backup_file&) const = default;
};

struct backup_manifest {
  static constexpr const char* file_name = "backup.json";
  static constexpr int format = 1;

  std::string version, commit, created; ///< of the program; RFC 3339
  std::string node;                     ///< its name
  codec::node_record identity;
  std::vector<std::uint16_t> not_whole; ///< shards that were out of service when it was made
  std::vector<backup_file> files;

  [[nodiscard]] std::uint64_t bytes() const;
};

[[nodiscard]] std::string encode(const backup_manifest& manifest);
/// Reads DIRECTORY/backup.json. Errors: config_invalid (no backup, or of another format), corrupt.
[[nodiscard]] result<backup_manifest> read_manifest(const std::string& directory);

/// Called between pieces of work with the bytes done since the last call; false ends it (errc::unavailable).
using progress = std::function<bool(std::uint64_t bytes)>;
/// The file's size and hash; `to` not empty: copied there meanwhile, durable when this returns. Errors: io_failed.
[[nodiscard]] result<backup_file> hash_file(const std::string& from, const std::string& to, const progress& step);
/// The names of all regular files below a directory, sorted. Errors: io_failed.
[[nodiscard]] result<std::vector<std::string>> files_below(const std::string& directory);
/// Creates a directory (0700) where nothing or an empty one is. Errors: config_invalid, saying what is wrong.
[[nodiscard]] result<void> make_empty_directory(const std::string& path);
/// RFC 3339, in UTC, whole seconds.
[[nodiscard]] std::string time_text(std::int64_t unix_seconds);
[[nodiscard]] std::string hex_id(const hash128& id);

} // namespace burrow
