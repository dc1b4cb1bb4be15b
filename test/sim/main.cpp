// Runs seeds of the simulation and prints what they met; of the first that fails, one line that replays it.
//   burrow_sim --seed 4711              one seed, with its plan and trace
//   burrow_sim --from 1 --count 1000    a range
//   burrow_sim --seconds 60             fresh seeds for so long, from the clock on
//   burrow_sim --kept FILE              each line begins with a world and a seed
//   burrow_sim --steps 200000000        so many steps at least, half of them in each world, from a seed on
//   --world raft|replicas               the cores alone (as if not given), or whole replicas with their clients
//   burrow_sim --sampled FILE             1 % of the ranges that FILE (last_run.json) names, drawn anew each time
//   --json FILE                         writes what --steps met, a world a time
#include "cluster/sim/replica_world.hpp"

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <optional>
#include <sstream>
#include <string>
#include <unistd.h>
#include <vector>

using namespace burrow;

namespace {

// A broken invariant of the core aborts. The line that replays it must come all the same.
std::uint64_t running_seed = 0;
bool running_replicas = false;

const char* world_flag() { return running_replicas ? "--world replicas " : ""; }

std::string read_commit() {
  std::string out;
  if (auto* const from = popen("git rev-parse --short HEAD 2>/dev/null", "r")) {
    char text[64] = {};
    if (std::fgets(text, sizeof text, from) != nullptr) out = text;
    pclose(from);
  }
  while (!out.empty() && out.back() == '\n') out.pop_back();
  return out.empty() ? "unknown" : out;
}
/// As it was when the run began: a long one may see others come.
const std::string& commit() {
  static const auto known = read_commit();
  return known;
}

void print_replay(std::uint64_t seed) {
  std::cout << "replay: burrow_sim " << world_flag() << "--seed " << seed << " --commit " << commit() << std::endl;
}

void on_abort(int) {
  char text[96];
  const int size = std::snprintf(text, sizeof text, "aborted\nreplay: burrow_sim %s--seed %llu\n0 passed, 1 failed\n",
                                 world_flag(), static_cast<unsigned long long>(running_seed));
  if (write(STDOUT_FILENO, text, static_cast<std::size_t>(size)) < 0) _exit(2);
  _exit(1);
}

struct arguments {
  std::optional<std::uint64_t> seed;
  std::uint64_t from = 1, count = 0, seconds = 0, steps = 0;
  std::string kept, sampled, json;
};

arguments parse(int argc, char** argv) {
  arguments out;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i], value = argv[i + 1];
    const auto number = std::strtoull(value.c_str(), nullptr, 10);
    if (name == "--seed")
      out.seed = number;
    else if (name == "--from")
      out.from = number;
    else if (name == "--count")
      out.count = number;
    else if (name == "--seconds")
      out.seconds = number;
    else if (name == "--steps")
      out.steps = number;
    else if (name == "--kept")
      out.kept = value;
    else if (name == "--sampled")
      out.sampled = value;
    else if (name == "--json")
      out.json = value;
    else if (name == "--world" && (value == "raft" || value == "replicas"))
      running_replicas = value == "replicas";
    else if (name != "--commit") {
      std::cerr << "burrow_sim: unknown option " << name << "\n";
      std::exit(2);
    }
  }
  return out;
}

struct totals {
  std::uint64_t seeds = 0, failed = 0, steps = 0, first = 0, last = 0;
  sim::coverage met;
};

/// False at the first failure.
bool run_one(std::uint64_t seed, totals& sum, bool talk) {
  running_seed = seed;
  const auto text = running_replicas ? sim::draw_replica_plan(seed).text() : sim::draw_plan(seed).text();
  if (talk) std::cout << "seed " << seed << ": " << text << std::endl;
  const auto result =
    running_replicas ? sim::run_replicas(sim::draw_replica_plan(seed)) : sim::run(sim::draw_plan(seed));
  if (sum.seeds++ == 0) sum.first = seed;
  sum.last = seed;
  sum.steps += result.steps;
  sum.met.add(result.met);
  if (talk) std::cout << result.steps << " steps, trace " << std::hex << result.trace << std::dec << "\n";
  if (result.wrong.empty()) return true;
  ++sum.failed;
  if (!talk) std::cout << "seed " << seed << ": " << text << "\n";
  std::cout << "FAILED " << result.wrong << " (after " << result.steps << " steps)\n";
  print_replay(seed);
  return false;
}

