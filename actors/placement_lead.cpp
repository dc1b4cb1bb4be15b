// What the placement actor does where shard 0 leads: it keeps the map there, plans, and lets nodes in. Nothing is told
// to anybody before it is committed, and whatever is read or written is checked against what lies in shard 0, so that
// two leaders at one moment, an old one and its successor, do no harm.
#include "actors/placement_shell.hpp"

#include "cluster/codec/admin_codec.hpp"

#include <algorithm>
#include <utility>

namespace burrow {
namespace {

using namespace placement;

constexpr duration write_patience{10'000};
constexpr std::string_view both_prefix = "placement/";

} // namespace

void placement_shell::begin_leading() {
  lead_.emplace(now());
  writing_.reset();
  read_shard0();
}

void placement_shell::read_shard0() {
  if (replicas_.empty() || !replicas_.front()) return;
  lead_->asked = ++last_number_;
  shard_work work;
  work.questions.push_back({cookie{lead_->asked}, {{}, queue::registry_get{std::string(both_prefix)}}, false});
  work.from = me();
  self_->send(replicas_.front(), std::move(work));
}

void placement_shell::on_results(const shard_results& m) {
  if (!lead_) return;
  for (const auto& a : m.answers) {
    if (a.to.value != lead_->asked) continue;
    lead_->asked = 0;
    const auto* const found = a.outcome ? std::get_if<queue::registry_answer>(&*a.outcome) : nullptr;
    if (found != nullptr) took(*found);
  }
  for (const auto& r : m.replies) {
    if (!writing_ || writing_->left == 0) continue;
    const auto* const done = r.outcome ? std::get_if<queue::done_reply>(&*r.outcome) : nullptr;
    if (done == nullptr || done->problem != errc::ok) writing_->failed = true;
    if (--writing_->left == 0) written();
  }
}

void placement_shell::took(const queue::registry_answer& m) {
  auto& lead = *lead_;
  lead.stored_map.clear();
  lead.stored_nodes.clear();
  lead.map = {};
  lead.nodes.clear();
  for (const auto& [key, value] : m.items) {
    if (key == map_key) {
      auto map = codec::decode_map(value);
      if (!map) return say("the shard map cannot be read; nothing is planned");
      lead.map = std::move(map).value();
      lead.stored_map = value;
    } else if (key.starts_with(node_prefix)) {
      auto entry = codec::decode_node_entry(value);
      if (!entry) return say("the entry of a node cannot be read; nothing is planned");
      lead.stored_nodes[entry->node] = value;
      lead.nodes.push_back(std::move(entry).value());
    }
  }
  if (lead.map.epoch == 0) return found_cluster(); // asked again at the next tick
  const auto own = duties_of(lead.map, o_.self.node);
  // By a map that does not know its own leader every replica here would be erased.
  if (own.empty() || own.front().shard.value != 0)
    return say("the shard map does not name this node, which leads shard 0; nothing is done by it");
  lead.read = true;
  publish();
}

/// The cluster is as old as this process: the map is written, and then read back like any other.
void placement_shell::found_cluster() {
  if (auto map = founding_map(o_.self.node, o_.shards, lead_->reports.fresh(now())))
    write(std::move(*map), {o_.self}, {}, nullptr);
}

bool placement_shell::knows_leaders() const {
  return lead_->read && lead_->reports.knows_leaders(lead_->map.shards.size(), now());
}

void placement_shell::answer_asking() {
  if (lead_->asking.empty() || !knows_leaders()) return;
  for (const auto& [node, number] : std::exchange(lead_->asking, {})) {
    picture_answer out{number, {o_.cluster, lead_->map.epoch, now(), view().shards}};
    if (node == o_.self.node) looked(out);
    else o_.send(node, codec::encode_admin(std::move(out)));
  }
}

cluster_view placement_shell::view() const {
  return {lead_->map, lead_->nodes, nodes_seen(), lead_->reports.fresh(now()), lead_->transfers, now(), o_.plan};
}

void placement_shell::plan() {
  if (writing_ && writing_->since + write_patience < now()) {
    for (const auto& told : writing_->then)
      if (told) told(false);
    writing_.reset();
    lead_->read = false;
  }
  if (writing_) return;
  if (!lead_->read) return read_shard0();
  // This node's own entry, should it have moved or been upgraded.
  auto nodes = lead_->nodes;
  for (auto& n : nodes) {
    if (n.node != o_.self.node) continue;
    auto mine = o_.self;
    mine.state = n.state;
    if (mine != n) n = std::move(mine);
  }
  if (nodes != lead_->nodes) return write(lead_->map, std::move(nodes), {}, nullptr);
  auto steps = placement::plan(view());
  if (steps.empty()) return;
  auto next = applied(lead_->map, lead_->nodes, steps);
  write(std::move(next.map), std::move(next.nodes), std::move(steps), nullptr);
}

void placement_shell::write(shard_map map, std::vector<node_entry> nodes, std::vector<step> steps,
                            std::function<void(bool)> then) {
  if (writing_ || replicas_.empty() || !replicas_.front()) {
    if (then) then(false);
    return;
  }
  auto& lead = *lead_;
  // Others see by the epoch alone that something is new.
  if (nodes != lead.nodes && map.epoch == lead.map.epoch) ++map.epoch;
  writing_.emplace();
  writing_->then.push_back(std::move(then));
  writing_->since = now();
  shard_work work;
  work.from = me();
  const auto put = [&](std::string key, std::string value, const std::string& before) {
    if (value == before) return;
    queue::command c;
    c.what = queue::registry_put{std::move(key), std::move(value), false, hash_of(before)};
    work.proposals.push_back({cookie{++last_number_}, std::move(c), {}, false});
  };
  put(std::string(map_key), codec::encode_map(map), lead.stored_map);
  for (const auto& n : nodes) {
    const auto before = lead.stored_nodes.find(n.node);
    put(node_key(n.node), codec::encode_node_entry(n), before == lead.stored_nodes.end() ? "" : before->second);
  }
  for (const auto& [node, before] : lead.stored_nodes)
    if (find(nodes, node) == nullptr) put(node_key(node), "", before);
  writing_->left = work.proposals.size();
  writing_->map = std::move(map);
  writing_->nodes = std::move(nodes);
  writing_->steps = std::move(steps);
  if (writing_->left == 0) return written();
  self_->send(replicas_.front(), std::move(work));
}

void placement_shell::written() {
  auto done = std::move(*writing_);
  writing_.reset();
  auto& lead = *lead_;
  if (done.failed) {
    lead.read = false;
    read_shard0();
  } else {
    const bool news = done.map != lead.map || done.nodes != lead.nodes;
    lead.map = std::move(done.map);
    lead.nodes = std::move(done.nodes);
    lead.stored_map = codec::encode_map(lead.map);
    lead.stored_nodes.clear();
    for (const auto& n : lead.nodes) lead.stored_nodes[n.node] = codec::encode_node_entry(n);
    lead.read = true;
    if (news) publish();
    order(done.steps);
  }
  for (const auto& told : done.then)
    if (told) told(!done.failed);
}

void placement_shell::publish() {
  for (const auto& n : lead_->nodes)
    if (n.node != o_.self.node && n.state != node_state::gone) publish_to(n.node);
  take({o_.cluster, lead_->map, lead_->nodes});
}

void placement_shell::publish_to(node_id node) {
  o_.send(node, codec::encode_admin(map_order{o_.cluster, lead_->map, lead_->nodes}));
}

void placement_shell::order(const std::vector<step>& steps) {
  remember(lead_->transfers, steps, now(), o_.plan);
  for (const auto& one : steps) {
    if (!std::holds_alternative<note_voters>(one)) say(text_of(one, lead_->nodes));
    std::optional<group_order> out;
    node_id to;
    if (const auto* const change = std::get_if<change_members>(&one)) {
      out = group_order{o_.cluster, *change};
      to = change->leader;
    } else if (const auto* const move = std::get_if<placement::transfer>(&one)) {
      out = group_order{o_.cluster, *move};
      to = move->from;
    }
    if (!out) continue;
    if (to == o_.self.node) carry_out(*out);
    else o_.send(to, codec::encode_admin(*out));
  }
}

void placement_shell::admit(admit_in& m, const admit_question& q) {
  if (!lead_->read || writing_)
    return answer(m, no_admission(standing::member, "the cluster's metadata is being written", o_.cluster));
  auto decision = placement::admit({o_.cluster, o_.shards, o_.shards_per_tenant, lead_->map, lead_->nodes,
                                    nodes_seen()}, q);
  if (decision.write.empty()) return answer(m, std::move(decision.answer));
  auto nodes = lead_->nodes;
  std::erase_if(nodes, [&](const node_entry& n) {
    return std::ranges::find(decision.erase, n.node) != decision.erase.end();
  });
  for (auto& entry : decision.write) {
    const auto known = std::ranges::find(nodes, entry.node, &node_entry::node);
    if (known == nodes.end()) nodes.push_back(std::move(entry));
    else *known = std::move(entry);
  }
  say(q.self.name + " is let in, zone " + q.self.zone);
  write(lead_->map, std::move(nodes), {}, [this, m, reply = std::move(decision.answer)](bool done) mutable {
    if (!done) return answer(m, no_admission(standing::member, "the metadata could not be written", o_.cluster));
    if (lead_) {
      reply.map = lead_->map;
      reply.nodes = lead_->nodes;
    }
    answer(m, std::move(reply));
  });
}

// ---- operators -----------------------------------------------------------------------------------------------------

void placement_shell::ordered(const node_order& m) {
  if (!lead_ || !lead_->read || m.cluster != o_.cluster) return;
  auto nodes = lead_->nodes;
  const auto at = std::ranges::find(nodes, m.node, &node_entry::node);
  if (at == nodes.end() || at->state != m.expected || at->state == node_state::gone) return;
  at->state = m.wanted;
  say(at->name + " is to be " + std::string(to_string(m.wanted)) + (m.reason.empty() ? "" : ", forced: " + m.reason));
  write(lead_->map, std::move(nodes), {}, nullptr);
}

void placement_shell::ordered(const move_order& m) {
  if (!lead_ || !lead_->read || m.cluster != o_.cluster) return;
  auto wanted = move_plan(view(), m.shard, m.from, m.to);
  if (!wanted.allowed()) return;
  auto next = applied(lead_->map, lead_->nodes, wanted.steps);
  write(std::move(next.map), std::move(next.nodes), std::move(wanted.steps), nullptr);
}

} // namespace burrow
