// Control planes of two processes' worth of actor systems, over real sockets on loopback: how they link, what survives
// a kill and a replacement, and who is turned away.
#include "actors/caf_config.hpp"
#include "actors/cluster_metrics.hpp"
#include "actors/control_plane.hpp"
#include "cluster/base/limits.hpp"
#include "cluster/codec/control_codec.hpp"

#include <caf/all.hpp>
#include <caf/io/all.hpp>
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <thread>
#include <unistd.h>

using namespace burrow;
using namespace std::chrono_literals;

namespace {

using steady = std::chrono::steady_clock;

clock_reading real_clock() {
  return {std::chrono::duration_cast<duration>(steady::now().time_since_epoch()), {}};
}

struct system_holder {
  caf_config config;
  caf::actor_system system{config};
  explicit system_holder(const caf_network& n) : config(2, n) {}
};

/// Certificates of a CA each, made by openssl(1) in a directory that goes with the object.
struct certificates {
  std::filesystem::path at = std::filesystem::temp_directory_path() / ("burrow_control_" + std::to_string(getpid()));
  bool made = true;

  certificates() { std::filesystem::create_directories(at); }
  ~certificates() { std::filesystem::remove_all(at); }
  caf_network of(const std::string& node, const std::string& ca) {
    const auto file = [&](const std::string& name) { return (at / name).string(); };
    if (!std::filesystem::exists(file(ca + ".pem")))
      run("req -x509 -nodes -days 2 -subj /CN=" + ca + " -keyout " + file(ca + ".key") + " -out " +
          file(ca + ".pem") + fresh_key);
    run("req -nodes -subj /CN=" + node + " -keyout " + file(node + ".key") + " -out " +
        file(node + ".csr") + fresh_key);
    run("x509 -req -days 2 -in " + file(node + ".csr") + " -CA " + file(ca + ".pem") + " -CAkey " + file(ca + ".key") +
        " -CAcreateserial -out " + file(node + ".pem"));
    return {file(node + ".pem"), file(node + ".key"), file(ca + ".pem")};
  }

private:
  static constexpr const char* fresh_key = " -newkey ec -pkeyopt ec_paramgen_curve:P-256"; // RSA takes its time
  void run(const std::string& what) { made = std::system(("openssl " + what + " 2>/dev/null").c_str()) == 0 && made; }
};

/// A node with nothing but a control plane; what it is told comes to `inbox`.
struct node : system_holder {
  node_identity self;
  std::shared_ptr<cluster_metrics> metrics = std::make_shared<cluster_metrics>(nullptr);
  control_plane plane;
  std::unique_ptr<caf::scoped_actor> inbox = std::make_unique<caf::scoped_actor>(system);

  explicit node(std::uint64_t id, std::uint64_t life = 1, std::uint16_t port = 0, hash128 cluster = {1, 2},
                const caf_network& network = {})
    : system_holder(network), self{cluster, {id}, "n" + std::to_string(id), life} {
    auto made = start_control_plane(system, {self, "127.0.0.1", port, network.tls(), real_clock, metrics, {}});
    REQUIRE(made.ok());
    plane = *made;
    const auto me = caf::actor_cast<caf::actor>(*inbox);
    caf::anon_send(plane.actor, control_sinks{me, {}});
  }
  ~node() { caf::anon_send(plane.actor, stop_atom_v); }

  void knows(const node& peer) {
    caf::anon_send(plane.actor,
                   control_know{peer.self.node, peer.self.name, "127.0.0.1", peer.plane.port});
    caf::anon_send(plane.actor, peer_link{peer.self.node, true, peer.self.life});
  }
  /// The next message of that type within half a minute (machines are busy); others are passed over.
  template <class T>
  std::optional<T> next(std::chrono::milliseconds patience = 30s) {
    std::optional<T> got;
    const auto end = steady::now() + patience;
    while (!got && steady::now() < end)
      (*inbox)->receive([&](const T& m) { got = m; },
                        [&](const other_of<T>&) {},
                        [&](const control_order_said&) {},
                        caf::after(50ms) >> [] {});
    return got;
  }
  template <class T>
  using other_of = std::conditional_t<std::is_same_v<T, control_link>, control_gossip_said, control_link>;
  [[nodiscard]] bool linked(bool up) {
    for (auto l = next<control_link>(); l; l = next<control_link>())
      if (l->up == up) return true;
    return false;
  }
};

} // namespace

