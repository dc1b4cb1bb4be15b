// Carries out what a drain decided, in order.
#include "actors/replica_shell.hpp"
#include "actors/shard_calls.hpp"

#include "cluster/base/limits.hpp"

namespace burrow {

void replica_shell::flush_later() {
  if (flushing_) return;
  flushing_ = true;
  self_->send(self_, flush_atom_v);
}

void replica_shell::flush() {
  inputs_ = 0;
  if (core_)
    for (auto& e : core_->take_effects()) std::visit([this](auto& x) { carry_out(x); }, e);
  accounts_.settle();
  for (auto& [to, results] : callers_.take_results()) self_->send(to, std::move(results));
  for (auto& [to, work] : std::exchange(calls_, {})) {
    if (o_.helpers.router) self_->send(o_.helpers.router, routed_work{to, std::move(work)});
    else self_->send(others_[to.value], std::move(work));
  }
  rearm();
  count_moves();
  end_if_drained();
}

void replica_shell::count_moves() {
  if (!o_.metrics || !core_) return;
  const auto now_is = core_->moves();
  if (now_is == counted_) return;
  o_.metrics->moves(static_cast<std::int64_t>(now_is.open) - static_cast<std::int64_t>(counted_.open),
                    now_is.left - counted_.left, now_is.resent - counted_.resent);
  counted_ = now_is;
}

void replica_shell::carry_out(persist_effect& e) {
  sent_ = e.ticket;
  self_->send(o_.helpers.log_writer, persist{o_.shard.shard, o_.start, std::move(e), me()});
}

void replica_shell::carry_out(load_effect& e) {
  loads_.emplace(e.id, e);
  self_->send(reader(), load{o_.start, std::move(e), me()});
}

void replica_shell::carry_out(reply_effect& e) {
  auto who = callers_.take(e.to);
  e.to = who.theirs;
  if (who.account) {
    const auto* const reply = e.outcome ? std::get_if<queue::insert_reply>(&e.outcome.value()) : nullptr;
    if (reply != nullptr && who.share.contended() && refused_for_room(*reply)) e.outcome = errc::quota_contended;
    accounts_.done(std::move(who.account), who.share);
  }
  callers_.results_for(who.from).replies.push_back(std::move(e));
}

void replica_shell::carry_out(answer_effect& e) {
  auto who = callers_.take(e.to);
  if (who.account) return account_told(who, e);
  e.to = who.theirs;
  callers_.results_for(who.from).answers.push_back(std::move(e));
}

void replica_shell::carry_out(notify_effect& e) {
  auto& seen = std::get<queue::became_visible>(e.what);
  const auto at = watchers_.find(seen.queue);
  if (at != watchers_.end()) self_->send(at->second, became_takeable{std::move(seen.queue), seen.count});
}

void replica_shell::carry_out(const role_effect& e) {
  leads_ = e.leads;
  if (o_.leader) o_.leader(o_.shard.shard, e.leads ? std::optional(o_.shard.self) : std::nullopt);
  for (const auto& [queue, watcher] : watchers_) self_->send(watcher, leadership{o_.shard.shard, e.leads});
}

/// A shard whose replica is not known, or has just ended, does not answer: the core asks again.
void replica_shell::carry_out(call_effect& e) {
  if (!o_.helpers.router && (e.to.value >= others_.size() || !others_[e.to.value])) return;
  auto& work = calls_[e.to];
  work.from = me();
  if (auto* const p = std::get_if<proposal>(&e.what)) work.proposals.push_back(std::move(*p));
  else work.questions.push_back(std::move(std::get<question>(e.what)));
}

void replica_shell::carry_out(const time_ahead_effect& e) {
  const bool was = std::exchange(ahead_, e.ahead > duration{0});
  if (o_.metrics) o_.metrics->shard_time_ahead(o_.shard.shard, e.ahead);
  if (was == ahead_) return;
  const auto what = ahead_ ? shard_notice::kind::time_ahead : shard_notice::kind::time_met;
  if (o_.notice) o_.notice({what, o_.shard.shard, {}, e.ahead});
}

/// It keeps its files and its place in the tree, and refuses everything: another start would find the same.
void replica_shell::out_of_service(const error& why) {
  damaged_ = true;
  quarantined_ = why == errc::unavailable;
  why_ = why.context.empty() ? std::string{to_string(why.code)} : why.context;
  if (o_.metrics) o_.metrics->shard_off(quarantined_, 1);
  const auto what = quarantined_ ? shard_notice::kind::quarantined : shard_notice::kind::damaged;
  if (o_.notice) o_.notice({what, o_.shard.shard, why_, {}});
}

/// A later time is not told at once: the tick that was asked for comes, is harmless, and asks anew. So a busy shard
/// sends the ticker one message a tick, not one a drain.
void replica_shell::rearm() {
  if (!wanted_ || (armed_ && *armed_ <= *wanted_)) return;
  armed_ = wanted_;
  self_->send(o_.helpers.ticker, wake_at{armed_, me()});
}

/// The last persist of a drain ends it: nothing is with the log writer, and nobody waits for an answer.
void replica_shell::end_if_drained() {
  if (!stopping_ || flushing_ || sent_ != persisted_ || callers_.open() > 0) return;
  self_->quit();
}

replica_state replica_shell::state() const {
  replica_state out;
  out.status.shard = o_.shard.shard;
  if (core_) out.status.replica = core_->status();
  out.status.replica.damaged = damaged_ && !quarantined_;
  out.status.replica.quarantined = quarantined_;
  out.status.running = core_ != nullptr && !damaged_;
  out.status.why = why_;
  if (core_) {
    out.status.group.members = core_->members();
    out.status.group.followers = core_->followers();
    for (const auto& [who, why] : distrusted_) out.status.group.distrusted.push_back(who);
    const auto raft = core_->group();
    out.status.group.changing = raft.change_under_way || raft.transferring;
    out.status.group.configured = raft.configured;
  }
  out.disk_low = disk_.low;
  out.disk_stop = disk_.stop;
  return out;
}

} // namespace burrow
