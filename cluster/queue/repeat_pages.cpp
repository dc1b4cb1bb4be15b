// Pages of replies, and the records of gateways that list them, as they are stored.
#include "cluster/base/bytes.hpp"
#include "cluster/queue/repeat_records.hpp"

#include <algorithm>
#include <utility>

namespace burrow::queue {

namespace {

std::uint64_t ms(instant t) { return static_cast<std::uint64_t>(t.ms); }
instant read_instant(byte_reader& in) { return {static_cast<std::int64_t>(in.varint())}; }

/// Ascending, so that each number is told by its distance to the one before.
void write(byte_writer& out, const kept_number& x, std::uint64_t& before) {
  out.varint(x.number - std::exchange(before, x.number));
  out.varint(x.step);
}
kept_number read_number(byte_reader& in, std::uint64_t& before) {
  before += in.varint();
  return {before, static_cast<std::uint32_t>(in.varint())};
}

void write(byte_writer& out, const kept_page& x) {
  out.varint(x.bytes);
  out.hash(x.hash);
  out.varint(x.replies.size());
  std::uint64_t before = 0;
  for (const auto& r : x.replies) write(out, r, before);
}
void read(byte_reader& in, kept_page& x) {
  x.bytes = in.varint();
  x.hash = in.hash();
  std::uint64_t before = 0;
  for (auto n = in.varint(); n > 0 && in.ok(); --n) x.replies.push_back(read_number(in, before));
}

} // namespace

bool kept_page::finished(std::uint64_t below) const { return replies.back().number < below; }

bool kept_page::has(const kept_number& which) const {
  return std::binary_search(replies.begin(), replies.end(), which);
}

std::size_t gateway_record::replies() const {
  std::size_t sum = 0;
  for (const auto& p : pages) sum += p.replies.size();
  return sum;
}
std::uint64_t gateway_record::bytes() const {
  std::uint64_t sum = 0;
  for (const auto& p : pages) sum += p.bytes;
  return sum;
}

namespace key {

std::string gateway(std::uint64_t gateway) {
  std::string key;
  byte_writer out(key);
  out.u8(static_cast<std::uint8_t>(gateway_family));
  out.u64(gateway);
  return key;
}
std::string kept(std::uint64_t gateway, std::uint64_t entry) {
  std::string key;
  byte_writer out(key);
  out.u8(static_cast<std::uint8_t>(kept_family));
  out.u64(gateway);
  out.u64(entry);
  return key;
}

} // namespace key

std::string encode(const reply_page& x) {
  std::string bytes;
  byte_writer out(bytes);
  std::uint64_t before = 0;
  for (const auto& [number, told] : x) {
    write(out, number, before);
    out.sized(told);
  }
  return bytes;
}
std::optional<reply_page> decode_page(std::string_view bytes) {
  byte_reader in(bytes);
  reply_page x;
  for (std::uint64_t before = 0; in.ok() && !in.done();) {
    const auto number = read_number(in, before);
    const auto told = in.sized();
    if (!in.ok() || !x.emplace(number, told).second) return std::nullopt;
  }
  if (!in.ok() || x.empty()) return std::nullopt;
  return x;
}

std::string encode(const gateway_record& x) {
  std::string bytes;
  byte_writer out(bytes);
  for (const auto n : {ms(x.heard), x.below, x.last, std::uint64_t{x.pages.size()}}) out.varint(n);
  std::uint64_t before = 0;
  for (const auto& p : x.pages) {
    out.varint(p.entry - std::exchange(before, p.entry));
    write(out, p);
  }
  return bytes;
}
std::optional<gateway_record> decode_gateway(std::string_view bytes) {
  byte_reader in(bytes);
  gateway_record x;
  x.heard = read_instant(in);
  x.below = in.varint();
  x.last = in.varint();
  std::uint64_t before = 0;
  for (auto n = in.varint(); n > 0 && in.ok(); --n) {
    auto& p = x.pages.emplace_back();
    p.entry = before += in.varint();
    read(in, p);
    if (p.replies.empty()) return std::nullopt;
  }
  if (!in.done()) return std::nullopt;
  return x;
}

} // namespace burrow::queue
