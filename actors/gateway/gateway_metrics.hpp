// The gateway's own figures. Handles are looked up once, here: a look-up by label costs a microsecond (stack.md).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
class Registry;
} // namespace prometheus

namespace burrow {

class gateway_metrics {
public:
  /// A registry of its own if none is given.
  explicit gateway_metrics(std::shared_ptr<prometheus::Registry> registry);

  /// One answered request. An unknown route counts as "none".
  void answered(std::string_view route, int status, double seconds, std::size_t bytes_in, std::size_t bytes_out);
  void connections(std::size_t open);
  void accepted();
  void streams(int change);
  void events(std::size_t count, std::size_t bytes);
  /// A request or connection turned away by a bound of the gateway itself.
  enum class reason : std::uint8_t { connections, buffers, malformed, too_slow, too_large };
  void refused(reason why);
  /// The whole registry as Prometheus text. Slow: not on an Asio thread.
  [[nodiscard]] std::string page() const;

  static constexpr std::array<std::string_view, 20> routes = {
    "none",     "root",     "accounts", "account", "queue",    "message", "messages", "ack",     "extend", "stats",
    "settings", "redrive",  "tasks",    "task",    "document", "stream",  "health",   "metrics", "admin",  "malformed"};

private:
  std::shared_ptr<prometheus::Registry> registry_;
  std::array<std::array<prometheus::Counter*, 5>, routes.size()> requests_{};
  std::array<prometheus::Counter*, 5> refused_{};
  prometheus::Histogram* seconds_ = nullptr;
  prometheus::Counter *bytes_in_ = nullptr, *bytes_out_ = nullptr, *accepted_ = nullptr, *events_ = nullptr;
  prometheus::Gauge *connections_ = nullptr, *streams_ = nullptr;
};

} // namespace burrow
