// What the control plane keeps of its peers: the outgoing link with what waits for its credit, and who of those that
// speak to us has introduced itself. Bookkeeping only: sends nothing and knows no clock.
#pragma once

#include "actors/data_plane.hpp"
#include "cluster/base/limits.hpp"

#include <caf/actor.hpp>
#include <caf/actor_addr.hpp>

#include <deque>
#include <map>
#include <string>

namespace burrow {

/// Our link to one peer.
struct control_out {
  std::string name, host;
  std::uint16_t port = 0;
  bool reachable = false; ///< as the data plane says
  bool welcome = false;   ///< it answered our handshake
  bool dialling = false, waiting = false; ///< for the dialer; for the next attempt
  std::uint64_t attempt = 0; ///< answers and retries of earlier ones are stale
  duration pause{100};       ///< before the next attempt
  caf::actor handle;         ///< null: none
  std::size_t credit = 0;
  std::deque<std::string> backlog; ///< encoded; at most limits::control_backlog_max
  std::size_t backlog_bytes = 0;

  /// False: too much waits.
  bool add(std::string bytes) {
    if (backlog.size() >= limits::control_backlog_max) return false;
    if (backlog_bytes + bytes.size() > limits::control_backlog_bytes_max) return false;
    backlog_bytes += bytes.size();
    backlog.push_back(std::move(bytes));
    return true;
  }
  std::string take() {
    auto out = std::move(backlog.front());
    backlog.pop_front();
    backlog_bytes -= out.size();
    --credit;
    return out;
  }
  /// Nothing that was to go by the old handle goes by the next: it may be another life.
  void drop() {
    handle = nullptr;
    welcome = dialling = false;
    credit = backlog_bytes = 0;
    backlog.clear();
    ++attempt;
  }
};

/// A peer that speaks to us.
struct control_in {
  node_id peer;
  std::size_t taken = 0;      ///< messages, since it was given credit
  std::size_t this_second = 0; ///< and in the second that began at:
  duration second{0};

  /// Credit is given as messages are taken, so whoever ignores it shows by its rate alone: nobody who keeps to it and
  /// to the bounds of membership comes near this one. False: too many.
  bool take(duration now) {
    if (now - second >= std::chrono::seconds(1)) {
      second = now;
      this_second = 0;
    }
    return ++this_second <= limits::control_rate_max;
  }
};

struct control_peers {
  std::map<node_id, control_out> out;         ///< at most limits::members_max
  std::map<caf::actor_addr, control_in> in;   ///< at most limits::members_max

  [[nodiscard]] std::pair<const node_id, control_out>* by_handle(const caf::actor_addr& address) {
    for (auto& item : out)
      if (item.second.handle && item.second.handle.address() == address) return &item;
    return nullptr;
  }
};

} // namespace burrow
