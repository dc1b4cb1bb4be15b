#include "actors/replica_actor.hpp"

#include "actors/replica_accounts.hpp"
#include "actors/replica_callers.hpp"
#include "cluster/base/limits.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <map>
#include <unordered_map>

namespace burrow {
namespace {

class replica_shell {
public:
  static constexpr const char* actor_name = "replica";

  replica_shell(shell<replica_shell>* self, replica_actor_options options)
    : self_(self), o_(std::move(options)), accounts_(o_.shard.shard) {
    BURROW_ASSERT(o_.data != nullptr && o_.clock && !o_.helpers.readers.empty());
    self_->set_down_handler([this](const caf::down_msg& m) { down(m); });
    self_->send(o_.helpers.log_writer, fence{o_.shard.shard, o_.start, me()});
  }

  /// Its successor knows nothing of what was in flight.
  ~replica_shell() {
    for (auto& c : callers_.take_all())
      if (c.account) accounts_.done(std::move(c.account), c.share);
    accounts_.settle();
    if (!o_.metrics) return;
    if (damaged_) o_.metrics->shard_off(quarantined_, -1);
    o_.metrics->shard_time_ahead(o_.shard.shard, duration{0});
    o_.metrics->moves(-static_cast<std::int64_t>(counted_.open), 0, 0);
  }
  replica_shell(const replica_shell&) = delete;
  replica_shell& operator=(const replica_shell&) = delete;

  caf::behavior behavior() {
    return {
      [this](shard_work& m) { work(m); },
      [this](flush_atom) {
        flushing_ = false;
        flush();
      },
      [this](const persisted& m) {
        if (m.start != o_.start || !core_) return;
        persisted_ = m.ticket;
        core_->persisted(now(), m.ticket);
        flush_later();
      },
      [this](tick_atom) {
        armed_.reset();
        if (!core_) return;
        core_->tick(now());
        flush_later();
      },
      [this](loaded& m) { take_loaded(m); },
      [this](shard_results& m) { take_called(m); },
      [this](const replicas& m) { others_ = m.by_shard; },
      [this](const watch& m) { set_watch(m); },
      [this](const account_open& m) { open_account(m); },
      [this](const fenced& m) {
        if (m.start == o_.start && !core_ && !damaged_) ask_recovery();
      },
      [this](recovered& m) { begin(m); },
      [this](const disk_state& m) {
        disk_ = m;
        if (!core_) return;
        core_->disk_low(m.low || m.stop);
        flush_later();
      },
      [this](const writer_state& m) { writer_busy_ = m.busy; },
      [this](const services& m) { set_services(m); },
      [this](const get_replica_state& m) { self_->send(m.from, state()); },
      [this](stop_atom) { stop(); },
    };
  }

private:
  [[nodiscard]] caf::actor me() const { return caf::actor_cast<caf::actor>(self_); }
  [[nodiscard]] clock_reading now() const { return o_.clock(); }
  /// Two shards in turn use two readers, but one shard always the same: its reads stay in order.
  [[nodiscard]] const caf::actor& reader() const {
    return o_.helpers.readers[o_.shard.shard.value % o_.helpers.readers.size()];
  }

  // ---- start ------------------------------------------------------------------------------------------------------

  void ask_recovery() {
    recovering_ = true;
    self_->send(reader(), recover{o_.start, o_.shard, me()});
  }

  void begin(recovered& m) {
    if (m.start != o_.start || core_ || damaged_) return;
    recovering_ = false;
    if (!m.stored) {
      // Bytes that cannot be ours do not mend by another start; anything else may.
      if (m.stored.code() == errc::corrupt || m.stored.code() == errc::lost_writes) out_of_service(m.stored.error());
      else self_->quit(caf::make_error(caf::sec::runtime_error, std::string{to_string(m.stored.code())}));
      return;
    }
    core_ = std::make_unique<replica>(o_.shard, *o_.data, std::move(m.stored).value(), now());
    if (disk_.low || disk_.stop) core_->disk_low(true);
    if (stopping_) core_->drain(now());
    flush_later();
  }

