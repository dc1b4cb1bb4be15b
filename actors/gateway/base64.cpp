#include "actors/gateway/base64.hpp"

#include <array>
#include <cstdint>

namespace burrow {
namespace {

constexpr std::string_view standard = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view for_urls = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint8_t none = 255;

constexpr std::array<std::uint8_t, 256> inverse(std::string_view alphabet) {
  std::array<std::uint8_t, 256> table{};
  for (auto& x : table) x = none;
  std::uint8_t value = 0;
  for (const char c : alphabet) table[static_cast<unsigned char>(c)] = value++;
  return table;
}
constexpr auto from_standard = inverse(standard), from_urls = inverse(for_urls);

void encode(std::string& out, std::string_view bytes, std::string_view alphabet) {
  out.reserve(out.size() + (bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto left = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t x = 0;
    for (std::size_t k = 0; k < 3; ++k) x = x << 8 | (k < left ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    for (std::size_t k = 0; k <= left; ++k) out.push_back(alphabet[x >> (18 - 6 * k) & 63]);
  }
}

std::optional<std::string> decode(std::string_view text, const std::array<std::uint8_t, 256>& table) {
  if (text.size() % 4 == 1) return std::nullopt;
  std::string out;
  out.reserve(text.size() / 4 * 3 + 2);
  std::uint32_t x = 0;
  int bits = 0;
  for (const char c : text) {
    const auto digit = table[static_cast<unsigned char>(c)];
    if (digit == none) return std::nullopt;
    x = (x << 6 | digit) & 0xFFFFFF;
    if ((bits += 6) >= 8) out.push_back(static_cast<char>(x >> (bits -= 8)));
  }
  if ((x & ((1U << bits) - 1)) != 0) return std::nullopt;
  return out;
}

} // namespace

void base64_append(std::string& out, std::string_view bytes) {
  encode(out, bytes, standard);
  if (bytes.size() % 3 != 0) out.append(3 - bytes.size() % 3, '=');
}

std::optional<std::string> base64_decoded(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  if (text.ends_with("==")) text.remove_suffix(2);
  else if (text.ends_with('=')) text.remove_suffix(1);
  return decode(text, from_standard);
}

void base64url_append(std::string& out, std::string_view bytes) { encode(out, bytes, for_urls); }
std::optional<std::string> base64url_decoded(std::string_view text) { return decode(text, from_urls); }

} // namespace burrow
