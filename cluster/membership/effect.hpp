// What membership asks of the outside, in order. Each is harmless if it is lost or done twice.
#pragma once

#include "cluster/membership/messages.hpp"

#include <optional>
#include <variant>
#include <vector>

namespace burrow::membership {

/// A frame of kind probe on the data plane.
struct send_probe {
  node_id to;
  probe_message what;
};
/// By the control plane.
struct send_rumours {
  node_id to;
  std::vector<rumour> what; ///< at most limits::rumours_message_max
};
/// By the control plane.
struct send_exchange {
  node_id to;
  exchange what;
};

/// State, life or facts of a member are other than they were; our own too.
struct changed {
  member now;
  std::optional<member_state> before; ///< nothing: it was not known
  bool new_life = false;              ///< its process began anew; never of one that was not known
};
/// Dead or left for so long that nobody need remember it.
struct forgotten {
  node_id who;
};

enum class refusal_reason : std::uint8_t { name_in_use, no_room };
/// A statement that was not taken: that node does not exist for us. Told each time; whoever logs it bounds the rate.
struct refused {
  member who;
  refusal_reason why = refusal_reason::name_in_use;
  node_id holder; ///< of the name
};
/// Another process lives under our id, with a higher life: a copied data directory, or a clock that went back. We
/// cannot refute what is said of it, so this process should end.
struct superseded {
  std::uint64_t life = 0;
};

using effect = std::variant<send_probe, send_rumours, send_exchange, changed, forgotten, refused, superseded>;

} // namespace burrow::membership
