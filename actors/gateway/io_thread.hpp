// One Asio thread of the gateway: its connections, its bridge, its dialect, and the one timer that sweeps deadlines.
// Everything here but submit-side hand-over is touched by that thread alone.
#pragma once

#include <utility>

#include "actors/gateway/call.hpp"
#include "actors/gateway/dialect_native.hpp"
#include "actors/gateway/gateway_actor.hpp"
#include "actors/gateway/gateway_metrics.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

#include <atomic>
#include <mutex>
#include <unordered_set>

namespace burrow {

namespace net = boost::asio;
using io_executor = net::io_context::executor_type;
using tcp_socket = net::basic_stream_socket<net::ip::tcp, io_executor>;
using steady_time = std::chrono::steady_clock::time_point;
using steady_timer =
  net::basic_waitable_timer<std::chrono::steady_clock, net::wait_traits<std::chrono::steady_clock>, io_executor>;

class connection;

/// What all threads of one gateway share.
struct gateway_shared {
  gateway_options options;
  gateway_metrics metrics;
  net::thread_pool background{1}; ///< collects metrics, which is slow
  std::atomic<std::size_t> connections{0};
  std::atomic<std::size_t> buffered{0}; ///< bytes of bodies and answers in all connections
  std::atomic<bool> draining{false};
  std::mutex mutex;
  std::vector<std::string> not_ready; ///< guarded by mutex

  explicit gateway_shared(gateway_options given) : options(std::move(given)), metrics(options.registry) {}
};

class io_thread {
public:
  io_thread(gateway_shared& shared, caf::actor_system& system, caf::actor supervisor);
  ~io_thread();
  io_thread(const io_thread&) = delete;
  io_thread& operator=(const io_thread&) = delete;

  void run() { io_.run(); }
  [[nodiscard]] net::io_context& io() { return io_; }
  [[nodiscard]] gateway_shared& shared() { return shared_; }
  [[nodiscard]] const native_dialect& dialect() const { return dialect_; }

  // From this thread.
  void adopt(tcp_socket socket, bool admin);
  void submit(call_ptr what);
  void withdraw(call_ptr what);
  void unclaim(call_ptr what);
  void forget(connection* one);
  /// The value of a Date field; made once a second.
  [[nodiscard]] std::string_view date();
  [[nodiscard]] std::string new_request_id();

  // From any thread.
  void close_idle();
  void close_all();
  void drain_bridge();
  void stop();
  /// After stop(), once run() has returned: the bridge calls into this object, so its end is waited for.
  void await_bridge();

private:
  void start_bridge();
  void bridge_lost();
  void flush_soon();
  void deliver(std::vector<call_ptr> done);
  void sweep();
  [[nodiscard]] std::vector<std::shared_ptr<connection>> all() const;

  gateway_shared& shared_;
  // Outlives the loop, whose end destroys the coroutines of connections that are still open.
  std::unordered_set<connection*> connections_;
  caf::actor_system& system_;
  caf::actor supervisor_;
  net::io_context io_{1};
  net::executor_work_guard<io_executor> work_{io_.get_executor()};
  steady_timer timer_{io_};
  native_dialect dialect_;
  caf::actor bridge_;
  bridge_work outbox_;
  bool flushing_ = false, stopping_ = false;
  std::string date_;
  std::int64_t date_at_ = 0;
  std::uint64_t id_prefix_ = 0, id_next_ = 0;
};

} // namespace burrow
