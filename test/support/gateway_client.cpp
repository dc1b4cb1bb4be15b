#include "test/support/gateway_client.hpp"

#include <doctest/doctest.h>

#include <caf/send.hpp>
#include <caf/scoped_actor.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace burrow::test {

std::string raw_answer::field(std::string_view name) const {
  const auto at = head.find("\r\n" + std::string{name} + ": ");
  if (at == std::string::npos) return {};
  const auto from = at + name.size() + 4;
  return head.substr(from, head.find("\r\n", from) - from);
}

raw_client::raw_client(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const timeval limit{10, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  REQUIRE(::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0);
}
raw_client::~raw_client() { close(); }

void raw_client::close() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
}

void raw_client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return; // the answer says why
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

bool raw_client::more() {
  char part[65536];
  const auto n = ::recv(socket_, part, sizeof part, 0);
  if (n <= 0) return false;
  read_.append(part, static_cast<std::size_t>(n));
  return true;
}

raw_answer raw_client::receive(bool head_only) {
  raw_answer out;
  std::size_t end = 0;
  while ((end = read_.find("\r\n\r\n")) == std::string::npos) {
    if (!more()) return out;
  }
  out.head = read_.substr(0, end + 2);
  read_.erase(0, end + 4);
  const auto length = out.field("Content-Length");
  const std::size_t size = head_only || length.empty() ? 0 : std::stoul(length);
  while (read_.size() < size) {
    if (!more()) return out;
  }
  out.body = read_.substr(0, size);
  read_.erase(0, size);
  out.status = std::stoi(out.head.substr(9, 3));
  return out;
}

std::string raw_client::until_closed() {
  while (more()) {}
  return read_;
}

gateway_options options_for_tests() {
  gateway_options out;
  listener_options admin;
  admin.port = 0;
  admin.admin = true;
  listener_options open = admin;
  open.admin = false;
  out.listeners = {open, admin};
  out.zone = "z1";
  out.seal_keys = {{1, std::string(32, 'k')}};
  out.defaults.ttl = std::chrono::seconds{345600};
  out.defaults.body_bytes_max = 1 << 20;
  return out;
}

gateway_world::gateway_world(unsigned threads) {
  config.set("scheduler.max-threads", 2);
  system = std::make_unique<caf::actor_system>(config);
  auto options = options_for_tests();
  options.threads = threads;
  supervisor = spawn_fake_supervisor(*system, service, options.routing.shards);
  auto started = gateway::start(*system, supervisor, std::move(options));
  REQUIRE(started.ok());
  served = std::move(started).value();
}

gateway_world::~gateway_world() {
  served.reset();
  caf::anon_send_exit(supervisor, caf::exit_reason::user_shutdown);
}

raw_answer gateway_world::get(std::string_view target) {
  return ask("GET " + std::string{target} + " HTTP/1.1\r\nHost: x\r\n\r\n");
}
raw_answer gateway_world::put(std::string_view target, std::string_view body) {
  return ask("PUT " + std::string{target} + " HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) +
             "\r\n\r\n" + std::string{body});
}

} // namespace burrow::test
