#include "actors/caf_config.hpp"

#include "actors/caf_tls_guard.hpp"
#include "actors/cluster_messages.hpp"
#include "cluster/base/assert.hpp"

#include <caf/all.hpp>
#include <caf/io/all.hpp>
#include <caf/openssl/all.hpp>

#include <algorithm>
#include <random>
#include <thread>

namespace burrow {
namespace {

/// Gives the process a node id drawn at random: CAF's own is a hash of hardware and pid, which repeats in containers
/// (caf.md section 6). Modules begin in the order of their slots; this one, which Debian's build does not use, comes
/// after the middleman, which computes CAF's id, and before anything copies it.
class random_node_id : public caf::actor_system::module {
public:
  explicit random_node_id(caf::actor_system& system) : system_(system) {}
  void start() override {}
  void stop() override {}
  void init(caf::actor_system_config&) override {
    std::random_device chance;
    caf::node_id::default_data::host_id_type host;
    for (auto& b : host) b = static_cast<std::uint8_t>(chance());
    const_cast<caf::node_id&>(system_.node()) = caf::make_node_id(chance() | 1U, host);
  }
  [[nodiscard]] id_t id() const override { return opencl_manager; }
  void* subtype_ptr() override { return this; }
  static caf::actor_system::module* make(caf::actor_system& system, caf::detail::type_list<>) {
    return new random_node_id(system);
  }

private:
  caf::actor_system& system_;
};

/// Apart, since g++ 12 sees an overrun in CAF's templates when it knows the text.
[[gnu::noinline]] std::string wire_name() { return "burrow_control"; }

} // namespace

caf_config::caf_config(std::size_t threads, const std::optional<caf_network>& network) {
  using namespace std::chrono_literals;
  const auto cores = std::max<std::size_t>(1, std::thread::hardware_concurrency());
  set("scheduler.max-threads", threads == 0 ? cores : threads);
  // One busy actor must let others run. A drain of a mailbox is bounded by limits::drain_inputs_max anyway.
  set("scheduler.max-throughput", std::size_t{300});
  // A worker in the moderate state sleeps 50 us at a time and is not woken by a message; without that state it waits on
  // a condition variable, which costs less when idle and wakes sooner when lightly loaded.
  set("work-stealing.moderate-poll-attempts", std::size_t{0});
  set("work-stealing.aggressive-poll-attempts", std::size_t{10});
  if (!network) return;
  load<caf::io::middleman>();
  if (network->tls()) {
    // With a part of them missing the module would fall back to a cipher without identity.
    BURROW_ASSERT(!network->key.empty() && !network->ca.empty());
    guard_caf_tls();
    load<caf::openssl::manager>();
    openssl_certificate = network->certificate;
    openssl_key = network->key;
    openssl_cafile = network->ca;
  }
  load<random_node_id>();
  add_message_type<control_envelope>(wire_name());
  // Without heartbeats a peer that is frozen or cut off is never noticed.
  set("middleman.heartbeat-interval", caf::timespan{500ms});
  set("middleman.connection-timeout", caf::timespan{2s});
  set("middleman.app-identifiers", std::vector<std::string>{"burrow-1"});
  set("middleman.enable-automatic-connections", false); // each node would open one more port, in plain TCP
}

} // namespace burrow
