// Random clusters under the planner. A failure names its seed: BURROW_PLACEMENT_SEED=N runs that one alone,
// BURROW_PLACEMENT_SEEDS=N as many from there on.
#include "cluster/placement/requests.hpp"
#include "test/support/placement_world.hpp"

#include <doctest/doctest.h>

#include <cstdlib>

using namespace burrow;
using namespace burrow::placement;
using burrow::test::placement_world;
using namespace std::chrono_literals;

namespace {

/// Everybody is there and takes part again, but those that are to leave.
void calm(placement_world& w) {
  w.set_faults(false);
  for (const auto& e : std::vector<node_entry>(w.entries)) {
    if (e.state == node_state::gone) continue;
    if (!w.nodes[e.node].up) w.come_back(e.node);
    if (e.state == node_state::draining) w.set_state(e.node, node_state::storage);
  }
}

std::size_t staying(const placement_world& w) {
  return static_cast<std::size_t>(std::count_if(w.entries.begin(), w.entries.end(), [](const auto& e) {
    return e.state == node_state::storage;
  }));
}

std::string run(std::uint64_t seed) {
  placement_world w({seed, static_cast<std::uint16_t>(3 + seed % 14), true});
  burrow::random chance(seed ^ 0xabcdef);
  for (int n = 0; n < 60 && w.broken().empty(); ++n) {
    w.random_event();
    for (auto turns = chance.below(40); turns-- > 0 && w.broken().empty();) {
      w.turn(duration(
          static_cast<std::int64_t>(chance.chance(20) ? chance.between(60'000, 900'000) : chance.between(200, 3'000))));
    }
  }
  if (!w.broken().empty()) return w.broken();
  calm(w);
  const bool settled = w.settle(120s, 1h);
  if (!w.broken().empty()) return w.broken();
  if (!settled) return "it never comes to rest";
  for (const auto& e : w.entries) {
    if (e.state == node_state::leaving) return e.name + " is never empty";
  }
  return staying(w) >= 3 ? w.uneven() : "";
}

} // namespace

TEST_CASE("placement simulation: whatever happens to nodes, voters are safe and in the end all is even") {
  const char* const one = std::getenv("BURROW_PLACEMENT_SEED");
  const std::uint64_t first = one != nullptr ? std::strtoull(one, nullptr, 10) : 1;
  const char* const many = std::getenv("BURROW_PLACEMENT_SEEDS");
  const auto count = many != nullptr ? std::strtoull(many, nullptr, 10) : one != nullptr ? 1 : 60;
  for (auto seed = first; seed < first + count; ++seed) {
    INFO("BURROW_PLACEMENT_SEED=", seed);
    const auto what = run(seed);
    REQUIRE(what == "");
  }
}