  // ---- inputs -----------------------------------------------------------------------------------------------------

  void work(shard_work& m) {
    if (o_.metrics) o_.metrics->shard_took(m.proposals.size(), m.questions.size());
    const auto at = now();
    if (m.account && !m.proposals.empty()) accounts_.know(m.proposals.front().what.queue.tenant, m.account);
    for (auto& p : m.proposals) propose(at, m, p);
    for (auto& q : m.questions) ask(at, m.from, q);
    inputs_ += m.proposals.size() + m.questions.size();
    if (inputs_ >= limits::drain_inputs_max) flush();
    else flush_later();
  }

  [[nodiscard]] errc refused() const {
    if (damaged_) return errc::unavailable;
    if (stopping_) return errc::draining;
    return core_ ? errc::ok : errc::not_leader;
  }

  void propose(const clock_reading& at, const shard_work& with, proposal& p) {
    const auto& from = with.from;
    auto why = refused();
    if (why == errc::ok && disk_.stop) why = errc::no_space;
    if (why == errc::ok && writer_busy_) why = errc::busy;
    if (why != errc::ok) {
      callers_.results_for(from).replies.push_back({p.from, why, {}});
      return;
    }
    auto* const insert = std::get_if<queue::insert>(&p.what.what);
    // What was sent before may be stored: a refusal for want of room would be no answer to it.
    if (insert == nullptr || !with.account || p.what.request.again) {
      p.from = callers_.add({from, p.from});
      return core_->propose(at, std::move(p));
    }
    const auto share = with.account->ask(o_.shard.shard, *insert, with.queue_exists);
    if (!share) {
      callers_.results_for(from).replies.push_back({p.from, errc::quota_contended, {}});
    } else if (is_hopeless(*insert)) {
      accounts_.done(with.account, *share);
      callers_.results_for(from).replies.push_back({p.from, queue::reply{refused_reply(*insert)}, {}});
    } else {
      p.from = callers_.add({from, p.from, with.account, *share});
      core_->propose(at, std::move(p));
    }
  }

  void ask(const clock_reading& at, const caf::actor& from, question& q) {
    if (const auto why = refused(); why != errc::ok) {
      callers_.results_for(from).answers.push_back({q.from, why, {}});
      return;
    }
    q.from = callers_.add({from, q.from});
    core_->ask(at, std::move(q));
  }

  void open_account(const account_open& m) {
    accounts_.know(m.tenant, m.account);
    if (const auto why = refused(); why != errc::ok) return self_->send(m.from, account_opened{o_.shard.shard, why});
    const auto cookie = callers_.add({m.from, {}, m.account});
    core_->ask(now(), {cookie, {{m.tenant, {}}, queue::tenant_total{m.tenant}}, false});
    flush_later();
  }

  void account_told(const replica_callers::caller& who, const answer_effect& e) {
    if (!e.outcome) return self_->send(who.from, account_opened{o_.shard.shard, e.outcome.code()});
    const auto& items = std::get<queue::tenants_answer>(e.outcome.value()).items;
    queue::tenant_usage held;
    if (!items.empty()) held = {items[0].name, items[0].queues, items[0].bytes};
    who.account->settle(o_.shard.shard, {}, held);
    self_->send(who.from, account_opened{o_.shard.shard});
  }

  void take_loaded(loaded& m) {
    if (m.start != o_.start || !core_ || loads_.erase(m.id) == 0) return;
    core_->loaded(now(), m.id, std::move(*m.values));
    flush_later();
  }

  /// What other shards' replicas answered to calls.
  void take_called(shard_results& m) {
    if (!core_) return;
    for (auto& r : m.replies) core_->called(now(), r.to, std::move(r.outcome));
    for (auto& a : m.answers) core_->called(now(), a.to, std::move(a.outcome));
    flush_later();
  }

