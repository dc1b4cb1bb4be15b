#include "actors/replica_actor.hpp"

#include "actors/replica_shell.hpp"
#include "cluster/base/limits.hpp"

namespace burrow {

replica_shell::replica_shell(shell<replica_shell>* self, replica_actor_options options)
  : self_(self), o_(std::move(options)), accounts_(o_.shard.shard) {
  BURROW_ASSERT(o_.data != nullptr && o_.clock && !o_.helpers.readers.empty());
  self_->set_down_handler([this](const caf::down_msg& m) { down(m); });
  self_->send(o_.helpers.log_writer, fence{o_.shard.shard, o_.start, me()});
}

/// Its successor knows nothing of what was in flight.
replica_shell::~replica_shell() {
  for (auto& c : callers_.take_all())
    if (c.account) accounts_.done(std::move(c.account), c.share);
  accounts_.settle();
  if (o_.leader) o_.leader(o_.shard.shard, std::nullopt); // who leads it is not known here any more
  if (!o_.metrics) return;
  if (damaged_) o_.metrics->shard_off(quarantined_, -1);
  o_.metrics->shard_time_ahead(o_.shard.shard, duration{0});
  o_.metrics->moves(-static_cast<std::int64_t>(counted_.open), 0, 0);
}

caf::behavior replica_shell::behavior() {
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
    [this](const peer_said& m) { said(m); },
    [this](const node_suspect& m) { suspect(m); },
    [this](const wake_group&) { wake(); },
    [this](const change_group& m) { change(m); },
    [this](stop_atom) { stop(); },
  };
}

// ---- start ------------------------------------------------------------------------------------------------------

void replica_shell::ask_recovery() {
  recovering_ = true;
  self_->send(reader(), recover{o_.start, o_.shard, me()});
}

void replica_shell::begin(recovered& m) {
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

void replica_shell::work(shard_work& m) {
  if (o_.metrics) o_.metrics->shard_took(m.proposals.size(), m.questions.size());
  const auto at = now();
  if (m.account && !m.proposals.empty()) accounts_.know(m.proposals.front().what.queue.tenant, m.account);
  for (auto& p : m.proposals) propose(at, m, p);
  for (auto& q : m.questions) ask(at, m.from, q);
  inputs_ += m.proposals.size() + m.questions.size();
  if (inputs_ >= limits::drain_inputs_max) flush();
  else flush_later();
}

errc replica_shell::refused() const {
  if (damaged_) return errc::unavailable;
  if (stopping_) return errc::draining;
  return core_ ? errc::ok : errc::not_leader;
}

void replica_shell::propose(const clock_reading& at, const shard_work& with, proposal& p) {
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

void replica_shell::ask(const clock_reading& at, const caf::actor& from, question& q) {
  if (const auto why = refused(); why != errc::ok) {
    callers_.results_for(from).answers.push_back({q.from, why, {}});
    return;
  }
  q.from = callers_.add({from, q.from});
  core_->ask(at, std::move(q));
}

void replica_shell::open_account(const account_open& m) {
  accounts_.know(m.tenant, m.account);
  if (const auto why = refused(); why != errc::ok) return self_->send(m.from, account_opened{o_.shard.shard, why});
  const auto ours = callers_.add({m.from, {}, m.account});
  core_->ask(now(), {ours, {{m.tenant, {}}, queue::tenant_total{m.tenant}}, false});
  flush_later();
}

void replica_shell::account_told(const replica_callers::caller& who, const answer_effect& e) {
  if (!e.outcome) return self_->send(who.from, account_opened{o_.shard.shard, e.outcome.code()});
  const auto& items = std::get<queue::tenants_answer>(e.outcome.value()).items;
  queue::tenant_usage held;
  if (!items.empty()) held = {items[0].name, items[0].queues, items[0].bytes};
  who.account->settle(o_.shard.shard, {}, held);
  self_->send(who.from, account_opened{o_.shard.shard});
}

void replica_shell::take_loaded(loaded& m) {
  if (m.start != o_.start || !core_ || loads_.erase(m.id) == 0) return;
  core_->loaded(now(), m.id, std::move(*m.values));
  flush_later();
}

/// What other shards' replicas answered to calls.
void replica_shell::take_called(shard_results& m) {
  if (!core_) return;
  for (auto& r : m.replies) core_->called(now(), r.to, std::move(r.outcome));
  for (auto& a : m.answers) core_->called(now(), a.to, std::move(a.outcome));
  flush_later();
}

void replica_shell::set_watch(const watch& m) {
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

void replica_shell::down(const caf::down_msg& m) {
  std::erase_if(watchers_, [&](const auto& w) { return w.second.address() == m.source; });
}

/// What a reader had not answered when it ended is asked of its successor.
void replica_shell::set_services(const services& m) {
  const auto before = reader();
  const auto ticker_before = o_.helpers.ticker;
  o_.helpers = m;
  if (reader() != before) {
    if (recovering_) ask_recovery();
    for (const auto& [id, what] : loads_) self_->send(reader(), load{o_.start, what, me()});
  }
  if (m.ticker != ticker_before && armed_) self_->send(m.ticker, wake_at{armed_, me()});
}

void replica_shell::stop() {
  if (stopping_) return;
  stopping_ = true;
  if (!core_) return self_->quit();
  core_->drain(now());
  flush_later();
}

caf::actor spawn_replica_actor(caf::actor_system& system, replica_actor_options options) {
  return system.spawn(run_shell<replica_shell, replica_actor_options>, std::move(options));
}

} // namespace burrow
