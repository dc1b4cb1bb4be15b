#include "actors/plane/wire.hpp"

#include "actors/plane/bounds.hpp"

#include <algorithm>
#include <optional>

namespace burrow::plane {
namespace {

constexpr std::uint32_t magic = 0x42757272; // "Burr"
/// So much is reserved for a frame by its header alone.
constexpr std::size_t trusted_bytes = 64 * limits::kib;

bool is_stream(std::uint8_t x) { return x >= 1 && x <= 3; }

} // namespace

std::string_view to_string(refusal why) {
  const auto at = static_cast<std::size_t>(why);
  return at < refusal_names.size() ? refusal_names[at] : "unknown";
}

bool is_node_name(std::string_view name) {
  return !name.empty() && name.size() <= bounds::name_bytes_max && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  });
}

void append_header(std::string& out, std::size_t payload, std::uint8_t kind, shard_id shard) {
  byte_writer w(out);
  w.u32(static_cast<std::uint32_t>(payload));
  w.u8(kind);
  w.u16(shard.value);
}

std::string encode_greeting(const greeting& what) {
  std::string payload;
  byte_writer w(payload);
  // What every version must be able to read of every other: up to here.
  w.u32(magic);
  w.u16(protocol_version);
  w.u8(static_cast<std::uint8_t>(what.step));
  if (what.step == greeting_step::refused) w.u8(static_cast<std::uint8_t>(what.why));
  if (what.step == greeting_step::hello || what.step == greeting_step::welcome) {
    w.hash(what.who.cluster);
    w.u64(what.who.node.value);
    w.u64(what.who.life);
    w.u8(static_cast<std::uint8_t>(what.stream));
    w.u64(what.meant.value);
    w.sized(what.who.name);
  }
  std::string out;
  append_header(out, payload.size(), greeting_kind, {});
  return out + payload;
}

std::optional<greeting> decode_greeting(std::string_view payload, refusal& wrong) {
  byte_reader r(payload);
  greeting out;
  wrong = refusal::malformed;
  if (r.u32() != magic) return std::nullopt;
  const auto version = r.u16();
  const auto step = r.u8();
  if (!r.ok()) return std::nullopt;
  if (step == static_cast<std::uint8_t>(greeting_step::refused)) {
    // Of another version too: that is the refusal that matters most.
    out.step = greeting_step::refused;
    out.why = static_cast<refusal>(r.u8());
    if (!r.ok() || out.why == refusal::none) return std::nullopt;
    return out;
  }
  if (version != protocol_version) {
    wrong = refusal::other_version;
    return std::nullopt;
  }
  if (step < 1 || step > 3) return std::nullopt;
  out.step = static_cast<greeting_step>(step);
  if (out.step != greeting_step::go) {
    out.who.cluster = r.hash();
    out.who.node = {r.u64()};
    out.who.life = r.u64();
    const auto stream = r.u8();
    out.meant = {r.u64()};
    out.who.name = r.sized();
    if (!is_stream(stream) || out.who.node == node_id{} || !is_node_name(out.who.name)) return std::nullopt;
    out.stream = static_cast<stream_kind>(stream);
  }
  if (!r.done()) return std::nullopt;
  return out;
}

refusal judge(const node_identity& self, const greeting& theirs, const standing& known, node_id called) {
  const auto& them = theirs.who;
  const bool admit = theirs.stream == stream_kind::admit, outsider = self.cluster == hash128{};
  const bool nobody = them.cluster == hash128{};
  if (them.node == self.node) return refusal::own_id;
  if (theirs.step == greeting_step::hello && theirs.meant != node_id{} && theirs.meant != self.node)
    return refusal::wrong_node;
  // Whoever belongs to no cluster yet may ask to be admitted, and may be asked, and nothing else.
  if (admit) return outsider || nobody || them.cluster == self.cluster ? refusal::none : refusal::other_cluster;
  if (outsider || them.cluster != self.cluster) return refusal::other_cluster;
  if (called != node_id{} && them.node != called) return refusal::wrong_node;
  if (them.name == self.name || known.name_taken) return refusal::name_in_use;
  return them.life < known.life ? refusal::old_life : refusal::none;
}

bool frame_parser::read_header(std::string_view& in) {
  const auto take = std::min(in.size(), header_bytes - have_);
  std::copy_n(in.begin(), take, header_.begin() + static_cast<std::ptrdiff_t>(have_));
  in.remove_prefix(take);
  have_ += take;
  return have_ == header_bytes;
}

frame_parser::state frame_parser::next(std::string_view& in, parsed& out) {
  if (have_ < header_bytes) {
    if (!read_header(in)) return state::more;
    byte_reader r({header_.data(), header_.size()});
    wanted_ = r.u32();
    current_.kind = r.u8();
    current_.shard = {r.u16()};
    current_.bytes.clear();
    current_.bytes.reserve(std::min({wanted_, max_, trusted_bytes}));
  }
  // Asked again after `oversized` the answer stays the same.
  if (wanted_ > max_) return state::oversized;
  const auto take = std::min(in.size(), wanted_ - current_.bytes.size());
  current_.bytes.append(in.data(), take);
  in.remove_prefix(take);
  if (current_.bytes.size() < wanted_) return state::more;
  have_ = 0;
  out = std::move(current_);
  current_ = {};
  return state::frame;
}

} // namespace burrow::plane
