// What may be wrong with a cluster that no node sees by itself: facts in, findings out, as doctor.hpp does it for one
// node. Asks nobody; admin_doctor.cpp gathers the facts.
#pragma once

#include "cluster/placement/view.hpp"
#include "node/doctor.hpp"

#include <set>
#include <vector>

namespace burrow {

/// What a node said of itself when it was asked, and what its clock showed then.
struct node_report {
  node_id node;
  bool answered = false;
  double ahead_s = 0;  ///< its wall clock against the asked node's
  double within_s = 0; ///< how far off that may be: half of the way there and back
  std::vector<finding> findings;
};

struct cluster_facts {
  bool whole = false;             ///< the planner answered; else the view has no shards
  placement::cluster_view view;
  node_id asked;                  ///< the node that this is seen from
  std::vector<node_report> reports; ///< of the nodes that membership says are there
  std::set<node_id> linked;       ///< those that the asked node's data plane is connected with
};

/// Those of the cluster as a whole first, in a fixed order, at least one for each check; then each node's own.
[[nodiscard]] std::vector<finding> diagnose_cluster(const cluster_facts& facts);

} // namespace burrow
