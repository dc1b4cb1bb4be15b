#include "cluster/placement/goal.hpp"

#include <algorithm>
#include <tuple>

namespace burrow::placement {
namespace {

constexpr std::size_t voters_wanted = 3;

class arranging {
 public:
  explicit arranging(const picture& seen) : seen_(seen), goals_(seen.view.map.shards.size()) {
    for (std::size_t n = 0; n < goals_.size(); ++n) start(n);
    for (std::size_t n = 0; n < goals_.size(); ++n) {
      if (!goals_[n].grown) grow(n);
    }
    if (seen_.a_zone_is_gone()) return;
    for (std::size_t n = 0; n < goals_.size(); ++n) {
      if (goals_[n].grown) repair(n);
    }
    for (std::size_t n = 0; n < goals_.size(); ++n) {
      if (goals_[n].grown) separate(n);
    }
    while (balance_once()) {}
  }

  std::vector<shard_goal> take() { return std::move(goals_); }

 private:
  // ---- what there is ----

  void start(std::size_t n) {
    auto& goal = goals_[n];
    const auto& place = seen_.place(n);
    goal.grown = place.voters.size() >= voters_wanted;
    for (const auto& v : place.voters) {
      slot s{v, v.node};
      for (const auto& c : place.newcomers) {
        if (c.instead_of == v.replica && is_sound(n, c) && keeps_zones(n, v, c)) {
          s.pending = &c;
          s.to = c.who.node;
        }
      }
      ++load_[s.to];
      goal.slots.push_back(s);
    }
  }

  /// A newcomer that is still worth waiting for.
  bool is_sound(std::size_t n, const newcomer& c) const {
    const auto* const m = seen_.seen(n, c.who.replica);
    return seen_.stays(c.who.node) && !seen_.lost(c.who.node) && (m == nullptr || !m->damaged);
  }

  /// Zones come and go while a copy is made; what was right when it began may put two voters into one.
  bool keeps_zones(std::size_t n, const raft::member& voter, const newcomer& c) const {
    std::vector<node_id> now, then;
    for (const auto& v : seen_.place(n).voters) {
      now.push_back(v.node);
      then.push_back(v == voter ? c.who.node : v.node);
    }
    return seen_.spread(then) >= std::min(seen_.spread(now), spread_wanted());
  }

  std::vector<node_id> nodes_of(std::size_t n, const slot* but = nullptr) const {
    std::vector<node_id> out;
    for (const auto& s : goals_[n].slots) {
      if (&s != but) out.push_back(s.to);
    }
    return out;
  }

  std::size_t spread_with(std::vector<node_id> nodes, node_id more) const {
    nodes.push_back(more);
    return seen_.spread(nodes);
  }
  std::size_t spread_wanted() const { return std::min(voters_wanted, seen_.zones()); }

  /// A node runs one replica of a shard, so no newcomer goes where a voter is or another newcomer will be.
  bool is_free(std::size_t n, node_id node) const {
    const auto& voters = seen_.place(n).voters;
    const auto nodes = nodes_of(n);
    return std::none_of(voters.begin(), voters.end(), [&](const raft::member& v) { return v.node == node; }) &&
           std::find(nodes.begin(), nodes.end(), node) == nodes.end();
  }

  void assign(slot& s, node_id to, reason why) {
    --load_[s.to];
    ++load_[to];
    s.to = to;
    s.pending = nullptr;
    s.why = why;
  }

  // ---- one voter ----

  const newcomer* pending_on(std::size_t n, node_id node) const {
    for (const auto& c : seen_.place(n).newcomers) {
      if (c.who.node == node && is_sound(n, c)) return &c;
    }
    return nullptr;
  }

  /// Learners until there are three to vote: those that are there already before emptier nodes, since what counts first
  /// is to get to three.
  void grow(std::size_t n) {
    auto& goal = goals_[n];
    goal.moves_out = seen_.leaves(goal.slots.front().voter.node);
    auto chosen = goal.moves_out ? std::vector<node_id>{} : nodes_of(n);
    while (chosen.size() < voters_wanted) {
      const auto next = best_to_grow(n, chosen);
      if (!next) break;
      chosen.push_back(*next);
      goal.slots.push_back({{}, *next, pending_on(n, *next), false, reason::grow});
      ++load_[*next];
    }
    goal.may_grow =
        !goal.moves_out && chosen.size() == voters_wanted && seen_.spread(chosen) >= spread_wanted();
  }

  std::optional<node_id> best_to_grow(std::size_t n, const std::vector<node_id>& chosen) const {
    using points = std::tuple<std::size_t, bool, std::size_t>;
    std::optional<std::pair<points, node_id>> best;
    const auto consider = [&](node_id node, bool there) {
      const points p{spread_with(chosen, node), there, ~load_of(node)};
      if (!best || p > best->first) best = {p, node};
    };
    for (const auto& [node, unused] : load_or_taker()) {
      if (!is_free(n, node)) continue;
      const bool there = pending_on(n, node) != nullptr;
      if (there || seen_.takes(node)) consider(node, there);
    }
    // A copy on a node that is down for long is kept as long as there is no other place for it.
    if (!best) {
      for (const auto& c : seen_.place(n).newcomers) {
        const auto node = c.who.node;
        if (seen_.stays(node) && is_free(n, node) && seen_.lost(node)) consider(node, true);
      }
    }
    return best ? std::optional{best->second} : std::nullopt;
  }

