// What administration asks of the placement actor, on any node: a picture of the cluster, and changes. Both are decided
// by pure functions of what the planner sees, so any node that has asked the planner may show a plan; it is carried out
// where shard 0 leads, which checks it once more.
#include "actors/placement_shell.hpp"

#include "cluster/codec/admin_codec.hpp"

#include <algorithm>

namespace burrow {
namespace {

using namespace placement;

constexpr duration look_patience{3'000};
constexpr std::size_t looking_max = 64;

} // namespace

cluster_view placement_shell::view_here() const {
  if (lead_ && lead_->read) return view();
  return {known_.map, known_.nodes, nodes_seen(), {}, {}, now(), o_.plan};
}

void placement_shell::look(std::function<void(bool, cluster_view)> then) {
  if (lead_ && knows_leaders()) return then(true, view_here());
  if ((!lead_ && planners().empty()) || looking_.size() >= looking_max) return then(false, view_here());
  const auto number = ++last_number_;
  looking_.emplace(number, placement_looking{now(), std::move(then)});
  if (lead_) lead_->asking.emplace_back(o_.self.node, number);
  else tell_planner(picture_question{o_.cluster, number});
}

void placement_shell::looked(const picture_answer& m) {
  auto found = looking_.extract(m.number);
  if (found.empty()) return;
  auto seen = view_here();
  seen.shards = as_of(m.picture, now()).shards;
  found.mapped().then(true, std::move(seen));
}

void placement_shell::give_up_looking() {
  for (auto at = looking_.begin(); at != looking_.end();) {
    if (at->second.since + look_patience > now()) {
      ++at;
      continue;
    }
    auto then = std::move(at->second.then);
    at = looking_.erase(at);
    then(false, view_here());
  }
}

void placement_shell::on_picture(const get_cluster& m) {
  look([this, to = m.from](bool whole, cluster_view seen) {
    cluster_picture out;
    out.whole = whole;
        out.view = std::move(seen);
    out.members = members_;
    out.events.assign(events_.begin(), events_.end());
    self_->send(to, std::move(out));
  });
}

void placement_shell::on_request(const operator_request& m) {
  look([this, m](bool whole, cluster_view seen) {
    operator_answer out;
    if (!whole) {
      out.problem = errc::not_leader;
      return self_->send(m.from, std::move(out));
    }
    using kind = operator_request::kind;
    switch (m.what) {
      case kind::drain: out.plan = drain_plan(seen, m.node); break;
      case kind::undo: out.plan = undo_plan(seen, m.node); break;
      case kind::decommission: out.plan = decommission_plan(seen, m.node); break;
      case kind::move: out.plan = move_plan(seen, m.shard, m.node, m.to); break;
      case kind::transfer: out.plan = transfer_plan(seen, m.shard, m.to); break;
      case kind::rebalance: out.plan = rebalance_plan(seen); break;
    }
    const bool may = out.plan.allowed() || (m.force && out.plan.forceable);
    if (may && !m.dry_run && m.what != kind::rebalance) do_request(m, out, seen);
    else self_->send(m.from, std::move(out));
  });
}

/// Begun means ordered: whether it was heard shows in the next picture.
void placement_shell::do_request(const operator_request& m, operator_answer out, const cluster_view& seen) {
  if (out.plan.state) {
    const auto* const node = find(seen.nodes, m.node);
    if (node == nullptr) return self_->send(m.from, std::move(out));
    const node_order what{o_.cluster, m.node, node->state, *out.plan.state, m.reason};
    lead_ ? ordered(what) : tell_planner(what);
  } else if (m.what == operator_request::kind::move) {
    const move_order what{o_.cluster, m.shard, m.node, m.to};
    lead_ ? ordered(what) : tell_planner(what);
  } else {
    for (const auto& one : out.plan.steps) {
      const auto* const move = std::get_if<transfer>(&one);
      if (move == nullptr) continue;
      const group_order what{o_.cluster, *move};
      if (move->from == o_.self.node) carry_out(what);
      else o_.send(move->from, codec::encode_admin(what));
    }
  }
  out.begun = true;
  self_->send(m.from, std::move(out));
}

} // namespace burrow
