#include "cluster/codec/look_codec.hpp"

#include "proto/look.pb.h"

namespace burrow::codec {
namespace {

/// Sums and differences of such times do not wrap.
constexpr std::int64_t time_ms_max = std::int64_t{1} << 52;

bool is_time(std::int64_t ms) { return ms >= -time_ms_max && ms <= time_ms_max; }

} // namespace

std::string encode_look(const look_message& m) {
  proto::node_look out;
  if (const auto* const q = std::get_if<look_question>(&m)) {
    out.mutable_question()->set_number(q->number);
    out.mutable_question()->set_what(q->what);
  } else {
    const auto& a = std::get<look_answer>(m);
    auto& to = *out.mutable_answer();
    to.set_number(a.number);
    to.set_heard_ms(a.heard.ms);
    to.set_said_ms(a.said.ms);
    to.set_text(a.text);
  }
  return out.SerializeAsString();
}

result<look_message> decode_look(std::string_view bytes) {
  if (bytes.size() > limits::control_order_bytes_max) return errc::too_large;
  proto::node_look in;
  if (!in.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return errc::malformed;
  if (in.has_question()) {
    if (in.question().what().size() > look_what_max) return errc::too_large;
    return look_message{look_question{in.question().number(), in.question().what()}};
  }
  if (!in.has_answer()) return errc::malformed;
  const auto& a = in.answer();
  if (a.text().size() > look_text_max) return errc::too_large;
  if (!is_time(a.heard_ms()) || !is_time(a.said_ms())) return errc::malformed;
  return look_message{look_answer{a.number(), {a.heard_ms()}, {a.said_ms()}, a.text()}};
}

} // namespace burrow::codec
