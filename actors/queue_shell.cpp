#include "actors/queue_shell.hpp"

#include "cluster/base/limits.hpp"

#include <algorithm>

namespace burrow {
namespace {

/// Others in flight are done in a moment: about what a few entries take.
constexpr duration contended_pause{10};

} // namespace

queue_shell::queue_shell(shell<queue_shell>* self, queue_actor_options options)
  : self_(self), o_(std::move(options)), worked_at_(now()) {
  BURROW_ASSERT(o_.common && o_.common->budget && o_.replica);
  if (o_.common->metrics) o_.common->metrics->queue_actors(1);
  self_->set_down_handler([this](const caf::down_msg& m) { down(m); });
  self_->monitor(o_.replica);
  self_->monitor(o_.supervisor);
  rearm();
}

queue_shell::~queue_shell() {
  // What watches an actor stays with it until that one ends, and these two outlive many of us (caf.md section 4).
  self_->demonitor(o_.replica);
  self_->demonitor(o_.supervisor);
  if (!o_.common->metrics) return;
  o_.common->metrics->queue_actors(-1);
  o_.common->metrics->waiters(-static_cast<int>(waiters_));
}

caf::behavior queue_shell::behavior() {
  return {
    [this](submit& m) { take_in(m); },
    [this](flush_atom) {
      flushing_ = false;
      flush();
    },
    [this](shard_results& m) { on_results(m); },
    [this](const became_takeable& m) {
      on_takeable(m.count);
      flush();
    },
    [this](tick_atom) { tick(); },
    [this](const make_room& m) { end_if_idle(m.idle_for); },
    [this](const withdraw& m) { withdraw_one(m); },
    [this](const leadership& m) { // those in flight are told by the replica
      if (!m.leads) hand_back();
      flush();
    },
    [this](const replicas& m) { adopt(m); },
    [this](const services& m) {
      o_.ticker = m.ticker;
      armed_.reset();
      rearm();
    },
    [this](stop_atom) { stop(); },
  };
}

errc queue_shell::refused(const operation& what) const {
  if (stopping_) return errc::draining;
  const auto rank = rank_of(what);
  const auto inflight = requests_.size() - waiters_;
  return inflight < places_for(rank, o_.common->inflight_max) ? errc::ok : errc::busy;
}

void queue_shell::take_in(submit& m) {
  const auto k = ++last_key_;
  auto& budget = o_.common->budget;
  const auto why = refused(*m.what);
  auto& r = requests_[k];
  r.number = m.number;
  r.from = std::move(m.from);
  r.what = std::move(m.what);
  flush_later();
  if (why == errc::ok)
    r.share = {budget, &tenant_budget::inflight, places_for(rank_of(*r.what), budget->inflight_max)};
  if (why == errc::ok && r.share.held()) return seated(k) ? begin(k) : finish(k, errc::too_many_waiters);
  if (o_.common->metrics) o_.common->metrics->refused(why == errc::draining ? refusal::draining : refusal::busy);
  finish(k, why == errc::ok ? errc::busy : why);
}

void queue_shell::begin(key k) {
  auto& r = at(k);
  if (client_gone(r)) return finish(k, errc::timed_out);
  if (can_wait(*r.what)) {
    // The watch is in place before the look: what comes after the look is noticed.
    ensure_watch();
    if (r.deadline == duration{0}) r.deadline = now() + r.what->wait;
  }
  r.notices_seen = notices_;
  if (replica_lost_) return retry_later(k);
  if (auto query = query_of(r)) return ask(k, std::move(*query));
  if (may_look_first(r) && !takeable_) return look(k);
  propose(k);
}

void queue_shell::look(key k) {
  at(k).stage = request_stage::looking;
  const auto* take = std::get_if<queue::take>(&at(k).what->what);
  outgoing_.questions.push_back({{k}, {o_.queue, queue::look{take->match_hidden, take->idempotency_key}}, false});
}

void queue_shell::ask(key k, queue::query what) {
  at(k).stage = request_stage::asking;
  outgoing_.questions.push_back({{k}, std::move(what), at(k).what->want_bodies});
}

/// The last moment to see that nobody listens any more: for such a client nothing is claimed or removed.
void queue_shell::propose(key k) {
  auto& r = at(k);
  if (client_gone(r)) return finish(k, errc::timed_out);
  if (!key_of(*r.what).empty() && !begin_key(k)) return;
  if (with_replica_ >= o_.common->window) {
    r.stage = request_stage::lined_up;
    return lined_up_.push_back(k);
  }
  auto command = command_of(r);
  if (!command) return finish(k, errc::invalid_parameter);
  r.stage = request_stage::proposing;
  r.notices_seen = notices_;
  ++with_replica_;
  outgoing_.proposals.push_back({{k}, std::move(*command), r.what->bodies, r.what->want_bodies});
}

void queue_shell::fill_window() {
  while (!lined_up_.empty() && with_replica_ < o_.common->window) {
    const auto k = lined_up_.front();
    lined_up_.pop_front();
    propose(k);
  }
}

void queue_shell::on_results(shard_results& m) {
  for (auto& reply : m.replies) on_reply(reply);
  for (auto& answer : m.answers) on_answer(answer);
  fill_window();
  flush();
}

void queue_shell::on_reply(reply_effect& m) {
  const auto k = m.to.value;
  const auto found = requests_.find(k);
  if (found == requests_.end() || found->second.stage != request_stage::proposing) return; // of a replica that is gone
  --with_replica_;
  if (!m.outcome) {
    const auto code = m.outcome.code();
    // Nothing was done, and it may be possible in a moment: where the shard leads, or led a moment ago.
    if (code == errc::not_leader || code == errc::transferring) return not_led(k);
    if (code == errc::quota_contended) {
      queue_exists_ = false; // it was looked for, or nobody knows
      return retry_later(k, errc::busy, contended_pause);
    }
    return finish(k, m.outcome.error());
  }
  auto& reply = m.outcome.value();
  if (const auto* refused = std::get_if<queue::refused_reply>(&reply)) {
    if (o_.common->metrics && refused->problem == errc::session_lost) o_.common->metrics->repeat(repeated::lost);
    return finish(k, refused->problem);
  }
  if (o_.common->metrics && m.repeated) o_.common->metrics->repeat(repeated::answered);
  else if (o_.common->metrics) count_rules(*o_.common->metrics, reply);
  // It was done, but what it took cannot be shown any more.
  if (m.repeated && lacks_messages(*at(k).what, reply)) return finish(k, errc::unknown_outcome);
  if (auto* taken = std::get_if<queue::take_reply>(&reply)) return on_take(k, m, *taken);
  bool visible_left = false;
  if (const auto* put = std::get_if<queue::insert_reply>(&reply)) note_inserted(*put);
  if (const auto* targets = std::get_if<queue::targets_reply>(&reply)) visible_left = targets->visible_left;
  operation_result out;
  std::visit(
    [&]<class T>(T& x) {
      if constexpr (std::is_constructible_v<decltype(out.what), T&&>) out.what = std::move(x);
    },
    reply);
  out.bodies = std::move(m.bodies);
  finish(k, std::move(out));
  if (visible_left) wake_takers(1); // a release, or room below max_claimed
}

void queue_shell::note_inserted(const queue::insert_reply& r) {
  for (const auto& item : r.items) {
    if (item.status != queue::insert_status::failed) queue_exists_ = true;
    else if (item.problem == errc::quota_exceeded) queue_exists_ = false;
  }
}

void queue_shell::on_take(key k, reply_effect& m, queue::take_reply& r) {
  if (!r.replayed) queue_exists_ = r.queue_exists;
  takeable_ = r.visible_left && (r.count > 0 || r.replayed);
  if (take_goes_on(at(k), r)) return propose(k);
  const bool left = takeable_;
  const std::string key_of_it = key_of(*at(k).what);
  if (r.count == 0 && r.problem == errc::ok && !r.replayed && !m.repeated && can_wait(*at(k).what)) {
    empty_handed(k);
  } else {
    operation_result out{std::move(r), std::move(m.bodies), 0};
    out.step = at(k).step;
    finish(k, std::move(out));
    if (!key_of_it.empty()) wake_same_key(key_of_it);
  }
  if (left) wake_takers(1);
}

void queue_shell::on_answer(answer_effect& m) {
  const auto k = m.to.value;
  if (k == 0) {
    looking_ = false;
    if (m.outcome) return on_look(0, std::get<queue::look_answer>(m.outcome.value()));
    if (led_elsewhere()) hand_back();
    return look_again_at(no_instant);
  }
  const auto found = requests_.find(k);
  if (found == requests_.end()) return;
  auto& r = found->second;
  if (r.stage != request_stage::looking && r.stage != request_stage::asking) return;
  if (!m.outcome) {
    const auto code = m.outcome.code();
    if (code == errc::not_leader || code == errc::transferring) return not_led(k);
    return finish(k, m.outcome.error());
  }
  auto& answer = m.outcome.value();
  if (const auto* seen = std::get_if<queue::look_answer>(&answer)) return on_look(k, *seen);
  if (const auto* list = std::get_if<queue::messages_answer>(&answer))
    if (is_to_wait(*r.what, *list)) return hold(k);
  operation_result out;
  if (std::holds_alternative<queue::stats_answer>(answer)) out.waiters = waiters_;
  std::visit(
    [&]<class T>(T& x) {
      if constexpr (std::is_constructible_v<decltype(out.what), T&&> && !std::is_same_v<T, queue::look_answer>)
        out.what = std::move(x);
    },
    answer);
  out.bodies = std::move(m.bodies);
  finish(k, std::move(out));
}

void queue_shell::finish(key k, operation_result what) {
  const auto found = requests_.find(k);
  auto& r = found->second;
  auto line = std::ranges::find(answers_, r.from, [](const auto& a) -> const caf::actor& { return a.first; });
  if (line == answers_.end()) line = answers_.insert(line, {r.from, completed{}});
  what.claimed_before = std::move(r.claimed);
  end_key(r);
  line->second.items.emplace_back(r.number, std::make_shared<operation_result>(std::move(what)));
  if (r.waiter) {
    --waiters_;
    if (o_.common->metrics) o_.common->metrics->waiters(-1);
  }
  requests_.erase(found);
}

void queue_shell::flush_later() {
  if (flushing_) return;
  flushing_ = true;
  self_->send(self_, flush_atom_v);
}

void queue_shell::flush() {
  worked_at_ = now();
  send_out();
}

void queue_shell::send_out() {
  if (!replica_lost_ && (!outgoing_.proposals.empty() || !outgoing_.questions.empty())) {
    outgoing_.from = me();
    outgoing_.account = o_.common->account;
    outgoing_.queue_exists = queue_exists_;
    self_->send(o_.replica, std::exchange(outgoing_, {}));
  }
  for (auto& [to, what] : answers_) self_->send(to, std::move(what));
  answers_.clear();
  if (stopping_ && requests_.empty()) return self_->quit();
  rearm();
}

// ---- a replica that cannot, or is gone ----------------------------------------------------------------------------

void queue_shell::retry_later(key k, errc at_last, duration pause) {
  auto& r = at(k);
  const auto at_now = now();
  if (r.retry_until == duration{0}) r.retry_until = at_now + o_.common->retry_for;
  if (r.retry_until <= at_now) return finish(k, r.counted > 0 ? errc::unknown_outcome : at_last);
  r.stage = request_stage::retrying;
  retrying_.push_back(k);
  retry_at_ = std::min(retry_at_.value_or(duration::max()), at_now + pause);
}

void queue_shell::not_led(key k) {
  if (!led_elsewhere()) return retry_later(k); // it led a moment ago, or will in another
  // Of several steps those before this one are done, and must not be done again.
  finish(k, at(k).counted > 0 ? errc::unknown_outcome : errc::not_leader);
}

void queue_shell::retry_all() {
  for (const auto k : std::exchange(retrying_, {})) {
    const auto found = requests_.find(k);
    if (found == requests_.end() || found->second.stage != request_stage::retrying) continue;
    if (replica_lost_) retry_later(k);
    else if (found->second.further) propose(k);
    else begin(k);
  }
}

void queue_shell::down(const caf::down_msg& m) {
  if (m.source == o_.supervisor.address()) return self_->quit(caf::exit_reason::user_shutdown);
  if (m.source != o_.replica.address() || replica_lost_) return;
  replica_lost_ = true;
  watching_ = looking_ = takeable_ = false;
  // What was not sent yet was certainly not done; what was sent may have been.
  for (const auto& p : outgoing_.proposals) at(p.from.value).stage = request_stage::retrying;
  outgoing_ = {};
  with_replica_ = 0;
  lined_up_.clear();
  std::vector<key> keys;
  for (const auto& [k, r] : requests_)
    if (r.stage != request_stage::waiting) keys.push_back(k);
  std::ranges::sort(keys);
  retrying_.clear();
  for (const auto k : keys) {
    if (at(k).stage == request_stage::proposing) finish(k, errc::unknown_outcome);
    else retry_later(k);
  }
  retry_at_ = now() + limits::tick;
  flush();
}

void queue_shell::adopt(const replicas& m) {
  if (!replica_lost_ || o_.shard.value >= m.by_shard.size()) return;
  const auto& fresh = m.by_shard[o_.shard.value];
  if (!fresh || fresh == o_.replica) return; // not restarted yet: asked again at the next tick
  o_.replica = fresh;
  replica_lost_ = false;
  self_->monitor(o_.replica);
  if (anyone_waits()) {
    ensure_watch();
    own_look();
  }
  retry_all();
  flush();
}

void queue_shell::stop() {
  stopping_ = true;
  for (const auto& held : {takers_, readers_})
    for (const auto k : held) finish(k, empty_result(*at(k).what, queue_exists_));
  takers_.clear();
  readers_.clear();
  flush();
}

// ---- time -----------------------------------------------------------------------------------------------------------

void queue_shell::tick() {
  armed_.reset();
  const auto at_now = now();
  if (next_deadline_ <= at_now) expire_waiters(at_now);
  if (retry_at_ && *retry_at_ <= at_now) {
    retry_at_.reset();
    if (replica_lost_) {
      self_->send(o_.common->nodes_supervisor, get_replicas{me()});
      retry_at_ = at_now + limits::tick;
    }
    retry_all();
  }
  if (look_at_ && *look_at_ <= at_now) {
    look_at_.reset();
    if (anyone_waits()) own_look();
  }
  if (end_if_idle(o_.common->passivate_after)) return;
  send_out(); // a tick alone is no work
}

/// Only when nothing of what was sent here is begun and not answered: then nothing has to be said at the end.
bool queue_shell::end_if_idle(duration idle_for) {
  if (!requests_.empty() || !answers_.empty() || flushing_ || worked_at_ + idle_for > now()) return false;
  self_->quit();
  return true;
}

void queue_shell::rearm() {
  auto first = requests_.empty() ? worked_at_ + o_.common->passivate_after : duration::max();
  if (anyone_waits()) first = std::min(first, next_deadline_);
  if (anyone_waits() && look_at_) first = std::min(first, *look_at_);
  if (retry_at_ && (!requests_.empty() || replica_lost_)) first = std::min(first, *retry_at_);
  if (first == duration::max() || (armed_ && *armed_ <= first)) return;
  armed_ = first;
  self_->send(o_.ticker, wake_at{first, me()});
}

caf::actor spawn_queue_actor(caf::event_based_actor& parent, queue_actor_options options) {
  return parent.spawn<caf::monitored>(run_shell<queue_shell, queue_actor_options>, std::move(options));
}

} // namespace burrow
