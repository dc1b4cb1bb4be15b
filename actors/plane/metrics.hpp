// The plane's figures; the rows are in actors/metric_table.cpp. Every function from any thread.
#pragma once

#include "actors/plane/outbox.hpp"
#include "actors/plane/wire.hpp"

#include <array>
#include <memory>

namespace prometheus {
class Registry;
class Counter;
class Gauge;
} // namespace prometheus

namespace burrow::plane {

enum class dropped : std::uint8_t { down, full, too_large, lost };

class metrics {
public:
  /// Without a registry it counts all the same, for itself.
  explicit metrics(std::shared_ptr<prometheus::Registry> registry);

  void connections(stream_kind stream, int change);
  void refused(refusal why);
  void dial_failed();
  void stalled();
  void sent(std::size_t frames, std::size_t bytes);
  void received(std::size_t frames, std::size_t bytes);
  void dropped_frames(dropped why, std::size_t frames);
  void certificates(std::int64_t expires_s);
  void reload_failed();

private:
  std::shared_ptr<prometheus::Registry> registry_;
  std::array<prometheus::Gauge*, 3> connections_{};
  std::array<prometheus::Counter*, refusal_names.size()> refused_{};
  std::array<prometheus::Counter*, 4> dropped_{};
  std::array<prometheus::Counter*, 2> frames_{}, bytes_{}; ///< in, out
  prometheus::Counter *dial_failed_, *stalled_, *reload_failed_;
  prometheus::Gauge* expires_;
};

} // namespace burrow::plane
