#include "cluster/codec/admin_orders.hpp"

#include "cluster/base/limits.hpp"
#include "cluster/codec/members.hpp"

#include <algorithm>

namespace burrow::codec {
namespace {

using namespace placement;

error bad(const char* what) { return {errc::malformed, what}; }

hash128 read(const proto::hash& in) { return {in.high(), in.low()}; }

void write(proto::hash& out, hash128 in) {
  out.set_high(in.high);
  out.set_low(in.low);
}

/// Who is in a list is there once, and is somebody.
bool sound(const std::vector<raft::member>& list) {
  if (list.size() > limits::raft_members_max / 2) return false;
  for (auto at = list.begin(); at != list.end(); ++at)
    if (at->replica.value == 0 || at->node.value == 0 || std::find(list.begin(), at, *at) != at) return false;
  return true;
}

bool sound(const raft::configuration& c) {
  return !c.voters.empty() && sound(c.voters) && sound(c.leaving) && sound(c.learners);
}

bool is_member(const raft::configuration& c, const raft::member& who) {
  const auto in = [&](const auto& list) { return std::ranges::find(list, who) != list.end(); };
  return in(c.voters) || in(c.leaving) || in(c.learners);
}

result<shard_seen> read(const proto::seen_shard& in) {
  if (in.shard() > limits::shards_max || in.leader() == 0) return bad("a report of no shard");
  shard_seen out{{static_cast<std::uint16_t>(in.shard())}, {in.leader()}, {in.term()}, codec::read(in.config()),
                 {in.configured()}, in.changing(), {}, in.bytes()};
  if (!sound(out.config)) return bad("a report of members that cannot be");
  for (const auto& m : in.members()) {
    member_seen seen{codec::read(m.who()), m.heard(), m.caught_up(), {m.caught_up_since_ms()},
                     m.lag(),              m.damaged(), m.installing()};
    const bool twice = std::ranges::find(out.members, seen.who, &member_seen::who) != out.members.end();
    if (twice || !is_member(out.config, seen.who)) return bad("a report of one that is no member");
    out.members.push_back(seen);
  }
  return out;
}

} // namespace

void write_order(proto::report_order& out, const report_order& in) {
  write(*out.mutable_cluster(), in.cluster);
  out.set_epoch(in.epoch);
  out.set_now_ms(in.now.ms);
  for (const auto& s : in.shards) {
    auto& shard = *out.add_shards();
    shard.set_shard(s.shard.value);
    shard.set_leader(s.leader.value);
    shard.set_term(s.term.value);
    codec::write(*shard.mutable_config(), s.config);
    shard.set_configured(s.configured.value);
    shard.set_changing(s.changing);
    shard.set_bytes(s.bytes);
    for (const auto& m : s.members) {
      auto& seen = *shard.add_members();
      codec::write(*seen.mutable_who(), m.who);
      seen.set_heard(m.heard);
      seen.set_caught_up(m.caught_up);
      seen.set_caught_up_since_ms(m.caught_up_since.ms);
      seen.set_lag(m.lag);
      seen.set_damaged(m.damaged);
      seen.set_installing(m.installing);
    }
  }
}

void write_order(proto::group_order& out, const group_order& in) {
  write(*out.mutable_cluster(), in.cluster);
  if (const auto* const change = std::get_if<change_members>(&in.what)) {
    out.set_shard(change->shard.value);
    out.set_leader(change->leader.value);
    auto& wanted = *out.mutable_members();
    codec::write(*wanted.mutable_expected(), change->expected);
    codec::write(*wanted.mutable_voters(), change->voters);
    codec::write(*wanted.mutable_learners(), change->learners);
    return;
  }
  const auto& move = std::get<transfer>(in.what);
  out.set_shard(move.shard.value);
  out.set_leader(move.from.value);
  out.set_transfer_to(move.to.value);
}

result<admin_message> read_order(const proto::report_order& in) {
  if (!in.has_cluster()) return bad("a report of no cluster");
  if (static_cast<std::size_t>(in.shards_size()) > std::size_t{limits::shards_max} + 1)
    return error{errc::too_large, "a report of too many shards"};
  report_order out{read(in.cluster()), in.epoch(), {in.now_ms()}, {}};
  for (const auto& s : in.shards()) {
    auto shard = read(s);
    if (!shard) return shard.error();
    out.shards.push_back(std::move(shard).value());
  }
  return admin_message{std::move(out)};
}

result<admin_message> read_order(const proto::group_order& in) {
  if (!in.has_cluster() || in.shard() > limits::shards_max || in.leader() == 0) return bad("an order for no shard");
  const shard_id shard{static_cast<std::uint16_t>(in.shard())};
  if (in.what_case() == proto::group_order::kTransferTo) {
    if (in.transfer_to() == 0) return bad("a transfer to nobody");
    return admin_message{group_order{read(in.cluster()), transfer{shard, {in.leader()}, {in.transfer_to()}}}};
  }
  if (in.what_case() != proto::group_order::kMembers) return bad("an order of an unknown kind");
  change_members out{shard, {in.leader()}, codec::read(in.members().expected()), codec::read(in.members().voters()),
                     codec::read(in.members().learners())};
  if (!sound(out.expected) || !sound(out.voters) || !sound(out.learners) || out.voters.empty())
    return bad("an order for members that cannot be");
  return admin_message{group_order{read(in.cluster()), std::move(out)}};
}

void write_order(proto::picture_question& out, const picture_question& in) {
  write(*out.mutable_cluster(), in.cluster);
  out.set_number(in.number);
}

void write_order(proto::picture_answer& out, const picture_answer& in) {
  out.set_number(in.number);
  write_order(*out.mutable_picture(), in.picture);
}

void write_order(proto::move_order& out, const move_order& in) {
  write(*out.mutable_cluster(), in.cluster);
  out.set_shard(in.shard.value);
  out.set_from(in.from.value);
  out.set_to(in.to.value);
}

result<admin_message> read_order(const proto::picture_question& in) {
  if (!in.has_cluster()) return bad("a question of no cluster");
  return admin_message{picture_question{read(in.cluster()), in.number()}};
}

result<admin_message> read_order(const proto::picture_answer& in) {
  auto picture = read_order(in.picture());
  if (!picture) return picture.error();
  return admin_message{picture_answer{in.number(), std::get<report_order>(std::move(picture).value())}};
}

result<admin_message> read_order(const proto::move_order& in) {
  if (!in.has_cluster() || in.shard() > limits::shards_max || in.from() == 0 || in.to() == 0)
    return bad("a move of nothing");
  const shard_id shard{static_cast<std::uint16_t>(in.shard())};
  return admin_message{move_order{read(in.cluster()), shard, {in.from()}, {in.to()}}};
}

} // namespace burrow::codec
