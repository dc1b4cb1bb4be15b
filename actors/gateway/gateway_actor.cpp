#include "actors/gateway/gateway_actor.hpp"

#include "actors/gateway/io_thread.hpp"
#include "cluster/base/limits.hpp"

#include <algorithm>
#include <spdlog/spdlog.h>

#include <thread>

namespace burrow {
namespace {

using acceptor = net::basic_socket_acceptor<net::ip::tcp, io_executor>;

/// Accepts on the first thread and deals the sockets out, one thread after the other.
class listener {
public:
  listener(gateway_shared& shared, std::vector<std::unique_ptr<io_thread>>& threads, bool admin)
    : shared_(shared), threads_(threads), acceptor_(threads[0]->io()), retry_(threads[0]->io()), admin_(admin) {}

  result<void> open(const listener_options& where) {
    boost::system::error_code ec;
    const auto address = net::ip::make_address(where.address, ec);
    const net::ip::tcp::endpoint endpoint{address, where.port};
    if (!ec) acceptor_.open(endpoint.protocol(), ec);
    if (!ec) acceptor_.set_option(net::socket_base::reuse_address{true}, ec);
    if (!ec) acceptor_.bind(endpoint, ec);
    if (!ec) acceptor_.listen(4096, ec);
    if (ec) return error{errc::config_invalid, where.address + ":" + std::to_string(where.port) + ": " + ec.message()};
    port_ = acceptor_.local_endpoint(ec).port();
    return {};
  }

  void accept() {
    auto& home = *threads_[next_++ % threads_.size()];
    acceptor_.async_accept(home.io(), [this, &home](boost::system::error_code ec, tcp_socket socket) {
      if (!acceptor_.is_open()) return;
      if (ec) return accept_later();
      shared_.metrics.accepted();
      if (shared_.connections.load() >= limits::http_connections_max) refuse(socket);
      else take(home, std::move(socket));
      accept();
    });
  }

  void close() {
    boost::system::error_code ec;
    acceptor_.close(ec);
    retry_.cancel();
  }
  [[nodiscard]] std::uint16_t port() const { return port_; }

private:
  void take(io_thread& home, tcp_socket socket) {
    shared_.metrics.connections(++shared_.connections);
    net::post(home.io(), [&home, admin = admin_, s = std::move(socket)]() mutable { home.adopt(std::move(s), admin); });
  }

  /// Without a coroutine and its memory: that is what there is too little of.
  void refuse(tcp_socket& socket) {
    // No request was read, so the id is of no use but to be there; the length is that of the body below.
    static constexpr std::string_view text =
      "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\nRetry-After: 1\r\n"
      "Connection: close\r\nX-Request-Id: none\r\nContent-Length: 172\r\n\r\n"
      "{\"type\": \"/problems/overloaded\", \"title\": \"Node is short of resources\", \"status\": 503, "
      "\"detail\": \"Node has too many connections.\", \"request_id\": \"none\", \"retryable\": true}\n";
    boost::system::error_code ec;
    shared_.metrics.refused(gateway_metrics::reason::connections);
    socket.non_blocking(true, ec);
    socket.write_some(net::buffer(text.data(), text.size()), ec);
    socket.shutdown(tcp_socket::shutdown_both, ec);
  }

  /// Most likely out of file descriptors, which connections that close give back.
  void accept_later() {
    retry_.expires_after(std::chrono::milliseconds{100});
    retry_.async_wait([this](boost::system::error_code) {
      if (acceptor_.is_open()) accept();
    });
  }

  gateway_shared& shared_;
  std::vector<std::unique_ptr<io_thread>>& threads_;
  acceptor acceptor_;
  steady_timer retry_;
  bool admin_;
  std::size_t next_ = 0;
  std::uint16_t port_ = 0;
};

constexpr std::chrono::milliseconds idle_grace{500}; ///< of a node that ends

class gateway_impl final : public gateway {
public:
  gateway_impl(caf::actor_system& system, const caf::actor& supervisor, gateway_options options)
    : shared_(std::move(options)) {
    const unsigned count = std::max(1U, shared_.options.threads);
    for (unsigned i = 0; i < count; ++i) threads_.push_back(std::make_unique<io_thread>(shared_, system, supervisor));
  }
  ~gateway_impl() override { drain(duration{0}); }

  result<void> open() {
    for (const auto& where : shared_.options.listeners) {
      auto& made = listeners_.emplace_back(std::make_unique<listener>(shared_, threads_, where.admin));
      if (auto opened = made->open(where); !opened) return opened;
    }
    for (auto& l : listeners_) l->accept();
    for (auto& t : threads_) runners_.emplace_back([&t] { t->run(); });
    return {};
  }

  [[nodiscard]] std::vector<std::uint16_t> ports() const override {
    std::vector<std::uint16_t> out;
    for (const auto& l : listeners_) out.push_back(l->port());
    return out;
  }

  void not_ready(std::vector<std::string> reasons) override {
    const std::lock_guard lock{shared_.mutex};
    shared_.not_ready = std::move(reasons);
  }

  void drain(duration time) override {
    if (std::exchange(drained_, true)) return;
    const auto until = std::chrono::steady_clock::now() + time;
    shared_.draining = true;
    net::post(threads_[0]->io(), [this] {
      for (auto& l : listeners_) l->close();
    });
    for (auto& t : threads_) t->drain_bridge();
    // A client that keeps its connection busy is told with its next answer; closed between two of its requests it might
    // just have sent one.
    wait_for_connections(std::min(until, std::chrono::steady_clock::now() + idle_grace));
    for (auto& t : threads_) t->close_idle();
    wait_for_connections(until);
    for (auto& t : threads_) t->close_all();
    wait_for_connections(std::chrono::steady_clock::now() + std::chrono::milliseconds{200});
    shared_.background.join(); // what it has to say is said to threads that still run
    for (auto& t : threads_) t->stop();
    if (runners_.empty()) {
      for (auto& t : threads_) t->run(); // never started: what was posted still has to be done
    }
    for (auto& r : runners_) r.join();
    for (auto& t : threads_) t->await_bridge();
  }

private:
  void wait_for_connections(steady_time until) const {
    while (!runners_.empty() && shared_.connections.load() > 0 && std::chrono::steady_clock::now() < until) {
      std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
  }

  gateway_shared shared_;
  std::vector<std::unique_ptr<io_thread>> threads_;
  std::vector<std::unique_ptr<listener>> listeners_;
  std::vector<std::thread> runners_;
  bool drained_ = false;
};

} // namespace

result<std::unique_ptr<gateway>> gateway::start(caf::actor_system& system, const caf::actor& supervisor,
                                                gateway_options options) {
  if (options.seal_keys.empty()) return error{errc::config_invalid, "no key to seal receipts with"};
  auto made = std::make_unique<gateway_impl>(system, supervisor, std::move(options));
  if (auto opened = made->open(); !opened) return opened.error();
  return std::unique_ptr<gateway>{std::move(made)};
}

} // namespace burrow
