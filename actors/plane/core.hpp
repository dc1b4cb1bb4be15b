// The plane's thread: its peers and their streams, its connections, and the one timer that sweeps them. Everything here
// but what says otherwise is touched by that thread alone.
#pragma once

#include "actors/plane/connection.hpp"
#include "actors/plane/metrics.hpp"
#include "actors/plane/start.hpp"
#include "actors/plane/tls.hpp"
#include "cluster/base/random.hpp"

#include <map>
#include <mutex>
#include <set>

namespace burrow::plane {

class core {
public:
  explicit core(data_plane_options options);
  ~core();
  core(const core&) = delete;
  core& operator=(const core&) = delete;

  // Before the thread runs.
  result<void> listen();
  result<void> load_certificates();
  void begin();

  // The thread, and its end.
  void run() { io_.run(); }
  void end();
  /// After run() has returned.
  void clear();
  [[nodiscard]] net::io_context& io() { return io_; }
  [[nodiscard]] std::uint16_t port() const { return port_; }

  // What the contract asks (data_plane.hpp).
  void know(node_id id, std::string name, std::string host, std::uint16_t port);
  void forget(node_id id);
  void become(node_identity self);
  void ask(std::string host, std::uint16_t port, std::string question, std::function<void(result<std::string>)> done);
  void drain();
  [[nodiscard]] outbox& waiting() { return outbox_; } ///< any thread
  [[nodiscard]] metrics& counts() { return metrics_; } ///< any thread

  // What connections ask and tell.
  [[nodiscard]] const node_identity& self() const { return options_.self; }
  [[nodiscard]] std::shared_ptr<net::ssl::context> tls() const { return tls_; }
  [[nodiscard]] duration patience() const { return options_.patience; }
  [[nodiscard]] standing standing_of(const node_identity& who) const;
  /// Whether a node that may have this stream gets it now: not if our own call is further on.
  [[nodiscard]] refusal called_by(const std::shared_ptr<connection>& one);
  [[nodiscard]] bool may_greet(const connection& one) const;
  void opened(const std::shared_ptr<connection>& one);
  void ended(const std::shared_ptr<connection>& one);
  void received(frame_received what) { options_.sinks.received(std::move(what)); }
  void question(const std::shared_ptr<connection>& one, std::string text);
  void refused(const connection& one, refusal why, std::string_view more = "");
  void refused_by(const connection& one, refusal why);

private:
  using level = data_plane_sinks::level;
  /// One stream of a peer; at most one of each.
  struct lane {
    std::shared_ptr<connection> up, calling, called; ///< open; dialed by us; accepted, before its `go`
    std::unique_ptr<steady_timer> again;
    unsigned failures = 0;
  };
  struct peer {
    std::string name, host;
    std::uint16_t port = 0;
    std::uint64_t life = 0;
    bool known = false;
    lane fast, bulk;
    [[nodiscard]] lane& of(stream_kind stream) { return stream == stream_kind::bulk ? bulk : fast; }
  };
  /// Lets answers come in from any thread for as long as there is a loop to post to.
  struct gate {
    std::mutex mutex;
    net::io_context* io = nullptr;
  };

  void accept();
  void accept_later();
  void adopt(tcp_socket socket);
  void sweep();
  void reload();
  result<void> use(const certificate_set& set);
  void dial(node_id id, stream_kind stream);
  void dial_later(node_id id, stream_kind stream, duration delay);
  [[nodiscard]] duration delay_of(node_id id, unsigned failures);
  void lane_down(node_id id, peer& of, stream_kind stream, std::string_view why);
  void tell(node_id id, bool up, std::uint64_t life);
  void remove_if_strange(node_id id);
  void end_all(std::string_view why);
  void say(level how, std::string text) const;
  /// False: a line of this sort was written a moment ago; the number of those that were not is told with the next.
  bool may_say(std::size_t sort, std::size_t& before);

  data_plane_options options_;
  metrics metrics_;
  outbox outbox_;
  random random_;
  std::shared_ptr<gate> gate_ = std::make_shared<gate>();
  std::shared_ptr<net::ssl::context> tls_;
  struct said {
    steady_time at{};
    std::size_t since = 0;
  };
  std::array<said, 2 * refusal_names.size() + 1> said_{};
  std::string files_seen_;
  steady_time reload_at_{};
  std::uint16_t port_ = 0;
  bool ending_ = false, reload_failed_ = false;
  // Connections keep their sockets in this loop; what is below goes before it.
  net::io_context io_{1};
  net::executor_work_guard<io_executor> work_{io_.get_executor()};
  tcp_acceptor acceptor_{io_};
  steady_timer sweep_timer_{io_}, accept_timer_{io_}, end_timer_{io_};
  std::map<node_id, peer> peers_;
  std::set<std::shared_ptr<connection>> connections_;
};

} // namespace burrow::plane
