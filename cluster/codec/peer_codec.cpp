#include "cluster/codec/peer_codec.hpp"

#include "cluster/codec/members.hpp"
#include "cluster/codec/peer_checks.hpp"
#include "proto/peer.pb.h"

namespace burrow::codec {
namespace {

// Functions of these names in here would hide them.
using codec::read;
using codec::write;

void write(proto::report& out, const raft::report& in) {
  out.set_wall_ms(in.wall.ms);
  out.set_disk_free(in.disk_free);
  out.set_hash_index(in.hash_index.value);
  out.mutable_state_hash()->set_high(in.state_hash.high);
  out.mutable_state_hash()->set_low(in.state_hash.low);
}

void write(proto::peer_entry& out, const raft::entry& in) {
  out.set_term(in.term.value);
  out.set_kind(static_cast<std::uint32_t>(in.kind));
  const auto command = in.payload.command.view();
  out.set_command(command.data(), command.size());
  for (const auto& b : in.payload.bodies) {
    auto& body = *out.add_bodies();
    body.set_size(b.size);
    body.set_hash_high(b.hash.high);
    body.set_hash_low(b.hash.low);
    const auto bytes = b.bytes.view();
    if (b.bytes.present()) body.set_content(bytes.data(), bytes.size());
  }
  if (in.config) write(*out.mutable_config(), *in.config);
}

// One function a kind of message.
struct writer {
  proto::peer_envelope& out;

