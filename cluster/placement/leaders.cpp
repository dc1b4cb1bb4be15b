#include "cluster/placement/leaders.hpp"

#include <algorithm>
#include <deque>

namespace burrow::placement {
namespace {

/// Shards are given to nodes. Where no chain of shards changing hands leads from a node to one that has two fewer, no
/// other choice is more even (optimal semi-matching); so the chains are looked for until there is none.
class choosing {
 public:
  explicit choosing(const picture& seen) : seen_(seen), first_(seen.view.map.shards.size()) {
    for (std::size_t n = 0; n < first_.size(); ++n) {
      may_.push_back(candidates(n));
      for (const auto c : may_.back()) led_[c];
      const auto& before = seen_.place(n).leaders;
      const bool keeps = !before.empty() && std::find(may_[n].begin(), may_[n].end(), before.front()) != may_[n].end();
      if (keeps) give(n, before.front());
    }
    for (std::size_t n = 0; n < first_.size(); ++n) {
      if (first_[n].value == 0) give(n, idlest(may_[n]));
    }
    while (evened()) {}
  }

  const std::vector<node_id>& first() const { return first_; }

 private:
  std::vector<node_id> candidates(std::size_t n) const {
    std::vector<node_id> all, stay;
    for (const auto& v : seen_.place(n).voters) {
      all.push_back(v.node);
      if (seen_.stays(v.node)) stay.push_back(v.node);
    }
    if (!stay.empty()) all = std::move(stay);
    std::sort(all.begin(), all.end());
    return all;
  }

  void give(std::size_t n, node_id to) {
    if (first_[n].value != 0) led_[first_[n]].erase(n);
    first_[n] = to;
    led_[to].insert(n);
  }

  node_id idlest(const std::vector<node_id>& of) const {
    return *std::min_element(of.begin(), of.end(),
                             [&](node_id a, node_id b) { return led_.at(a).size() < led_.at(b).size(); });
  }

  bool evened() {
    std::vector<node_id> busiest;
    for (const auto& [node, shards] : led_) busiest.push_back(node);
    std::stable_sort(busiest.begin(), busiest.end(),
                     [&](node_id a, node_id b) { return led_[a].size() > led_[b].size(); });
    return std::any_of(busiest.begin(), busiest.end(), [&](node_id from) { return relieved(from); });
  }

  bool relieved(node_id from) {
    struct hop {
      node_id giver;
      std::size_t shard;
    };
    std::map<node_id, hop> reached;
    std::deque<node_id> open{from};
    while (!open.empty()) {
      const auto at = open.front();
      open.pop_front();
      // Shard 0 changes hands last.
      for (auto s = led_[at].rbegin(); s != led_[at].rend(); ++s) {
        for (const auto to : may_[*s]) {
          if (to == from || !reached.emplace(to, hop{at, *s}).second) continue;
          if (led_[to].size() + 2 <= led_[from].size()) {
            for (auto taker = to; taker != from;) {
              const auto by = reached.at(taker);
              give(by.shard, taker);
              taker = by.giver;
            }
            return true;
          }
          open.push_back(to);
        }
      }
    }
    return false;
  }

  const picture& seen_;
  std::vector<node_id> first_;
  std::vector<std::vector<node_id>> may_;
  std::map<node_id, std::set<std::size_t>> led_;
};

} // namespace

std::vector<std::vector<node_id>> leader_orders(const picture& seen) {
  const choosing chosen(seen);
  std::vector<std::vector<node_id>> out;
  std::map<std::pair<node_id, node_id>, std::size_t> heirs;
  for (std::size_t n = 0; n < chosen.first().size(); ++n) {
    const auto first = chosen.first()[n];
    std::vector<node_id> rest;
    for (const auto& v : seen.place(n).voters) {
      if (v.node != first) rest.push_back(v.node);
    }
    std::sort(rest.begin(), rest.end());
    std::stable_sort(rest.begin(), rest.end(), [&](node_id a, node_id b) {
      if (seen.stays(a) != seen.stays(b)) return seen.stays(a);
      return heirs[{first, a}] < heirs[{first, b}];
    });
    if (!rest.empty()) ++heirs[{first, rest.front()}];
    rest.insert(rest.begin(), first);
    out.push_back(std::move(rest));
  }
  return out;
}

std::optional<node_id> successor(const picture& seen, std::size_t shard) {
  const auto* const r = seen.report(shard);
  if (r == nullptr || r->changing || !r->config.leaving.empty()) return std::nullopt;
  const auto* const now = seen.entry(r->leader);
  const bool must = now == nullptr || now->state != node_state::storage;
  if (!must) {
    // Never while a copy is made from this leader.
    const bool copies = std::any_of(r->members.begin(), r->members.end(), [](const auto& m) { return m.installing; });
    if (copies || !seen.place(shard).newcomers.empty()) return std::nullopt;
  }
  for (const auto node : seen.place(shard).leaders) {
    if (node == r->leader) {
      if (must) continue;
      return std::nullopt;
    }
    const auto& voters = r->config.voters;
    const auto at = std::find_if(voters.begin(), voters.end(), [&](const auto& v) { return v.node == node; });
    if (at == voters.end() || !seen.takes(node) || !seen.ready(shard, *at)) continue;
    const auto* const m = seen.seen(shard, at->replica);
    const auto& order = seen.place(shard).leaders;
    const auto wait = std::max(seen.steady(node), node == order.front() ? duration{} : seen.view.options.steady_heir);
    if (!must && seen.view.now - m->caught_up_since < wait) continue;
    return node;
  }
  return std::nullopt;
}

} // namespace burrow::placement
