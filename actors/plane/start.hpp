// Starts the data plane of a node: one Asio thread for all its sockets, and what it hands to the rest of the node.
#pragma once

#include "actors/certificates.hpp"
#include "actors/data_plane.hpp"
#include "cluster/base/time.hpp"

#include <optional>

namespace prometheus {
class Registry;
} // namespace prometheus

namespace burrow {

/// Called on the plane's thread, one after the other; none may block or throw.
struct data_plane_sinks {
  std::function<void(frame_received)> received;
  std::function<void(peer_link)> link;
  /// A stranger asks to be admitted; `answer` is called once, by any thread. Empty: such questions are refused.
  std::function<void(std::string question, std::string from_address, std::function<void(std::string)> answer)> admit;
  /// A new set of certificates is in use; `current` leads to it (certificates.hpp).
  std::function<void()> certificates;
  /// One line for the operator. Refusals are limited to one line for each reason in five seconds.
  enum class level : std::uint8_t { info, warning, error };
  std::function<void(level, std::string)> log;
};

struct data_plane_tls {
  certificate_files files;
  std::string directory; ///< DATA/certificates: where good sets are copied to
};

struct data_plane_options {
  std::string address = "127.0.0.1"; ///< numeric
  std::uint16_t port = 0;            ///< 0: any
  node_identity self;
  data_plane_sinks sinks;
  std::optional<data_plane_tls> tls; ///< none: plain text, and nobody is who he says he is
  std::shared_ptr<prometheus::Registry> registry;
  duration patience = std::chrono::seconds(10); ///< of an admit question, on both sides
  std::uint64_t seed = 0;                       ///< of the delays between dials
  duration reload_every = std::chrono::seconds(10); ///< how often the certificate files are looked at
};

/// Errors: config_invalid, naming the address or the file that is to blame.
[[nodiscard]] result<std::unique_ptr<data_plane>> start_data_plane(data_plane_options options);

} // namespace burrow
