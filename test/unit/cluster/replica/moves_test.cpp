// Moves between shards while everything that may go wrong does: crashes between every two steps, arrivals lost,
// repeated and out of order. A failure prints the seed that replays it:
//   BURROW_MOVES_SEED=4711 burrow_unit -tc='moves*'
// BURROW_MOVES_LIVES=500 runs that many seeds from there on.
#include "test/support/moves_world.hpp"

#include <doctest/doctest.h>

#include <cstdlib>

using namespace burrow;
using namespace burrow::test;
using namespace std::chrono_literals;

namespace {

/// Where queues lie: "jobs" and "local" on shard 1, "dead" on 2, "third" on the last.
struct layout {
  std::uint16_t shards;
  [[nodiscard]] shard_id of(const std::string& queue) const {
    if (queue == "dead") return {2};
    return {queue == "third" ? shards : std::uint16_t{1}};
  }
};

class workload {
public:
  workload(moves_world& world, layout where) : world_(world), where_(where) {}

  void set_up() {
    rule("jobs", "dead", 2, true);
    rule("dead", "third", 3, false);
    rule("local", "jobs", 1, false);
    world_.run(300ms);
  }
  void step() {
    auto& chance = world_.chance();
    const std::string queue = any_queue();
    switch (chance.below(9)) {
      case 0: case 1: case 2: insert(chance.chance(700) ? "jobs" : "local"); break;
      case 3: case 4: case 5: claim(queue); break;
      case 6: release(queue); break;
      case 7: redrive(chance.chance(500) ? "dead" : "third"); break;
      default: remove(chance.chance(500) ? "dead" : "third");
    }
  }
  /// What must be so at rest.
  [[nodiscard]] std::string verdict() {
    const auto& check = world_.check();
    if (!world_.wrong().empty()) return world_.wrong();
    if (check.leaving() > 0) return std::to_string(check.leaving()) + " messages have not arrived";
    if (check.running_tasks() > 0) return "a task does not end";
    for (const auto& [reply, bodies] : inserts_) {
      const auto at = world_.replies().find(reply);
      const bool stored = at != world_.replies().end() && at->second.ok() &&
                          std::get<queue::insert_reply>(at->second.value()).problem == errc::ok;
      for (const auto& body : bodies) {
        const auto places = check.places_of(body);
        if (places.size() > 1) return "a message is in two places";
        if (stored && places.empty() && !check.is_gone(body)) return "a message is lost";
        if (stored && !check.was_there(body)) return "an acknowledged insert never was";
      }
    }
    return {};
  }

private:
  std::string any_queue() {
    static constexpr const char* names[] = {"jobs", "dead", "local", "third"};
    return names[world_.chance().below(4)];
  }
  [[nodiscard]] static queue_ref ref(const std::string& queue) { return {"acme", queue}; }
  std::optional<cookie> send(const std::string& queue, queue::action what, std::vector<shared_bytes> bodies = {}) {
    return world_.propose(where_.of(queue), {ref(queue), {}, std::move(what)}, std::move(bodies));
  }
  void rule(const std::string& queue, const std::string& to, std::uint16_t claims, bool expired) {
    queue::configure what;
    what.to.named = bit_of(queue::setting::dead_letter);
    what.to.values.rules.dead_letter = {to, where_.of(to), claims, expired, true, true, 0};
    send(queue, what);
  }
  void insert(const std::string& queue) {
    auto& chance = world_.chance();
    queue::insert what;
    std::vector<shared_bytes> bodies;
    std::vector<hash128> hashes;
    for (auto n = chance.between(1, 4); n > 0; --n) {
      auto& item = what.items.emplace_back();
      const std::string body = "body " + std::to_string(++bodies_made_);
      if (chance.chance(500)) item.name = "m" + std::to_string(bodies_made_ % 17);
      item.body = static_cast<std::uint32_t>(bodies.size());
      item.body_size = static_cast<std::uint32_t>(body.size());
      item.body_hash = hash_of(body);
      // Replacing would take a message away without a word.
      item.guard.if_none_match = true;
      if (chance.chance(200)) item.ttl = duration{static_cast<std::int64_t>(chance.between(500, 3000))};
      hashes.push_back(item.body_hash);
      bodies.emplace_back(body);
    }
    what.fallback.body_bytes_max = 1 << 20;
    what.atomic = true;
    if (const auto from = send(queue, what, bodies)) inserts_.push_back({{where_.of(queue), *from}, std::move(hashes)});
  }
  void claim(const std::string& queue) {
    queue::take what;
    what.limit = static_cast<std::uint32_t>(world_.chance().between(1, 6));
    what.hide = duration{static_cast<std::int64_t>(world_.chance().between(50, 600))};
    send(queue, what);
  }
  void release(const std::string& queue) {
    queue::take what;
    what.action = queue::take_action::change;
    what.limit = 5;
    what.match_hidden = true;
    what.hide = 0ms;
    send(queue, what);
  }
  void remove(const std::string& queue) {
    queue::take what;
    what.action = queue::take_action::remove;
    what.limit = 1;
    send(queue, what);
  }
  void redrive(const std::string& queue) {
    queue::redrive what;
    if (world_.chance().chance(400)) what.to = "local";
    what.to_shard = where_.of("local");
    what.max_per_second = static_cast<std::uint32_t>(world_.chance().between(20, 2000));
    if (world_.chance().chance(300)) what.limit = world_.chance().between(1, 5);
    send(queue, what);
  }

