// What waits to be written, by peer and stream: the only part of the plane that every thread touches. Bounded for each
// peer; a probe goes ahead of all that waits.
#pragma once

#include "actors/plane/wire.hpp"

#include <deque>
#include <map>
#include <mutex>
#include <vector>

namespace burrow::plane {

class outbox {
public:
  enum class pushed : std::uint8_t { down, full, queued, wake };

  /// `wake`: queued, and the plane's thread has to be told, once until it calls take_dirty().
  pushed push(node_id to, frame what);
  /// For ourselves: the way back through the plane's thread.
  pushed push_own(frame what);

  // The plane's thread.
  struct lane_name {
    node_id peer;
    stream_kind stream = stream_kind::fast;
    auto operator<=>(const lane_name&) const = default;
  };
  /// Lanes with something new since the last call.
  std::vector<lane_name> take_dirty();
  std::vector<frame> take_own();
  /// The first frames of a lane, up to so many bytes or one. They still count as waiting until `written`.
  std::vector<frame> take(const lane_name& lane, std::size_t bytes);
  void written(const lane_name& lane, std::size_t cost);
  void open(const lane_name& lane);
  /// Drops what waits and returns how many frames that were.
  std::size_t close(const lane_name& lane);
  /// For good: nothing is taken any more.
  void end();

  static std::size_t cost_of(const frame& what);

private:
  struct lane {
    std::deque<frame> probes, rest;
    std::size_t bytes = 0;
    bool dirty = false;
  };
  pushed enqueue(const lane_name& name, lane& to, frame what);

  std::mutex mutex_;
  std::map<lane_name, lane> open_;
  std::vector<lane_name> dirty_;
  lane own_;
  bool woken_ = false, ended_ = false;
};

} // namespace burrow::plane
