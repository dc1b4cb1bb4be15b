// The only place where a node's parts are made and connected, and taken down again in order: data directory, store, CAF
// system, supervision tree, seal keys, gateway. Decides nothing about messages.
#pragma once

#include "node/settings.hpp"

#include <memory>

namespace burrow {

/// A running node. Made by open(), which returns when it serves; stop() drains.
class node {
public:
  /// Errors name the setting at fault where there is one: config_invalid (exit 2), all others exit 1.
  [[nodiscard]] static result<std::unique_ptr<node>> open(const loaded_settings& with);
  virtual ~node() = default;

  /// What to tell people: the addresses actually bound, whether the cluster is new.
  struct facts {
    std::vector<std::string> http, admin; ///< HOST:PORT
    bool new_cluster = false;
    double seconds = 0; ///< that the start took
  };
  [[nodiscard]] virtual const facts& about() const = 0;
  /// No new connections, waiters answered, busy connections finish, everything written, store closed. Blocks.
  virtual void stop() = 0;
};

} // namespace burrow
