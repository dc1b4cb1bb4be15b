// An entry that ended the process while it was applied: tried once more alone, then no more.
#include "cluster/replica/quarantine.hpp"

#include "test/support/replica_world.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace burrow;
using namespace burrow::test;
using namespace std::chrono_literals;

namespace {

/// What the mapped file does, in memory: it outlives the replica, and counts when a life is over.
class witness_in_memory final : public apply_witness {
public:
  [[nodiscard]] apply_finding found(shard_id) const override { return found_; }
  void begin(shard_id, log_index index, bool alone) override {
    applying = index;
    begun.push_back(index);
    if (alone) alone_for.push_back(index);
  }
  void end(shard_id) override {
    if (applying == found_.index) found_ = {};
    applying = {};
  }
  void abandoned(shard_id) override {
    ++abandons;
    applying = {};
  }
  void next_life() {
    if (applying.value == 0) return;
    found_ = {applying, applying == found_.index ? found_.times + 1 : 1};
    applying = {};
  }
  log_index applying;
  std::vector<log_index> begun, alone_for;
  int abandons = 0;

private:
  apply_finding found_;
};

queue::command insert_of(const std::string& name) {
  queue::insert what;
  queue::insert_item item;
  item.name = name;
  item.body_size = 1;
  item.body_hash = hash_of("x");
  what.items.push_back(item);
  what.fallback.body_bytes_max = 1 << 20;
  return {{"acme", "jobs"}, {}, what};
}

const reply_effect* put(replica_world& world, const std::string& name) {
  return world.reply_to(world.propose(insert_of(name), {shared_bytes(std::string("x"))}));
}

} // namespace

TEST_CASE("an entry is tried alone after one death, and refused after two") {
  CHECK(quarantine().of({7}) == attempt::ordinary);
  CHECK(quarantine({{7}, 1}).of({7}) == attempt::alone);
  CHECK(quarantine({{7}, 1}).of({6}) == attempt::ordinary);
  CHECK(quarantine({{7}, 2}).of({7}) == attempt::refused);
  CHECK(quarantine({{7}, 3}).of({7}) == attempt::refused);
  CHECK(quarantine({{7}, 2}).of({8}) == attempt::ordinary);
}

TEST_CASE("a log closes only if its refused entry is still to be applied") {
  CHECK(quarantine({{7}, 2}).closes({6}, {9}));
  CHECK(quarantine({{7}, 2}).closes({6}, {7}));
  CHECK_FALSE(quarantine({{7}, 2}).closes({7}, {9}));
  CHECK_FALSE(quarantine({{7}, 2}).closes({3}, {6}));
  CHECK_FALSE(quarantine({{7}, 1}).closes({6}, {9}));
  CHECK_FALSE(quarantine().closes({0}, {9}));
}

TEST_CASE("every apply is told to the witness, begun and ended") {
  const auto witness = std::make_shared<witness_in_memory>();
  world_options options;
  options.witness = witness;
  replica_world world(options);
  REQUIRE(world.start());
  REQUIRE(put(world, "one") != nullptr);
  CHECK(witness->begun == std::vector{world.status().last});
  CHECK(witness->applying == log_index{});
  CHECK(witness->alone_for.empty());
}

TEST_CASE("an apply that lacks something is abandoned for the witness, not ended") {
  const auto witness = std::make_shared<witness_in_memory>();
  world_options options;
  options.witness = witness;
  options.not_here_per_mille = 1000;
  replica_world world(options);
  REQUIRE(world.start());
  REQUIRE(put(world, "one") != nullptr);
  world.settle();
  world.crash();
  REQUIRE(world.start());
  REQUIRE(put(world, "two") != nullptr);
  CHECK(world.status().applies_abandoned > 0);
  CHECK(static_cast<std::uint64_t>(witness->abandons) >= world.status().applies_abandoned);
  CHECK(witness->applying == log_index{});
}

TEST_CASE("an entry that ended the process once is applied alone, and then trusted") {
  const auto witness = std::make_shared<witness_in_memory>();
  world_options options;
  options.witness = witness;
  replica_world world(options);
  REQUIRE(world.start());
  REQUIRE(put(world, "one")->outcome.ok());
  witness->applying = world.status().last; // committed and on disk, its delta is not, and its apply does not end
  const auto entry = witness->applying;
  world.crash();
  witness->next_life();
  REQUIRE(witness->found({1}).times == 1);
  REQUIRE(world.start());
  REQUIRE(put(world, "two")->outcome.ok());
  CHECK(witness->alone_for == std::vector{entry});
  CHECK(witness->found({1}).times == 0);
  CHECK_FALSE(world.status().quarantined);
}

TEST_CASE("an entry that ended the process twice closes the shard at the third start, and for good") {
  const auto witness = std::make_shared<witness_in_memory>();
  world_options options;
  options.witness = witness;
  replica_world world(options);
  REQUIRE(world.start());
  REQUIRE(put(world, "one")->outcome.ok());
  const auto entry = world.status().last;
  world.crash();
  for (int death = 0; death < 2; ++death) {
    witness->applying = entry;
    witness->next_life();
  }
  const auto begun = witness->begun.size();
  for (int round = 0; round < 2; ++round) {
    REQUIRE(world.start());
    world.run(5s);
    CHECK(world.status().quarantined);
    CHECK_FALSE(world.status().damaged);
    CHECK_FALSE(world.leads());
    CHECK(world.damage.find("entry " + std::to_string(entry.value)) != std::string::npos);
    CHECK(witness->begun.size() == begun); // it was not tried again, nor anything else
    CHECK(put(world, "two")->outcome.code() == errc::unavailable);
    CHECK(world.answer_to(world.ask({{"acme", "jobs"}, queue::list_messages{}}))->outcome.code() == errc::unavailable);
    world.crash();
  }
  CHECK(world.stored_entries() >= 2); // its files stay as they are
}