  void set_watch(const watch& m) {
    const auto at = watchers_.find(m.queue);
    if (at != watchers_.end()) {
      if (m.on ? at->second == m.from : at->second != m.from) return;
      self_->demonitor(at->second);
      watchers_.erase(at);
    }
    if (!m.on) return;
    self_->monitor(m.from);
    watchers_.emplace(m.queue, m.from);
  }

  void down(const caf::down_msg& m) {
    std::erase_if(watchers_, [&](const auto& w) { return w.second.address() == m.source; });
  }

  /// What a reader had not answered when it ended is asked of its successor.
  void set_services(const services& m) {
    const auto before = reader();
    const auto ticker_before = o_.helpers.ticker;
    o_.helpers = m;
    if (reader() != before) {
      if (recovering_) ask_recovery();
      for (const auto& [id, what] : loads_) self_->send(reader(), load{o_.start, what, me()});
    }
    if (m.ticker != ticker_before && armed_) self_->send(m.ticker, wake_at{armed_, me()});
  }

  void stop() {
    if (stopping_) return;
    stopping_ = true;
    if (!core_) return self_->quit();
    core_->drain(now());
    flush_later();
  }

  // ---- one drain of the mailbox -----------------------------------------------------------------------------------

  void flush_later() {
    if (flushing_) return;
    flushing_ = true;
    self_->send(self_, flush_atom_v);
  }

  void flush() {
    inputs_ = 0;
    if (core_)
      for (auto& e : core_->take_effects()) std::visit([this](auto& x) { carry_out(x); }, e);
    accounts_.settle();
    for (auto& [to, results] : callers_.take_results()) self_->send(to, std::move(results));
    for (auto& [to, work] : std::exchange(calls_, {})) self_->send(others_[to.value], std::move(work));
    rearm();
    count_moves();
    end_if_drained();
  }

  void count_moves() {
    if (!o_.metrics || !core_) return;
    const auto now_is = core_->moves();
    if (now_is == counted_) return;
    o_.metrics->moves(static_cast<std::int64_t>(now_is.open) - static_cast<std::int64_t>(counted_.open),
                      now_is.left - counted_.left, now_is.resent - counted_.resent);
    counted_ = now_is;
  }

  void carry_out(persist_effect& e) {
    sent_ = e.ticket;
    self_->send(o_.helpers.log_writer, persist{o_.shard.shard, o_.start, std::move(e), me()});
  }
  void carry_out(load_effect& e) {
    loads_.emplace(e.id, e);
    self_->send(reader(), load{o_.start, std::move(e), me()});
  }
  void carry_out(reply_effect& e) {
    auto who = callers_.take(e.to);
    e.to = who.theirs;
    if (who.account) {
      const auto* const reply = e.outcome ? std::get_if<queue::insert_reply>(&e.outcome.value()) : nullptr;
      if (reply != nullptr && who.share.contended() && refused_for_room(*reply)) e.outcome = errc::quota_contended;
      accounts_.done(std::move(who.account), who.share);
    }
    callers_.results_for(who.from).replies.push_back(std::move(e));
  }
  void carry_out(answer_effect& e) {
    auto who = callers_.take(e.to);
    if (who.account) return account_told(who, e);
    e.to = who.theirs;
    callers_.results_for(who.from).answers.push_back(std::move(e));
  }
  void carry_out(notify_effect& e) {
    auto& seen = std::get<queue::became_visible>(e.what);
    const auto at = watchers_.find(seen.queue);
    if (at != watchers_.end()) self_->send(at->second, became_takeable{std::move(seen.queue), seen.count});
  }
  void carry_out(usage_effect& e) { accounts_.holds(std::move(e.what)); }
  void carry_out(const role_effect& e) {
    for (const auto& [queue, watcher] : watchers_) self_->send(watcher, leadership{o_.shard.shard, e.leads});
  }
  /// A shard whose replica is not known, or has just ended, does not answer: the core asks again.
  void carry_out(call_effect& e) {
    if (e.to.value >= others_.size() || !others_[e.to.value]) return;
    auto& work = calls_[e.to];
    work.from = me();
    if (auto* const p = std::get_if<proposal>(&e.what)) work.proposals.push_back(std::move(*p));
    else work.questions.push_back(std::move(std::get<question>(e.what)));
  }

