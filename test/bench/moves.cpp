// How many messages a second go from one shard to another: dead letters, whose claims run out, and a redrive back.
// Real threads and RocksDB, no HTTP. usage: bench_moves [DIRECTORY] [messages]
#include "actors/caf_config.hpp"
#include "actors/log_writer_actor.hpp"
#include "actors/node_supervisor.hpp"
#include "actors/reader_actor.hpp"
#include "cluster/placement/route.hpp"
#include "cluster/storage/rocks_store.hpp"

#include <caf/all.hpp>
#include <caf/scoped_actor.hpp>

#include <chrono>
#include <cstdio>
#include <ctime>
#include <filesystem>

using namespace burrow;
using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

namespace {

constexpr placement::routing routing{8, 4};

clock_reading read_clock() {
  timespec t{};
  clock_gettime(CLOCK_BOOTTIME, &t);
  const auto wall = std::chrono::system_clock::now().time_since_epoch();
  return {duration{t.tv_sec * 1000 + t.tv_nsec / 1000000}, {std::chrono::duration_cast<duration>(wall).count()}};
}

/// One client that waits for each answer.
class client {
public:
  client(caf::actor_system& system, caf::actor supervisor) : self_(system), supervisor_(std::move(supervisor)) {}

  template <class Answer>
  Answer ask(const queue_ref& queue, operation_body what, std::vector<shared_bytes> bodies = {}) {
    auto o = std::make_shared<operation>();
    o->queue = queue;
    o->what = std::move(what);
    o->bodies = std::move(bodies);
    o->client = std::make_shared<client_presence>();
    self_->send(handle(queue), submit{++number_, std::move(o), caf::actor_cast<caf::actor>(self_)});
    std::shared_ptr<operation_result> got;
    self_->receive([&](completed& m) { got = m.items.at(0).second; });
    if (got->failed()) std::fprintf(stderr, "failed: %s\n", got->failed()->context.c_str()), std::abort();
    return std::get<Answer>(std::move(got->what));
  }
  queue::queue_summary stats(const queue_ref& queue) {
    return ask<queue::stats_answer>(queue, queue::queue_stats{}).summary;
  }

private:
  const caf::actor& handle(const queue_ref& queue) {
    auto& found = handles_[queue];
    while (!found) {
      self_->send(supervisor_, resolve{queue, caf::actor_cast<caf::actor>(self_)});
      self_->receive([&](const resolved& m) { if (m.handle) found = *m.handle; });
    }
    return found;
  }
  caf::scoped_actor self_;
  caf::actor supervisor_;
  std::map<queue_ref, caf::actor> handles_;
  std::uint64_t number_ = 0;
};

/// Until `done`, from the first moment that `begun`.
template <class Begun, class Done>
double seconds_of(Begun begun, Done done) {
  while (!begun()) std::this_thread::sleep_for(1ms);
  const auto from = steady::now();
  while (!done()) std::this_thread::sleep_for(5ms);
  return std::chrono::duration<double>(steady::now() - from).count();
}

void measure(client& c, std::size_t count) {
  const queue_ref jobs{"bench", "jobs"};
  queue_ref dead{"bench", "dead"};
  while (placement::shard_of(dead, routing) == placement::shard_of(jobs, routing)) dead.queue += "+";
  queue::configure rule;
  rule.to.named = bit_of(queue::setting::dead_letter);
  rule.to.values.rules.dead_letter = {dead.queue, placement::shard_of(dead, routing), 1, false, true, true, 0};
  (void)c.ask<queue::settings_reply>(jobs, rule);
  const shared_bytes body{std::string(1024, 'x')};
  for (std::size_t n = 0; n < count; n += 500) {
    queue::insert what;
    what.items.resize(500);
    what.fallback.body_bytes_max = 1 << 20;
    for (std::size_t i = 0; i < 500; ++i) {
      what.items[i].body = static_cast<std::uint32_t>(i);
      what.items[i].name = "m" + std::to_string(n + i);
      what.items[i].body_size = 1024;
    }
    (void)c.ask<queue::insert_reply>(jobs, what, std::vector<shared_bytes>(500, body));
  }
  queue::take claim;
  claim.limit = 1000;
  claim.hide = 3s;
  for (std::size_t n = 0; n < count; n += 1000) (void)c.ask<queue::take_reply>(jobs, claim);
  const auto arrived = [&] { return c.stats(dead).visible; };
  const auto dying = seconds_of([&] { return arrived() > 0; }, [&] { return arrived() >= count; });
  std::printf("%-28s %9.0f /s  (%zu of 1 KiB in %.2f s)\n", "dead letters", static_cast<double>(count) / dying, count,
              dying);
  queue::redrive back;
  back.max_per_second = limits::redrive_rate_max;
  const auto task = c.ask<queue::task_reply>(dead, back).task.id;
  const auto driving = seconds_of([] { return true; }, [&] {
    return c.ask<queue::task_answer>(dead, queue::get_task{task}).item->state != queue::task_state::running;
  });
  const auto end = c.ask<queue::task_answer>(dead, queue::get_task{task}).item.value();
  std::printf("%-28s %9.0f /s  (%zu moved in %.2f s)\n", "redrive", static_cast<double>(end.moved) / driving,
              static_cast<std::size_t>(end.moved), driving);
  if (end.moved != count || c.stats(jobs).visible != count) std::printf("lost or doubled\n"), std::abort();
}

} // namespace

int main(int argc, char** argv) {
  const std::string directory = argc > 1 ? argv[1] : "/tmp/burrow_bench_moves";
  const std::size_t count = argc > 2 ? std::strtoul(argv[2], nullptr, 10) / 1000 * 1000 : 20'000;
  std::filesystem::remove_all(directory);
  auto opened = rocks_store::open({.directory = directory});
  if (!opened) return std::fprintf(stderr, "%s\n", opened.error().context.c_str()), 1;
  std::shared_ptr<rocks_store> data = std::move(opened).value();
  {
    caf_config config;
    caf::actor_system system(config);
    node_supervisor_options o;
    o.self = {1};
    o.routing = routing;
    o.data = data;
    o.clock = read_clock;
    o.metrics = std::make_shared<actor_metrics>(nullptr);
    o.fatal = [](const error& why) { std::fprintf(stderr, "fatal: %s\n", why.context.c_str()), std::abort(); };
    log_writer_options writer;
    writer.data = data;
    writer.clock = read_clock;
    writer.metrics = o.metrics;
    writer.fatal = o.fatal;
    o.make_log_writer = [writer](caf::actor_system& s) { return spawn_log_writer(s, writer); };
    o.make_reader = [data](caf::actor_system& s) { return spawn_reader(s, {data}); };
    const auto supervisor = spawn_node_supervisor(system, std::move(o));
    {
      client c(system, supervisor);
      measure(c, count);
    }
    caf::anon_send(supervisor, stop_atom_v);
    system.await_all_actors_done();
  }
  data.reset();
  std::filesystem::remove_all(directory);
  return 0;
}
