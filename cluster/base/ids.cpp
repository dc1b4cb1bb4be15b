#include "cluster/base/ids.hpp"

#include <xxhash.h>

namespace burrow {
namespace {

constexpr std::string_view base32 = "0123456789abcdefghjkmnpqrstvwxyz";

} // namespace

std::string message_id::text26() const {
  std::string out(26, '0');
  std::uint64_t h = high, l = low;
  for (std::size_t i = 26; i-- > 0;) {
    out[i] = base32[l & 31U];
    l = (l >> 5) | (h << 59);
    h >>= 5;
  }
  return out;
}

std::optional<message_id> message_id::parse26(std::string_view text) {
  if (text.size() != 26 || text[0] > '7') return std::nullopt; // 26 × 5 = 130 bits: the first has three
  message_id id;
  for (const char c : text) {
    const auto digit = base32.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    id.high = (id.high << 5) | (id.low >> 59);
    id.low = (id.low << 5) | digit;
  }
  return id;
}

hash128 hash_of(std::string_view bytes) {
  const XXH128_hash_t h = XXH3_128bits(bytes.data(), bytes.size());
  return {h.high64, h.low64};
}

hash128 hash_of(std::string_view key, std::string_view value) {
  const hash128 k = hash_of(key);
  const XXH128_hash_t h = XXH3_128bits_withSeed(value.data(), value.size(), k.low ^ (k.high << 1 | k.high >> 63));
  return hash128{h.high64, h.low64} + k;
}

} // namespace burrow
