#include "cluster/storage/rocks_salvage.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

namespace burrow {

namespace {

// The WAL's format (RocksDB wiki, "Write Ahead Log File Format"): blocks of 32 KiB; in them fragments of a masked
// CRC-32C over type and payload (4 bytes), a length (2), a type (1) and the payload, all little endian; a block's last
// 6 bytes or fewer stay empty. Recycled and compressed files look different, and we never write them.
constexpr std::size_t block_bytes = 32 * 1024, header_bytes = 7;
enum fragment_type : std::uint8_t { whole = 1, first = 2, middle = 3, last = 4 };

constexpr std::array<std::uint32_t, 256> crc_table = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t n = 0; n < table.size(); ++n) {
    std::uint32_t crc = n;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1U) != 0 ? (crc >> 1) ^ 0x82f63b78U : crc >> 1;
    table[n] = crc;
  }
  return table;
}();

std::uint32_t masked_crc(std::uint8_t type, std::string_view payload) {
  std::uint32_t crc = ~std::uint32_t{0};
  const auto add = [&](std::uint8_t byte) { crc = crc_table[(crc ^ byte) & 0xffU] ^ (crc >> 8); };
  add(type);
  for (const char c : payload) add(static_cast<std::uint8_t>(c));
  crc = ~crc;
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8U;
}

std::uint32_t little(std::string_view bytes) {
  std::uint32_t value = 0;
  for (auto at = bytes.rbegin(); at != bytes.rend(); ++at) value = (value << 8) | static_cast<std::uint8_t>(*at);
  return value;
}

void put_little(std::string& out, std::uint32_t value, int bytes) {
  for (; bytes > 0; --bytes, value >>= 8) out.push_back(static_cast<char>(value & 0xffU));
}

void append_record(std::string& out, std::string_view record) {
  bool begun = false;
  do {
    auto room = block_bytes - out.size() % block_bytes;
    if (room < header_bytes) {
      out.append(room, '\0');
      room = block_bytes;
    }
    const auto part = record.substr(0, room - header_bytes);
    record.remove_prefix(part.size());
    const std::uint8_t type = record.empty() ? (begun ? last : whole) : (begun ? middle : first);
    put_little(out, masked_crc(type, part), 4);
    put_little(out, static_cast<std::uint32_t>(part.size()), 2);
    out.push_back(static_cast<char>(type));
    out.append(part);
    begun = true;
  } while (!record.empty());
}

/// Puts fragments together to records; one that lacks a part is dropped.
class assembler {
public:
  explicit assembler(std::string& out) : out_(out) {}
  void fragment(std::uint8_t type, std::string_view payload) {
    if (type == whole || type == first) {
      record_.assign(payload);
      open_ = true;
    } else if (open_) {
      record_.append(payload);
    }
    if (open_ && (type == whole || type == last)) append_record(out_, record_);
    if (type == whole || type == last) open_ = false;
  }
  void damage() { open_ = false; }

private:
  std::string& out_;
  std::string record_;
  bool open_ = false;
};

result<std::string> read_all(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file.is_open() || file.bad()) return error{errc::io_failed, "read " + path.string()};
  return bytes;
}

} // namespace

std::string salvage_wal(std::string_view damaged) {
  std::string out;
  assembler records(out);
  for (std::size_t start = 0; start < damaged.size(); start += block_bytes) {
    auto block = damaged.substr(start, block_bytes);
    while (block.size() >= header_bytes) {
      const auto length = little(block.substr(4, 2));
      const auto type = static_cast<std::uint8_t>(block[6]);
      if (type == 0 && length == 0) break; // the rest of the block was never written
      const bool fits = header_bytes + length <= block.size();
      const auto payload = block.substr(header_bytes, length);
      if (fits && type >= whole && type <= last && masked_crc(type, payload) == little(block.substr(0, 4))) {
        records.fragment(type, payload);
      } else {
        records.damage();
      }
      // If it was the length that is damaged, what follows here will not fit its checksum either.
      block.remove_prefix(std::min<std::size_t>(block.size(), header_bytes + length));
    }
  }
  return out;
}

result<void> salvage_wals(const std::string& database, const std::string& kept) {
  namespace fs = std::filesystem;
  std::error_code failed;
  std::vector<fs::path> paths;
  fs::directory_iterator at(database, failed);
  for (const fs::directory_iterator end; !failed && at != end; at.increment(failed))
    if (at->path().extension() == ".log") paths.push_back(at->path());
  if (failed) return error{errc::io_failed, "list " + database + ": " + failed.message()};
  for (const auto& path : paths) {
    const auto bytes = read_all(path);
    if (!bytes) return bytes.error();
    const auto readable = salvage_wal(*bytes);
    if (readable == *bytes) continue;
    fs::create_directories(kept, failed);
    if (!failed) fs::copy_file(path, fs::path(kept) / path.filename(), fs::copy_options::skip_existing, failed);
    if (failed) return error{errc::io_failed, "keep " + path.string() + ": " + failed.message()};
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file.write(readable.data(), static_cast<std::streamsize>(readable.size()));
    file.close();
    if (!file) return error{errc::io_failed, "write " + path.string()};
  }
  return {};
}

} // namespace burrow
