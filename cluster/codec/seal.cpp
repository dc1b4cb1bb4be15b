#include "cluster/codec/seal.hpp"

#include "cluster/base/limits.hpp"

#include <xxhash.h>

namespace burrow::codec {
namespace {

constexpr char tag_checksum = 15 << 3 | 1;
constexpr std::size_t checksum_bytes = 9;

std::string ending(std::string_view content, std::uint64_t seed) {
  const auto sum = XXH3_64bits_withSeed(content.data(), content.size(), seed);
  std::string out(1, tag_checksum);
  for (int i = 0; i < 8; ++i) out.push_back(static_cast<char>(sum >> (8 * i)));
  return out;
}

} // namespace

void seal(std::string& record, std::uint64_t seed) { record += ending(record, seed); }

std::optional<std::string_view> unseal(std::string_view record, std::uint64_t seed) {
  if (record.size() < checksum_bytes || record.size() > limits::entry_bytes_max) return std::nullopt;
  const auto content = record.substr(0, record.size() - checksum_bytes);
  if (record.substr(content.size()) != ending(content, seed)) return std::nullopt;
  return content;
}

} // namespace burrow::codec