  moves_world& world_;
  layout where_;
  std::uint64_t bodies_made_ = 0;
  std::vector<std::pair<std::pair<shard_id, cookie>, std::vector<hash128>>> inserts_;
};

struct totals {
  std::uint64_t crashes = 0, left = 0, arrived = 0, repeated = 0, local = 0, removed = 0;
};

std::string life(std::uint64_t seed, totals& sum) {
  burrow::random draw(seed);
  moves_options options;
  options.seed = seed;
  options.shards = static_cast<std::uint16_t>(draw.between(2, 3));
  options.not_here_per_mille = draw.chance(300) ? 200 : 0;
  options.lost_per_mille = draw.below(300);
  options.repeated_per_mille = draw.below(300);
  options.network_max = duration{static_cast<std::int64_t>(draw.between(1, 300))};
  options.aimed_per_mille = draw.below(150);
  moves_world world(options);
  workload work(world, {options.shards});
  work.set_up();
  for (int n = 0; n < 150 && world.wrong().empty(); ++n) {
    work.step();
    world.run(duration{static_cast<std::int64_t>(draw.below(60))});
  }
  world.heal();
  for (int n = 0; n < 60 && (n < 5 || world.check().leaving() > 0 || world.check().running_tasks() > 0); ++n)
    world.run(500ms);
  const auto& check = world.check();
  sum.crashes += world.crashes;
  sum.left += check.left;
  sum.arrived += check.arrived;
  sum.repeated += check.repeated;
  sum.local += check.local;
  sum.removed += check.removed;
  return work.verdict();
}

} // namespace

TEST_CASE("moves lose no message and double none, whatever crashes between their steps") {
  std::uint64_t first = 1, count = 60;
  if (const char* given = std::getenv("BURROW_MOVES_SEED")) first = std::strtoull(given, nullptr, 10), count = 1;
  if (const char* more = std::getenv("BURROW_MOVES_LIVES")) count = std::strtoull(more, nullptr, 10);
  totals sum;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    const auto wrong = life(seed, sum);
    CHECK_MESSAGE(wrong.empty(), "BURROW_MOVES_SEED=" << seed << " burrow_unit -tc='moves*': " << wrong);
    if (!wrong.empty()) return;
  }
  MESSAGE("crashes " << sum.crashes << ", left " << sum.left << ", arrived " << sum.arrived << ", again "
                     << sum.repeated << ", within a shard " << sum.local << ", removed " << sum.removed);
  if (count < 60) return;
  // Else nothing was tested.
  CHECK(sum.crashes > 200);
  CHECK(sum.left > 500);
  CHECK(sum.repeated > 100);
  CHECK(sum.local > 100);
}
