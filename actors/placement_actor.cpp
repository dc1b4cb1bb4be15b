#include "actors/placement_actor.hpp"

#include "actors/membership_actor.hpp"
#include "actors/placement_shell.hpp"
#include "cluster/base/limits.hpp"
#include "cluster/codec/admin_codec.hpp"

#include <algorithm>

namespace burrow {
namespace {

using namespace placement;

constexpr std::size_t events_max = 1'000, asking_max = 256;
constexpr duration hand_over_max{5'000}, hand_over_again{200}, busy_after_news{3'000};

std::optional<raft::member> own_member(const raft::configuration& of, node_id self) {
  for (const auto* const list : {&of.voters, &of.leaving, &of.learners})
    for (const auto& m : *list)
      if (m.node == self) return m;
  return std::nullopt;
}

group_told told_of(const shard_status& s, const raft::member& self) {
  return {s.shard,          self,                s.replica.in,       s.replica.committed, s.group.members,
          s.group.configured, s.group.changing, s.group.followers, s.group.distrusted,  0};
}

} // namespace

placement_shell::placement_shell(shell<placement_shell>* self, placement_options options)
  : self_(self), o_(std::move(options)), known_(o_.known) {
  BURROW_ASSERT(o_.plane && o_.table && o_.clock && o_.keep && o_.send);
  seen_[o_.self.node] = {o_.self.node, membership::member_state::alive, now()};
  if (!o_.news.empty()) say(o_.news);
  if (known_.map.epoch > 0) act_by_map();
  self_->send(o_.supervisor, get_replicas{me()}); // and told of each change
  self_->send(self_, tick_atom_v);
}

caf::behavior placement_shell::behavior() {
  return {
    [this](tick_atom) { tick(); },
    [this](flush_atom) { self_->send(o_.supervisor, get_status{me()}); },
    [this](const node_status& m) { on_status(m); },
    [this](const replicas& m) { replicas_ = m.by_shard; },
    [this](const control_order_said& m) { on_order(m); },
    [this](const members_changed& m) { on_members(m); },
    [this](admit_in& m) { on_admit(m); },
    [this](const shard_results& m) { on_results(m); },
    [this](const hand_over_leaders& m) {
      handing_over_to_ = m.from;
      handing_over_until_ = now() + hand_over_max;
      self_->send(o_.supervisor, get_status{me()});
    },
    [this](const get_cluster& m) { on_picture(m); },
    [this](const operator_request& m) { on_request(m); },
    [](const control_link&) {},
    [this](stop_atom) { self_->quit(); },
  };
}

void placement_shell::tick() {
  give_up_looking();
  self_->send(o_.supervisor, get_status{me()});
  // Whoever has news for the planner says so sooner, too: a newcomer that was told of a moment ago has caught up.
  const bool busy = now() < busy_until_;
  self_->delayed_send(self_, busy ? o_.every_while_moving : o_.every, tick_atom_v);
}

void placement_shell::on_status(const node_status& m) {
  status_ = m;
  if (o_.status) o_.status(m);
  if (handing_over_to_) hand_over();
  report_order mine{o_.cluster, known_.map.epoch, now(), {}};
  bool leads_metadata = false;
  for (const auto& s : m.shards) {
    const auto self = own_member(s.group.members, o_.self.node);
    if (!s.running || !s.replica.leads || !self) {
      watch_.forget(s.shard);
      continue;
    }
    leads_metadata = leads_metadata || s.shard.value == 0;
    mine.shards.push_back(watch_.see(told_of(s, *self), now()));
  }
  if (!leads_metadata) {
    lead_.reset();
    return tell_planner(mine);
  }
  if (!lead_) begin_leading();
  lead_->reports.take(std::move(mine.shards), now());
  answer_asking();
  plan();
}

std::vector<node_id> placement_shell::planners() const {
  // Only a replica of its own tells a node of each new leader. What it has once heard from others nobody takes back.
  const auto leader = o_.table->held_here({0}) ? o_.table->leader_of({0}) : node_id{};
  if (leader.value != 0 && leader != o_.self.node) return {leader};
  std::vector<node_id> out;
  if (known_.map.shards.empty()) return out;
  for (const auto& v : known_.map.shards.front().voters)
    if (v.node != o_.self.node) out.push_back(v.node);
  return out;
}

void placement_shell::tell_planner(const admin_message& what) {
  const auto bytes = codec::encode_admin(what);
  for (const auto node : planners()) o_.send(node, bytes);
}

void placement_shell::on_order(const control_order_said& m) {
  auto read = codec::decode_admin(m.bytes);
  if (!read) return;
  if (auto* const map = std::get_if<map_order>(&*read)) return take(*map);
  if (const auto* const group = std::get_if<group_order>(&*read)) return carry_out(*group);
  if (const auto* const node = std::get_if<node_order>(&*read)) return ordered(*node);
  if (const auto* const move = std::get_if<move_order>(&*read)) return ordered(*move);
  if (const auto* const picture = std::get_if<picture_answer>(&*read)) return looked(*picture);
  if (const auto* const question = std::get_if<picture_question>(&*read)) {
    if (!lead_ || question->cluster != o_.cluster || lead_->asking.size() >= asking_max) return;
    lead_->asking.emplace_back(m.from, question->number);
    return answer_asking();
  }
  auto* const report = std::get_if<report_order>(&*read);
  if (report == nullptr || report->cluster != o_.cluster || !lead_) return;
  const auto epoch = report->epoch;
  // Whoever reports says what it leads; of what others lead it knows nothing.
  std::erase_if(report->shards, [&](const shard_seen& s) { return s.leader != m.from; });
  lead_->reports.take(as_of(std::move(*report), now()).shards, now());
  answer_asking();
  if (lead_->read && epoch < lead_->map.epoch) publish_to(m.from);
}

void placement_shell::on_members(const members_changed& m) {
  members_ = *m.members;
  for (const auto& one : members_) {
    auto& seen = seen_[one.id];
    const bool known = seen.node == one.id;
    if (known && seen.state == one.state) continue;
    if (known || one.state != membership::member_state::alive) {
      static constexpr std::string_view words[] = {"is alive", "is suspect", "is dead", "has left"};
      say((one.facts.name.empty() ? "a node" : one.facts.name) + " " +
          std::string(words[static_cast<std::size_t>(one.state)]));
    }
    if (known) saw(seen, one.state, now(), o_.plan);
    else seen = {one.id, one.state, now()};
    if (one.state != membership::member_state::alive && o_.lost) o_.lost(one.id);
  }
}

// ---- the map -------------------------------------------------------------------------------------------------------

void placement_shell::take(const map_order& m) {
  if (m.cluster != o_.cluster || m.map.epoch < known_.map.epoch || m == known_) return;
  if (!o_.keep(m)) return; // told again: reports say which map is known here
  known_ = m;
  busy_until_ = now() + busy_after_news;
  act_by_map();
}

void placement_shell::act_by_map() {
  for (const auto& node : known_.nodes) {
    if (node.node != o_.self.node && node.state == node_state::gone) {
      o_.plane->forget(node.node);
      o_.table->gone(node.node);
    }
  }
  if (o_.introduce) o_.introduce(known_.nodes);
  std::vector<std::optional<replica_id>> own(known_.map.shards.size());
  for (const auto& duty : duties_of(known_.map, o_.self.node)) own[duty.shard.value] = duty.who.replica;
  for (std::size_t i = 0; i < own.size(); ++i) {
    const shard_id shard{static_cast<std::uint16_t>(i)};
    std::vector<node_id> holders;
    for (const auto& v : known_.map.shards[i].voters) holders.push_back(v.node);
    for (const auto& n : known_.map.shards[i].newcomers) holders.push_back(n.who.node);
    o_.table->held_by(shard, holders);
    self_->send(o_.supervisor, host_shard{shard, own[i]});
  }
}

void placement_shell::carry_out(const group_order& m) {
  if (m.cluster != o_.cluster) return;
  change_group ask;
  shard_id shard;
  if (const auto* const change = std::get_if<change_members>(&m.what)) {
    shard = change->shard;
    ask.what = raft::config_change{change->voters, change->learners};
    ask.expected = change->expected;
  } else {
    const auto& transfer = std::get<placement::transfer>(m.what);
    shard = transfer.shard;
    ask.what = transfer.to;
  }
  if (shard.value >= replicas_.size() || !replicas_[shard.value]) return;
  self_->send(replicas_[shard.value], std::move(ask));
}

/// One that can go nowhere, since no other voter answers, ends with the process.
void placement_shell::hand_over() {
  std::size_t going = 0;
  for (const auto& s : status_->shards) {
    if (!s.running || !s.replica.leads || s.shard.value >= replicas_.size()) continue;
    const auto self = own_member(s.group.members, o_.self.node);
    const auto to = self ? successor_of(told_of(s, *self)) : std::nullopt;
    if (!to) continue;
    ++going;
    self_->send(replicas_[s.shard.value], change_group{*to, {}});
  }
  if (going == 0 || now() >= handing_over_until_) {
    self_->send(handing_over_to_, leaders_handed_over{});
    handing_over_to_ = nullptr;
    return;
  }
  self_->delayed_send(self_, hand_over_again, flush_atom_v);
}

// ---- admission -----------------------------------------------------------------------------------------------------

void placement_shell::answer(admit_in& m, admit_answer a) { m.answer(codec::encode_admin(std::move(a))); }

void placement_shell::on_admit(admit_in& m) {
  const auto read = codec::decode_admin(m.question);
  const auto* const q = read ? std::get_if<admit_question>(&*read) : nullptr;
  if (q == nullptr) return answer(m, no_admission(standing::refused, "the question cannot be read"));
  if (lead_) return admit(m, *q);
  pass_on(m, *q);
}

/// Only where shard 0 leads anybody is let in.
void placement_shell::pass_on(admit_in& m, const admit_question& q) {
  const auto all = planners();
  // One after the other: the asker comes again, and whoever does not lead passes it on no further.
  const auto* const there = all.empty() ? nullptr : find(known_.nodes, all[++passed_on_ % all.size()]);
  if (q.passed || there == nullptr) {
    return answer(m, no_admission(standing::member, "nobody leads the cluster's metadata at this moment", o_.cluster));
  }
  auto again = q;
  again.passed = true;
  const auto at = split_address(there->cluster);
  BURROW_ASSERT(at); // validate() let it through
  // The data plane listens on the port after the control plane's.
  auto done = [m, cluster = o_.cluster](result<std::string> said) {
    const auto heard = said ? codec::decode_admin(*said) : result<placement::admin_message>{said.error()};
    const auto* const a = heard ? std::get_if<admit_answer>(&*heard) : nullptr;
    if (a != nullptr && is_word_of_member(*a, cluster)) return m.answer(std::move(said).value());
    m.answer(codec::encode_admin(no_admission(standing::member, "the leader of the metadata did not answer", cluster)));
  };
  o_.plane->ask(at->first, static_cast<std::uint16_t>(at->second + 1), codec::encode_admin(again), std::move(done));
}

// ---- administration ------------------------------------------------------------------------------------------------

void placement_shell::say(std::string text) {
  cluster_event e{o_.clock().wall, std::move(text)};
  if (o_.event) o_.event(e);
  events_.push_back(std::move(e));
  if (events_.size() > events_max) events_.pop_front();
}

std::vector<node_seen> placement_shell::nodes_seen() const {
  std::vector<node_seen> out;
  for (const auto& [node, seen] : seen_) out.push_back(seen);
  return out;
}

caf::actor spawn_placement_actor(caf::actor_system& system, placement_options options) {
  return system.spawn(run_shell<placement_shell, placement_options>, std::move(options));
}

} // namespace burrow
