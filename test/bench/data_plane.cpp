// What the data plane costs a frame, beside bare sockets that move the same bytes: two planes of one process over
// loopback, one way, 1 KiB, a sender that pushes as fast as it is let; then one frame at a time there and back.
//
// usage: bench_data_plane [SECONDS]      prints frames/s, CPU us a frame of the whole process, and round trips
#include "actors/plane/start.hpp"

#include <fmt/format.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <thread>
#include <vector>

using namespace burrow;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t frame_size = 1024;

double cpu_s() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto of = [](const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6; };
  return of(used.ru_utime) + of(used.ru_stime);
}

void report(std::string_view what, std::uint64_t frames, double seconds, double cpu) {
  const auto n = static_cast<double>(std::max<std::uint64_t>(frames, 1));
  fmt::print("{:<34} {:>9.0f} frames/s  {:>6.2f} us CPU a frame\n", what, n / seconds, cpu / n * 1e6);
}

struct pair_of_planes {
  std::atomic<std::uint64_t> arrived{0}, back{0};
  std::unique_ptr<data_plane> a, b;

  pair_of_planes() {
    a = start(1, "a", [this](frame_received) { ++back; });
    b = start(2, "b", [this](frame_received f) {
      ++arrived;
      if (f.kind == frame_kind::probe) (void)b->send({1}, {frame_kind::probe, {}, shared_bytes(std::move(f.bytes))});
    });
    a->know({2}, "b", "127.0.0.1", b->port());
    while (!a->send({2}, {frame_kind::replica, {}, shared_bytes("x")})) std::this_thread::sleep_for(1ms);
  }
  static std::unique_ptr<data_plane> start(std::uint64_t id, std::string name, std::function<void(frame_received)> to) {
    data_plane_options options;
    options.self = {{1, 1}, {id}, std::move(name), 1};
    options.sinks.received = std::move(to);
    auto made = start_data_plane(std::move(options));
    if (!made) std::exit(1);
    return std::move(*made);
  }
};

void one_way(double seconds, duration pause, std::string_view name) {
  pair_of_planes planes;
  const shared_bytes body(std::string(frame_size, 'x'));
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  const auto cpu = cpu_s();
  const auto before = planes.arrived.load();
  while (std::chrono::steady_clock::now() < end) {
    for (int i = 0; i < 64; ++i)
      while (!planes.a->send({2}, {frame_kind::replica, {1}, body})) std::this_thread::sleep_for(1ms);
    if (pause.count() > 0) std::this_thread::sleep_for(pause);
  }
  report(name, planes.arrived.load() - before, seconds, cpu_s() - cpu);
}

void there_and_back(double seconds) {
  pair_of_planes planes;
  std::vector<double> took;
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (std::chrono::steady_clock::now() < end) {
    const auto began = std::chrono::steady_clock::now();
    const auto wanted = planes.back.load() + 1;
    (void)planes.a->send({2}, {frame_kind::probe, {}, shared_bytes(std::string(64, 'p'))});
    while (planes.back.load() < wanted) std::this_thread::yield();
    took.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - began).count());
  }
  std::sort(took.begin(), took.end());
  fmt::print("{:<34} p50 {:.0f} us, p99 {:.0f} us\n", "there and back", took[took.size() / 2],
             took[took.size() * 99 / 100]);
}

/// The floor: the same bytes in writes of so many frames, read in 64 KiB.
void floor_of_sockets(double seconds, std::size_t frames_a_write, std::string_view name) {
  const int listening = ::socket(AF_INET, SOCK_STREAM, 0), out = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  const auto address = reinterpret_cast<sockaddr*>(&at);
  if (::bind(listening, address, size) != 0 || ::listen(listening, 1) != 0) std::exit(1);
  ::getsockname(listening, address, &size);
  if (::connect(out, address, size) != 0) std::exit(1);
  const int in = ::accept(listening, nullptr, nullptr), on = 1;
  ::setsockopt(out, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  std::uint64_t bytes = 0;
  std::thread reader([&] {
    std::vector<char> buffer(65536);
    for (ssize_t n = 0; (n = ::read(in, buffer.data(), buffer.size())) > 0;) bytes += static_cast<std::uint64_t>(n);
  });
  const std::string part(frames_a_write * (frame_size + 7), 'x');
  const auto cpu = cpu_s();
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (std::chrono::steady_clock::now() < end)
    for (std::size_t sent = 0; sent < part.size();) {
      const auto n = ::write(out, part.data() + sent, part.size() - sent);
      if (n <= 0) std::exit(1);
      sent += static_cast<std::size_t>(n);
    }
  ::close(out);
  reader.join();
  report(name, bytes / (frame_size + 7), seconds, cpu_s() - cpu);
  ::close(in), ::close(listening);
}

} // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::clamp(std::atof(argv[1]), 0.1, 30.0) : 2;
  for (int round = 0; round < 3; ++round) {
    one_way(seconds, 0ms, "planes, as fast as they go");
    one_way(seconds, 1ms, "planes, 64 frames each millisecond");
    floor_of_sockets(seconds, 200, "sockets, 200 frames a write");
    floor_of_sockets(seconds, 1, "sockets, a frame a write");
    there_and_back(seconds / 2);
  }
  return 0;
}
