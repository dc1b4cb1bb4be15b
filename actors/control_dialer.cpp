#include "actors/control_dialer.hpp"

#include "actors/shell.hpp"

#include <caf/all.hpp>
#include <caf/io/all.hpp>
#include <caf/openssl/all.hpp>

#include <cerrno>
#include <fcntl.h>
#include <memory>
#include <netdb.h>
#include <poll.h>
#include <set>
#include <sys/socket.h>
#include <unistd.h>

namespace burrow {
namespace {

constexpr int reach_ms = 500;

/// Whether a connection to one of the host's addresses opens in time.
bool is_reachable(const std::string& host, std::uint16_t port) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), std::to_string(port).c_str(), &wanted, &found) != 0) return false;
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> all(found, freeaddrinfo);
  const int fd = ::socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  bool open = ::connect(fd, found->ai_addr, found->ai_addrlen) == 0;
  if (!open && errno == EINPROGRESS) {
    pollfd waits{fd, POLLOUT, 0};
    int problem = 0;
    socklen_t size = sizeof problem;
    open = poll(&waits, 1, reach_ms) == 1 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &problem, &size) == 0 && problem == 0;
  }
  ::close(fd);
  return open;
}

struct dialer_options {
  bool tls = false;
};

class dialer {
public:
  static constexpr const char* actor_name = "control_dialer";

  dialer(shell<dialer>* self, dialer_options options) : self_(self), o_(options) {}

  caf::behavior behavior() {
    return {
      [this](const control_dial& m) { dial(m); },
      [this](stop_atom) { self_->quit(); },
    };
  }

private:
  void dial(const control_dial& m) {
    const auto answer = [this, m](caf::actor handle) {
      self_->send(m.from, control_dialled{m.peer, m.attempt, std::move(handle)});
    };
    if (!is_reachable(m.host, m.port)) return answer({});
    const auto& system = self_->system();
    auto& mutable_system = const_cast<caf::actor_system&>(system);
    const auto middleman = o_.tls ? caf::actor_cast<caf::actor>(mutable_system.openssl_manager().actor_handle())
                                  : caf::actor_cast<caf::actor>(mutable_system.middleman().actor_handle());
    self_->request(middleman, caf::timespan{std::chrono::seconds(3)}, caf::connect_atom::value, m.host, m.port)
      .then([answer](const caf::node_id&, caf::strong_actor_ptr& there, const std::set<std::string>&) {
              answer(there ? caf::actor_cast<caf::actor>(there) : caf::actor{});
            },
            [answer](const caf::error&) { answer({}); });
  }

  shell<dialer>* self_;
  dialer_options o_;
};

} // namespace

caf::actor spawn_control_dialer(caf::actor_system& system, bool tls) {
  return system.spawn<caf::detached>(run_shell<dialer, dialer_options>, dialer_options{tls});
}

} // namespace burrow
