// The inside of the placement actor: placement_actor.cpp has what every node does, placement_lead.cpp what is done
// where shard 0 leads.
#pragma once

#include "actors/placement_actor.hpp"
#include "cluster/placement/orders.hpp"

#include <caf/all.hpp>

#include <deque>
#include <map>
#include <optional>

namespace burrow {

/// What is known where shard 0 leads.
struct placement_leading {
  explicit placement_leading(instant since) : reports(since) {}

  bool read = false;         ///< map and nodes are those of shard 0
  std::uint64_t asked = 0;   ///< cookie of the question under way; 0 = none
  placement::shard_map map;
  std::vector<placement::node_entry> nodes;
  std::string stored_map;    ///< as it lies in shard 0
  std::map<node_id, std::string> stored_nodes;
  placement::report_book reports;
  std::vector<placement::transfer_seen> transfers;
  std::vector<std::pair<node_id, std::uint64_t>> asking; ///< for a picture, before there is one; questions' numbers
};
/// Asked where shard 0 leads, for administration here.
struct placement_looking {
  instant since;
  std::function<void(bool, placement::cluster_view)> then;
};
/// Written to shard 0 and not answered yet.
struct placement_writing {
  std::uint64_t left = 0; ///< answers that are missing
  bool failed = false;
  placement::shard_map map;
  std::vector<placement::node_entry> nodes;
  std::vector<placement::step> steps;
  std::vector<std::function<void(bool)>> then; ///< told whether it is written
  instant since;
};

class placement_shell {
public:
  static constexpr const char* actor_name = "placement";

  placement_shell(shell<placement_shell>* self, placement_options options);
  caf::behavior behavior();

private:
  [[nodiscard]] caf::actor me() const { return caf::actor_cast<caf::actor>(self_); }
  [[nodiscard]] instant now() const { return {o_.clock().steady.count()}; }

  // Every node (placement_actor.cpp).
  void tick();
  void on_status(const node_status& m);
  /// Who leads shard 0, or, while that is not known here, all that may. A node without a replica of it never knows.
  [[nodiscard]] std::vector<node_id> planners() const;
  void tell_planner(const placement::admin_message& what);
  void on_order(const control_order_said& m);
  void on_members(const members_changed& m);
  void on_admit(admit_in& m);
  void hand_over();
  void look(std::function<void(bool whole, placement::cluster_view)> then);
  void looked(const placement::picture_answer& m);
  void give_up_looking();
  void on_picture(const get_cluster& m);
  void on_request(const operator_request& m);
  void do_request(const operator_request& m, operator_answer out, const placement::cluster_view& seen);
  [[nodiscard]] placement::cluster_view view_here() const;
  void take(const placement::map_order& m);
  void act_by_map();
  void carry_out(const placement::group_order& m);
  void pass_on(admit_in& m, const placement::admit_question& q);
  void answer(admit_in& m, placement::admit_answer a);
  void say(std::string text);

  // Where shard 0 leads (placement_lead.cpp).
  void begin_leading();
  void read_shard0();
  void on_results(const shard_results& m);
  void took(const queue::registry_answer& m);
  void found_cluster();
  void plan();
  void write(placement::shard_map map, std::vector<placement::node_entry> nodes, std::vector<placement::step> steps,
             std::function<void(bool)> then);
  void written();
  void publish();
  void publish_to(node_id node);
  void order(const std::vector<placement::step>& steps);
  void admit(admit_in& m, const placement::admit_question& q);
  void ordered(const placement::node_order& m);
  void ordered(const placement::move_order& m);
  /// Whether there is a picture to show.
  [[nodiscard]] bool knows_leaders() const;
  void answer_asking();
  [[nodiscard]] placement::cluster_view view() const;
  [[nodiscard]] std::vector<placement::node_seen> nodes_seen() const;

  shell<placement_shell>* self_;
  placement_options o_;
  placement::map_order known_; ///< as it was made durable; epoch 0: none
  std::vector<caf::actor> replicas_;
  std::optional<node_status> status_;
  placement::group_watch watch_;
  std::vector<membership::member> members_;
  std::map<node_id, placement::node_seen> seen_;
  std::optional<placement_leading> lead_;
  std::optional<placement_writing> writing_;
  std::map<std::uint64_t, placement_looking> looking_;
  std::deque<cluster_event> events_;
  caf::actor handing_over_to_; ///< who waits until nothing is led here
  instant handing_over_until_;
  instant busy_until_; ///< the map has changed of late
  std::uint64_t last_number_ = 0;
  std::size_t passed_on_ = 0; ///< questions of strangers
};

} // namespace burrow
