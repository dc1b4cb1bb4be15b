#include "node/cluster_doctor.hpp"

#include "cluster/placement/safety.hpp"
#include "node/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace burrow {
namespace {

using namespace placement;
using membership::member_state;

constexpr double clock_warn_s = 0.25, clock_bad_s = 5;
constexpr std::size_t named_max = 8;

/// `3, 7, 12 and 4 more`.
std::string listed(const std::vector<std::string>& names) {
  std::string out;
  for (std::size_t i = 0; i < std::min(named_max, names.size()); ++i) out += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > named_max) out += fmt::format(" and {} more", names.size() - named_max);
  return out;
}

class cluster_examiner {
public:
  explicit cluster_examiner(const cluster_facts& facts) : f(facts) {
    for (const auto& n : f.view.nodes)
      if (n.state != node_state::gone) nodes_.push_back(&n);
    for (const auto& r : f.view.shards) reports_[r.shard.value] = &r;
  }

  std::vector<finding> run() {
    metadata();
    members();
    links();
    shards();
    safety();
    zones();
    leaders();
    versions();
    clocks();
    for (const auto& r : f.reports) out.insert(out.end(), r.findings.begin(), r.findings.end());
    return std::move(out);
  }

private:
  void say(severity how, const char* check, std::string object, std::string evidence, std::string advice = {}) {
    out.push_back({how, check, std::move(object), std::move(evidence), std::move(advice), {}});
  }
  [[nodiscard]] std::string name(node_id node) const {
    const auto* const e = find(f.view.nodes, node);
    return e == nullptr ? fmt::format("{:016x}", node.value) : e->name;
  }
  [[nodiscard]] member_state state_of(node_id node) const {
    const auto at = std::ranges::find(f.view.seen, node, &node_seen::node);
    return at == f.view.seen.end() ? member_state::dead : at->state;
  }
  [[nodiscard]] bool is_here(node_id node) const { return membership::is_here(state_of(node)); }
  [[nodiscard]] zone_id zone(node_id node) const {
    const auto* const e = find(f.view.nodes, node);
    return e == nullptr ? zone_id{} : e->zone;
  }

  void metadata() {
    if (f.whole)
      return say(severity::ok, "metadata", "shard 0", fmt::format("{} leads it, epoch {}", leader_of(0),
                                                                   f.view.map.epoch));
    std::vector<std::string> holders;
    if (!f.view.map.shards.empty())
      for (const auto& v : f.view.map.shards.front().voters) holders.push_back(name(v.node));
    say(severity::bad, "metadata", "shard 0", "nobody leads it, or its leader does not answer: nothing is moved, and "
        "nobody is let in", fmt::format("start or reconnect a majority of its nodes: {}", listed(holders)));
  }

  [[nodiscard]] std::string leader_of(std::uint16_t shard) const {
    const auto at = reports_.find(shard);
    return at == reports_.end() ? "nobody" : name(at->second->leader);
  }

  void members() {
    const auto before = out.size();
    for (const auto* n : nodes_) {
      const auto up = state_of(n->node);
      if (up == member_state::dead)
        say(severity::bad, "members", n->name, "it is down: nothing was heard of it for long, and others say the same",
            fmt::format("start it, or look at the network between; if it is lost for good: burrow node decommission {}",
                        n->name));
      else if (up == member_state::left)
        say(severity::warn, "members", n->name, "it was stopped, and said so",
            fmt::format("start it again; if it is not to come back: burrow node decommission {}", n->name));
      else if (up == member_state::suspect)
        say(severity::warn, "members", n->name, "it does not answer at the moment", "look at its load and its network");
      const auto report = std::ranges::find(f.reports, n->node, &node_report::node);
      if (is_here(n->node) && report != f.reports.end() && !report->answered)
        say(severity::warn, "members", n->name, "it is there, but did not say how it is within 4 s",
            fmt::format("ask it itself: burrow doctor --endpoint http://{}", n->admin));
      if (n->state == node_state::draining)
        say(severity::warn, "members", n->name, "it is drained: it leads nothing and gets nothing new",
            fmt::format("when the work there is done: burrow node drain {} --undo", n->name));
      if (n->state == node_state::leaving) say(severity::ok, "members", n->name, "it is being emptied for good");
    }
    if (out.size() == before)
      say(severity::ok, "members", "all", fmt::format("{} {} there", nodes_.size(), nodes_.size() == 1 ? "is" : "are"));
  }

