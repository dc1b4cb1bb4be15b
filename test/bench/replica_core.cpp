// What the core of one shard costs per command, without disk, actors and sockets: proposals are fed in drains of a
// given size, persists are told at once. usage: bench_replica_core [drain] [commands]
#include "cluster/replica/replica.hpp"
#include "cluster/storage/memory_store.hpp"

#include <time.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

using namespace burrow;

// CPU time of this thread: neighbours on the machine do not count.
struct cpu_time {
  using duration = std::chrono::nanoseconds;
  static duration now() {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec);
  }
};

namespace {

struct totals {
  cpu_time::duration core{}, store{};
  std::size_t replies = 0;
};

void carry_out(replica& r, memory_store& disk, clock_reading now, totals& sum) {
  for (;;) {
    const auto begin = cpu_time::now();
    const auto effects = r.take_effects();
    sum.core += cpu_time::now() - begin;
    bool told = false;
    for (const auto& e : effects) {
      if (const auto* const p = std::get_if<persist_effect>(&e)) {
        const auto write = cpu_time::now();
        if (!disk.write(*p->batch) || !disk.sync()) std::abort();
        sum.store += cpu_time::now() - write;
        r.persisted(now, p->ticket);
        told = true;
      } else if (const auto* const reply = std::get_if<reply_effect>(&e)) {
        if (!reply->outcome.ok()) std::abort();
        ++sum.replies;
      }
    }
    if (!told) return;
  }
}

} // namespace

int main(int argc, char** argv) {
  const std::size_t drain = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 64;
  const std::size_t commands = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 200'000;
  memory_store disk;
  const replica_options options{shard_id{1}, node_id{1}, false, nullptr};
  auto stored = load_replica(disk, options);
  clock_reading now{duration{1}, {1'700'000'000'000}};
  replica r(options, disk, *stored, now);
  totals sum;
  carry_out(r, disk, now, sum);
  const shared_bytes body(std::string(1024, 'x'));
  const auto hash = hash_of(body.view());
  sum = {};
  for (std::size_t done = 0; done < commands; done += drain) {
    now.steady += duration{1};
    now.wall.ms += 1;
    std::vector<proposal> proposals;
    for (std::size_t i = 0; i < drain; ++i) {
      queue::insert what;
      what.items.emplace_back();
      what.items[0].body_size = 1024;
      what.items[0].body_hash = hash;
      what.items[0].attributes.content_type = "application/json";
      what.fallback.body_bytes_max = 1 << 20;
      proposals.push_back({{i}, {{"acme", "queue" + std::to_string(i % 8)}, {}, std::move(what)}, {body}, false});
    }
    const auto begin = cpu_time::now();
    for (auto& p : proposals) r.propose(now, std::move(p));
    sum.core += cpu_time::now() - begin;
    carry_out(r, disk, now, sum);
  }
  const auto per = [&](cpu_time::duration d) {
    return static_cast<double>(d.count()) /
           static_cast<double>(sum.replies) / 1000;
  };
  std::printf("drain %zu: %zu inserts, core and machine %.2f us each, memory_store %.2f us each\n", drain, sum.replies,
              per(sum.core), per(sum.store));
  return 0;
}