TEST_CASE("two control planes link, and what one says the other hears, in order") {
  node a(1), b(2);
  a.knows(b);
  b.knows(a);
  REQUIRE(a.linked(true));
  REQUIRE(b.linked(true));
  // Many times the credit: it comes back as the other side takes what was sent.
  for (int i = 0; i < 200; ++i) caf::anon_send(a.plane.actor, control_gossip_send{{2}, std::to_string(i)});
  for (int i = 0; i < 200; ++i) {
    const auto got = b.next<control_gossip_said>();
    REQUIRE(got);
    CHECK(got->from == node_id{1});
    CHECK(got->bytes == std::to_string(i));
  }
  CHECK(a.metrics->refused_now() == 0);
}

TEST_CASE("the node with the greater id answers over the other's connection, and dials when nobody comes") {
  node a(1), b(2), c(3);
  b.knows(a);
  CHECK(!b.next<control_link>(500ms));
  a.knows(b);
  CHECK(b.linked(true));
  c.knows(b); // which knows nothing of it
  CHECK(c.linked(true));
  caf::anon_send(c.plane.actor, control_gossip_send{{2}, "hello"});
  const auto got = b.next<control_gossip_said>();
  REQUIRE(got);
  CHECK(got->from == node_id{3});
}

TEST_CASE("nothing is connected before the data plane has") {
  node a(1), b(2);
  caf::anon_send(a.plane.actor, control_know{{2}, "n2", "127.0.0.1", b.plane.port});
  CHECK(!a.next<control_link>(300ms));
  caf::anon_send(a.plane.actor, peer_link{{2}, true, 1});
  CHECK(a.linked(true));
}

TEST_CASE("a link survives that its peer is killed and comes back at the same port") {
  node a(1);
  auto b = std::make_unique<node>(2);
  const auto port = b->plane.port;
  a.knows(*b);
  REQUIRE(a.linked(true));
  b.reset();
  REQUIRE(a.linked(false));
  b = std::make_unique<node>(2, 2, port);
  caf::anon_send(a.plane.actor, peer_link{{2}, true, 2});
  REQUIRE(a.linked(true));
  caf::anon_send(a.plane.actor, control_gossip_send{{2}, "again"});
  const auto got = b->next<control_gossip_said>();
  REQUIRE(got);
  CHECK(got->bytes == "again");
}

TEST_CASE("a link that was lost is made anew, also when its first attempt had failed") {
  node a(1);
  auto b = std::make_unique<node>(2);
  const auto port = b->plane.port;
  // Nobody listens there: the next attempt is put off, and meanwhile the right address comes.
  caf::anon_send(a.plane.actor, control_know{{2}, "n2", "127.0.0.1", 1});
  caf::anon_send(a.plane.actor, peer_link{{2}, true, 1});
  std::this_thread::sleep_for(30ms);
  a.knows(*b);
  REQUIRE(a.linked(true));
  std::this_thread::sleep_for(2500ms); // what was put off has come by now, and the patience for a welcome is over
  b.reset();
  REQUIRE(a.linked(false));
  b = std::make_unique<node>(2, 2, port);
  CHECK(a.linked(true)); // by itself: the connection of the data plane may have lived on
}

TEST_CASE("another cluster, a name in use and a node that answers for another are turned away") {
  node a(1), other(2, 1, 0, {3, 4});
  a.knows(other);
  CHECK(!a.next<control_link>(1s));
  CHECK(other.metrics->refused_now() >= 1);
  node same(1, 5);
  same.self.node = {3};
  caf::anon_send(same.plane.actor, control_become{same.self}); // another id, the same name
  same.knows(a);
  CHECK(!same.next<control_link>(3s)); // it has the greater id, so it waits for a visit first
  CHECK(a.metrics->refused_now() >= 1);
}