  /// As the asked node sees it; a pair of others shows when one of them is asked.
  void links() {
    std::vector<std::string> without;
    std::size_t others = 0;
    for (const auto* n : nodes_) {
      if (n->node == f.asked || !is_here(n->node)) continue;
      ++others;
      if (!f.linked.contains(n->node)) without.push_back(fmt::format("{} ({})", n->name, n->cluster));
    }
    if (!without.empty())
      return say(severity::bad, "links", listed(without), fmt::format("no data connection between {} and it",
                                                                      name(f.asked)),
                 "open the port after that one in one direction at least; the log and burrow_plane_refusals_total say "
                 "what was refused");
    say(severity::ok, "links", "data plane", fmt::format("{} is connected with {}", name(f.asked),
        others == 0 ? "nobody: it is alone" : others == 1 ? "the other one" : fmt::format("all {} others", others)));
  }

  void shards() {
    if (!f.whole) return;
    std::vector<std::string> stopped, lagging, damaged, silent;
    for (const auto s : can_lose(f.view).stopped) stopped.push_back(std::to_string(s.value));
    std::size_t copying = 0;
    for (const auto& [number, r] : reports_) {
      bool lags = false, hurt = false, quiet = false;
      for (const auto& m : r->members) {
        copying += m.installing ? 1 : 0;
        hurt = hurt || m.damaged;
        quiet = quiet || !m.heard;
        lags = lags || (m.heard && !m.installing && !m.caught_up);
      }
      if (lags) lagging.push_back(std::to_string(number));
      if (hurt) damaged.push_back(std::to_string(number));
      if (quiet) silent.push_back(std::to_string(number));
    }
    const auto before = out.size();
    if (!stopped.empty())
      say(severity::bad, "replicas", "shards " + listed(stopped), "without a leader or a majority: they serve nothing",
          "start the nodes that hold them: burrow shards --problems");
    if (!damaged.empty())
      say(severity::bad, "replicas", "shards " + listed(damaged), "a copy is damaged and votes no more",
          "it is replaced while the others are whole; look at the disk of its node: burrow shards --problems");
    if (!silent.empty())
      say(severity::warn, "replicas", "shards " + listed(silent), "a copy does not answer its leader",
          "burrow shards --problems says which; a node that is dead for 10 minutes is replaced within its zone");
    if (!lagging.empty())
      say(severity::warn, "replicas", "shards " + listed(lagging), "a copy is behind its leader",
          "look at the disk and the load of its node: burrow shards --problems");
    if (out.size() == before)
      say(severity::ok, "replicas", "all shards", copying == 0 ? "every copy answers and is up to date"
                                                               : fmt::format("{} copies are being made", copying));
  }

  void safety() {
    if (!f.whole) return;
    const auto loss = can_lose(f.view);
    const auto seen = "the cluster can lose " + loss.text + (loss.hint.empty() ? "" : ": " + loss.hint);
    if (!loss.stopped.empty() || loss.any_node || nodes_.size() < 2) return say(severity::ok, "safety", "all", seen);
    std::vector<std::string> needed;
    for (const auto n : loss.needed_nodes) needed.push_back(name(n));
    say(severity::warn, "safety", listed(needed), fmt::format("{}; shards stop without {}", seen,
        needed.size() == 1 ? "this node" : "any one of these nodes"),
        nodes_.size() < 3 ? "add a third node: burrow serve --join" : "stop none of them; bring back what is missing");
  }

  void zones() {
    std::map<zone_id, std::size_t> held;
    for (const auto* n : nodes_)
      if (n->state == node_state::storage || n->state == node_state::draining) ++held[n->zone];
    if (nodes_.size() < 3) return say(severity::ok, "zones", "all", "too few nodes for zones to count");
    const auto before = out.size();
    std::string counts;
    std::size_t most = 0, least = nodes_.size();
    for (const auto& [z, count] : held) {
      counts += fmt::format("{}{}: {}", counts.empty() ? "" : ", ", z, count);
      most = std::max(most, count);
      least = std::min(least, count);
    }
    if (held.size() < 3)
      say(severity::warn, "zones", "cluster", fmt::format("nodes stand in {} zone{} ({}): the loss of one may stop "
          "everything", held.size(), held.size() == 1 ? "" : "s", counts), "start nodes in a third zone: --zone");
    else if (most >= 2 * least && most - least > 1)
      say(severity::warn, "zones", "cluster", fmt::format("unevenly many nodes ({}): each zone holds a copy of every "
          "shard, so the smallest has most to do", counts), "add nodes where there are few");
    std::vector<std::string> sharing;
    for (std::size_t i = 0; i < f.view.map.shards.size() && held.size() >= 3; ++i) {
      const auto& voters = f.view.map.shards[i].voters;
      std::set<zone_id> in;
      for (const auto& v : voters) in.insert(zone(v.node));
      if (in.size() < voters.size()) sharing.push_back(std::to_string(i));
    }
    if (!sharing.empty())
      say(severity::warn, "zones", "shards " + listed(sharing), "two copies stand in one zone",
          "burrow rebalance --dry-run shows what will be moved; nothing is while a zone is down");
    if (out.size() == before)
      say(severity::ok, "zones", "all", fmt::format("{}; no shard has two copies in one", counts));
  }

