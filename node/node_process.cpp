#include "node/node_process.hpp"

#include "node/cli.hpp"

#include <spdlog/spdlog.h>

#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace burrow {

clock_reading read_clocks() {
  timespec boot{}, wall{};
  ::clock_gettime(CLOCK_BOOTTIME, &boot);
  ::clock_gettime(CLOCK_REALTIME, &wall);
  const auto ms = [](const timespec& t) { return std::int64_t{t.tv_sec} * 1000 + t.tv_nsec / 1'000'000; };
  return {duration{ms(boot)}, instant{ms(wall)}};
}

int exit_status_of(const error& why) {
  return why == errc::config_invalid ? exit_usage : why == errc::sync_failed ? exit_sync_failed : exit_failed;
}

void end_process(const error& why) {
  spdlog::critical("the node ends: {}: {}", to_string(why.code), why.context);
  spdlog::default_logger()->flush();
  std::_Exit(exit_status_of(why));
}

void prepare_process() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
}

bool asked_to_end() {
  sigset_t waiting;
  sigemptyset(&waiting);
  ::sigpending(&waiting);
  return sigismember(&waiting, SIGINT) == 1 || sigismember(&waiting, SIGTERM) == 1;
}

void notify_service_manager(std::string_view state) {
  const char* where = std::getenv("NOTIFY_SOCKET");
  if (!where || (*where != '/' && *where != '@')) return;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::size_t size = std::strlen(where);
  if (size >= sizeof address.sun_path) return;
  std::memcpy(address.sun_path, where, size);
  if (address.sun_path[0] == '@') address.sun_path[0] = '\0';
  const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return;
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + size);
  ::sendto(socket, state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address), length);
  ::close(socket);
}

} // namespace burrow
