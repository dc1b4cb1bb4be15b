// Groups and nodes as placement sees them, without logs: configurations that change in time, copies that take time, and
// everything that may go wrong in between. Each world follows from its seed.
#pragma once

#include "cluster/base/random.hpp"
#include "cluster/placement/planner.hpp"

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace burrow::test {

class placement_world {
 public:
  struct options {
    std::uint64_t seed = 1;
    std::uint16_t shards = 8; ///< besides shard 0
    bool faults = true;       ///< lost reports, old reports, lost orders, writes that fail
  };
  explicit placement_world(options with);

  // ---- what happens to nodes ----
  node_id join(const std::string& name, const std::string& zone);
  void die(node_id node);
  void come_back(node_id node);
  /// Dead, and its disk is gone.
  void wipe(node_id node);
  void set_state(node_id node, placement::node_state state);
  void damage(std::size_t shard, node_id node);
  void set_faults(bool on) { with_.faults = on; }

  /// Time passes, groups act, the planner is asked and its steps are carried out. Everything is checked.
  void turn(duration passes = std::chrono::seconds(1));
  /// Turns until the planner has had nothing to say for so long; false if that does not happen within `most`.
  bool settle(duration quiet, duration most);
  /// One that is chosen at random, as far as it makes sense now.
  void random_event();

  [[nodiscard]] placement::cluster_view view() const;
  /// Of replicas and of leaders, over nodes: why they are not even, or "".
  [[nodiscard]] std::string uneven() const;
  /// The first thing that must never be; "" if there was none.
  [[nodiscard]] const std::string& broken() const { return broken_; }

  struct node {
    bool up = true, wiped = false;
    instant since; ///< up or down
    placement::node_seen seen; ///< as membership sees it
  };
  struct replica {
    bool damaged = false;
    bool full = false;   ///< has what the leader has
    instant full_at;     ///< since, or until when it copies
  };
  struct group {
    raft::configuration config;
    log_index configured{1};
    node_id leader;
    instant led_since; ///< its leader knows of nobody since when it had caught up before
    burrow::term term{1};
    bool joint = false;
    instant joint_until;
    std::map<replica_id, replica> replicas;
  };
  placement::shard_map map;
  std::vector<placement::node_entry> entries;
  std::map<node_id, node> nodes;
  std::vector<group> groups;
  instant now{1'000'000};
  std::size_t copies = 0, transfers = 0, steps_taken = 0;

 private:
  using members = std::vector<raft::member>;
  void expect(bool holds, const std::string& what);
  bool answers(const group& g, const raft::member& who) const;
  bool majority(const group& g, const members& voters) const;
  void act(std::size_t shard);
  void is_up(node_id node, bool up);
  placement::shard_seen report(std::size_t shard) const;
  void check_steps(const placement::cluster_view& seen, const std::vector<placement::step>& steps);
  void check_change(const placement::change_members& change);
  void check_transfers(const placement::cluster_view& seen, const std::vector<placement::step>& steps);
  void check_rate(const std::vector<placement::step>& steps);
  void check_noted(const placement::cluster_view& seen, const std::vector<placement::step>& steps);
  void check_map();
  void carry_out(const placement::step& what);
  void change(const placement::change_members& order);
  const placement::node_entry& entry(node_id node) const;
  std::size_t spread(const members& of) const;
  std::size_t zones() const;
  bool zone_gone() const;
  bool healthy() const;

  options with_;
  random chance_;
  std::uint64_t next_node_ = 1, highest_replica_ = 1;
  std::vector<placement::transfer_seen> transfers_;
  std::vector<std::pair<instant, placement::transfer>> ordered_;
  std::map<std::size_t, placement::shard_seen> old_reports_;
  std::string broken_;
};

} // namespace burrow::test