  void operator()(const raft::vote_request& in) const {
    auto& m = *out.mutable_vote_request();
    m.set_pre(in.pre);
    m.set_transfer(in.transfer);
    m.set_last(in.last.value);
    m.set_last_term(in.last_term.value);
  }
  void operator()(const raft::vote_answer& in) const {
    auto& m = *out.mutable_vote_answer();
    m.set_pre(in.pre);
    m.set_granted(in.granted);
    write(*m.mutable_about(), in.about);
  }
  void operator()(const raft::append_request& in) const {
    auto& m = *out.mutable_append_request();
    m.set_previous(in.previous.value);
    m.set_previous_term(in.previous_term.value);
    m.set_committed(in.committed.value);
    for (const auto& e : in.entries) write(*m.add_entries(), e);
  }
  void operator()(const raft::append_answer& in) const {
    auto& m = *out.mutable_append_answer();
    m.set_accepted(in.accepted);
    m.set_verified(in.verified.value);
    m.set_hint_term(in.hint_term.value);
    m.set_previous(in.previous.value);
  }
  void operator()(const raft::heartbeat& in) const {
    out.mutable_heartbeat()->set_committed(in.committed.value);
    out.mutable_heartbeat()->set_round(in.round);
  }
  void operator()(const raft::heartbeat_answer& in) const {
    auto& m = *out.mutable_heartbeat_answer();
    m.set_round(in.round);
    m.set_received(in.received.value);
    m.set_last(in.last.value);
    write(*m.mutable_about(), in.about);
  }
  void operator()(const raft::install_request& in) const {
    write(*out.mutable_install_request()->mutable_meta(), in.meta);
    out.mutable_install_request()->set_session(in.session);
  }
  void operator()(const raft::install_answer& in) const {
    auto& m = *out.mutable_install_answer();
    m.set_installed(in.installed);
    m.set_index(in.index.value);
    m.set_session(in.session);
  }
  void operator()(const raft::transfer_now&) const { out.mutable_transfer_now(); }
  void operator()(const raft::sleep_request& in) const {
    out.mutable_sleep_request()->set_committed(in.committed.value);
    out.mutable_sleep_request()->set_question(in.question);
  }
  void operator()(const raft::sleep_answer& in) const {
    out.mutable_sleep_answer()->set_asleep(in.asleep);
    out.mutable_sleep_answer()->set_question(in.question);
  }
  void operator()(const raft::wake&) const { out.mutable_wake(); }
  void operator()(const pull_request& in) const {
    auto& m = *out.mutable_pull_request();
    m.set_session(in.session.value);
    m.set_family(static_cast<std::uint32_t>(in.where));
    m.set_from(in.from);
    m.set_done(in.done);
  }
  void operator()(const pull_chunk& in) const {
    auto& m = *out.mutable_pull_chunk();
    m.set_session(in.session.value);
    m.set_family(static_cast<std::uint32_t>(in.where));
    m.set_from(in.from);
    for (const auto& [key, value] : in.items) {
      auto& item = *m.add_items();
      item.set_key(key);
      item.set_value(value);
    }
    m.set_complete(in.complete);
    m.set_lost(in.lost);
    m.set_gaps(in.gaps);
    m.set_checksum(checksum_of(in));
  }
};

// ---- reading ----------------------------------------------------------------------------------------------------

raft::report read_report(const proto::report& in) {
  return {{in.wall_ms()}, in.disk_free(), {in.hash_index()}, {in.state_hash().high(), in.state_hash().low()}};
}

raft::entry read_entry(log_index index, const proto::peer_entry& in) {
  raft::entry out;
  out.index = index;
  out.term = {in.term()};
  out.kind = static_cast<raft::entry_kind>(std::min<std::uint32_t>(in.kind(), 0xFF));
  if (out.kind == raft::entry_kind::command) out.payload.command = shared_bytes(in.command());
  for (const auto& b : in.bodies()) {
    out.payload.bodies.push_back({b.has_content() ? shared_bytes(b.content()) : shared_bytes(),
                                  b.size(),
                                  {b.hash_high(), b.hash_low()}});
  }
  if (in.has_config()) out.config = std::make_shared<const raft::configuration>(read(in.config()));
  return out;
}

raft::append_request read_append(const proto::append_request& in) {
  raft::append_request out{{in.previous()}, {in.previous_term()}, {in.committed()}, {}};
  out.entries.reserve(static_cast<std::size_t>(in.entries_size()));
  auto index = in.previous();
  for (const auto& e : in.entries()) out.entries.push_back(read_entry({++index}, e));
  return out;
}

/// Nothing if it is none of Raft's.
std::optional<decltype(raft::peer_message::what)> read_raft(const proto::peer_envelope& in) {
  switch (in.what_case()) {
  case proto::peer_envelope::kVoteRequest: {
    const auto& m = in.vote_request();
    return raft::vote_request{m.pre(), m.transfer(), {m.last()}, {m.last_term()}};
  }
  case proto::peer_envelope::kVoteAnswer: {
    const auto& m = in.vote_answer();
    return raft::vote_answer{m.pre(), m.granted(), read_report(m.about())};
  }
  case proto::peer_envelope::kAppendRequest: return read_append(in.append_request());
  case proto::peer_envelope::kAppendAnswer: {
    const auto& m = in.append_answer();
    return raft::append_answer{m.accepted(), {m.verified()}, {m.hint_term()}, {m.previous()}};
  }
  case proto::peer_envelope::kHeartbeat:
    return raft::heartbeat{{in.heartbeat().committed()}, in.heartbeat().round()};
  case proto::peer_envelope::kHeartbeatAnswer: {
    const auto& m = in.heartbeat_answer();
    return raft::heartbeat_answer{m.round(), {m.received()}, read_report(m.about()), {m.last()}};
  }
  case proto::peer_envelope::kInstallRequest:
    return raft::install_request{read(in.install_request().meta()), in.install_request().session()};
  case proto::peer_envelope::kInstallAnswer: {
    const auto& m = in.install_answer();
    return raft::install_answer{m.installed(), {m.index()}, m.session()};
  }
  case proto::peer_envelope::kTransferNow: return raft::transfer_now{};
  case proto::peer_envelope::kSleepRequest:
    return raft::sleep_request{{in.sleep_request().committed()}, in.sleep_request().question()};
  case proto::peer_envelope::kSleepAnswer:
    return raft::sleep_answer{in.sleep_answer().asleep(), in.sleep_answer().question()};
  case proto::peer_envelope::kWake: return raft::wake{};
  default: return std::nullopt;
  }
}

pull_chunk read_chunk(const proto::pull_chunk& m) {
  pull_chunk out{{m.session()}, static_cast<family>(m.family()), m.from(), {}, m.complete(), m.lost(), m.gaps()};
  out.items.reserve(static_cast<std::size_t>(m.items_size()));
  for (const auto& item : m.items()) out.items.emplace_back(item.key(), item.value());
  return out;
}

} // namespace

std::string encode_peer(shard_id shard, const peer_content& what) {
  proto::peer_envelope out;
  out.set_shard(shard.value);
  if (const auto* const m = std::get_if<raft::peer_message>(&what)) {
    write(*out.mutable_from(), m->from);
    write(*out.mutable_to(), m->to);
    out.set_term(m->term.value);
    std::visit(writer{out}, m->what);
  } else {
    const auto& bulk = std::get<bulk_message>(what);
    write(*out.mutable_from(), bulk.from);
    write(*out.mutable_to(), bulk.to);
    std::visit(writer{out}, bulk.what);
  }
  return out.SerializeAsString();
}

result<shard_message> decode_peer(std::string_view bytes) {
  if (bytes.size() > limits::peer_message_bytes_max) return errc::too_large;
  proto::peer_envelope in;
  if (!in.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return error{errc::malformed, "peer message"};
  if (in.shard() > 0xFFFE) return error{errc::malformed, "shard of a peer message"};
  shard_message out{{static_cast<std::uint16_t>(in.shard())}, {}};
  const auto from = read(in.from()), to = read(in.to());
  if (from.replica.value == 0 || to.replica.value == 0) return error{errc::malformed, "member of a peer message"};
  if (in.has_install_request() && in.install_request().meta().machine_version() > 0xFFFF) {
    return error{errc::malformed, "machine version of an install"};
  }
  if (in.has_pull_request()) {
    const auto& m = in.pull_request();
    bulk_message bulk{from, to, pull_request{{m.session()}, static_cast<family>(m.family()), m.from(), m.done()}};
    const bool sound = m.family() <= 0xFF && is_sound(std::get<pull_request>(bulk.what));
    if (!sound) return error{errc::malformed, "pull request"};
    out.what = std::move(bulk);
  } else if (in.has_pull_chunk()) {
    auto chunk = read_chunk(in.pull_chunk());
    if (in.pull_chunk().family() > 0xFF || !is_sound(chunk) || checksum_of(chunk) != in.pull_chunk().checksum()) {
      return error{errc::malformed, "chunk of a state"};
    }
    out.what = bulk_message{from, to, std::move(chunk)};
  } else {
    auto what = read_raft(in);
    if (!what) return error{errc::malformed, "unknown peer message"};
    raft::peer_message m{from, to, {in.term()}, std::move(*what)};
    if (!is_sound(m)) return error{errc::malformed, "peer message that does not agree with itself"};
    out.what = std::move(m);
  }
  return out;
}

} // namespace burrow::codec
