// A data plane that writes down what it hears, and a socket that says what a test wants it to say.
#pragma once

#include "actors/plane/start.hpp"
#include "actors/plane/wire.hpp"

#include <prometheus/registry.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

namespace burrow::test {

inline constexpr hash128 plane_cluster{7, 7};

class plane_node {
public:
  /// `change` sees the options before the start.
  explicit plane_node(std::uint64_t id, std::string name, const std::function<void(data_plane_options&)>& change = {});
  ~plane_node();

  [[nodiscard]] bool started() const { return plane_ != nullptr; }
  [[nodiscard]] const std::string& why_not() const { return why_not_; }
  data_plane& plane() { return *plane_; }
  [[nodiscard]] node_id id() const { return id_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  void know(plane_node& other) { know(other, other.plane().port()); }
  void know(plane_node& other, std::uint16_t port) { plane().know(other.id(), other.name(), "127.0.0.1", port); }
  void stop() { plane_.reset(); }
  bool send(const plane_node& to, std::string bytes, frame_kind kind = frame_kind::replica, std::uint16_t shard = 1);
  /// Sends until it is taken; false after the deadline.
  bool send_once_up(const plane_node& to, const std::string& bytes, frame_kind kind = frame_kind::replica);

  /// Waits, holding the lock, until this holds; false after ten seconds.
  bool until(const std::function<bool()>& holds);
  // Under the lock: inside of until(), or when all is quiet.
  std::vector<frame_received> heard;
  std::vector<peer_link> links;
  std::vector<std::string> lines;

  std::vector<frame_received> heard_now();
  std::vector<peer_link> links_now();
  std::vector<std::string> lines_now();
  bool linked(const plane_node& other); ///< waits until the stream is up
  bool told(std::string_view part);     ///< waits for a log line
  double count(const std::string& metric, const std::string& label = "");

private:
  node_id id_;
  std::string name_, why_not_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<prometheus::Registry> registry_ = std::make_shared<prometheus::Registry>();
  std::unique_ptr<data_plane> plane_;
};

class raw_peer {
public:
  explicit raw_peer(std::uint16_t port);
  ~raw_peer();
  raw_peer(raw_peer&& other) noexcept : socket_(std::exchange(other.socket_, -1)) {}
  raw_peer& operator=(raw_peer&&) = delete;
  void send(std::string_view bytes);
  /// What comes until the other side closes or so much is there; a test hangs for ten seconds at most.
  std::string read(std::size_t bytes = ~std::size_t{0});
  /// The next greeting; step hello with an empty name if there is none.
  plane::greeting greeting();
  /// Says hello and, if it is welcome, go. Else why not; malformed if there was no answer that we understand.
  [[nodiscard]] plane::refusal greet(const plane::greeting& hello);
  [[nodiscard]] bool closed();

private:
  friend class raw_listener;
  raw_peer() : socket_(-1) {}
  void be_patient() const;
  int socket_;
};

/// Where a plane finds nobody but the test.
class raw_listener {
public:
  raw_listener();
  ~raw_listener();
  raw_listener(const raw_listener&) = delete;
  raw_listener& operator=(const raw_listener&) = delete;
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] raw_peer accept() const;

private:
  int socket_;
  std::uint16_t port_ = 0;
};

[[nodiscard]] plane::greeting hello_of(std::uint64_t id, std::string name,
                                       plane::stream_kind stream = plane::stream_kind::fast);

} // namespace burrow::test