  std::map<node_id, bool> load_or_taker() const {
    std::map<node_id, bool> out;
    for (const auto& e : seen_.view.nodes) out.emplace(e.node, true);
    return out;
  }

  std::size_t load_of(node_id node) const {
    const auto at = load_.find(node);
    return at == load_.end() ? 0 : at->second;
  }

  // ---- three ----

  void repair(std::size_t n) {
    for (auto& s : goals_[n].slots) {
      const auto* const m = seen_.seen(n, s.voter.replica);
      const bool damaged = s.pending == nullptr && m != nullptr && m->damaged;
      if (seen_.lost(s.to) || seen_.leaves(s.to)) {
        if (const auto to = best_instead(n, s)) assign(s, *to, reason::repair);
      } else if (damaged && seen_.up(s.to)) {
        s.fresh = true;
        s.why = reason::repair;
      }
    }
  }

  std::optional<node_id> best_instead(std::size_t n, const slot& s) const {
    using points = std::tuple<std::size_t, bool, std::size_t>;
    std::optional<std::pair<points, node_id>> best;
    const auto others = nodes_of(n, &s);
    for (const auto node : seen_.takers()) {
      if (!is_free(n, node)) continue;
      const auto spread = spread_with(others, node);
      const bool same = seen_.zone(node) == seen_.zone(s.to);
      // The dead may come back; until an operator says otherwise their zone keeps its vote.
      if (!same && !seen_.leaves(s.to) && spread_wanted() == voters_wanted) continue;
      if (spread == seen_.spread(others) && spread < spread_wanted()) continue;
      const points p{spread, same, ~load_of(node)};
      if (!best || p > best->first) best = {p, node};
    }
    return best ? std::optional{best->second} : std::nullopt;
  }

  bool movable(const slot& s) const {
    return s.pending == nullptr && !s.fresh && s.to == s.voter.node && seen_.takes(s.to);
  }

  /// Two replicas in one zone while another has none, since it joined later.
  void separate(std::size_t n) {
    auto& slots = goals_[n].slots;
    while (seen_.spread(nodes_of(n)) < spread_wanted()) {
      std::optional<std::tuple<std::size_t, std::size_t, slot*, node_id>> best; // fullest, then emptiest
      for (auto& s : slots) {
        const auto others = nodes_of(n, &s);
        if (!movable(s) || seen_.spread(others) < seen_.spread(nodes_of(n))) continue;
        for (const auto node : seen_.takers()) {
          if (!is_free(n, node) || spread_with(others, node) <= seen_.spread(others)) continue;
          const auto from = load_of(s.to), to = ~load_of(node);
          if (!best || std::tie(from, to) > std::tie(std::get<0>(*best), std::get<1>(*best))) {
            best = {from, to, &s, node};
          }
        }
      }
      if (!best) return;
      assign(*std::get<2>(*best), std::get<3>(*best), reason::separate);
    }
  }

  /// The pair of nodes that differ most gets nearer by one, until none differs by two. Each move makes the sum of the
  /// squared loads smaller, so this ends.
  bool balance_once() {
    struct pair {
      std::size_t apart;
      bool same_zone;
      node_id from, to;
    };
    std::vector<pair> pairs;
    for (const auto from : seen_.takers()) {
      for (const auto to : seen_.takers()) {
        const auto high = load_of(from), low = load_of(to);
        if (high >= low + 2) pairs.push_back({high - low, seen_.zone(from) == seen_.zone(to), from, to});
      }
    }
    std::sort(pairs.begin(), pairs.end(), [](const pair& a, const pair& b) {
      return std::tie(b.apart, b.same_zone, a.from, a.to) < std::tie(a.apart, a.same_zone, b.from, b.to);
    });
    return std::any_of(pairs.begin(), pairs.end(), [&](const pair& p) { return moved(p.from, p.to); });
  }

  bool moved(node_id from, node_id to) {
    slot* found = nullptr;
    bool leads = true;
    // The highest shard that `from` does not lead, so that shard 0 stays and as few leaders as possible move.
    for (std::size_t n = goals_.size(); n-- > 0;) {
      if (!goals_[n].grown || !is_free(n, to)) continue;
      for (auto& s : goals_[n].slots) {
        if (s.to != from || !movable(s)) continue;
        if (spread_with(nodes_of(n, &s), to) < seen_.spread(nodes_of(n))) continue;
        const bool leader = seen_.place(n).leaders.front() == from;
        if (found == nullptr || (leads && !leader)) {
          found = &s;
          leads = leader;
        }
      }
      if (found != nullptr && !leads) break;
    }
    if (found == nullptr) return false;
    assign(*found, to, reason::balance);
    return true;
  }

  const picture& seen_;
  std::vector<shard_goal> goals_;
  std::map<node_id, std::size_t> load_;
};

} // namespace

std::vector<shard_goal> goal_of(const picture& seen) { return arranging(seen).take(); }

} // namespace burrow::placement
