#include "test/support/rocks_golden.hpp"

#include <fstream>
#include <sstream>

namespace burrow::test {
namespace {

constexpr family all_families[] = {family::raft_log, family::body, family::raft_state, family::queue};
constexpr const char* family_names[] = {"raft_log", "body", "raft_state", "queue"};

} // namespace

std::string hex(std::string_view bytes) {
  constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (const auto c : bytes) {
    const auto b = static_cast<unsigned char>(c);
    out += {digits[b >> 4], digits[b & 15]};
  }
  return out.empty() ? "-" : out;
}

std::string list_of(const store& s) {
  std::ostringstream out;
  for (const auto f : all_families) {
    const auto page = s.scan(f, {.from = "", .to = "", .items_max = 10'000}, read_tier::disk);
    BURROW_ASSERT(page.ok() && page->complete);
    for (const auto& [key, value] : page->items) {
      std::string shown = value;
      if (value.size() > 64) {
        shown.clear();
        byte_writer(shown).hash(hash_of(value));
      }
      out << family_names[static_cast<int>(f)] << ' ' << hex(key) << ' ' << value.size() << ' ' << hex(shown) << '\n';
    }
  }
  return out.str();
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream out;
  out << file.rdbuf();
  return out.str();
}

void copy_golden(const std::string& from, const std::string& to) {
  copy_files(from, to);
  for (const auto& entry : std::filesystem::directory_iterator(to + "/rocks")) {
    const auto name = entry.path().filename().string();
    if (name.starts_with("LOG") || name.starts_with("OPTIONS") || name == "LOCK") std::filesystem::remove(entry.path());
  }
}

} // namespace burrow::test