  void leaders() {
    if (!f.whole) return;
    std::map<node_id, std::size_t> led;
    for (const auto* n : nodes_)
      if (n->state == node_state::storage && is_here(n->node)) led[n->node] = 0;
    if (led.size() < 3) return; // only one of two nodes has votes
    for (const auto& [number, r] : reports_)
      if (const auto at = led.find(r->leader); at != led.end()) ++at->second;
    std::string counts;
    std::size_t most = 0;
    node_id who;
    for (const auto& [node, count] : led) {
      counts += fmt::format("{}{} {}", counts.empty() ? "" : ", ", name(node), count);
      if (count > most) most = count, who = node;
    }
    // Leaders go home after half a minute of calm; one node with half as many again as its share is worth a look.
    const auto share = static_cast<double>(f.view.map.shards.size()) / static_cast<double>(led.size());
    if (f.view.map.shards.size() > 8 && static_cast<double>(most) > 1.5 * share + 2)
      return say(severity::warn, "leaders", name(who), "it leads more than its share: " + counts,
                 "they spread by themselves when their copies have caught up: burrow rebalance --dry-run");
    say(severity::ok, "leaders", "all", "spread: " + counts);
  }

  void versions() {
    std::map<std::string, std::vector<std::string>> by;
    for (const auto* n : nodes_) by[n->version].push_back(n->name);
    if (by.size() <= 1)
      return say(severity::ok, "versions", "all", by.empty() ? "none" : "every node runs " + by.begin()->first);
    std::string seen;
    for (const auto& [version, names] : by)
      seen += fmt::format("{}{} on {}", seen.empty() ? "" : "; ", version.empty() ? "?" : version, listed(names));
    say(severity::warn, "versions", "cluster", seen, "finish the upgrade, one node at a time");
  }

  /// Against the median of all, so that the one that is off is named, whichever is asked.
  void clocks() {
    std::vector<const node_report*> known;
    for (const auto& r : f.reports)
      if (r.answered) known.push_back(&r);
    if (known.size() < 2) return say(severity::ok, "clocks", "all", "no other node to compare with");
    std::ranges::sort(known, {}, &node_report::ahead_s);
    const auto* const middle = known[(known.size() - 1) / 2];
    double widest = 0;
    const auto before = out.size();
    for (const auto* r : known) {
      if (r == middle) continue;
      const double within = r->within_s + middle->within_s, off = r->ahead_s - middle->ahead_s;
      widest = std::max(widest, within);
      const double sure = std::abs(off) - within;
      if (sure <= clock_warn_s) continue;
      say(sure > clock_bad_s ? severity::bad : severity::warn, "clocks", name(r->node),
          fmt::format("{:.2f} s {} {} (within {:.0f} ms)", std::abs(off), off > 0 ? "ahead of" : "behind",
                      known.size() == 2 ? name(middle->node) : "most others", std::ceil(within * 1e3)),
          fmt::format("set it right on {}, and run a time service there: systemd-timesyncd or chrony", name(r->node)));
    }
    if (out.size() == before)
      say(severity::ok, "clocks", "all", fmt::format("at most {:.0f} ms apart (within {:.0f} ms)",
          (known.back()->ahead_s - known.front()->ahead_s) * 1e3, std::ceil(widest * 1e3)));
  }

  const cluster_facts& f;
  std::vector<const node_entry*> nodes_;
  std::map<std::uint16_t, const shard_seen*> reports_;
  std::vector<finding> out;
};

} // namespace

std::vector<finding> diagnose_cluster(const cluster_facts& facts) { return cluster_examiner(facts).run(); }

} // namespace burrow