/// Lines of other kinds are for people.
bool run_kept(const std::string& path, totals& sum) {
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::string world;
    std::uint64_t seed = 0;
    if (!(words >> world) || (world != "raft" && world != "replicas") || !(words >> seed)) continue;
    running_replicas = world == "replicas";
    if (!run_one(seed, sum, false)) return false;
  }
  return true;
}

/// The number of this name that comes next.
std::uint64_t number_in(const std::string& text, const std::string& name, std::size_t from) {
  const auto at = text.find("\"" + name + "\":", from);
  return at == std::string::npos ? 0 : std::strtoull(text.c_str() + at + name.size() + 3, nullptr, 10);
}

bool run_sampled(const std::string& path, totals& sum) {
  std::ifstream in(path);
  std::stringstream file;
  file << in.rdbuf();
  const auto text = file.str();
  burrow::random chance(static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count()));
  for (const std::string world : {"raft", "replicas"}) {
    const auto at = text.find("\"world\": \"" + world + '"');
    if (at == std::string::npos) continue;
    running_replicas = world == "replicas";
    const auto first = number_in(text, "first_seed", at), last = number_in(text, "last_seed", at);
    for (auto left = (last - first + 1) / 100; left > 0; --left) {
      if (!run_one(chance.between(first, last), sum, false)) return false;
    }
  }
  return true;
}

void print(const totals& sum, double seconds) {
  std::cout << sum.seeds << " seeds (" << sum.first << " to " << sum.last << "), " << sum.steps << " steps in "
            << seconds << " s, " << static_cast<std::uint64_t>(static_cast<double>(sum.steps) / seconds)
            << " a second\n";
  sum.met.each([](const char* name, std::uint64_t n) { std::cout << "  " << name << " " << n << "\n"; });
}

void write_json(std::ostream& out, const totals& sum) {
  out << "  {\n    \"world\": \"" << (running_replicas ? "replicas" : "raft") << "\",\n    \"commit\": \"" << commit()
      << "\",\n    \"first_seed\": " << sum.first << ",\n    \"last_seed\": " << sum.last
      << ",\n    \"steps\": " << sum.steps;
  sum.met.each([&](const char* name, std::uint64_t n) { out << ",\n    \"" << name << "\": " << n; });
  out << "\n  }";
}

/// A long run: both worlds, one after the other. What it met is written when both are through.
bool run_steps(const arguments& a, totals& sum) {
  std::ostringstream json;
  for (const bool replicas : {true, false}) {
    running_replicas = replicas;
    totals of_world;
    for (auto seed = a.from; of_world.steps < a.steps / 2; ++seed) {
      if (run_one(seed, of_world, false)) continue;
      ++sum.failed;
      sum.seeds += of_world.seeds;
      return false;
    }
    json << (replicas ? "[\n" : ",\n");
    write_json(json, of_world);
    sum.first = of_world.first;
    sum.seeds += of_world.seeds;
    sum.steps += of_world.steps;
    sum.last = of_world.last;
    sum.met.add(of_world.met);
  }
  if (!a.json.empty()) std::ofstream(a.json) << json.str() << "\n]\n";
  return true;
}

bool run_all(const arguments& a, totals& sum) {
  if (a.seed) return run_one(*a.seed, sum, true);
  if (!a.kept.empty() && !run_kept(a.kept, sum)) return false;
  if (!a.sampled.empty() && !run_sampled(a.sampled, sum)) return false;
  for (std::uint64_t i = 0; i < a.count; ++i) {
    if (!run_one(a.from + i, sum, false)) return false;
  }
  if (a.steps > 0 && !run_steps(a, sum)) return false;
  if (a.seconds == 0) return true;
  using clock = std::chrono::steady_clock;
  const auto end = clock::now() + std::chrono::seconds(a.seconds);
  auto seed = a.from;
  if (seed == 1) seed = static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count() / 1000);
  while (clock::now() < end) {
    if (!run_one(seed++, sum, false)) return false;
  }
  return true;
}

} // namespace

int main(int argc, char** argv) {
  std::signal(SIGABRT, on_abort);
  const auto a = parse(argc, argv);
  static_cast<void>(commit());
  totals sum;
  const auto begin = std::chrono::steady_clock::now();
  const bool good = run_all(a, sum);
  print(sum, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  std::cout << sum.seeds - sum.failed << " passed, " << sum.failed << " failed\n";
  return good && sum.seeds > 0 ? 0 : 1;
}
