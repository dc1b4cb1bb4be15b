// Publishes numbered messages to one or several servers and waits for each acknowledgement: a closed loop on one
// thread, the same for Burrow, RabbitMQ and NATS, so that what is compared is the servers. Says what it cost itself.
//
// usage: bench_publish_load http|amqp|nats TARGET PORT[,PORT...] CONNECTIONS WINDOW SECONDS SIZE
//   TARGET: /v1.0/ACCOUNT/QUEUE/PREFIX, a queue, or a subject. CONNECTIONS are spread over the ports of 127.0.0.1,
//   WINDOW messages in flight on each. Prints a JSON object; exit 1 on any error.
#include "test/bench/publish_dialects.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <vector>

namespace publish {
namespace {

using steady = std::chrono::steady_clock;

struct connection {
  int socket = -1;
  std::unique_ptr<dialect> speaks;
  std::string out, in;
  std::map<std::uint64_t, steady::time_point> flying;
  std::uint64_t last = 0;
  bool wants_write = false;
};

struct options {
  std::string kind, target;
  std::vector<int> ports;
  std::size_t connections = 64, window = 1, size = 1024;
  double seconds = 5;
};

std::unique_ptr<dialect> make_dialect(const options& o, std::size_t who) {
  if (o.kind == "http") return std::make_unique<http_dialect>(o.target, o.size, who);
  if (o.kind == "amqp") return std::make_unique<amqp_dialect>(o.target, o.size);
  if (o.kind == "nats") return std::make_unique<nats_dialect>(o.target, o.size, who);
  throw std::runtime_error("http, amqp or nats, not " + o.kind);
}

int connect_to(int port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error("cannot connect to port " + std::to_string(port));
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return socket;
}

class load {
public:
  explicit load(const options& o) : o_(o), all_(o.connections), poll_(::epoll_create1(EPOLL_CLOEXEC)) {
    for (std::size_t i = 0; i < all_.size(); ++i) {
      auto& c = all_[i];
      c.socket = connect_to(o.ports[i % o.ports.size()]);
      c.speaks = make_dialect(o, i);
      greeting with(c.socket);
      c.speaks->greet(with);
      watch(i, EPOLL_CTL_ADD, EPOLLIN);
    }
  }

  void run() {
    begun_ = steady::now();
    until_ = begun_ + std::chrono::duration_cast<steady::duration>(std::chrono::duration<double>(o_.seconds));
    const auto give_up = until_ + std::chrono::seconds(30);
    for (std::size_t i = 0; i < all_.size(); ++i) fill(i);
    std::array<epoll_event, 256> events;
    while (flying_ > 0) {
      const int n = ::epoll_wait(poll_, events.data(), static_cast<int>(events.size()), 100);
      for (int e = 0; e < n; ++e) {
        const auto i = static_cast<std::size_t>(events[static_cast<std::size_t>(e)].data.u64);
        if ((events[static_cast<std::size_t>(e)].events & ~static_cast<unsigned>(EPOLLOUT)) != 0) receive(i);
        fill(i);
      }
      if (steady::now() > give_up) throw std::runtime_error(std::to_string(flying_) + " were never answered");
    }
  }

  void print() {
    std::sort(micros_.begin(), micros_.end());
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    const auto micros = [](const timeval& t) {
      return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_usec);
    };
    const double took = std::chrono::duration<double>(last_ - begun_).count();
    const auto count = static_cast<double>(micros_.size());
    std::printf("{\"messages\": %zu, \"errors\": %zu, \"seconds\": %.3f, \"rate\": %.1f, \"client_cpu_us\": %.2f, "
                "\"p50\": %.0f, \"p99\": %.0f, \"p999\": %.0f, \"max\": %.0f}\n",
                micros_.size(), errors_, took, count / took, (micros(used.ru_utime) + micros(used.ru_stime)) / count,
                at(0.5), at(0.99), at(0.999), at(1));
  }
  [[nodiscard]] bool sound() const { return errors_ == 0 && !micros_.empty(); }

private:
  void watch(std::size_t i, int how, unsigned events) {
    epoll_event event{};
    event.events = events;
    event.data.u64 = i;
    ::epoll_ctl(poll_, how, all_[i].socket, &event);
  }

