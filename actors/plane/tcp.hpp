// What Asio has no words for: when TCP gives up, how much the kernel holds unsent, and whether the peer takes anything.
// Apart, since <linux/tcp.h> and Asio's <netinet/tcp.h> cannot be included together.
#pragma once

#include <cstdint>
#include <optional>

namespace burrow::plane {

void tune_socket(int socket);

struct tcp_progress {
  std::uint64_t acknowledged = 0; ///< bytes, since the connection began
  bool waiting = false;           ///< some are unsent, or sent and not acknowledged
};
[[nodiscard]] std::optional<tcp_progress> progress_of(int socket);

} // namespace burrow::plane
