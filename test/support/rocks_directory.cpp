#include "test/support/rocks_directory.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>

namespace burrow::test {

std::vector<std::string> files_with(const std::string& directory, const std::string& extension) {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(directory))
    if (entry.path().extension() == extension) found.push_back(entry.path().string());
  std::sort(found.begin(), found.end());
  return found;
}

void flip_byte(const std::string& path, std::uint64_t offset) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(static_cast<std::streamoff>(offset));
  const int byte = file.get();
  BURROW_ASSERT(byte != std::char_traits<char>::eof());
  file.seekp(static_cast<std::streamoff>(offset));
  file.put(static_cast<char>(byte ^ 0x10));
  BURROW_ASSERT(file.good());
}

bool flip_in(const std::string& path, const std::string& needle) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const auto at = bytes.find(needle);
  if (at == std::string::npos) return false;
  flip_byte(path, at + needle.size() / 2);
  return true;
}

bool flip_in_any(const std::string& directory, const std::string& extension, const std::string& needle) {
  bool found = false;
  for (const auto& path : files_with(directory, extension)) found = flip_in(path, needle) || found;
  return found;
}

void copy_files(const std::string& from, const std::string& to) {
  std::filesystem::copy(from, to, std::filesystem::copy_options::recursive |
                                    std::filesystem::copy_options::overwrite_existing);
}

rocks_options small_store(const std::string& directory) {
  rocks_options options;
  options.directory = directory;
  options.block_cache_bytes = std::size_t{1} << 20;
  return options;
}

} // namespace burrow::test
