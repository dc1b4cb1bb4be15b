// Listeners and Asio threads, connection and size limits, draining. One bridge actor a thread stands between its
// connections and the queue actors (stack.md, caf.md section 10). Knows dialects, not what a queue is made of.
#pragma once

#include "actors/gateway/forwarding.hpp"
#include "actors/gateway/http.hpp"
#include "cluster/base/result.hpp"
#include "cluster/base/time.hpp"
#include "cluster/placement/route.hpp"
#include "cluster/queue/command.hpp"

#include <caf/fwd.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace prometheus {
class Registry;
}

namespace burrow {

/// Seals receipts and cursors (contract section 7.7). The last one seals; all of them open.
struct seal_key {
  std::uint32_t number = 0;
  std::string bytes; ///< 32
};

struct listener_options {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8080; ///< 0 = any free one
  bool admin = false;        ///< serves the admin routes and /metrics beside the dialects
};

/// Answers requests that are no dialect's: /admin/v1, the metrics. `done` is called exactly once, from any thread.
using admin_handler = std::function<void(const http_request&, std::function<void(http_response)> done)>;

/// A request and what became of it, for logs: never its query, fields or body, which may hold receipts.
struct answered_request {
  std::string_view client, method, path, route, request_id;
  bool limited = false; ///< it named a `limit`: what it does, it does to so many messages only
  int status = 0;
  double seconds = 0;
  std::size_t bytes_in = 0, bytes_out = 0;
};
/// Called on an Asio thread, so it may not wait.
using answered_sink = std::function<void(const answered_request&)>;

struct gateway_options {
  std::vector<listener_options> listeners;
  unsigned threads = 1;
  std::string zone;
  placement::routing routing;
  forwarding forward;            ///< to the shards that lead on other nodes
  std::vector<seal_key> seal_keys;
  queue::defaults defaults;      ///< server-wide, as `limits.*` and the settings table say
  queue::dedupe_bounds dedupe;   ///< likewise
  bool public_metrics = false;   ///< http.metrics
  bool content_length_on_204 = false;
  bool single_node = true;       ///< /v1.0 itself is on (contract section 5.1)
  admin_handler admin;           ///< for paths below /admin/ on admin listeners
  answered_sink access;          ///< of every request; null: no access log
  answered_sink administrative;  ///< of those on admin listeners; null: nobody listens
  std::shared_ptr<prometheus::Registry> registry; ///< /metrics shows it; the gateway's own figures join it
};

class gateway {
public:
  /// Opens the listeners and starts serving. Errors: config_invalid naming the address that could not be bound.
  static result<std::unique_ptr<gateway>> start(caf::actor_system& system, const caf::actor& supervisor,
                                                gateway_options options);
  virtual ~gateway() = default;

  /// Actual ports, in the order of the listeners given.
  [[nodiscard]] virtual std::vector<std::uint16_t> ports() const = 0;
  /// Why /healthz/ready is 503; empty = ready. Any thread.
  virtual void not_ready(std::vector<std::string> reasons) = 0;
  /// Stops accepting, answers waiters at once, lets busy connections finish for at most `time`, then closes all and
  /// returns. Blocks; not from a gateway thread.
  virtual void drain(duration time) = 0;
};

} // namespace burrow
