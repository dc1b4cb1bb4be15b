// Certificates made for a test, on disk as an operator has them.
#pragma once

#include "actors/certificates.hpp"
#include "node/authority.hpp"

#include <cstdint>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>

namespace burrow::test {

inline constexpr std::int64_t plane_day = 86'400;

struct temporary_directory {
  std::string path;
  temporary_directory();
  ~temporary_directory() {
    std::error_code ec;
    std::filesystem::remove_all(path, ec);
  }
  temporary_directory(const temporary_directory&) = delete;
  temporary_directory& operator=(const temporary_directory&) = delete;
  [[nodiscard]] std::string operator/(const std::string& name) const { return path + "/" + name; }
};

inline void put_text(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

class test_authority {
public:
  explicit test_authority(const std::string& name = "test CA");
  /// Good from `from` days from now until `until`.
  [[nodiscard]] certificate_pair issue(const std::string& node, int from = -1, int until = 30) const;
  /// In `directory`, as NAME.pem, NAME.key and ca.pem.
  certificate_files write(const std::string& directory, const std::string& name, const certificate_pair& what) const;
  certificate_files make(const std::string& directory, const std::string& name) const {
    return write(directory, name, issue(name));
  }
  certificate_pair pair;
};

} // namespace burrow::test
