// A gateway over the fake actors, and raw sockets to talk to it: tests write the bytes of a request themselves.
#pragma once

#include <utility>

#include "actors/gateway/gateway_actor.hpp"
#include "test/support/gateway_fake.hpp"

#include <caf/actor_system_config.hpp>

#include <string>
#include <string_view>

namespace burrow::test {

struct raw_answer {
  int status = 0; ///< 0: the connection ended before a whole answer
  std::string head, body;
  [[nodiscard]] std::string field(std::string_view name) const; ///< name as sent
};

class raw_client {
public:
  explicit raw_client(std::uint16_t port);
  ~raw_client();
  raw_client(const raw_client&) = delete;
  raw_client& operator=(const raw_client&) = delete;

  void send(std::string_view bytes);
  /// Waits for one answer; `head_only` for HEAD.
  raw_answer receive(bool head_only = false);
  raw_answer ask(std::string_view bytes) { return send(bytes), receive(); }
  /// Waits until the other side closes; what came before that.
  std::string until_closed();
  void close();

private:
  [[nodiscard]] bool more();
  int socket_ = -1;
  std::string read_;
};

/// One node's gateway with its own actor system.
struct gateway_world {
  explicit gateway_world(unsigned threads = 1);
  ~gateway_world();
  [[nodiscard]] std::uint16_t port() const { return served->ports()[0]; }
  [[nodiscard]] std::uint16_t admin_port() const { return served->ports()[1]; }
  /// A new connection for each.
  raw_answer ask(std::string_view bytes) { return raw_client{port()}.ask(bytes); }
  raw_answer get(std::string_view target);
  raw_answer put(std::string_view target, std::string_view body = "");

  caf::actor_system_config config;
  std::shared_ptr<fake_service> service = std::make_shared<fake_service>();
  std::unique_ptr<caf::actor_system> system;
  caf::actor supervisor;
  std::unique_ptr<gateway> served;
};

[[nodiscard]] gateway_options options_for_tests();

} // namespace burrow::test
