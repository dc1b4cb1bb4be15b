// Bytes that are written down: shared immutable bodies, and the big-endian and varint writer and reader of
// keys and state values. Readers are told "malformed", never trusted.
#pragma once

#include "cluster/base/ids.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace burrow {

/// Immutable bytes with shared ownership. A body is copied once from the socket and then only pointed to.
class shared_bytes {
public:
  shared_bytes() = default;
  explicit shared_bytes(std::string bytes) : bytes_(std::make_shared<const std::string>(std::move(bytes))) {}
  [[nodiscard]] std::string_view view() const { return bytes_ ? std::string_view{*bytes_} : std::string_view{}; }
  [[nodiscard]] std::size_t size() const { return bytes_ ? bytes_->size() : 0; }
  [[nodiscard]] bool present() const { return bytes_ != nullptr; }
  bool operator==(const shared_bytes& other) const { return view() == other.view(); }

private:
  std::shared_ptr<const std::string> bytes_;
};

/// Appends to a string. Fixed numbers are big endian, so that byte order is numeric order in keys.
class byte_writer {
public:
  explicit byte_writer(std::string& out) : out_(out) {}
  void u8(std::uint8_t x) { out_.push_back(static_cast<char>(x)); }
  void u16(std::uint16_t x) { fixed(x, 2); }
  void u32(std::uint32_t x) { fixed(x, 4); }
  void u64(std::uint64_t x) { fixed(x, 8); }
  void varint(std::uint64_t x) {
    while (x >= 0x80) {
      u8(static_cast<std::uint8_t>(x | 0x80U));
      x >>= 7;
    }
    u8(static_cast<std::uint8_t>(x));
  }
  void hash(hash128 h) { u64(h.high); u64(h.low); }
  void raw(std::string_view bytes) { out_.append(bytes); }
  /// Length (varint), then the bytes.
  void sized(std::string_view bytes) { varint(bytes.size()); raw(bytes); }

private:
  void fixed(std::uint64_t x, int width) {
    for (int i = width; i-- > 0;) out_.push_back(static_cast<char>(x >> (8 * i)));
  }
  std::string& out_;
};

/// Reads what byte_writer wrote. After any overrun ok() is false for good and every value is 0 or empty.
class byte_reader {
public:
  explicit byte_reader(std::string_view in) : in_(in) {}
  [[nodiscard]] bool ok() const { return ok_; }
  /// True when everything was read and nothing failed.
  [[nodiscard]] bool done() const { return ok_ && in_.empty(); }
  [[nodiscard]] std::size_t left() const { return in_.size(); }
  std::uint8_t u8() { return static_cast<std::uint8_t>(fixed(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(fixed(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(fixed(4)); }
  std::uint64_t u64() { return fixed(8); }
  std::uint64_t varint() {
    std::uint64_t x = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto b = fixed(1);
      if (shift == 63 && b > 1) break;
      x |= (b & 0x7fU) << shift;
      if (b < 0x80) return ok_ ? x : 0;
    }
    return fail();
  }
  hash128 hash() { const auto h = u64(); return {h, u64()}; }
  std::string_view raw(std::size_t size) {
    if (size > in_.size()) { fail(); return {}; }
    const auto part = in_.substr(0, size);
    in_.remove_prefix(size);
    return part;
  }
  std::string_view sized() { return raw(varint()); }
  std::string_view rest() { return raw(in_.size()); }

private:
  std::uint64_t fail() { ok_ = false; in_ = {}; return 0; }
  std::uint64_t fixed(std::size_t width) {
    if (in_.size() < width) return fail();
    std::uint64_t x = 0;
    for (std::size_t i = 0; i < width; ++i) x = (x << 8) | static_cast<std::uint8_t>(in_[i]);
    in_.remove_prefix(width);
    return x;
  }
  std::string_view in_;
  bool ok_ = true;
};

} // namespace burrow