TEST_CASE("a stranger's garbage, its messages without a handshake and a flood are refused, others go on") {
  node a(1), b(2);
  a.knows(b);
  REQUIRE(a.linked(true));
  node stranger(9);
  auto there = stranger.system.middleman().remote_actor("127.0.0.1", b.plane.port);
  REQUIRE(there);
  auto& from = *stranger.inbox;
  from->send(*there, control_envelope{"\xff\xff"});
  from->send(*there, control_envelope{std::string(limits::control_message_bytes_max + 1, 'x')});
  from->send(*there, control_envelope{codec::encode_control(codec::control_gossip{"hello"})});
  from->send(*there, control_envelope{codec::encode_control(codec::control_hello{{1, 2}, {9}, "n9", 1})});
  const auto refusals = [&](std::size_t count) {
    const auto deadline = steady::now() + 30s;
    while (b.metrics->refused_now() < count && steady::now() < deadline) std::this_thread::sleep_for(10ms);
    return b.metrics->refused_now();
  };
  CHECK(refusals(3) == 3);
  // It has introduced itself by now, and waits for no credit. Twice the rate, so that a second's end does not matter.
  const auto empty = codec::encode_control(codec::control_gossip{""});
  for (std::size_t i = 0; i < 2 * limits::control_rate_max + 100; ++i) from->send(*there, control_envelope{empty});
  CHECK(refusals(4) >= 4);
  caf::anon_send(a.plane.actor, control_gossip_send{{2}, "still here"});
  std::optional<control_gossip_said> got;
  for (got = b.next<control_gossip_said>(); got && got->bytes != "still here"; got = b.next<control_gossip_said>()) {}
  CHECK(got);
}

TEST_CASE("with certificates only nodes of the same CA link") {
  certificates c;
  const auto ours = c.of("n1", "ours"), too = c.of("n2", "ours"), strange = c.of("n3", "theirs");
  REQUIRE(c.made);
  node a(1, 1, 0, {1, 2}, ours), b(2, 1, 0, {1, 2}, too), stranger(3, 1, 0, {1, 2}, strange), plain(4);
  stranger.knows(a);
  plain.knows(a);
  a.knows(b);
  REQUIRE(a.linked(true));
  caf::anon_send(a.plane.actor, control_gossip_send{{2}, "hello"});
  CHECK(b.next<control_gossip_said>());
  CHECK(!stranger.next<control_link>(500ms));
  CHECK(!plain.next<control_link>(500ms));
  // They go on knocking, and no handshake of theirs that fails may end a link of others.
  CHECK(!a.next<control_link>(4s));
}

TEST_CASE("a link that nobody uses stays, beyond CAF's timeout") {
  node a(1), b(2);
  a.knows(b);
  REQUIRE(a.linked(true));
  CHECK(!a.next<control_link>(4s));
}

TEST_CASE("orders carry their kind, and too large a one is dropped") {
  node a(1), b(2);
  a.knows(b);
  REQUIRE(a.linked(true));
  caf::anon_send(b.plane.actor, control_sinks{{}, caf::actor_cast<caf::actor>(*b.inbox)});
  caf::anon_send(a.plane.actor, control_order_send{{2}, 7, std::string(limits::control_message_bytes_max, 'x')});
  caf::anon_send(a.plane.actor, control_order_send{{2}, 8, "move"});
  std::optional<control_order_said> got;
  const auto end = steady::now() + 30s;
  while (!got && steady::now() < end)
    (*b.inbox)->receive([&](const control_order_said& m) { got = m; }, [](const control_link&) {},
                        caf::after(50ms) >> [] {});
  REQUIRE(got);
  CHECK(got->kind == 8);
  CHECK(got->bytes == "move");
}
