// How soon a node that stops or dies is noticed, and how often one that lives is accused, over many seeds of the
// simulated network. Virtual time: the figures do not depend on the machine.
#include "test/support/members_world.hpp"

#include <algorithm>
#include <cstdio>

using namespace burrow;
using burrow::test::members_options;
using burrow::test::members_world;
using membership::member_state;
using namespace std::chrono_literals;

namespace {

long at(std::vector<long>& all, double part) {
  std::ranges::sort(all);
  return all.empty() ? -1 : all[static_cast<std::size_t>(part * static_cast<double>(all.size() - 1))];
}

void detection(std::size_t nodes, std::uint64_t loss, bool killed) {
  std::vector<long> suspect, dead;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    members_options o;
    o.seed = seed;
    o.nodes = nodes;
    o.loss_per_mille = loss;
    members_world w(o);
    w.run(10s + duration{static_cast<duration::rep>(seed * 37 % 1000)});
    const auto from = w.now();
    if (killed) w.kill(1);
    else w.pause(1);
    w.run_until([&] { return w.all_hold(1, member_state::dead); }, 30s);
    suspect.push_back(w.first(1, member_state::suspect, from).value_or(30s).count());
    dead.push_back(w.last(1, member_state::dead, from).value_or(30s).count());
  }
  std::printf("| %s | %zu | %.0f %% | %ld, %ld, %ld | %ld, %ld, %ld |\n", killed ? "kill -9" : "SIGSTOP", nodes,
              static_cast<double>(loss) / 10, at(suspect, .5), at(suspect, .9), at(suspect, 1), at(dead, .5),
              at(dead, .9), at(dead, 1));
}

void false_positives(std::size_t nodes, std::uint64_t loss) {
  std::size_t dead = 0, suspect = 0;
  std::uint64_t sent = 0;
  double hours = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    members_options o;
    o.seed = seed;
    o.nodes = nodes;
    o.loss_per_mille = loss;
    o.delay_max = 30ms;
    members_world w(o);
    w.run(600s);
    dead += w.false_dead;
    suspect += w.false_suspect;
    sent += w.frames + w.messages;
    hours += static_cast<double>(nodes) / 6;
  }
  std::printf("| %zu | %.0f %% | %.1f | %.2f | %.1f |\n", nodes, static_cast<double>(loss) / 10,
              static_cast<double>(suspect) / hours, static_cast<double>(dead) / hours,
              static_cast<double>(sent) / (hours * 3600));
}

} // namespace

int main() {
  std::printf("| fault | nodes | loss | first suspicion, ms: p50, p90, max | dead for all: p50, p90, max |\n");
  for (const bool killed : {false, true})
    for (const std::size_t nodes : {2, 3, 6, 12}) detection(nodes, 0, killed);
  detection(3, 50, false);
  detection(6, 100, false);
  std::printf("| nodes | loss | suspicions a node and hour | deaths | messages a node and second |\n");
  for (const std::size_t nodes : {3, 6, 12})
    for (const std::uint64_t loss : {0, 10, 50, 100, 200, 300}) false_positives(nodes, loss);
}
