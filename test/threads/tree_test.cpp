// The tree on CAF's own scheduler, log writer and readers on threads of theirs, clients on many more, while actors
// are killed: what the virtual schedule of the other tests cannot show. It accounts for messages; TSan is to watch it.
#include "actors/caf_config.hpp"
#include "actors/log_writer_actor.hpp"
#include "actors/node_supervisor.hpp"
#include "actors/reader_actor.hpp"
#include "cluster/base/random.hpp"
#include "cluster/storage/memory_store.hpp"

#include <caf/all.hpp>
#include <doctest/doctest.h>

#include <mutex>
#include <set>
#include <thread>

using namespace burrow;
using namespace std::chrono_literals;

namespace {

using steady = std::chrono::steady_clock;
constexpr int clients = 6, rounds = 60;
const std::vector<queue_ref> queues{{"acme", "a"}, {"acme", "b"}, {"zeta", "a"}};

/// memory_store for many threads.
class locked_store final : public store {
  auto one_at_a_time(auto f) const {
    const std::lock_guard lock{mutex_};
    return f();
  }

public:
  result<void> write(const write_batch& b) override { return one_at_a_time([&] { return inner_.write(b); }); }
  result<void> sync() override { return one_at_a_time([&] { return inner_.sync(); }); }
  result<lookup> get(family f, std::string_view key, read_tier tier) const override {
    return one_at_a_time([&] { return inner_.get(f, key, tier); });
  }
  result<scan_page> scan(family f, const scan_request& r, read_tier tier) const override {
    return one_at_a_time([&] { return inner_.scan(f, r, tier); });
  }
  result<std::shared_ptr<const pinned_state>> pin() const override {
    return one_at_a_time([&] { return inner_.pin(); });
  }
  std::uint64_t sequence() const override { return one_at_a_time([&] { return inner_.sequence(); }); }
  disk_space space() const override { return one_at_a_time([&] { return inner_.space(); }); }

private:
  mutable std::mutex mutex_;
  memory_store inner_{{.not_here_per_mille = 100}};
};

/// What is alive, by kind, and a place for what must never happen.
struct registry {
  std::mutex mutex;
  std::map<std::string, std::vector<caf::actor>> started;
  std::vector<std::string> fatal;

  caf::actor newest(const std::string& kind, std::size_t back) {
    const std::lock_guard lock{mutex};
    const auto& all = started[kind];
    return all.size() > back ? all[all.size() - 1 - back] : caf::actor{};
  }
};

struct threaded_node {
  caf_config config{4};
  caf::actor_system system{config};
  std::shared_ptr<locked_store> data = std::make_shared<locked_store>();
  std::shared_ptr<registry> seen = std::make_shared<registry>();
  caf::actor supervisor;

  threaded_node() {
    const auto clock = [] {
      const auto ms = std::chrono::duration_cast<duration>(steady::now().time_since_epoch());
      return clock_reading{ms, {1'700'000'000'000 + ms.count()}};
    };
    node_supervisor_options o;
    o.self = {7};
    o.routing = {3, 3};
    o.data = data;
    o.clock = clock;
    o.passivate_after = 20ms;
    o.tenant_budget = o.replica_budget = {10'000, 10s};
    o.metrics = std::make_shared<actor_metrics>(nullptr);
    o.fatal = [s = seen](const error& why) {
      const std::lock_guard lock{s->mutex};
      s->fatal.push_back(why.context);
    };
    o.started = [s = seen](std::string_view kind, const caf::actor& a) {
      const std::lock_guard lock{s->mutex};
      s->started[std::string{kind}].push_back(a);
    };
    log_writer_options writer;
    writer.data = data;
    writer.clock = clock;
    writer.metrics = o.metrics;
    writer.fatal = o.fatal;
    o.make_log_writer = [writer](caf::actor_system& s) { return spawn_log_writer(s, writer); };
    o.make_reader = [d = data](caf::actor_system& s) { return spawn_reader(s, reader_options{d}); };
    supervisor = spawn_node_supervisor(system, std::move(o));
  }

  /// True if the tree ended by itself; false would leave threads behind, so it is a failure of its own.
  void stop() {
    caf::scoped_actor self{system};
    caf::anon_send(supervisor, stop_atom_v);
    self->wait_for(supervisor);
    supervisor = nullptr;
    const std::lock_guard lock{seen->mutex};
    seen->started.clear();
  }
};

/// One client on a thread of its own, as a bridge: what a dead queue actor had begun has an unknown outcome.
class client {
public:
  client(threaded_node& node, std::uint64_t seed) : node_(node), self_(node.system), chance_(seed) {}