  /// As many requests as the window has room for, and what is left to write.
  void fill(std::size_t i) {
    auto& c = all_[i];
    const auto now = steady::now();
    while (now < until_ && c.flying.size() < o_.window) {
      c.speaks->ask(c.out, ++c.last);
      c.flying.emplace(c.last, now);
      ++flying_;
    }
    std::size_t sent = 0;
    while (sent < c.out.size()) {
      const auto n = ::send(c.socket, c.out.data() + sent, c.out.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n < 0 && errno == EAGAIN) break;
      if (n <= 0) throw std::runtime_error("a connection broke");
      sent += static_cast<std::size_t>(n);
    }
    c.out.erase(0, sent);
    if (c.wants_write == c.out.empty()) {
      c.wants_write = !c.out.empty();
      watch(i, EPOLL_CTL_MOD, c.wants_write ? EPOLLIN | EPOLLOUT : EPOLLIN);
    }
  }

  void receive(std::size_t i) {
    auto& c = all_[i];
    const auto n = ::recv(c.socket, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) throw std::runtime_error("a connection broke");
    c.in.append(buffer_.data(), static_cast<std::size_t>(n));
    last_ = steady::now();
    const auto taken = c.speaks->hear(c.in, c.out, [&](dialect::answer a) {
      const auto end = c.flying.upper_bound(a.number);
      for (auto f = a.all_before ? c.flying.begin() : c.flying.find(a.number); f != end && f != c.flying.end();) {
        if (a.good) micros_.push_back(std::chrono::duration<float, std::micro>(last_ - f->second).count());
        else ++errors_;
        f = c.flying.erase(f);
        --flying_;
      }
    });
    c.in.erase(0, taken);
  }

  [[nodiscard]] double at(double share) const {
    if (micros_.empty()) return 0;
    const auto i = static_cast<std::size_t>(share * static_cast<double>(micros_.size()));
    return static_cast<double>(micros_[std::min(i, micros_.size() - 1)]);
  }

  options o_;
  std::vector<connection> all_;
  int poll_;
  std::size_t flying_ = 0, errors_ = 0;
  std::vector<float> micros_;
  std::vector<char> buffer_ = std::vector<char>(std::size_t{256} << 10);
  steady::time_point begun_, until_, last_;
};

options read_options(char** argv) {
  options o;
  o.kind = argv[1];
  o.target = argv[2];
  for (const char* p = argv[3]; *p != '\0';) {
    char* end = nullptr;
    o.ports.push_back(static_cast<int>(std::strtol(p, &end, 10)));
    p = *end == ',' ? end + 1 : end;
    if (*end != ',' && *end != '\0') throw std::runtime_error("ports are numbers, separated by commas");
  }
  o.connections = std::strtoull(argv[4], nullptr, 10);
  o.window = std::strtoull(argv[5], nullptr, 10);
  o.seconds = std::strtod(argv[6], nullptr);
  o.size = std::strtoull(argv[7], nullptr, 10);
  if (o.ports.empty() || o.connections == 0 || o.window == 0 || !(o.seconds > 0) || o.size == 0)
    throw std::runtime_error("a number is missing");
  return o;
}

} // namespace
} // namespace publish

int main(int argc, char** argv) {
  if (argc != 8) {
    std::fputs("usage: bench_publish_load http|amqp|nats TARGET PORT[,PORT...] CONNECTIONS WINDOW SECONDS SIZE\n", stderr);
    return 2;
  }
  try {
    publish::load run(publish::read_options(argv));
    run.run();
    run.print();
    return run.sound() ? 0 : 1;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "bench_publish_load: %s\n", e.what());
    return 1;
  }
}
