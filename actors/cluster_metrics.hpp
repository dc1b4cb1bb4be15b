// The cluster's figures, as actor_metrics has those of queues and shards: handles kept by reference.
#pragma once

#include <array>
#include <cstddef>
#include <memory>

namespace prometheus {
class Registry;
class Counter;
class Gauge;
} // namespace prometheus

namespace burrow {

/// Why the control plane turned a peer or a message away.
enum class control_refusal : unsigned char { cluster, version, identity, garbage, flood };

class cluster_metrics {
public:
  /// Without a registry it counts all the same, for itself.
  explicit cluster_metrics(std::shared_ptr<prometheus::Registry> registry);

  void refused(control_refusal why);
  /// A message for a peer that is not connected, or for which too much waits.
  void dropped();
  void links(int change);
  [[nodiscard]] std::size_t refused_now() const;

private:
  std::shared_ptr<prometheus::Registry> registry_;
  std::array<prometheus::Counter*, 5> refused_{};
  prometheus::Counter* dropped_;
  prometheus::Gauge* links_;
};

} // namespace burrow
