#include "cluster/placement/route.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>

using namespace burrow;
using namespace burrow::placement;

namespace {

std::vector<std::uint16_t> numbers(const std::vector<shard_id>& shards) {
  std::vector<std::uint16_t> out;
  for (const auto s : shards) out.push_back(s.value);
  return out;
}

} // namespace

// Fixed for ever: a change of these strands every stored queue.
TEST_CASE("a tenant's shards are those of the test vectors") {
  CHECK(numbers(shards_of("acme", {})) == std::vector<std::uint16_t>{8, 38, 49, 21});
  CHECK(numbers(shards_of("", {8, 2})) == std::vector<std::uint16_t>{8, 3});
  CHECK(shard_of({"acme", "jobs"}, {}).value == 21);
  CHECK(shard_of({"acme", "mail"}, {}).value == 8);
  CHECK(shard_of({"caf\xc3\xa9", "\x01\xff"}, {}).value == 53);
}

TEST_CASE("a queue lies on one of its tenant's shards, never on the metadata shard") {
  for (int t = 0; t < 50; ++t) {
    const auto tenant = "tenant" + std::to_string(t);
    const auto set = shards_of(tenant, {});
    CHECK(set.size() == 4);
    for (int q = 0; q < 20; ++q) {
      const auto shard = shard_of({tenant, "queue" + std::to_string(q)}, {});
      CHECK(std::find(set.begin(), set.end(), shard) != set.end());
      CHECK(shard.value >= 1);
      CHECK(shard.value <= 64);
    }
  }
}

TEST_CASE("fewer shards than a tenant may use are all used") {
  CHECK(shards_of("t", {2, 4}).size() == 2);
  CHECK(shard_of({"t", "q"}, {1, 4}).value == 1);
}

TEST_CASE("queues spread evenly over their tenant's shards, and tenants over all") {
  std::map<std::uint16_t, int> queues, tenants;
  for (int n = 0; n < 4000; ++n) {
    ++queues[shard_of({"one", "q" + std::to_string(n)}, {}).value];
    for (const auto s : shards_of("t" + std::to_string(n), {})) ++tenants[s.value];
  }
  CHECK(queues.size() == 4);
  for (const auto& [shard, count] : queues) CHECK(count > 800);
  CHECK(tenants.size() == 64);
  for (const auto& [shard, count] : tenants) CHECK(count > 180);
}
