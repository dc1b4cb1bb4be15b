// A directory of its own for each test of the store, gone afterwards; and small tools for the files in it.
#pragma once

#include "cluster/storage/rocks_store.hpp"

#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace burrow::test {

class temp_directory {
public:
  /// In memory where that can be: no test here depends on what a real disk does, and its syncs are slow.
  temp_directory() {
    const std::string place = std::filesystem::is_directory("/dev/shm") ? "/dev/shm" : "/tmp";
    std::string name = place + "/burrow-store-XXXXXX";
    path_ = ::mkdtemp(name.data()) != nullptr ? name : std::string{};
    BURROW_ASSERT(!path_.empty());
  }
  ~temp_directory() {
    std::error_code failed;
    std::filesystem::remove_all(path_, failed);
  }
  temp_directory(const temp_directory&) = delete;
  temp_directory& operator=(const temp_directory&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string database() const { return path_ + "/rocks"; }

private:
  std::string path_;
};

/// The files of a database with this extension (".log": the WAL; ".sst"), by name, so oldest first.
[[nodiscard]] std::vector<std::string> files_with(const std::string& directory, const std::string& extension);
/// Flips one bit at `offset` of a file.
void flip_byte(const std::string& path, std::uint64_t offset);
/// Flips a bit inside the first place where `needle` stands in a file; false if it is nowhere in it.
[[nodiscard]] bool flip_in(const std::string& path, const std::string& needle);
/// As flip_in, over all the files of a directory with this extension.
[[nodiscard]] bool flip_in_any(const std::string& directory, const std::string& extension, const std::string& needle);

/// What a killed process leaves: the files as they are, while the store is still open.
void copy_files(const std::string& from, const std::string& to);
[[nodiscard]] rocks_options small_store(const std::string& directory);

} // namespace burrow::test
