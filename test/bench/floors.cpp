// The floors of a machine: what a sync, a group commit and a loopback round trip cost without Burrow. Results of
// Burrow's benchmarks count as shares of these, measured in the same run, for machines differ several-fold.
// Three interleaved rounds; each figure is the median of them with its range.
// usage: bench_floors [--directory DIR] [--seconds S a part and round]      prints JSON
#include "cluster/storage/keys.hpp"
#include "cluster/storage/rocks_store.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <iostream>
#include <map>
#include <netinet/tcp.h>
#include <nlohmann/json.hpp>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace {

using clock_type = std::chrono::steady_clock;
using nlohmann::json;

constexpr std::size_t group = 64, message_bytes = 1126; // 1.1 KiB

double us_since(clock_type::time_point start) {
  return std::chrono::duration<double, std::micro>(clock_type::now() - start).count();
}

void must(bool done, const char* what) {
  if (done) return;
  std::cerr << "bench_floors: " << what << ": " << std::strerror(errno) << '\n';
  std::exit(1);
}

/// Runs `once` for so many seconds and tells the distribution of its times.
template <class Function>
json timed(double seconds, std::size_t operations_each, Function once) {
  std::vector<double> times;
  const auto start = clock_type::now();
  while (us_since(start) < seconds * 1e6) {
    const auto began = clock_type::now();
    once();
    times.push_back(us_since(began));
  }
  const double total = us_since(start) / 1e6;
  std::sort(times.begin(), times.end());
  const auto at = [&](double q) { return times[static_cast<std::size_t>(q * static_cast<double>(times.size() - 1))]; };
  return {{"p50_us", at(0.5)},
          {"p99_us", at(0.99)},
          {"per_second", static_cast<double>(times.size() * operations_each) / total},
          {"rounds", times.size()}};
}

/// fdatasync after each append of `bytes`: into a file that grows, or over zeros already written.
json append_and_sync(const std::string& path, std::size_t bytes, std::size_t operations, bool prepared,
                     double seconds) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
  must(fd >= 0, "open");
  constexpr std::size_t room = std::size_t{64} << 20;
  if (prepared) {
    const std::string zeros(std::size_t{1} << 20, '\0');
    for (std::size_t n = 0; n < room; n += zeros.size())
      must(::write(fd, zeros.data(), zeros.size()) == static_cast<ssize_t>(zeros.size()), "write");
    must(::fsync(fd) == 0, "fsync");
  }
  const std::string block(bytes, 'b');
  std::size_t at = 0;
  auto figures = timed(seconds, operations, [&] {
    if (prepared && at + bytes > room) at = 0;
    must(::pwrite(fd, block.data(), bytes, static_cast<off_t>(at)) == static_cast<ssize_t>(bytes), "pwrite");
    must(::fdatasync(fd) == 0, "fdatasync");
    at += bytes;
  });
  ::close(fd);
  ::unlink(path.c_str());
  return figures;
}

json group_commit(const std::string& directory, double seconds) {
  burrow::rocks_options options;
  options.directory = directory + "/store";
  auto opened = burrow::rocks_store::open(options);
  must(opened.ok(), "open the store");
  auto& store = **opened;
  const burrow::shared_bytes body(std::string(message_bytes, 'b'));
  std::uint64_t index = 0;
  auto figures = timed(seconds, group, [&] {
    burrow::write_batch batch;
    for (std::size_t n = 0; n < group; ++n) {
      const burrow::log_index entry{++index};
      batch.put_shared(burrow::family::body, burrow::keys::body(burrow::shard_id{1}, burrow::generation{1}, entry, 0),
                       body);
    }
    must(store.write(batch).ok() && store.sync().ok(), "write");
  });
  must(store.close().ok(), "close");
  std::filesystem::remove_all(options.directory);
  return figures;
}

int listening_socket(sockaddr_in& address) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  must(::bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 && ::listen(fd, 1) == 0, "listen");
  must(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0, "getsockname");
  return fd;
}

json ping_pong(double seconds) {
  sockaddr_in address;
  const int listener = listening_socket(address);
  std::thread echo([listener] {
    const int fd = ::accept(listener, nullptr, nullptr);
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    char byte;
    while (::read(fd, &byte, 1) == 1)
      if (::write(fd, &byte, 1) != 1) break;
    ::close(fd);
  });
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  must(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0, "connect");
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  char byte = 'p';
  auto figures = timed(seconds, 1, [&] { must(::write(fd, &byte, 1) == 1 && ::read(fd, &byte, 1) == 1, "ping"); });
  ::close(fd);
  echo.join();
  ::close(listener);
  return figures;
}

json median_and_range(const std::vector<json>& rounds) {
  json out;
  for (const auto* figure : {"p50_us", "p99_us", "per_second"}) {
    std::vector<double> values;
    for (const auto& round : rounds) values.push_back(round.at(figure).get<double>());
    std::sort(values.begin(), values.end());
    out[figure] = {{"median", values[values.size() / 2]}, {"min", values.front()}, {"max", values.back()}};
  }
  return out;
}

} // namespace

int main(int argc, char** argv) {
  std::string directory = "/tmp";
  double seconds = 0.7;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--directory") == 0) directory = argv[i + 1];
    if (std::strcmp(argv[i], "--seconds") == 0) seconds = std::strtod(argv[i + 1], nullptr);
  }
  directory += "/burrow-floors-" + std::to_string(::getpid());
  must(std::filesystem::create_directories(directory), "make the directory");
  const auto file = directory + "/file";
  std::map<std::string, std::vector<json>> rounds;
  for (int round = 0; round < 3; ++round) {
    rounds["fdatasync_4k_growing"].push_back(append_and_sync(file, 4096, 1, false, seconds));
    rounds["fdatasync_4k_prepared"].push_back(append_and_sync(file, 4096, 1, true, seconds));
    rounds["group_commit_rocksdb_64x1126"].push_back(group_commit(directory, seconds));
    rounds["group_commit_file_64x1126"].push_back(append_and_sync(file, group * message_bytes, group, false, seconds));
    rounds["loopback_ping_pong"].push_back(ping_pong(seconds));
  }
  json out;
  for (const auto& [name, figures] : rounds) out[name] = median_and_range(figures);
  std::filesystem::remove_all(directory);
  std::cout << out.dump(2) << '\n';
  return 0;
}
