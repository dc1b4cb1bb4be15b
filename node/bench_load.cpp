#include "node/bench_load.hpp"

#include "node/text.hpp"

#include <fmt/format.h>

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <strings.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace burrow::bench {
namespace {

volatile std::sig_atomic_t interrupt_seen = 0;

struct connection {
  int socket = -1;
  enum class phase { idle, sending, receiving, done } at = phase::idle;
  std::string out, in;
  std::size_t sent = 0;
  steady::time_point begun;
};

/// Length of the whole answer at the front of `in`, and where its body starts; 0 = not all there yet.
std::size_t answer_length(std::string_view in, std::size_t& body_at) {
  const auto end = in.find("\r\n\r\n");
  if (end == std::string_view::npos) return 0;
  body_at = end + 4;
  std::size_t length = 0;
  for (std::size_t at = in.find("\r\n"); at < end; at = in.find("\r\n", at + 2)) {
    const auto line = in.substr(at + 2, 15);
    if (line.size() == 15 && ::strncasecmp(line.data(), "content-length:", 15) == 0)
      length = std::strtoull(in.data() + at + 17, nullptr, 10);
  }
  return in.size() >= body_at + length ? body_at + length : 0;
}

class loop {
public:
  loop(addrinfo* address, std::size_t count, source& from) : address_(address), from_(from), all_(count) {
    poll_ = ::epoll_create1(EPOLL_CLOEXEC);
  }
  ~loop() {
    for (auto& c : all_) if (c.socket >= 0) ::close(c.socket);
    ::close(poll_);
  }
  loop(const loop&) = delete;
  loop& operator=(const loop&) = delete;

  result<void> run(steady::time_point until);

private:
  bool connect(std::size_t i);
  void begin(std::size_t i);
  void send_more(std::size_t i);
  void receive_more(std::size_t i);
  void broke(std::size_t i);
  void wake_idle();

  addrinfo* address_;
  source& from_;
  std::vector<connection> all_;
  std::vector<char> buffer_ = std::vector<char>(std::size_t{256} << 10);
  int poll_ = -1;
  bool over_ = false;
};

bool loop::connect(std::size_t i) {
  auto& c = all_[i];
  c.socket = ::socket(address_->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (c.socket < 0 || ::connect(c.socket, address_->ai_addr, address_->ai_addrlen) != 0) {
    const int why = errno;
    if (c.socket >= 0) ::close(c.socket);
    c.socket = -1;
    errno = why;
    return false;
  }
  const int on = 1;
  ::setsockopt(c.socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = i;
  ::epoll_ctl(poll_, EPOLL_CTL_ADD, c.socket, &event);
  return true;
}

void loop::begin(std::size_t i) {
  auto& c = all_[i];
  if (c.at == connection::phase::done) return;
  c.out.clear();
  c.sent = 0;
  const auto step = over_ ? source::next_step::done : from_.next(i, c.out);
  c.at = step == source::next_step::done    ? connection::phase::done
         : step == source::next_step::pause ? connection::phase::idle
                                            : connection::phase::sending;
  if (step != source::next_step::send) return;
  c.begun = steady::now();
  send_more(i);
}

void loop::send_more(std::size_t i) {
  auto& c = all_[i];
  while (c.sent < c.out.size()) {
    const auto n = ::send(c.socket, c.out.data() + c.sent, c.out.size() - c.sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0) {
      c.sent += static_cast<std::size_t>(n);
      continue;
    }
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) {
      epoll_event event{};
      event.events = EPOLLIN | EPOLLOUT;
      event.data.u64 = i;
      ::epoll_ctl(poll_, EPOLL_CTL_MOD, c.socket, &event);
      return;
    }
    return broke(i);
  }
  c.at = connection::phase::receiving;
}

void loop::receive_more(std::size_t i) {
  auto& c = all_[i];
  const auto n = ::recv(c.socket, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) return broke(i);
  // Most answers come whole: those are read where they are.
  std::string_view in(buffer_.data(), static_cast<std::size_t>(n));
  if (!c.in.empty()) {
    c.in.append(in);
    in = c.in;
  }
  std::size_t body_at = 0;
  const std::size_t length = answer_length(in, body_at);
  if (length == 0) {
    if (c.in.empty()) c.in.assign(in);
    return;
  }
  answer what;
  what.status = (in[9] - '0') * 100 + (in[10] - '0') * 10 + (in[11] - '0');
  what.head = in.substr(0, body_at);
  what.body = in.substr(body_at, length - body_at);
  what.micros = std::chrono::duration<double, std::micro>(steady::now() - c.begun).count();
  c.at = connection::phase::idle;
  from_.answered(i, what);
  c.in.clear();
  begin(i);
}

void loop::broke(std::size_t i) {
  auto& c = all_[i];
  ::close(c.socket);
  c.socket = -1;
  c.in.clear();
  if (c.at == connection::phase::sending || c.at == connection::phase::receiving) from_.answered(i, answer{});
  c.at = connection::phase::idle;
  if (over_ || !connect(i)) c.at = connection::phase::done;
}

void loop::wake_idle() {
  for (std::size_t i = 0; i < all_.size(); ++i)
    if (all_[i].at == connection::phase::idle) begin(i);
}

result<void> loop::run(steady::time_point until) {
  for (std::size_t i = 0; i < all_.size(); ++i)
    if (!connect(i)) return error{errc::unavailable, fmt::format("cannot connect: {}", std::strerror(errno))};
  wake_idle();
  std::array<epoll_event, 256> events;
  auto shown = steady::now();
  while (true) {
    const int n = ::epoll_wait(poll_, events.data(), static_cast<int>(events.size()), 5);
    for (int e = 0; e < n; ++e) {
      const auto i = static_cast<std::size_t>(events[static_cast<std::size_t>(e)].data.u64);
      const auto what = events[static_cast<std::size_t>(e)].events;
      if ((what & EPOLLOUT) != 0U && all_[i].at == connection::phase::sending) {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.u64 = i;
        ::epoll_ctl(poll_, EPOLL_CTL_MOD, all_[i].socket, &event);
        send_more(i);
      }
      if ((what & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0U && all_[i].socket >= 0) receive_more(i);
    }
    const auto now = steady::now();
    over_ = over_ || now >= until || interrupted();
    // Whoever paused may have something to do after these answers.
    wake_idle();
    if (now - shown > std::chrono::milliseconds(250)) {
      shown = now;
      from_.progress();
    }
    const auto done = [](const connection& c) { return c.at == connection::phase::done; };
    if (std::all_of(all_.begin(), all_.end(), done)) return {};
  }
}

} // namespace

result<void> run_load(const std::string& host, const std::string& port, std::size_t connections, source& from,
                      steady::time_point until) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int code = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found); code != 0)
    return error{errc::unavailable, fmt::format("cannot find {}: {}", host, ::gai_strerror(code))};
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> list(found, ::freeaddrinfo);
  return loop(found, connections, from).run(until);
}

double latencies::percentile(double share) {
  if (samples_.empty()) return 0;
  if (sorted_ != samples_.size()) {
    std::sort(samples_.begin(), samples_.end());
    sorted_ = samples_.size();
  }
  const auto at = static_cast<std::size_t>(share * static_cast<double>(samples_.size()));
  return static_cast<double>(samples_[std::min(at, samples_.size() - 1)]);
}

bool interrupted() { return interrupt_seen != 0; }

void catch_interrupt() {
  struct sigaction action{};
  action.sa_handler = [](int) { interrupt_seen = 1; };
  ::sigaction(SIGINT, &action, nullptr);
}

} // namespace burrow::bench
