#include "cluster/sim/network.hpp"

namespace burrow::sim {

network::arrivals network::send(std::size_t from, std::size_t to, random& chance) const {
  arrivals out;
  if (calm_) {
    out.after[out.count++] = chance.between(100, 2 * ms);
    return out;
  }
  if (cut_[from][to]) return out;
  if (plan_.loss == 0 || !chance.chance(plan_.loss)) out.after[out.count++] = plan_.delay.draw(chance);
  if (plan_.duplicate > 0 && chance.chance(plan_.duplicate)) out.after[out.count++] = plan_.delay.draw(chance);
  return out;
}

void network::cut(std::size_t nodes, random& chance) {
  const auto one = chance.below(nodes);
  switch (chance.below(4)) {
  case 0: return isolate(one, nodes);
  case 1: { // a split
    const auto side = chance.next();
    for (std::size_t a = 0; a < nodes; ++a) {
      for (std::size_t b = 0; b < nodes; ++b) cut_[a][b] = ((side >> a) & 1U) != ((side >> b) & 1U);
    }
    break;
  }
  case 2: { // one direction of one node: it hears and is not heard, or the other way round
    const bool out = chance.chance(500);
    for (std::size_t n = 0; n < nodes; ++n) (out ? cut_[one][n] : cut_[n][one]) = n != one;
    break;
  }
  default: { // one pair
    const auto other = chance.below(nodes);
    if (other == one) break;
    cut_[one][other] = true;
    if (chance.chance(500)) cut_[other][one] = true;
    break;
  }
  }
}

void network::isolate(std::size_t node, std::size_t nodes) {
  for (std::size_t n = 0; n < nodes; ++n) cut_[node][n] = cut_[n][node] = n != node;
}

void network::heal() { cut_ = {}; }

void network::calm() {
  heal();
  calm_ = true;
}

} // namespace burrow::sim
