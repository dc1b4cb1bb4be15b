// Looking at other nodes on behalf of an operator: a question goes to each over the control plane, and each says in a
// text (JSON that administration makes) how it is. So one admin listener can show all nodes, also where those of the
// others are not to be reached. Every answer measures the other node's clock by the way. Nothing is repeated: whoever
// waits does so for a bounded time, and a node that did not answer is shown as one that did not.
#pragma once

#include "actors/cluster_messages.hpp"
#include "actors/shell.hpp"
#include "cluster/codec/look_codec.hpp"

#include <caf/fwd.hpp>

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace burrow {

/// The kind of the control orders that carry it; placement's are of kind 1.
inline constexpr std::uint32_t look_order_kind = 2;

/// Who says how this node is. There before administration is, and after; any thread.
class look_source {
public:
  using answer = std::function<void(std::string)>;
  using handler = std::function<void(std::string what, answer)>;
  void hand_to(handler whom);
  /// Nobody there: the answer is empty.
  void ask(std::string what, answer to);

private:
  std::mutex mutex_;
  handler whom_;
};

struct look_desk_options {
  std::function<void(node_id to, std::string bytes)> send; ///< as an order of look_order_kind; may get lost
  std::shared_ptr<look_source> source;
  caf::actor orders; ///< gets what the control plane says of other kinds, and of links
  clock_source clock;
};

/// To the desk. Each node's answer comes as a `node_shown`; none from a node that does not answer.
struct look_at_nodes {
  std::vector<node_id> nodes;
  std::string what; ///< at most codec::look_what_max bytes
  caf::actor from;
};
struct node_shown {
  node_id node;
  std::string text;      ///< empty: it could not say
  double ahead_ms = 0;   ///< its wall clock against ours
  double within_ms = 0;  ///< the clocks may be as much farther apart, or nearer
};
/// To oneself: what the source has said.
struct look_said {
  node_id to;
  std::uint64_t number = 0;
  instant heard;
  std::string text;
};

/// Understands look_at_nodes, control_order_said, control_link and stop_atom.
[[nodiscard]] caf::actor spawn_look_desk(caf::actor_system& system, look_desk_options options);

} // namespace burrow

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(burrow::look_at_nodes)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(burrow::node_shown)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(burrow::look_said)
