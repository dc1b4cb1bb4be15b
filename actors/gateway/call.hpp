// One request on its way from a connection to the actors and back. Made and read by the Asio thread; in between, from
// submit until it is delivered, `outcome` and `number` are the bridge's.
#pragma once

#include "actors/gateway/dialect.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace burrow {

/// Goes on with a coroutine that waits; a move-only handler behind a plain interface.
struct resumer {
  virtual ~resumer() = default;
  virtual void go() = 0;
};

struct call {
  plan made;
  std::shared_ptr<operation_result> outcome;
  std::uint64_t number = 0;          ///< the bridge's own
  std::unique_ptr<resumer> resume;   ///< null once it was resumed

  // Of what another node asked for (forward_desk.hpp).
  unsigned hops = 0; ///< how many nodes passed it on; 0 = a client of ours asked
  node_id asked_by;
  duration patience{0};
  std::uint64_t asked_as = 0; ///< the desk's own
};
using call_ptr = std::shared_ptr<call>;

/// Asio thread → its bridge: all that came up in one turn of the loop.
struct bridge_work {
  std::vector<call_ptr> begin;
  std::vector<call_ptr> withdraw; ///< their clients are gone
  std::vector<call_ptr> unclaim;  ///< claims whose answer could not be written at all
};

} // namespace burrow
