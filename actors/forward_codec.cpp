#include "actors/forward_codec.hpp"

#include "cluster/base/limits.hpp"
#include "cluster/codec/forward_parts.hpp"
#include "cluster/codec/log_codec.hpp"

#include <google/protobuf/arena.h>

namespace burrow {
namespace {

using google::protobuf::Arena;
using body_fields = google::protobuf::RepeatedPtrField<proto::forward_body>;

constexpr std::uint32_t kind_asks = 1, kind_tells = 2;
constexpr std::size_t bodies_max = limits::entry_messages_max;
constexpr std::size_t revisions_max = limits::http_head_bytes_max; ///< more do not fit into a request

// ---- what both directions share -----------------------------------------------------------------------------------

void write(body_fields& out, const std::vector<shared_bytes>& in) {
  out.Reserve(static_cast<int>(in.size()));
  for (const auto& body : in) {
    auto& field = *out.Add();
    if (body.present()) field.set_content(body.view().data(), body.size());
  }
}
/// Moves the bytes out: a large body is not copied once more.
std::vector<shared_bytes> read(codec::reader& r, body_fields& in) {
  std::vector<shared_bytes> out;
  codec::bounded(r, in.size(), bodies_max);
  out.reserve(static_cast<std::size_t>(in.size()));
  for (auto& field : in) {
    if (field.content().size() > limits::body_bytes_max) r.ok = false;
    out.push_back(field.has_content() ? shared_bytes(std::move(*field.mutable_content())) : shared_bytes());
  }
  return out;
}

void write(proto::forward_error& out, const error& in) {
  out.set_code(static_cast<std::uint32_t>(in.code));
  out.set_context(in.context);
}
error read(codec::reader& r, const proto::forward_error& in) {
  const auto code = codec::read_code(r, in.code());
  if (code == errc::ok) r.ok = false;
  return {code, in.context()};
}

/// What commands say of bodies by their number.
std::vector<raft::body_part> described(const std::vector<shared_bytes>& bodies) {
  std::vector<raft::body_part> out;
  out.reserve(bodies.size());
  for (const auto& b : bodies) out.push_back({{}, static_cast<std::uint32_t>(b.size()), hash_of(b.view())});
  return out;
}

/// Nothing if it is none that may cross.
std::optional<queue::command> read_command(const proto::command& in, const std::vector<shared_bytes>& bodies) {
  const auto parts = described(bodies);
  codec::reader r{parts};
  auto out = codec::read(r, in);
  if (!r.ok || !codec::check_limits(out)) return std::nullopt;
  return out;
}

std::string finished(const proto::forward_frame& frame) { return frame.SerializeAsString(); }

// ---- questions ----------------------------------------------------------------------------------------------------

proto::forward_frame& begin_ask(Arena& arena, const ask_head& head) {
  BURROW_ASSERT(head.port != 0 && head.hops >= 1 && head.hops <= limits::forward_hops_max);
  auto& out = *Arena::CreateMessage<proto::forward_frame>(&arena);
  out.set_kind(kind_asks);
  out.set_port(head.port);
  out.set_number(head.number);
  out.set_shard(head.shard.value);
  out.set_hops(head.hops);
  out.set_patience_ms(static_cast<std::uint64_t>(std::max(head.patience, duration{0}).count()));
  return out;
}

template <class T>
constexpr bool is_account_wide = std::is_same_v<T, queue::list_queues> || std::is_same_v<T, queue::list_tenants> ||
                                 std::is_same_v<T, delete_queues> || std::is_same_v<T, delete_tenants>;

void write(proto::forward_operation& out, const operation& in) {
  std::visit(
    [&]<class T>(const T& what) {
      if constexpr (std::is_constructible_v<queue::action, const T&>) {
        codec::write(*out.mutable_command(), queue::command{in.queue, in.repeat_id, what});
      } else if constexpr (is_account_wide<T>) {
        BURROW_ASSERT(false); // the bridge asks shards for these, one by one
      } else {
        codec::write(*out.mutable_query(), queue::query{in.queue, what});
      }
    },
    in.what);
  write(*out.mutable_bodies(), in.bodies);
  out.set_want_bodies(in.want_bodies);
  out.set_wait_ms(static_cast<std::uint64_t>(std::max(in.wait, duration{0}).count()));
  out.set_in_steps(in.in_steps);
  out.set_steps_limit(in.steps_limit);
  for (const auto revision : in.known_revisions) out.add_known_revisions(revision);
  out.set_seated(in.seat != nullptr);
}

template <class T>
bool adopt(operation& out, T& what) {
  if constexpr (std::is_constructible_v<operation_body, T&&> && !is_account_wide<T>) {
    out.what = std::move(what);
    return true;
  }
  return false; // none that clients ask for
}

std::shared_ptr<operation> read_operation(proto::forward_operation& in) {
  auto out = std::make_shared<operation>();
  const std::vector<raft::body_part> none;
  codec::reader r{none};
  out->bodies = read(r, *in.mutable_bodies());
  bool fine = r.ok;
  if (in.has_command()) {
    auto command = read_command(in.command(), out->bodies);
    if (!command) return nullptr;
    out->queue = std::move(command->queue);
    out->repeat_id = command->request;
    fine = fine && std::visit([&](auto& what) { return adopt(*out, what); }, command->what);
  } else if (in.has_query()) {
    auto query = codec::read(r, in.query());
    out->queue = std::move(query.queue);
    fine = r.ok && std::visit([&](auto& what) { return adopt(*out, what); }, query.what);
  } else {
    return nullptr;
  }
  out->want_bodies = in.want_bodies();
  fine = fine && in.wait_ms() <= static_cast<std::uint64_t>(limits::http_wait_max.count());
  out->wait = duration{static_cast<std::int64_t>(in.wait_ms())};
  out->in_steps = in.in_steps();
  out->steps_limit = in.steps_limit();
  fine = fine && static_cast<std::size_t>(in.known_revisions_size()) <= revisions_max;
  out->known_revisions.assign(in.known_revisions().begin(), in.known_revisions().end());
  out->client = std::make_shared<client_presence>();
  if (in.seated()) out->seat = std::make_shared<budget_share>();
  fine = fine && !out->queue.tenant.empty() && !out->queue.queue.empty();
  return fine ? out : nullptr;
}

std::optional<ask_head> read_ask_head(const proto::forward_frame& in) {
  const auto patience_max = limits::http_wait_max + limits::gateway_retry_max;
  if (in.kind() != kind_asks || in.port() == 0 || in.shard() >= 0xFFFF || in.hops() > limits::forward_hops_max ||
      in.hops() == 0 || in.patience_ms() > static_cast<std::uint64_t>(patience_max.count())) {
    return std::nullopt;
  }
  return ask_head{in.port(), in.number(), {static_cast<std::uint16_t>(in.shard())}, in.hops(),
                  duration{static_cast<std::int64_t>(in.patience_ms())}};
}

// ---- outcomes -----------------------------------------------------------------------------------------------------

proto::forward_frame& begin_told(Arena& arena, const told_head& head) {
  BURROW_ASSERT(head.port != 0);
  auto& out = *Arena::CreateMessage<proto::forward_frame>(&arena);
  out.set_kind(kind_tells);
  out.set_port(head.port);
  out.set_number(head.number);
  out.set_leader(head.leader.value);
  out.set_zone(head.zone);
  return out;
}

std::string finished_told(const told_head& head, proto::forward_frame& frame) {
  auto out = finished(frame);
  if (out.size() <= limits::forward_frame_bytes_max) return out;
  Arena arena;
  auto& refusal = begin_told(arena, head);
  const error why{errc::too_large, "answer of another node"};
  if (frame.has_result()) write(*refusal.mutable_result()->mutable_error(), why);
  else if (frame.has_reply()) write(*refusal.mutable_reply()->mutable_error(), why);
  else write(*refusal.mutable_answer()->mutable_error(), why);
  return finished(refusal);
}

void write(proto::forward_result& out, const operation_result& in) {
  std::visit(
    [&]<class T>(const T& what) {
      if constexpr (std::is_same_v<T, error>) write(*out.mutable_error(), what);
      else if constexpr (std::is_constructible_v<queue::reply, const T&>) codec::write(*out.mutable_reply(), what);
      else codec::write(*out.mutable_answer(), what);
    },
    in.what);
  write(*out.mutable_bodies(), in.bodies);
  out.set_waiters(in.waiters);
  for (const auto& undo : in.claimed_before) codec::write(*out.add_claimed_before(), undo);
  out.set_step(in.step);
}

template <class Variant>
bool adopt_result(operation_result& out, Variant& from) {
  return std::visit(
    [&]<class T>(T& what) {
      if constexpr (std::is_constructible_v<decltype(out.what), T&&>) {
        out.what = std::move(what);
        return true;
      } else {
        return false; // shards tell each other these, not clients
      }
    },
    from);
}

std::shared_ptr<operation_result> read_result(codec::reader& r, proto::forward_result& in) {
  auto out = std::make_shared<operation_result>();
  if (in.has_error()) {
    out->what = read(r, in.error());
  } else if (in.has_reply()) {
    auto reply = codec::read(r, in.reply());
    if (!adopt_result(*out, reply)) r.ok = false;
  } else if (in.has_answer()) {
    auto answer = codec::read(r, in.answer());
    if (!adopt_result(*out, answer)) r.ok = false;
  } else {
    r.ok = false;
  }
  out->bodies = read(r, *in.mutable_bodies());
  out->waiters = in.waiters();
  std::size_t places = 0;
  for (const auto& undo : in.claimed_before()) {
    places += static_cast<std::size_t>(undo.places_size());
    out->claimed_before.push_back(codec::read(undo));
  }
  // The last step of those that are remembered may go over the bound by what one entry may hold.
  if (places > limits::undo_places_max + limits::entry_messages_max) r.ok = false;
  out->step = in.step();
  return out;
}

template <class Effect, class Message, class Content>
Effect read_effect(codec::reader& r, Message& in, const Content* content) {
  Effect out{{}, errc::unknown_outcome, {}};
  if (content != nullptr) out.outcome = codec::read(r, *content);
  else if (in.has_error()) out.outcome = read(r, in.error());
  else r.ok = false;
  out.bodies = read(r, *in.mutable_bodies());
  return out;
}

} // namespace

std::string encode_ask(const ask_head& head, const operation& what) {
  Arena arena;
  auto& frame = begin_ask(arena, head);
  write(*frame.mutable_operation(), what);
  return finished(frame);
}
std::string encode_ask(const ask_head& head, const proposal& what) {
  Arena arena;
  auto& frame = begin_ask(arena, head);
  auto& out = *frame.mutable_proposal();
  codec::write(*out.mutable_command(), what.what);
  write(*out.mutable_bodies(), what.bodies);
  out.set_want_bodies(what.want_bodies);
  return finished(frame);
}
std::string encode_ask(const ask_head& head, const question& what) {
  Arena arena;
  auto& frame = begin_ask(arena, head);
  codec::write(*frame.mutable_question()->mutable_query(), what.what);
  frame.mutable_question()->set_want_bodies(what.want_bodies);
  return finished(frame);
}
std::string encode_ask(const ask_head& head, const asked_withdraw&) {
  Arena arena;
  auto& frame = begin_ask(arena, head);
  frame.mutable_withdraw();
  return finished(frame);
}

result<asked> decode_ask(std::string_view bytes) {
  if (bytes.size() > limits::forward_frame_bytes_max) return errc::too_large;
  // Not in an arena: bodies are moved out.
  proto::forward_frame in;
  if (!in.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return error{errc::malformed, "question"};
  const auto head = read_ask_head(in);
  if (!head) return error{errc::malformed, "head of a question"};
  asked out{*head, asked_withdraw{}};
  const std::vector<raft::body_part> none;
  codec::reader r{none};
  if (in.has_operation()) {
    auto what = read_operation(*in.mutable_operation());
    if (!what) return error{errc::malformed, "operation"};
    out.what = std::move(what);
  } else if (in.has_proposal()) {
    auto& p = *in.mutable_proposal();
    proposal what;
    what.bodies = read(r, *p.mutable_bodies());
    auto command = read_command(p.command(), what.bodies);
    if (!r.ok || !command) return error{errc::malformed, "proposal"};
    what.what = std::move(*command);
    what.want_bodies = p.want_bodies();
    out.what = std::move(what);
  } else if (in.has_question()) {
    question what{{}, codec::read(r, in.question().query()), in.question().want_bodies()};
    if (!r.ok) return error{errc::malformed, "query"};
    out.what = std::move(what);
  } else if (!in.has_withdraw()) {
    return error{errc::malformed, "question of a kind that is not known"};
  }
  return out;
}

std::optional<ask_head> asked_by(std::string_view bytes) {
  proto::forward_frame in;
  if (bytes.size() > limits::forward_frame_bytes_max ||
      !in.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return std::nullopt;
  }
  return read_ask_head(in);
}

std::string encode_told(const told_head& head, const operation_result& what) {
  Arena arena;
  auto& frame = begin_told(arena, head);
  write(*frame.mutable_result(), what);
  return finished_told(head, frame);
}
std::string encode_told(const told_head& head, const reply_effect& what) {
  Arena arena;
  auto& frame = begin_told(arena, head);
  auto& out = *frame.mutable_reply();
  if (what.outcome) codec::write(*out.mutable_reply(), what.outcome.value());
  else write(*out.mutable_error(), what.outcome.error());
  write(*out.mutable_bodies(), what.bodies);
  return finished_told(head, frame);
}
std::string encode_told(const told_head& head, const answer_effect& what) {
  Arena arena;
  auto& frame = begin_told(arena, head);
  auto& out = *frame.mutable_answer();
  if (what.outcome) codec::write(*out.mutable_answer(), what.outcome.value());
  else write(*out.mutable_error(), what.outcome.error());
  write(*out.mutable_bodies(), what.bodies);
  return finished_told(head, frame);
}

result<told> decode_told(std::string_view bytes) {
  if (bytes.size() > limits::forward_frame_bytes_max) return errc::too_large;
  proto::forward_frame in;
  if (!in.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return error{errc::malformed, "outcome"};
  if (in.kind() != kind_tells || in.port() == 0 || in.zone().size() > limits::name_bytes_max)
    return error{errc::malformed, "head of an outcome"};
  told out{{in.port(), in.number(), {in.leader()}, in.zone()}, {}};
  const std::vector<raft::body_part> none;
  codec::reader r{none};
  if (in.has_result()) {
    out.what = read_result(r, *in.mutable_result());
  } else if (in.has_reply()) {
    auto& m = *in.mutable_reply();
    out.what = read_effect<reply_effect>(r, m, m.has_reply() ? &m.reply() : nullptr);
  } else if (in.has_answer()) {
    auto& m = *in.mutable_answer();
    out.what = read_effect<answer_effect>(r, m, m.has_answer() ? &m.answer() : nullptr);
  } else {
    r.ok = false;
  }
  if (!r.ok) return error{errc::malformed, "outcome that does not agree with itself"};
  return out;
}

std::optional<std::uint32_t> port_told(std::string_view bytes) {
  // Fields 1 and 2 of every frame, in this order: each encoder writes them so, and neither is ever 0.
  byte_reader in(bytes);
  if (in.u8() != 0x08 || in.varint() != kind_tells || in.u8() != 0x10) return std::nullopt;
  const auto port = in.varint();
  if (!in.ok() || port == 0 || port > 0xFFFFFFFF) return std::nullopt;
  return static_cast<std::uint32_t>(port);
}

} // namespace burrow
