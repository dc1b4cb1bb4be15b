#include "cluster/codec/gossip_codec.hpp"

#include "cluster/base/limits.hpp"
#include "proto/gossip.pb.h"

#include <algorithm>
#include <optional>

namespace burrow::codec {
namespace {

using membership::member_state;
using membership::rumour;

constexpr std::uint64_t counter_max = std::uint64_t{1} << 62; ///< lives and incarnations are raised by one, never wrap
constexpr std::uint64_t age_max_ms = std::uint64_t{366} * 24 * 3600 * 1000;
constexpr std::size_t probe_bytes_max = (limits::probe_rumours_max + 1) * limits::member_bytes_max;

bool is_text(std::string_view text, std::size_t size_max) {
  return text.size() <= size_max && std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7F; });
}

bool is_sound(const membership::member_facts& f) {
  if (!is_member_name(f.name) || !is_member_name(f.zone)) return false;
  for (const auto* address : {&f.cluster, &f.http, &f.admin})
    if (!is_text(*address, limits::member_address_bytes_max)) return false;
  return is_text(f.version, limits::member_version_bytes_max);
}

void write(proto::gossip_rumour& out, const rumour& in) {
  const auto& m = in.about;
  out.set_node(m.id.value);
  out.set_life(m.life);
  out.set_incarnation(m.incarnation);
  out.set_state(static_cast<std::uint32_t>(m.state));
  auto& f = *out.mutable_facts();
  f.set_name(m.facts.name);
  f.set_zone(m.facts.zone);
  f.set_cluster(m.facts.cluster);
  f.set_http(m.facts.http);
  f.set_admin(m.facts.admin);
  f.set_version(m.facts.version);
  f.set_load(m.facts.load);
  f.set_disk_free(m.facts.disk_free);
  f.set_disk_size(m.facts.disk_size);
  f.set_draining(m.facts.draining);
  out.set_by(in.by.value);
  out.set_age_ms(static_cast<std::uint64_t>(std::max<duration::rep>(0, in.age.count())));
}

std::optional<rumour> read(const proto::gossip_rumour& in) {
  if (in.node() == 0 || in.by() == 0 || in.life() > counter_max || in.incarnation() > counter_max) return std::nullopt;
  if (in.state() > static_cast<std::uint32_t>(member_state::left) || in.age_ms() > age_max_ms) return std::nullopt;
  const auto state = static_cast<member_state>(in.state());
  if (membership::is_here(state) && in.age_ms() != 0) return std::nullopt;
  const auto& f = in.facts();
  rumour out{{{in.node()}, in.life(), in.incarnation(), state, {}},
             {in.by()},
             duration{static_cast<duration::rep>(in.age_ms())}};
  out.about.facts = {f.name(), f.zone(), f.cluster(),   f.http(),      f.admin(),
                     f.version(), f.load(), f.disk_free(), f.disk_size(), f.draining()};
  if (!is_sound(out.about.facts)) return std::nullopt;
  return out;
}

/// Nothing if one of them is not sound, or if there are more than `count_max`.
std::optional<std::vector<rumour>> read(const google::protobuf::RepeatedPtrField<proto::gossip_rumour>& in,
                                        std::size_t count_max) {
  if (static_cast<std::size_t>(in.size()) > count_max) return std::nullopt;
  std::vector<rumour> out;
  out.reserve(static_cast<std::size_t>(in.size()));
  for (const auto& r : in) {
    auto got = read(r);
    if (!got) return std::nullopt;
    out.push_back(std::move(*got));
  }
  return out;
}

std::optional<membership::probe_content> read_content(const proto::gossip_probe& in) {
  if ((in.kind() == 3) != (in.target() != 0)) return std::nullopt;
  switch (in.kind()) {
  case 1: return membership::ping{in.number()};
  case 2: return membership::ack{in.number()};
  case 3: return membership::ping_request{in.number(), {in.target()}};
  case 4: return membership::nack{in.number()};
  default: return std::nullopt;
  }
}

} // namespace

bool is_member_name(std::string_view name) {
  return !name.empty() && name.size() <= limits::member_name_bytes_max && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  });
}

std::string encode_probe(const membership::probe_message& m) {
  proto::gossip_probe out;
  out.set_your_life(m.you.life);
  out.set_your_incarnation(m.you.incarnation);
  out.set_your_state(static_cast<std::uint32_t>(m.you.state));
  out.set_kind(static_cast<std::uint32_t>(m.what.index()) + 1);
  std::visit([&](const auto& w) { out.set_number(w.number); }, m.what);
  if (const auto* r = std::get_if<membership::ping_request>(&m.what)) out.set_target(r->target.value);
  for (const auto& r : m.rumours) write(*out.add_rumours(), r);
  return out.SerializeAsString();
}

result<membership::probe_message> decode_probe(std::string_view bytes) {
  if (bytes.size() > probe_bytes_max) return errc::too_large;
  proto::gossip_probe in;
  if (!in.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return error{errc::malformed, "probe"};
  auto what = read_content(in);
  if (!what) return error{errc::malformed, "unknown probe"};
  if (in.your_life() > counter_max || in.your_incarnation() > counter_max ||
      in.your_state() > static_cast<std::uint32_t>(member_state::left))
    return error{errc::malformed, "opinion of a probe"};
  auto rumours = read(in.rumours(), limits::probe_rumours_max);
  if (!rumours) return error{errc::malformed, "rumours of a probe"};
  return membership::probe_message{{in.your_life(), in.your_incarnation(), static_cast<member_state>(in.your_state())},
                                   *what,
                                   std::move(*rumours)};
}

std::string encode_gossip(const gossip& m) {
  proto::gossip_message out;
  const auto* const rumours = std::get_if<std::vector<rumour>>(&m);
  const auto* const whole = std::get_if<membership::exchange>(&m);
  for (const auto& r : rumours != nullptr ? *rumours : whole->members) write(*out.add_rumours(), r);
  out.set_exchange(whole != nullptr);
  out.set_answer(whole != nullptr && whole->answer);
  return out.SerializeAsString();
}

result<gossip> decode_gossip(std::string_view bytes) {
  if (bytes.size() > limits::control_message_bytes_max) return errc::too_large;
  proto::gossip_message in;
  if (!in.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return error{errc::malformed, "gossip"};
  if (in.answer() && !in.exchange()) return error{errc::malformed, "rumours want no answer"};
  auto rumours = read(in.rumours(), in.exchange() ? limits::exchange_part_max : limits::rumours_message_max);
  if (!rumours) return error{errc::malformed, "rumours"};
  if (!in.exchange()) return gossip{std::move(*rumours)};
  return gossip{membership::exchange{std::move(*rumours), in.answer()}};
}

} // namespace burrow::codec
