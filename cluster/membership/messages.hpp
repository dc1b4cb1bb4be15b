// What members say to each other. Probes are frames that the data plane sends ahead of everything else; rumours and
// exchanges are messages of the control plane, and a few rumours ride on each probe besides (SWIM section 4.1).
#pragma once

#include "cluster/membership/member.hpp"

#include <variant>
#include <vector>

namespace burrow::membership {

/// One statement about a member, being spread.
struct rumour {
  member about;
  node_id by;      ///< who says so: an accuser's own observation counts as an independent one (Lifeguard section IV.B)
  duration age{0}; ///< of dead and left: how long they have been, so that nobody remembers them longer than others
  bool operator==(const rumour&) const = default;
};

/// What the sender holds of the receiver. Who reads that it is suspected refutes at once, without waiting for a rumour
/// (Lifeguard's buddy system); who reads that it is not known tells of itself. All zero: not known.
struct opinion {
  std::uint64_t life = 0, incarnation = 0;
  member_state state = member_state::alive;
  bool operator==(const opinion&) const = default;
};

struct ping {
  std::uint64_t number = 0;
  bool operator==(const ping&) const = default;
};
/// To the asker, with its number: of a ping, or of a ping_request whose target has answered.
struct ack {
  std::uint64_t number = 0;
  bool operator==(const ack&) const = default;
};
/// Please ping `target` for me (SWIM section 3.1).
struct ping_request {
  std::uint64_t number = 0;
  node_id target;
  bool operator==(const ping_request&) const = default;
};
/// To the asker of a ping_request: no answer so far. It tells the asker that its own connections work (Lifeguard).
struct nack {
  std::uint64_t number = 0;
  bool operator==(const nack&) const = default;
};
using probe_content = std::variant<ping, ack, ping_request, nack>;

struct probe_message {
  opinion you;
  probe_content what;
  std::vector<rumour> rumours; ///< at most limits::probe_rumours_max
  bool operator==(const probe_message&) const = default;
};

/// A part of what the sender holds of everybody, at most limits::exchange_part_max members. Parts need not come
/// together: each member is merged for itself.
struct exchange {
  std::vector<rumour> members;
  bool answer = false; ///< asked for: the receiver's own, in the same way
  bool operator==(const exchange&) const = default;
};

} // namespace burrow::membership
