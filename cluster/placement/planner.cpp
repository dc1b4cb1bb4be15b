#include "cluster/placement/planner.hpp"

#include "cluster/placement/goal.hpp"
#include "cluster/placement/leaders.hpp"

#include <algorithm>

namespace burrow::placement {
namespace {

using members = std::vector<raft::member>;

members sorted(members of) {
  std::sort(of.begin(), of.end());
  return of;
}
bool same(const members& a, const members& b) { return sorted(a) == sorted(b); }
bool contains(const members& all, const raft::member& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

class planning {
 public:
  explicit planning(const cluster_view& view)
    : seen_(view), goals_(goal_of(seen_)), held_(goals_.size()), next_replica_(view.map.next_replica) {}

  std::vector<step> run() {
    for (std::size_t n = 0; n < goals_.size(); ++n) follow(n);
    for (std::size_t n = 0; n < goals_.size(); ++n) drop(n);
    count_moves();
    for (const auto why : {reason::repair, reason::grow, reason::separate, reason::balance}) {
      for (std::size_t n = 0; n < goals_.size(); ++n) add(n, why);
    }
    for (std::size_t n = 0; n < goals_.size(); ++n) change(n);
    prefer();
    for (std::size_t n = 0; n < goals_.size(); ++n) hand_over(n);
    for (const auto& e : seen_.view.nodes) {
      if (e.state == node_state::leaving && is_empty(e.node)) steps_.push_back(mark_gone{e.node});
    }
    return std::move(steps_);
  }

 private:
  static shard_id id(std::size_t n) { return {static_cast<std::uint16_t>(n)}; }

  /// A report that tells of what the map says, from a leader that can be asked for something.
  const shard_seen* usable(std::size_t n) const {
    const auto* const r = seen_.report(n);
    if (held_[n] || r == nullptr || r->changing || !r->config.leaving.empty() || !seen_.up(r->leader)) return nullptr;
    return r->mark() >= seen_.place(n).noted && same(r->config.voters, seen_.place(n).voters) ? r : nullptr;
  }

  /// What a group has committed the map has to know before anything else is wanted of it. A leader that was deposed
  /// long ago may still report: its configuration is not newer than the one noted.
  void follow(std::size_t n) {
    const auto* const r = seen_.report(n);
    if (r == nullptr || r->changing || !r->config.leaving.empty() || same(r->config.voters, seen_.place(n).voters))
      return;
    held_[n] = true;
    if (r->mark() > seen_.place(n).noted) steps_.push_back(note_voters{id(n), r->config.voters, r->mark()});
  }

  /// Whether the goal still has a place for it.
  bool wanted(std::size_t n, const newcomer& c) const {
    const auto& slots = goals_[n].slots;
    if (std::any_of(slots.begin(), slots.end(), [&](const slot& s) { return s.pending == &c; })) return true;
    // As long as a zone is gone nothing is changed that was decided before.
    if (goals_[n].grown && seen_.a_zone_is_gone() && c.instead_of.value != 0 && !seen_.leaves(c.who.node)) return true;
    // A single copy on a node that is down for long is better than none.
    return !goals_[n].grown && seen_.stays(c.who.node) && seen_.lost(c.who.node) &&
           std::any_of(slots.begin(), slots.end(), [&](const slot& s) { return s.to == c.who.node; });
  }

  /// First out of the configuration (change), then out of the map: a node deletes what the map does not name.
  void drop(std::size_t n) {
    const auto* const r = usable(n);
    if (r == nullptr) return;
    for (const auto& c : seen_.place(n).newcomers) {
      if (wanted(n, c) || contains(r->config.learners, c.who)) continue;
      steps_.push_back(drop_learner{id(n), c.who});
      held_[n] = true;
    }
  }

  void count_moves() {
    for (std::size_t n = 0; n < goals_.size(); ++n) {
      // What no leader can fill does not run, and must not keep others from running.
      if (seen_.report(n) == nullptr) continue;
      for (const auto& c : seen_.place(n).newcomers) {
        if (!seen_.up(c.who.node) || (c.instead_of.value == 0 && seen_.ready(n, c.who))) continue;
        ++filling_[c.who.node];
        ++moves_;
      }
    }
  }

  void add(std::size_t n, reason why) {
    const auto* const r = usable(n);
    if (r == nullptr || !majority(n, r->config.voters)) return;
    for (const auto& s : goals_[n].slots) {
      const bool replaces = s.voter.replica.value != 0;
      if (s.why != why || !s.open() || !seen_.takes(s.to)) {
        if (!(s.fresh && s.why == why && s.open() && seen_.up(s.to))) continue;
      }
      if (replaces && !seen_.place(n).newcomers.empty()) continue; // one at a time
      if (moves_ >= seen_.view.options.moves || filling_[s.to] >= seen_.view.options.moves_per_node) continue;
      steps_.push_back(add_learner{id(n), {next_replica_, s.to}, s.voter.replica});
      ++next_replica_.value;
      ++filling_[s.to];
      ++moves_;
      held_[n] = true;
      if (replaces) return;
    }
  }

  bool majority(std::size_t n, const members& voters) const {
    const auto count = std::count_if(voters.begin(), voters.end(), [&](const auto& v) { return seen_.answers(n, v); });
    return static_cast<std::size_t>(count) * 2 > voters.size();
  }

  void change(std::size_t n) {
    const auto* const r = usable(n);
    if (r == nullptr) return;
    auto voters = r->config.voters;
    const auto changed = voters_next(n, voters);
    if (!same(changed, voters) && majority(n, changed) && majority(n, voters)) voters = changed;
    members learners;
    for (const auto& c : seen_.place(n).newcomers) {
      if (!contains(voters, c.who) && wanted(n, c)) learners.push_back(c.who);
    }
    if (same(voters, r->config.voters) && same(learners, r->config.learners)) return;
    if (!same(voters, r->config.voters) && r->mark() > seen_.place(n).noted) {
      steps_.push_back(note_voters{id(n), r->config.voters, r->mark()});
    }
    steps_.push_back(change_members{id(n), r->leader, r->config, voters, learners});
    held_[n] = true;
  }

  /// The voters after the one change that can be made now.
  members voters_next(std::size_t n, members voters) const {
    const auto& goal = goals_[n];
    if (!goal.grown) {
      members in;
      for (const auto& s : goal.slots) {
        if (s.pending != nullptr && seen_.ready(n, s.pending->who)) in.push_back(s.pending->who);
      }
      if (goal.moves_out && !in.empty()) return {in.front()};
      if (goal.may_grow && in.size() + voters.size() == goal.slots.size()) {
        voters.insert(voters.end(), in.begin(), in.end());
      }
      return voters;
    }
    if (seen_.a_zone_is_gone()) return voters;
    for (const auto& s : goal.slots) {
      if (s.pending == nullptr || !seen_.ready(n, s.pending->who)) continue;
      std::replace(voters.begin(), voters.end(), s.voter, s.pending->who);
      return voters;
    }
    return voters;
  }

  void prefer() {
    const auto orders = leader_orders(seen_);
    for (std::size_t n = 0; n < orders.size(); ++n) {
      const bool noted = std::any_of(steps_.begin(), steps_.end(), [&](const step& s) {
        const auto* const note = std::get_if<note_voters>(&s);
        return note != nullptr && note->shard == id(n);
      });
      if (!noted && orders[n] != seen_.place(n).leaders) steps_.push_back(set_leaders{id(n), orders[n]});
    }
  }

  void hand_over(std::size_t n) {
    const auto* const r = usable(n);
    const auto to = r == nullptr ? std::nullopt : successor(seen_, n);
    if (!to) return;
    const auto& view = seen_.view;
    for (const auto& t : view.transfers) {
      if (t.shard == id(n) && view.now - t.at < view.options.transfer_again) return;
    }
    if (handed(r->leader) >= view.options.transfers_per_second || handed(*to) >= view.options.transfers_per_second)
      return;
    steps_.push_back(transfer{id(n), r->leader, *to});
  }

  /// Transfers from or to it in the last second, those of this plan too.
  std::size_t handed(node_id node) const {
    std::size_t count = 0;
    for (const auto& t : seen_.view.transfers) {
      count += (t.from == node || t.to == node) && seen_.view.now - t.at < std::chrono::seconds(1);
    }
    for (const auto& s : steps_) {
      const auto* const t = std::get_if<transfer>(&s);
      count += t != nullptr && (t->from == node || t->to == node);
    }
    return count;
  }

  bool is_empty(node_id node) const {
    const auto here = [&](const raft::member& m) { return m.node == node; };
    for (std::size_t n = 0; n < goals_.size(); ++n) {
      const auto& place = seen_.place(n);
      if (std::any_of(place.voters.begin(), place.voters.end(), here)) return false;
      if (std::any_of(place.newcomers.begin(), place.newcomers.end(), [&](const auto& c) { return here(c.who); })) {
        return false;
      }
      const auto* const r = seen_.report(n);
      if (r == nullptr) continue;
      for (const auto* const set : {&r->config.voters, &r->config.leaving, &r->config.learners}) {
        if (std::any_of(set->begin(), set->end(), here)) return false;
      }
    }
    return true;
  }

  const picture seen_;
  const std::vector<shard_goal> goals_;
  std::vector<bool> held_; ///< this shard has its step; the rest is for the next plan
  replica_id next_replica_;
  std::map<node_id, std::size_t> filling_;
  std::size_t moves_ = 0;
  std::vector<step> steps_;
};

} // namespace

std::vector<step> plan(const cluster_view& view) {
  if (view.map.epoch == 0) return {};
  return planning(view).run();
}

} // namespace burrow::placement