  // A group of one has nobody to say these to.
  void carry_out(const send_effect&) {}
  void carry_out(const pin_effect&) {}
  void carry_out(const unpin_effect&) {}
  void carry_out(const leader_effect&) {}
  void carry_out(const distrust_effect&) {}
  void carry_out(const timer_effect& e) { wanted_ = e.steady; }
  void carry_out(const damaged_effect& e) { out_of_service(e.why); }
  void carry_out(const time_ahead_effect& e) {
    const bool was = std::exchange(ahead_, e.ahead > duration{0});
    if (o_.metrics) o_.metrics->shard_time_ahead(o_.shard.shard, e.ahead);
    if (was == ahead_) return;
    const auto what = ahead_ ? shard_notice::kind::time_ahead : shard_notice::kind::time_met;
    if (o_.notice) o_.notice({what, o_.shard.shard, {}, e.ahead});
  }

  /// It keeps its files and its place in the tree, and refuses everything: another start would find the same.
  void out_of_service(const error& why) {
    damaged_ = true;
    quarantined_ = why == errc::unavailable;
    why_ = why.context.empty() ? std::string{to_string(why.code)} : why.context;
    if (o_.metrics) o_.metrics->shard_off(quarantined_, 1);
    const auto what = quarantined_ ? shard_notice::kind::quarantined : shard_notice::kind::damaged;
    if (o_.notice) o_.notice({what, o_.shard.shard, why_, {}});
  }

  /// A later time is not told at once: the tick that was asked for comes, is harmless, and asks anew. So a busy shard
  /// sends the ticker one message a tick, not one a drain.
  void rearm() {
    if (!wanted_ || (armed_ && *armed_ <= *wanted_)) return;
    armed_ = wanted_;
    self_->send(o_.helpers.ticker, wake_at{armed_, me()});
  }

  /// The last persist of a drain ends it: nothing is with the log writer, and nobody waits for an answer.
  void end_if_drained() {
    if (!stopping_ || flushing_ || sent_ != persisted_ || callers_.open() > 0) return;
    self_->quit();
  }

  [[nodiscard]] replica_state state() const {
    replica_state out;
    out.status.shard = o_.shard.shard;
    if (core_) out.status.replica = core_->status();
    out.status.replica.damaged = damaged_ && !quarantined_;
    out.status.replica.quarantined = quarantined_;
    out.status.running = core_ != nullptr && !damaged_;
    out.status.why = why_;
    out.disk_low = disk_.low;
    out.disk_stop = disk_.stop;
    return out;
  }

  shell<replica_shell>* self_;
  replica_actor_options o_;
  std::unique_ptr<replica> core_; ///< null until recovered
  replica_callers callers_;
  replica_accounts accounts_;
  std::map<load_id, load_effect> loads_; ///< with a reader
  std::unordered_map<queue_ref, caf::actor> watchers_;
  std::vector<caf::actor> others_;        ///< the replicas of this node, by shard
  std::map<shard_id, shard_work> calls_;  ///< of this drain
  move_counts counted_;                   ///< as metrics were told
  std::optional<duration> wanted_, armed_; ///< when the core wants a tick; when the ticker was asked for one
  persist_ticket sent_, persisted_;
  disk_state disk_;
  std::size_t inputs_ = 0;
  bool flushing_ = false, recovering_ = false, damaged_ = false, stopping_ = false, writer_busy_ = false;
  bool quarantined_ = false; ///< then damaged_, too
  bool ahead_ = false;       ///< the alarm of its time was told
  std::string why_;          ///< it is out of service
};

} // namespace

caf::actor spawn_replica_actor(caf::actor_system& system, replica_actor_options options) {
  return system.spawn(run_shell<replica_shell, replica_actor_options>, std::move(options));
}

} // namespace burrow
