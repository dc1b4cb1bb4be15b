// The network between nodes: loses, repeats, delays and so reorders, and cuts any pair in one direction or both.
#pragma once

#include "cluster/sim/plan.hpp"

#include <array>
#include <vector>

namespace burrow::sim {

inline constexpr std::size_t nodes_max = 8;

class network {
 public:
  explicit network(const plan& p)
      : plan_(p) {}

  /// When copies of this message arrive: none, one or two times after now.
  struct arrivals {
    std::array<micros, 2> after{};
    std::size_t count = 0;
  };
  [[nodiscard]] arrivals send(std::size_t from, std::size_t to, random& chance) const;

  /// A cut of some kind: one node from all, a split, one direction of a pair.
  void cut(std::size_t nodes, random& chance);
  /// This node from all others.
  void isolate(std::size_t node, std::size_t nodes);
  void heal();
  /// Phase 2: nothing is lost any more.
  void calm();

 private:
  const plan& plan_;
  std::array<std::array<bool, nodes_max>, nodes_max> cut_{};
  bool calm_ = false;
};

} // namespace burrow::sim
