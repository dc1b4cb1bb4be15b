// What must never be, whatever happens in the world of placement.
#include "cluster/codec/admin_codec.hpp"
#include "test/support/placement_world.hpp"

#include <algorithm>

namespace burrow::test {

using namespace placement;
using namespace std::chrono_literals;

void placement_world::check_steps(const cluster_view& seen, const std::vector<step>& steps) {
  std::map<node_id, std::size_t> filling;
  std::size_t moves = 0, added = 0;
  for (const auto& r : seen.shards) {
    for (const auto& c : map.shards[r.shard.value].newcomers) {
      const auto at = std::find_if(r.members.begin(), r.members.end(), [&](const auto& m) { return m.who == c.who; });
      if (!nodes.at(c.who.node).up || (at != r.members.end() && at->caught_up)) continue;
      ++filling[c.who.node];
      ++moves;
    }
  }
  for (const auto& s : steps) {
    if (const auto* const a = std::get_if<add_learner>(&s)) {
      ++added;
      expect(a->who.replica.value > highest_replica_ || a->who.replica.value >= map.next_replica.value,
             "a replica id twice");
      expect(++filling[a->who.node] <= seen.options.moves_per_node, "too many copies to a node");
      expect(entry(a->who.node).state == node_state::storage || a->instead_of.value != 0,
             "a copy to one that takes none");
      expect(nodes.at(a->who.node).up, "a copy to a node that is down");
      expect(a->instead_of.value == 0 || !zone_gone(), "a move while a zone is gone");
    }
    if (const auto* const c = std::get_if<change_members>(&s)) check_change(*c);
    if (const auto* const g = std::get_if<mark_gone>(&s)) {
      expect(duties_of(map, g->node).empty(), "a node gone that holds a replica");
    }
  }
  expect(added == 0 || moves + added <= seen.options.moves, "too many copies");
  check_transfers(seen, steps);
}

void placement_world::check_change(const change_members& c) {
  const auto& old = c.expected.voters;
  const auto& g = groups[c.shard.value];
  if (!(g.config == c.expected)) return; // an old report; the leader refuses
  const bool same = std::is_permutation(old.begin(), old.end(), c.voters.begin(), c.voters.end());
  if (same) return;
  for (const auto& v : c.voters) {
    const auto at = g.replicas.find(v.replica);
    expect(std::count(old.begin(), old.end(), v) != 0 || (at != g.replicas.end() && at->second.full),
           "a vote for one that has not caught up");
  }
  expect(old.size() == 1 || c.voters.size() == old.size(), "fewer voters");
  expect(c.voters.size() == 1 || c.voters.size() == 3, "neither one voter nor three");
  expect(majority(g, c.voters) || !nodes.at(c.leader).up, "a change that costs the majority");
  expect(old.size() == 1 || !zone_gone(), "voters changed while a zone is gone");
  if (old.size() == 1 && c.voters.size() == 3)
    expect(spread(c.voters) >= std::min<std::size_t>(3, zones()), "grown into too few zones");
  else expect(spread(c.voters) >= std::min(spread(old), zones()), "two voters in one zone");
}

void placement_world::check_transfers(const cluster_view& seen, const std::vector<step>& steps) {
  for (const auto& s : steps) {
    const auto* const t = std::get_if<transfer>(&s);
    if (t == nullptr) continue;
    const auto from = entry(t->from).state, to = entry(t->to).state;
    expect(to == node_state::storage, "leadership for a node that leads nothing");
    const auto r =
        std::find_if(seen.shards.begin(), seen.shards.end(), [&](const auto& x) { return x.shard == t->shard; });
    expect(!r->changing, "a transfer while a change runs");
    if (from != node_state::storage) continue;
    for (const auto& m : r->members) {
      expect(!m.installing, "a transfer while a copy is made");
      if (m.who.node != t->to) continue;
      const bool first = map.shards[t->shard.value].leaders.front() == t->to;
      expect(now - m.caught_up_since >= (first ? 5s : 30s), "a transfer to one that has only just caught up");
    }
  }
}

/// Of those that were written down and given, since what a planner ordered and could not write was not ordered.
void placement_world::check_rate(const std::vector<step>& steps) {
  for (const auto& s : steps) {
    if (const auto* const t = std::get_if<transfer>(&s)) ordered_.emplace_back(now, *t);
  }
  ordered_.erase(std::remove_if(ordered_.begin(), ordered_.end(), [&](const auto& o) { return now - o.first >= 1s; }),
                 ordered_.end());
  std::map<node_id, std::size_t> count;
  for (const auto& [at, t] : ordered_) {
    const auto from = ++count[t.from], to = ++count[t.to];
    expect(from <= 8 && to <= 8, "more than eight transfers of a node in a second");
  }
}

void placement_world::check_map() {
  const auto checked = validate(map);
  expect(checked.ok(), checked.ok() ? "" : "the map: " + checked.error().context);
  const auto again = codec::decode_map(codec::encode_map(map));
  expect(again.ok() && *again == map, "the map changes when it is stored");
  highest_replica_ = std::max(highest_replica_, map.next_replica.value - 1);
  for (std::size_t s = 0; s < groups.size(); ++s) {
    // A node deletes what the map does not give it: nobody that votes may be missing from it.
    const auto& g = groups[s];
    const auto& place = map.shards[s];
    for (const auto* const set : {&g.config.voters, &g.config.leaving}) {
      for (const auto& v : *set) {
        const bool placed =
            std::count(place.voters.begin(), place.voters.end(), v) != 0 ||
            std::any_of(place.newcomers.begin(), place.newcomers.end(), [&](const auto& c) { return c.who == v; });
        expect(placed || set == &g.config.leaving,
               "the map lets a voter of shard " + std::to_string(s) + " be deleted");
      }
    }
  }
}

/// A report from before a change of voters must not pass for the present once the change was ordered.
void placement_world::check_noted(const cluster_view& seen, const std::vector<step>& steps) {
  for (const auto& s : steps) {
    const auto* const c = std::get_if<change_members>(&s);
    if (c == nullptr || c->voters == c->expected.voters) continue;
    for (const auto& r : seen.shards) {
      expect(r.shard != c->shard || map.shards[c->shard.value].noted >= r.mark(), "a change that is not noted");
    }
  }
}

} // namespace burrow::test