  operation_result ask(const queue_ref& queue, operation_body what, duration wait = 0ms) {
    auto o = std::make_shared<operation>();
    o->queue = queue;
    o->what = std::move(what);
    o->wait = wait;
    o->want_bodies = true;
    o->client = std::make_shared<client_presence>();
    if (auto* insert = std::get_if<queue::insert>(&o->what)) {
      o->bodies.emplace_back(body_);
      insert->items.front().body_size = static_cast<std::uint32_t>(body_.size());
    }
    const auto until = steady::now() + 20s;
    while (steady::now() < until)
      if (auto done = try_once(queue, o)) return std::move(*done);
    throw std::runtime_error("no answer after 20 s");
  }

  void work(int number) {
    for (int i = 0; i < rounds; ++i) {
      const auto& queue = queues[chance_.below(queues.size())];
      body_ = std::to_string(number) + "." + std::to_string(i);
      queue::insert put;
      put.items.resize(1);
      put.fallback.body_bytes_max = 1 << 20;
      if (ask(queue, put).failed() == nullptr) stored.insert(body_);
      queue::take take;
      take.limit = 2;
      take.hide = 300s;
      const auto taken = ask(queues[chance_.below(queues.size())], take, duration{chance_.below(20)});
      for (const auto& b : taken.bodies) claimed.emplace_back(b.view());
    }
  }

  std::set<std::string> stored;
  std::vector<std::string> claimed;

private:
  /// Nothing if nothing was begun: the queue actor ended by itself before, or its tenant is being started anew.
  std::optional<operation_result> try_once(const queue_ref& queue, const std::shared_ptr<operation>& what) {
    std::optional<operation_result> out;
    result<caf::actor> found = errc::unavailable;
    const auto me = caf::actor_cast<caf::actor>(self_);
    self_->send(node_.supervisor, resolve{queue, me});
    self_->receive([&](const resolved& r) { found = r.handle; }, caf::after(20s) >> [] {});
    if (!found) return out;
    self_->monitor(*found);
    self_->send(*found, submit{++last_, what, me});
    bool over = false;
    self_->receive_while([&] { return !over; })(
      [&](const completed& m) {
        over = m.items.front().first == last_;
        if (over) out = *m.items.front().second;
      },
      [&](const caf::down_msg& m) {
        over = m.source == found->address();
        if (over && m.reason && m.reason != caf::exit_reason::normal) out.emplace();
      },
      caf::after(20s) >> [&] { over = true; });
    self_->demonitor(*found);
    return out;
  }

  threaded_node& node_;
  caf::scoped_actor self_;
  burrow::random chance_;
  std::string body_;
  std::uint64_t last_ = 0;
};

} // namespace

TEST_CASE("on many threads, while actors die, nothing is lost and nothing is claimed twice") {
  threaded_node node;
  std::vector<std::unique_ptr<client>> all;
  for (std::uint64_t i = 0; i < clients; ++i) all.push_back(std::make_unique<client>(node, i + 1));
  std::atomic<int> busy{clients};
  std::vector<std::thread> threads;
  for (int i = 0; i < clients; ++i)
    threads.emplace_back([&, i] {
      all[static_cast<std::size_t>(i)]->work(i);
      --busy;
    });
  burrow::random chance{4711};
  while (busy > 0) {
    std::this_thread::sleep_for(5ms);
    static const std::vector<std::string> kinds{"replica", "tenant", "reader", "ticker"};
    if (const auto victim = node.seen->newest(kinds[chance.below(kinds.size())], chance.below(3)))
      caf::anon_send_exit(victim, caf::exit_reason::kill);
  }
  for (auto& t : threads) t.join();

  std::multiset<std::string> claimed, there;
  std::set<std::string> stored;
  for (const auto& c : all) {
    claimed.insert(c->claimed.begin(), c->claimed.end());
    stored.insert(c->stored.begin(), c->stored.end());
  }
  for (const auto& queue : queues) {
    queue::list_messages list;
    list.match_hidden = true;
    for (const auto& b : all.front()->ask(queue, list).bodies) there.emplace(b.view());
  }
  for (const auto& body : stored) CHECK(there.count(body) == 1);
  for (const auto& body : claimed) CHECK(claimed.count(body) == 1);
  CHECK(stored.size() > clients * rounds / 4);
  CHECK_FALSE(claimed.empty());
  node.stop();
  CHECK(node.seen->fatal.empty());
}
