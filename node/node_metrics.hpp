// The node's own figures, beside those of the actors and of the gateway: handles kept by reference.
#pragma once

#include "cluster/base/time.hpp"

#include <cstdint>
#include <memory>

namespace prometheus {
class Registry;
class Counter;
class Gauge;
} // namespace prometheus

namespace burrow {

class node_metrics {
public:
  explicit node_metrics(const std::shared_ptr<prometheus::Registry>& registry);

  /// The last good backup.
  void backup_known(std::int64_t unix_seconds, std::uint64_t bytes, double seconds);
  void backup_ended(bool good, bool cancelled);
  /// As last_set_aside() says.
  void store_set_aside(instant when);

private:
  std::shared_ptr<prometheus::Registry> registry_;
  prometheus::Gauge *last_, *bytes_, *seconds_, *set_aside_;
  prometheus::Counter *done_, *failed_, *cancelled_;
};

} // namespace burrow
