// CAF's settings for a node (caf.md section 12), in one place. No network module unless the node has a cluster port: a
// lone node speaks to nobody, and must neither open nor pay for anything.
#pragma once

#include <caf/actor_system_config.hpp>

#include <cstddef>
#include <optional>
#include <string>

namespace burrow {

/// Of a node with a cluster port. CAF reads the files anew for each connection and aborts if one is unreadable, so they
/// are copies that only we replace (caf.md section 7). All empty: plain, for loopback and --insecure-cluster.
struct caf_network {
  std::string certificate, key, ca;
  [[nodiscard]] bool tls() const { return !certificate.empty(); }
};

/// `threads`: the scheduler's, 0 = one a core.
struct caf_config : caf::actor_system_config {
  explicit caf_config(std::size_t threads = 0, const std::optional<caf_network>& network = std::nullopt);
};

} // namespace burrow
