#include "actors/plane/tcp.hpp"

#include "actors/plane/bounds.hpp"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace burrow::plane {
namespace {

void set(int socket, int level, int name, int value) {
  // What a kernel does not know it does without; the plane's own look at the progress stands behind each of them.
  (void)::setsockopt(socket, level, name, &value, sizeof value);
}

} // namespace

void tune_socket(int socket) {
  set(socket, IPPROTO_TCP, TCP_NODELAY, 1);
  set(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
  set(socket, IPPROTO_TCP, TCP_KEEPIDLE, 5);
  set(socket, IPPROTO_TCP, TCP_KEEPINTVL, 1);
  set(socket, IPPROTO_TCP, TCP_KEEPCNT, 3);
  set(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(bounds::stall_max.count()));
  set(socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, static_cast<int>(bounds::unsent_bytes_max));
}

std::optional<tcp_progress> progress_of(int socket) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return std::nullopt;
  return tcp_progress{info.tcpi_bytes_acked, info.tcpi_unacked > 0 || info.tcpi_notsent_bytes > 0};
}

} // namespace burrow::plane
