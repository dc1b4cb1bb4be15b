// What the whole way bridge → queue → replica → log writer → back costs: CPU per command with many in flight, and
// latency with one, beside the write and sync of the same run. Real threads and RocksDB.
// usage: bench_actor_tree [DIRECTORY]
#include "actors/caf_config.hpp"
#include "actors/log_writer_actor.hpp"
#include "actors/node_supervisor.hpp"
#include "actors/reader_actor.hpp"
#include "cluster/storage/rocks_store.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <future>
#include <vector>

using namespace burrow;
using steady = std::chrono::steady_clock;

namespace {

double cpu_seconds() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

clock_reading read_clock() {
  timespec t{};
  clock_gettime(CLOCK_BOOTTIME, &t);
  const auto wall = std::chrono::system_clock::now().time_since_epoch();
  return {duration{t.tv_sec * 1000 + t.tv_nsec / 1000000}, {std::chrono::duration_cast<duration>(wall).count()}};
}

std::shared_ptr<operation> insert_of(const queue_ref& queue, const shared_bytes& body) {
  auto o = std::make_shared<operation>();
  o->queue = queue;
  queue::insert insert;
  insert.items.resize(1);
  insert.items[0].body_size = static_cast<std::uint32_t>(body.size());
  insert.fallback.body_bytes_max = 1 << 20;
  o->what = std::move(insert);
  o->bodies.push_back(body);
  return o;
}

struct outcome {
  std::size_t done = 0, failed = 0;
  std::vector<double> micros;
};

/// Keeps `window` inserts under way until `total` are answered.
caf::behavior load(caf::event_based_actor* self, caf::actor supervisor, queue_ref queue, std::size_t total,
                   std::size_t window, std::promise<outcome>* told) {
  struct state {
    caf::actor to;
    std::uint64_t sent = 0;
    outcome out;
    std::vector<steady::time_point> at;
    shared_bytes body{std::string(1024, 'x')};
  };
  auto st = std::make_shared<state>();
  st->at.resize(total);
  const auto me = caf::actor_cast<caf::actor>(self);
  const auto more = [=] {
    if (st->sent >= total) return;
    st->at[st->sent] = steady::now();
    self->send(st->to, submit{st->sent++, insert_of(queue, st->body), me});
  };
  self->send(supervisor, resolve{queue, me});
  return {
    [=](completed& m) {
      for (auto& [number, what] : m.items) {
        st->out.micros.push_back(std::chrono::duration<double, std::micro>(steady::now() - st->at[number]).count());
        ++st->out.done;
        if (what->failed()) ++st->out.failed;
        more();
      }
      if (st->out.done < total) return;
      told->set_value(std::move(st->out));
      self->quit();
    },
    [=](const resolved& m) {
      st->to = *m.handle;
      for (std::size_t i = 0; i < window; ++i) more();
    },
  };
}

void measure(caf::actor_system& system, const caf::actor& supervisor, const char* name, std::size_t queues,
             std::size_t total, std::size_t window) {
  std::vector<std::promise<outcome>> told(queues);
  const auto cpu = cpu_seconds();
  const auto began = steady::now();
  for (std::size_t i = 0; i < queues; ++i)
    system.spawn(load, supervisor, queue_ref{"bench", name + std::to_string(i)}, total / queues, window, &told[i]);
  std::vector<double> micros;
  std::size_t done = 0, failed = 0;
  for (auto& t : told) {
    auto o = t.get_future().get();
    done += o.done;
    failed += o.failed;
    micros.insert(micros.end(), o.micros.begin(), o.micros.end());
  }
  const std::chrono::duration<double> took = steady::now() - began;
  std::ranges::sort(micros);
  std::printf("%-28s %9.0f /s  %6.2f us CPU each  p50 %7.0f us  p99 %7.0f us  failed %zu\n", name,
              static_cast<double>(done) / took.count(), (cpu_seconds() - cpu) * 1e6 / static_cast<double>(done),
              micros[micros.size() / 2], micros[micros.size() * 99 / 100], failed);
}

/// What the latency of one client is made of, besides hand-overs.
void measure_sync(store& data) {
  std::vector<double> micros;
  for (int i = 0; i < 500; ++i) {
    write_batch b;
    b.put(family::raft_state, "zzz", std::string(1100, 'x'));
    const auto began = steady::now();
    if (!data.write(b) || !data.sync()) std::abort();
    micros.push_back(std::chrono::duration<double, std::micro>(steady::now() - began).count());
  }
  std::ranges::sort(micros);
  std::printf("%-28s p50 %7.0f us  p99 %7.0f us\n", "write + sync, 1.1 KiB", micros[250], micros[495]);
}

} // namespace

int main(int argc, char** argv) {
  const std::string directory = argc > 1 ? argv[1] : "/tmp/burrow_bench_actor_tree";
  std::filesystem::remove_all(directory);
  auto opened = rocks_store::open({.directory = directory});
  if (!opened) return std::fprintf(stderr, "%s\n", opened.error().context.c_str()), 1;
  std::shared_ptr<rocks_store> data = std::move(opened).value();
  measure_sync(*data);
  {
    caf_config config;
    caf::actor_system system(config);
    node_supervisor_options o;
    o.self = {1};
    o.routing = {8, 4};
    o.data = data;
    o.clock = read_clock;
    o.inflight_per_tenant_max = 100'000;
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
    for (int round = 0; round < 2; ++round) {
      measure(system, supervisor, "one client", 1, 500, 1);
      measure(system, supervisor, "64 in flight, one queue", 1, 20'000, 64);
      measure(system, supervisor, "256 in flight, one queue", 1, 50'000, 256);
      measure(system, supervisor, "1000 queues, 1 in flight each", 1000, 20'000, 1);
    }
    caf::anon_send(supervisor, stop_atom_v);
    system.await_all_actors_done();
  }
  data.reset();
  std::filesystem::remove_all(directory);
  return 0;
}
