#include "cluster/placement/admit.hpp"

#include "cluster/base/limits.hpp"

#include <algorithm>

namespace burrow::placement {
namespace {

bool is_dead(const admission& known, node_id node) {
  const auto at = std::find_if(known.seen.begin(), known.seen.end(), [&](const auto& s) { return s.node == node; });
  return at != known.seen.end() &&
         (at->state == membership::member_state::dead || at->state == membership::member_state::left);
}

/// It may have ended a moment ago.
bool is_name_taken(const admission& known, const admit_question& q) {
  const auto* const holder = find_name(known.nodes, q.self.name);
  return holder != nullptr && holder->node != q.self.node && !is_dead(known, holder->node);
}

/// Why this node is not let in, whoever lives; "" if it is.
std::string refusal(const admission& known, const admit_question& q) {
  if (const auto checked = validate(q.self); !checked) return checked.error().context;
  if (q.protocol != admin_protocol) {
    return "this cluster speaks protocol " + std::to_string(admin_protocol) + ", not " + std::to_string(q.protocol);
  }
  if (q.cluster && *q.cluster != known.cluster) {
    return "this directory belongs to another cluster; start with an empty one";
  }
  const auto* const before = find(known.nodes, q.self.node);
  if (before != nullptr && before->state == node_state::gone) {
    return "node " + before->name + " has left the cluster for good; wipe its directory and join anew";
  }
  if (before != nullptr && before->zone != q.self.zone) {
    return "node " + before->name + " was in zone " + before->zone +
           "; decommission it and join anew to move it to another";
  }
  if (before == nullptr && !q.empty)
    return "a directory with data that this cluster does not know can not join; wipe it";
  const auto* const other = find_name(known.nodes, q.self.name);
  for (const auto& e : known.nodes) {
    const bool own = e.node == q.self.node || (other != nullptr && e.node == other->node);
    if (!own && e.state != node_state::gone && e.cluster == q.self.cluster && !is_dead(known, e.node)) {
      return "the address " + e.cluster + " is that of node " + e.name;
    }
  }
  const auto staying = std::count_if(known.nodes.begin(), known.nodes.end(),
                                     [](const auto& e) { return e.state != node_state::gone; });
  const bool replaces = before != nullptr || other != nullptr;
  if (!replaces && static_cast<std::size_t>(staying) >= limits::cluster_nodes_max) {
    return "the cluster has as many nodes as it can";
  }
  return {};
}

/// Those that hold nothing and are gone are forgotten when there is no room for a new one.
void make_room(const admission& known, std::vector<node_entry>& nodes, std::vector<node_id>& erased) {
  for (std::size_t i = 0; nodes.size() >= limits::node_entries_max && i < nodes.size();) {
    if (nodes[i].state == node_state::gone && duties_of(known.map, nodes[i].node).empty()) {
      erased.push_back(nodes[i].node);
      nodes.erase(nodes.begin() + static_cast<std::ptrdiff_t>(i));
    } else {
      ++i;
    }
  }
}

} // namespace

admit_answer no_admission(standing is, std::string text, std::optional<hash128> cluster) {
  admit_answer out;
  out.is = is;
  out.text = std::move(text);
  out.cluster = cluster;
  return out;
}

bool is_word_of_member(const admit_answer& said, const hash128& cluster) { return said.cluster == cluster; }

admit_news news_in(const admit_answer& said, const std::optional<hash128>& was_in, duration name_taken_for) {
  if (was_in && said.cluster && *said.cluster != *was_in) return admit_news::of_others;
  if (said.is == standing::admitted && said.cluster) return admit_news::admitted;
  if (said.is != standing::refused) return admit_news::none;
  return said.name_taken && name_taken_for < known_dead_within ? admit_news::name_taken : admit_news::refused;
}

admit_decision admit(const admission& known, const admit_question& question) {
  admit_decision out;
  out.answer.cluster = known.cluster;
  if (auto why = refusal(known, question); !why.empty()) {
    out.answer.is = standing::refused;
    out.answer.text = std::move(why);
    return out;
  }
  if (is_name_taken(known, question)) {
    out.answer.is = standing::refused;
    out.answer.text = "the name " + question.self.name + " is in use by a node that lives";
    out.answer.name_taken = true;
    return out;
  }
  auto nodes = known.nodes;
  auto self = question.self;
  const auto* const before = find(nodes, self.node);
  self.state = before != nullptr ? before->state : node_state::storage;
  for (auto& e : nodes) {
    // A name passes on with the machine: whoever had it is dead, and what it promised went with its disk.
    if (e.node == self.node || e.state == node_state::gone || e.name != self.name) continue;
    e.state = node_state::gone;
    out.write.push_back(e);
  }
  if (before == nullptr || !(*before == self)) out.write.push_back(self);
  if (before == nullptr) {
    make_room(known, nodes, out.erase);
    nodes.push_back(self);
  } else {
    *std::find_if(nodes.begin(), nodes.end(), [&](const auto& e) { return e.node == self.node; }) = self;
  }
  out.answer.is = standing::admitted;
  out.answer.shards = known.shards;
  out.answer.shards_per_tenant = known.shards_per_tenant;
  out.answer.nodes = std::move(nodes);
  out.answer.map = known.map;
  return out;
}

} // namespace burrow::placement
