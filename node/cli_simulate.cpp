// `burrow simulate`: runs the replication core that this program ships under faults, as the tests do, and prints what
// it met: a sceptical user can watch it work. It touches no node and no file.
#include "cluster/sim/replica_world.hpp"
#include "node/cli.hpp"
#include "node/text.hpp"
#include "node/version.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>

namespace burrow {
namespace {

using clock = std::chrono::steady_clock;
using json = nlohmann::ordered_json;

// A broken invariant ends the process; the seed must be known all the same.
volatile std::uint64_t running_seed = 0;
volatile bool running_replicas = false;

const char* world_flag() { return running_replicas ? "--world replicas " : ""; }

void on_abort(int) {
  char text[128];
  const int size = std::snprintf(text, sizeof text, "replay: burrow simulate %s--seed %llu\n",
                                 world_flag(), static_cast<unsigned long long>(running_seed));
  if (size > 0 && ::write(STDERR_FILENO, text, static_cast<std::size_t>(size)) < 0) ::_exit(exit_failed);
  ::_exit(exit_failed);
}

struct totals {
  std::uint64_t seeds = 0, steps = 0;
  sim::coverage met;
  std::string wrong;
};

bool run_one(std::uint64_t seed, totals& sum) {
  running_seed = seed;
  const auto result =
    running_replicas ? sim::run_replicas(sim::draw_replica_plan(seed)) : sim::run(sim::draw_plan(seed));
  ++sum.seeds;
  sum.steps += result.steps;
  sum.met.add(result.met);
  sum.wrong = result.wrong;
  return result.wrong.empty();
}

void show(const cli_context& context, const totals& sum, std::uint64_t first, double seconds) {
  const auto rate = static_cast<std::uint64_t>(static_cast<double>(sum.steps) / seconds);
  if (context.output != output_format::table) {
    json out{{"commit", version_commit},
             {"first_seed", first},
             {"seeds", sum.seeds},
             {"steps", sum.steps},
             {"steps_per_second", rate}};
    sum.met.each([&](const char* name, std::uint64_t n) { out[name] = n; });
    out["violation"] = sum.wrong.empty() ? json() : json(sum.wrong);
    fmt::print("{}\n", out.dump());
    return;
  }
  std::vector<std::vector<std::string>> rows{
      {"worlds", human_count(sum.seeds)}, {"steps", human_count(sum.steps)}, {"steps a second", human_count(rate)}};
  sum.met.each([&](std::string name, std::uint64_t n) {
    std::replace(name.begin(), name.end(), '_', ' ');
    rows.push_back({std::move(name), human_count(n)});
  });
  fmt::print("{}", table_text({"", ""}, rows, false));
}

int simulate(const cli_context& context) {
  const auto seconds = context.number("seconds", 10, 1, 86'400);
  const bool one = context.has("seed");
  const auto world = context.option("world", "raft");
  if (world != "raft" && world != "replicas") return cli_error(exit_usage, "--world is raft or replicas");
  running_replicas = world == "replicas";
  const auto now = static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count() / 1000);
  const auto first = context.number("seed", now, 0, ~0ULL);
  std::signal(SIGABRT, on_abort);
  totals sum;
  const auto begin = clock::now();
  auto told = begin;
  auto seed = first;
  // With a seed alone: that world, once. With a time as well: from that seed on.
  bool good = run_one(seed, sum);
  while (good && (!one || context.has("seconds")) && clock::now() - begin < std::chrono::seconds(seconds)) {
    good = run_one(++seed, sum);
    if (!context.quiet && ::isatty(STDERR_FILENO) != 0 && clock::now() - told > std::chrono::milliseconds(200)) {
      told = clock::now();
      fmt::print(stderr, "\r{} steps, {} worlds, no violation ", human_count(sum.steps), sum.seeds);
    }
  }
  if (told != begin) fmt::print(stderr, "\n");
  show(context, sum, first, std::chrono::duration<double>(clock::now() - begin).count());
  if (good) return exit_done;
  return cli_error(exit_failed, fmt::format("{}\nreplay: burrow simulate {}--seed {}", sum.wrong, world_flag(), seed));
}

} // namespace

std::vector<cli_command> simulate_commands() {
  return {{"simulate",
           "burrow simulate [--world raft|replicas] [--seconds N] [--seed S]",
           "Runs the replication core under faults, and checks every step: no node is needed.",
           "  burrow simulate --seconds 60\n  burrow simulate --seed 4711     one world, the same each time\n"
           "  burrow simulate --world replicas --seconds 60     with queues, stores and clients\n",
           {"seconds=", "seed=", "world="},
           0,
           0,
           simulate}};
}

} // namespace burrow
