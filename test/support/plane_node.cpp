#include "test/support/plane_node.hpp"

#include <prometheus/client_metric.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <thread>

namespace burrow::test {

using namespace std::chrono_literals;

plane_node::plane_node(std::uint64_t id, std::string name, const std::function<void(data_plane_options&)>& change)
  : id_{id}, name_(std::move(name)) {
  data_plane_options options;
  options.self = {plane_cluster, id_, name_, 1};
  options.registry = registry_;
  options.sinks.received = [this](frame_received f) {
    const std::lock_guard lock{mutex_};
    heard.push_back(std::move(f));
    changed_.notify_all();
  };
  options.sinks.link = [this](peer_link l) {
    const std::lock_guard lock{mutex_};
    links.push_back(l);
    changed_.notify_all();
  };
  options.sinks.log = [this](data_plane_sinks::level, const std::string& line) {
    const std::lock_guard lock{mutex_};
    lines.push_back(line);
    changed_.notify_all();
  };
  if (change) change(options);
  auto made = start_data_plane(std::move(options));
  if (made) plane_ = std::move(*made);
  else why_not_ = made.error().context;
}

plane_node::~plane_node() { plane_.reset(); }

bool plane_node::send(const plane_node& to, std::string bytes, frame_kind kind, std::uint16_t shard) {
  return plane_->send(to.id(), {kind, {shard}, shared_bytes(std::move(bytes))});
}

bool plane_node::send_once_up(const plane_node& to, const std::string& bytes, frame_kind kind) {
  const auto end = std::chrono::steady_clock::now() + 10s;
  while (!send(to, bytes, kind)) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(2ms);
  }
  return true;
}

bool plane_node::until(const std::function<bool()>& holds) {
  std::unique_lock lock{mutex_};
  return changed_.wait_for(lock, 10s, holds);
}

std::vector<frame_received> plane_node::heard_now() {
  const std::lock_guard lock{mutex_};
  return heard;
}

std::vector<peer_link> plane_node::links_now() {
  const std::lock_guard lock{mutex_};
  return links;
}

std::vector<std::string> plane_node::lines_now() {
  const std::lock_guard lock{mutex_};
  return lines;
}

bool plane_node::linked(const plane_node& other) {
  return until([&] {
    const auto last = std::find_if(links.rbegin(), links.rend(), [&](const auto& l) { return l.peer == other.id(); });
    return last != links.rend() && last->up;
  });
}

bool plane_node::told(std::string_view part) {
  return until([&] {
    return std::any_of(lines.begin(), lines.end(), [&](const auto& l) { return l.find(part) != std::string::npos; });
  });
}

double plane_node::count(const std::string& metric, const std::string& label) {
  double sum = 0;
  for (const auto& family : registry_->Collect()) {
    if (family.name != metric) continue;
    for (const auto& m : family.metric)
      if (label.empty() || (!m.label.empty() && m.label.front().value == label)) sum += m.counter.value + m.gauge.value;
  }
  return sum;
}

raw_peer::raw_peer(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  be_patient();
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
    ::close(socket_);
    socket_ = -1;
  }
}

void raw_peer::be_patient() const {
  const timeval patience{10, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

raw_listener::raw_listener() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in at{};
  socklen_t size = sizeof at;
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const timeval patience{10, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  auto* const address = reinterpret_cast<sockaddr*>(&at);
  if (::bind(socket_, address, size) == 0 && ::listen(socket_, 8) == 0 &&
      ::getsockname(socket_, address, &size) == 0)
    port_ = ntohs(at.sin_port);
}

raw_listener::~raw_listener() { ::close(socket_); }

raw_peer raw_listener::accept() const {
  raw_peer out;
  out.socket_ = ::accept(socket_, nullptr, nullptr);
  out.be_patient();
  return out;
}

raw_peer::~raw_peer() {
  if (socket_ >= 0) ::close(socket_);
}

void raw_peer::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

std::string raw_peer::read(std::size_t bytes) {
  std::string out;
  char part[65536];
  while (out.size() < bytes) {
    const auto n = ::recv(socket_, part, std::min(sizeof part, bytes - out.size()), 0);
    if (n <= 0) break;
    out.append(part, static_cast<std::size_t>(n));
  }
  return out;
}

plane::greeting raw_peer::greeting() {
  const auto head = read(plane::header_bytes);
  byte_reader r(head);
  const auto size = r.u32();
  const auto payload = read(size);
  auto wrong = plane::refusal::none;
  return plane::decode_greeting(payload, wrong).value_or(plane::greeting{});
}

plane::refusal raw_peer::greet(const plane::greeting& hello) {
  send(plane::encode_greeting(hello));
  const auto got = greeting();
  if (got.step == plane::greeting_step::refused) return got.why;
  if (got.step != plane::greeting_step::welcome) return plane::refusal::malformed;
  send(plane::encode_greeting({plane::greeting_step::go, {}, {}, {}, {}}));
  return plane::refusal::none;
}

bool raw_peer::closed() {
  char byte = 0;
  const auto n = ::recv(socket_, &byte, 1, 0);
  return n == 0 || (n < 0 && errno == ECONNRESET);
}

plane::greeting hello_of(std::uint64_t id, std::string name, plane::stream_kind stream) {
  return {plane::greeting_step::hello, {plane_cluster, {id}, std::move(name), 1}, stream, {}, {}};
}

} // namespace burrow::test
