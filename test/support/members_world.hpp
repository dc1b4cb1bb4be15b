// Some nodes of a cluster that run cluster/membership alone, in virtual time and from one seed: frames and messages get
// lost and delayed, links are cut one way or both, nodes stop, die and come again. No replicas and no actors.
#pragma once

#include "cluster/membership/membership.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <set>
#include <string>
#include <vector>

namespace burrow::test {

struct members_options {
  std::uint64_t seed = 1;
  std::size_t nodes = 3;
  std::uint64_t loss_per_mille = 0; ///< of frames and of control messages alike
  duration delay_min{0}, delay_max{3};
  bool links = true; ///< connections are seen to begin and to end (kill, heal); false: only silence tells
  membership::options settings{};
};

class members_world {
public:
  explicit members_world(const members_options& o);

  // ---- time
  [[nodiscard]] duration now() const { return now_; }
  void run(duration time);
  /// False: not within `patience`.
  bool run_until(const std::function<bool()>& holds, duration patience);

  // ---- what happens to nodes and links; nodes are numbered from 0
  void start(std::size_t n); ///< a new life; told of node 0, or of node 1 if it is node 0
  void kill(std::size_t n);
  void pause(std::size_t n) { nodes_[n].paused = true; }
  void resume(std::size_t n);
  void leave(std::size_t n);
  void set_loss(std::uint64_t per_mille) { o_.loss_per_mille = per_mille; }
  void cut(std::size_t from, std::size_t to) { cut_.insert({from, to}); }
  void cut_both(std::size_t a, std::size_t b) { cut(a, b); cut(b, a); }
  void split(const std::set<std::size_t>& side);
  void heal();

  // ---- what came of it
  [[nodiscard]] membership::membership& at(std::size_t n) { return *nodes_[n].core; }
  [[nodiscard]] std::optional<membership::member_state> holds(std::size_t n, std::size_t about) const;
  /// Every running node holds that of `about`.
  [[nodiscard]] bool all_hold(std::size_t about, membership::member_state s) const;
  /// All that run hold the same, and each other alive.
  [[nodiscard]] bool converged() const;
  struct seen {
    duration when;
    std::size_t by, about;
    membership::changed what;
  };
  std::vector<seen> changes;
  std::vector<membership::refused> refusals;
  std::vector<std::uint64_t> superseded;
  std::size_t forgotten = 0;
  std::size_t frames = 0, messages = 0; ///< sent
  /// `dead` said of a node that ran and was neither stopped nor cut off.
  std::size_t false_dead = 0, false_suspect = 0;
  /// The first time since `from` that `by` (all but `about`, if nothing) held `about` to be that.
  [[nodiscard]] std::optional<duration> first(std::size_t about, membership::member_state s, duration from) const;
  [[nodiscard]] std::optional<duration> last(std::size_t about, membership::member_state s, duration from) const;

  static node_id id_of(std::size_t n) { return {100 + n}; }
  static membership::member_facts facts_of(std::size_t n);

private:
  using input = std::function<void(membership::membership&)>;
  struct node {
    std::unique_ptr<membership::membership> core;
    std::uint64_t life = 0;
    bool paused = false;
    std::vector<input> waiting; ///< came while it was stopped
  };
  struct event {
    duration when;
    std::uint64_t order;
    std::size_t to;
    std::uint64_t life; ///< of the receiver; 0: any
    input what;
    bool operator>(const event& other) const { return std::tie(when, order) > std::tie(other.when, other.order); }
  };
  void deliver(std::size_t to, const input& what);
  void carry_out(std::size_t from);
  void post(std::size_t from, std::size_t to, input what, bool lossy);
  void linked(std::size_t a, std::size_t b);
  [[nodiscard]] bool is_cut(std::size_t from, std::size_t to) const { return cut_.contains({from, to}); }
  [[nodiscard]] bool is_cut_off(std::size_t n) const;
  void note(std::size_t by, const membership::changed& c);
  [[nodiscard]] std::size_t number(node_id id) const { return static_cast<std::size_t>(id.value - 100); }

  members_options o_;
  random chance_;
  duration now_{1'000'000};
  std::uint64_t last_order_ = 0, last_life_ = 1;
  std::vector<node> nodes_;
  std::set<std::pair<std::size_t, std::size_t>> cut_;
  std::priority_queue<event, std::vector<event>, std::greater<>> events_;
};

} // namespace burrow::test
