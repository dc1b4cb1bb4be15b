#include "cluster/codec/control_codec.hpp"

#include "cluster/base/limits.hpp"
#include "cluster/codec/gossip_codec.hpp"
#include "proto/control.pb.h"

#include <algorithm>
#include <optional>

namespace burrow::codec {
namespace {

constexpr std::size_t reason_bytes_max = 200;

void write(proto::control_hello& out, const control_hello& in) {
  out.set_cluster_high(in.cluster.high);
  out.set_cluster_low(in.cluster.low);
  out.set_node(in.node.value);
  out.set_name(in.name);
  out.set_life(in.life);
  out.set_version(in.version);
}

std::optional<control_hello> read(const proto::control_hello& in) {
  if (in.node() == 0 || in.life() == 0 || in.version() == 0 || !is_member_name(in.name())) return std::nullopt;
  return control_hello{{in.cluster_high(), in.cluster_low()}, {in.node()}, in.name(), in.life(), in.version()};
}

struct writer {
  proto::control_message& out;
  void operator()(const control_hello& m) const { write(*out.mutable_hello(), m); }
  void operator()(const control_welcome& m) const { write(*out.mutable_welcome(), m.who); }
  void operator()(const control_refused& m) const { out.set_refused(m.why); }
  void operator()(const control_gossip& m) const { out.set_gossip(m.bytes); }
  void operator()(const control_order& m) const {
    out.mutable_order()->set_kind(m.kind);
    out.mutable_order()->set_what(m.bytes);
  }
  void operator()(const control_credit& m) const { out.set_credit(m.messages); }
};

std::optional<control_message> read(const proto::control_message& in) {
  switch (in.content_case()) {
  case proto::control_message::kHello:
    if (auto who = read(in.hello())) return std::move(*who);
    return std::nullopt;
  case proto::control_message::kWelcome:
    if (auto who = read(in.welcome())) return control_welcome{std::move(*who)};
    return std::nullopt;
  case proto::control_message::kRefused: {
    const auto& why = in.refused();
    const bool sound = std::ranges::all_of(why, [](char c) { return c >= 0x20 && c < 0x7F; });
    if (why.size() > reason_bytes_max || !sound) return std::nullopt;
    return control_refused{why};
  }
  case proto::control_message::kGossip: return control_gossip{in.gossip()};
  case proto::control_message::kOrder:
    if (in.order().what().size() > limits::control_order_bytes_max) return std::nullopt;
    return control_order{in.order().kind(), in.order().what()};
  case proto::control_message::kCredit:
    if (in.credit() == 0 || in.credit() > limits::control_credit) return std::nullopt;
    return control_credit{in.credit()};
  default: return std::nullopt;
  }
}

} // namespace

std::string encode_control(const control_message& m) {
  proto::control_message out;
  std::visit(writer{out}, m);
  return out.SerializeAsString();
}

result<control_message> decode_control(std::string_view bytes) {
  if (bytes.size() > limits::control_message_bytes_max) return errc::too_large;
  proto::control_message in;
  const bool whole = in.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
  if (!whole) return error{errc::malformed, "control message"};
  auto out = read(in);
  if (!out) return error{errc::malformed, "control message"};
  return std::move(*out);
}

} // namespace burrow::codec
