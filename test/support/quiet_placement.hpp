// Worlds of placement in which nothing goes wrong by itself: what each rule does can be counted in them.
#pragma once

#include "test/support/placement_world.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace burrow::test {

struct quiet_world : placement_world {
  explicit quiet_world(std::uint16_t shards = 11) : placement_world({1, shards, false}) {}
  void rest() {
    const bool rests = settle(std::chrono::minutes(1), std::chrono::hours(4));
    CHECK(rests);
    CHECK(broken() == "");
  }
  std::size_t held(node_id who) const {
    std::size_t out = 0;
    for (const auto& g : groups) {
      out +=
          std::count_if(g.config.voters.begin(), g.config.voters.end(), [&](const auto& v) { return v.node == who; });
    }
    return out;
  }
  std::size_t led(node_id who) const {
    return static_cast<std::size_t>(
        std::count_if(groups.begin(), groups.end(), [&](const auto& g) { return g.leader == who; }));
  }
  std::size_t voters(std::size_t shard) const { return groups[shard].config.voters.size(); }
};

struct three : quiet_world {
  node_id a{1}, b, c;
  explicit three(std::uint16_t shards = 11) : quiet_world(shards) {
    b = join("n2", "b");
    c = join("n3", "c");
    rest();
  }
};

struct six : three {
  node_id a2, b2, c2;
  explicit six(std::uint16_t shards = 11) : three(shards) {
    a2 = join("n4", "a");
    b2 = join("n5", "b");
    c2 = join("n6", "c");
    rest();
  }
};

} // namespace burrow::test
