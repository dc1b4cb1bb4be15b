// What nodes ask each other to do for a client or a shard: operations, proposals and questions, and their outcomes
// (proto/forward.proto, frames of kind forward). A decoder refuses whatever is malformed, over a limit of limits.hpp,
// or does not agree with itself; what it lets through is safe to hand to a queue actor or a replica.
#pragma once

#include "actors/operation.hpp"
#include "cluster/replica/effect.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace burrow {

/// Whom an outcome goes to, and how far a question may go.
struct ask_head {
  std::uint32_t port = 0;   ///< of the asker on its node (forward_net.hpp); never 0
  std::uint64_t number = 0; ///< the asker's own
  shard_id shard;           ///< that it is about
  unsigned hops = 1;        ///< 1 to limits::forward_hops_max: this one included
  duration patience{0};     ///< how long the asker waits for the outcome
  bool operator==(const ask_head&) const = default;
};
/// The asker has no use for the outcome any more: its client is gone.
struct asked_withdraw {};

/// An operation is one on a queue (not of those that the bridge asks shards for one by one). Its client's presence is
/// this node's own, and so is its seat, if it had one.
struct asked {
  ask_head head;
  std::variant<std::shared_ptr<operation>, proposal, question, asked_withdraw> what;
};

[[nodiscard]] std::string encode_ask(const ask_head& head, const operation& what);
[[nodiscard]] std::string encode_ask(const ask_head& head, const proposal& what);
[[nodiscard]] std::string encode_ask(const ask_head& head, const question& what);
[[nodiscard]] std::string encode_ask(const ask_head& head, const asked_withdraw& what);
/// Errors: malformed, too_large.
[[nodiscard]] result<asked> decode_ask(std::string_view bytes);
/// Who sent what could not be decoded, so that it can be told; nothing if not even that can be read.
[[nodiscard]] std::optional<ask_head> asked_by(std::string_view bytes);

struct told_head {
  std::uint32_t port = 0;
  std::uint64_t number = 0;
  node_id leader; ///< whom the answerer takes for the shard's leader: itself, if it did it; 0 = nobody
  zone_id zone;   ///< of the node that did it
  bool operator==(const told_head&) const = default;
};
/// Cookies do not cross.
struct told {
  told_head head;
  std::variant<std::shared_ptr<operation_result>, reply_effect, answer_effect> what;
};

/// An outcome that is over limits::forward_frame_bytes_max is told as too_large.
[[nodiscard]] std::string encode_told(const told_head& head, const operation_result& what);
[[nodiscard]] std::string encode_told(const told_head& head, const reply_effect& what);
[[nodiscard]] std::string encode_told(const told_head& head, const answer_effect& what);
[[nodiscard]] result<told> decode_told(std::string_view bytes);

/// The port that an outcome goes to, without decoding the rest; nothing: it is a question, or neither.
[[nodiscard]] std::optional<std::uint32_t> port_told(std::string_view bytes);

} // namespace burrow
