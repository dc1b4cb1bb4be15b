// The side of a replica actor that looks at the rest of its group: what it says to replicas on other nodes and hears
// from them, pins for installs, and who leads.
#include "actors/replica_shell.hpp"

#include "cluster/codec/peer_codec.hpp"

namespace burrow {

/// What cannot be read, or is of another shard or node than it came through, is dropped: messages may get lost.
void replica_shell::said(const peer_said& m) {
  if (!core_) return;
  auto read = codec::decode_peer(m.bytes);
  const bool fits = read && read->shard == o_.shard.shard &&
                    std::visit([&](const auto& x) { return x.from.node == m.from && x.to.node == o_.shard.self; },
                               read->what);
  if (!fits) {
    if (o_.metrics) o_.metrics->peer_message_refused();
    return;
  }
  core_->received(now(), std::move(read->what));
  if (++inputs_ >= limits::drain_inputs_max) flush();
  else flush_later();
}

void replica_shell::suspect(const node_suspect& m) {
  if (!core_) return;
  if (m.node == o_.shard.self) core_->wake(now());
  else core_->suspect(now(), m.node);
  flush_later();
}

void replica_shell::wake() {
  if (!core_) return;
  core_->wake_group(now());
  flush_later();
}

void replica_shell::change(const change_group& m) {
  if (!core_ || damaged_ || stopping_) return;
  const auto* const wanted = std::get_if<raft::config_change>(&m.what);
  if (wanted == nullptr) (void)core_->transfer(now(), std::get<node_id>(m.what));
  else if (core_->members() == m.expected) (void)core_->change(now(), *wanted);
  flush_later();
}

void replica_shell::carry_out(send_effect& e) {
  if (!o_.plane) return;
  const auto to = std::visit([](const auto& x) { return x.to.node; }, e.what);
  const auto kind = std::holds_alternative<bulk_message>(e.what) ? frame_kind::bulk : frame_kind::replica;
  // What finds no stream or no room is lost, as a network may lose it.
  (void)o_.plane->send(to, {kind, o_.shard.shard, shared_bytes{codec::encode_peer(o_.shard.shard, e.what)}});
}

void replica_shell::carry_out(const pin_effect& e) { self_->send(reader(), pin_session{e.session, true, me()}); }

void replica_shell::carry_out(const unpin_effect& e) { self_->send(reader(), pin_session{e.session, false, me()}); }

void replica_shell::carry_out(const leader_effect& e) {
  if (!o_.leader) return;
  // Leading is role_effect's to tell: until then proposals would be refused.
  if (e.leader && e.leader->node == o_.shard.self) return;
  o_.leader(o_.shard.shard, e.leader ? std::optional(e.leader->node) : std::nullopt);
}

void replica_shell::carry_out(const distrust_effect& e) {
  distrusted_.insert_or_assign(e.who, e.why);
  if (!o_.notice) return;
  const auto* const what = e.why == distrust_effect::reason::forgot
                             ? "its log ends below what it acknowledged"
                             : "its state differs from the other replicas'";
  o_.notice({shard_notice::kind::distrusted, o_.shard.shard, what, {}, e.who.node});
}

} // namespace burrow
