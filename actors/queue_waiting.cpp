// Requests that are held until something matches (contract section 6): the longest-waiting taker is served first, one
// new message wakes one taker and every reader, and whoever has gone is passed over.
#include "actors/queue_shell.hpp"

#include "cluster/base/limits.hpp"

#include <algorithm>

namespace burrow {
namespace {

/// While something hidden becomes visible later, the queue is looked at again at least so often, and never more often.
constexpr duration look_every_max{1000}, look_every_min{10};

} // namespace

budget_share queue_shell::waiter_share() {
  auto& budget = o_.common->budget;
  budget_share out{budget, &tenant_budget::waiters, budget->waiters_max};
  if (!out.held() && o_.common->metrics) o_.common->metrics->refused(refusal::too_many_waiters);
  return out;
}

bool queue_shell::seated(key k) {
  auto& seat = at(k).what->seat;
  if (seat && !seat->held()) *seat = waiter_share();
  return !seat || seat->held();
}

/// Nothing matched: the request is held, in the place that its arrival gives it.
void queue_shell::hold(key k) {
  auto& r = at(k);
  if (client_gone(r)) return finish(k, errc::timed_out);
  if (stopping_ || r.deadline <= now()) return finish(k, empty_result(*r.what, queue_exists_));
  if (!r.waiter) {
    r.share = r.what->seat ? budget_share{} : waiter_share();
    if (!r.what->seat && !r.share.held()) return finish(k, errc::too_many_waiters);
    r.waiter = true;
    ++waiters_;
    if (o_.common->metrics) o_.common->metrics->waiters(1);
  }
  r.stage = request_stage::waiting;
  r.retry_until = duration{0};
  end_key(r); // who waits is not running
  r.further = false;
  r.counted = r.found = r.step = 0;
  r.below.reset();
  r.lifo.reset();
  next_deadline_ = std::min(next_deadline_, r.deadline);
  const bool taker = std::holds_alternative<queue::take>(r.what->what);
  (taker ? takers_ : readers_).insert(k);
  // A notice that overtook the answer is not lost.
  if (r.notices_seen == notices_) return;
  if (taker) wake_takers(1);
  else wake_readers();
}

/// A take was proposed and found nothing: besides being held, somebody has to learn when a hide ends.
void queue_shell::empty_handed(key k) {
  hold(k);
  if (anyone_waits() && !look_at_) own_look();
}

void queue_shell::ensure_watch() {
  if (watching_ || replica_lost_) return;
  watching_ = true;
  self_->send(o_.replica, watch{o_.queue, true, me()});
}

void queue_shell::on_takeable(std::uint64_t count) {
  ++notices_;
  wake_readers();
  wake_takers(count);
  if (waiters_ == 0 && requests_.empty() && watching_) {
    watching_ = false;
    self_->send(o_.replica, watch{o_.queue, false, me()});
  }
}

/// Serves as many takers as `count` messages can satisfy, the longest-waiting first.
void queue_shell::wake_takers(std::uint64_t count) {
  wakes_ += count;
  for (auto next = takers_.begin(); wakes_ > 0 && next != takers_.end() && !replica_lost_;) {
    const auto k = *next;
    auto& r = at(k);
    // It repeats a request that is on its way: it goes on when that one is answered.
    if (running_.contains(key_of(*r.what))) {
      ++next;
      continue;
    }
    next = takers_.erase(next);
    if (client_gone(r)) {
      finish(k, errc::timed_out);
      continue;
    }
    const auto limit = std::get<queue::take>(r.what->what).limit;
    wakes_ -= std::min<std::uint64_t>(wakes_, std::max<std::uint32_t>(limit, 1));
    propose(k);
  }
  wakes_ = 0;
}

/// Of the same key and held, too: the answer is there now. One at a time, since each is running until it is answered.
void queue_shell::wake_same_key(const std::string& idempotency_key) {
  if (replica_lost_ || running_.contains(idempotency_key)) return;
  const auto same = std::ranges::find_if(takers_, [&](key k) { return key_of(*at(k).what) == idempotency_key; });
  if (same == takers_.end()) return;
  const auto k = *same;
  takers_.erase(same);
  propose(k);
}

/// The log tells a repeat from the first request, but can answer it only when that one is applied: so it is told to
/// come again. Forgotten with this actor, and no harm done: what counts is in the log.
bool queue_shell::begin_key(key k) {
  auto& r = at(k);
  const auto [running, added] = running_.try_emplace(key_of(*r.what), k);
  // Copies of one operation are told apart from others by the log, and are no business of their client's.
  if (!added && is_same_operation(*at(running->second).what, *r.what)) return true;
  if (!added && running->second != k) {
    if (o_.common->metrics) o_.common->metrics->deduped(dedupe::running);
    finish(k, errc::idempotency_in_progress);
    return false;
  }
  r.keyed = true;
  return true;
}

void queue_shell::end_key(queue_request& r) {
  if (std::exchange(r.keyed, false)) running_.erase(key_of(*r.what));
}

void queue_shell::wake_readers() {
  if (replica_lost_) return;
  for (const auto k : std::exchange(readers_, {})) {
    at(k).notices_seen = notices_;
    ask(k, *query_of(at(k)));
  }
}

void queue_shell::own_look() {
  if (looking_ || replica_lost_) return;
  looking_ = true;
  outgoing_.questions.push_back({{0}, {o_.queue, queue::look{}}, false});
  flush_later();
}

void queue_shell::on_look(key k, const queue::look_answer& a) {
  queue_exists_ = a.queue_exists;
  if (k == 0) {
    // Something that no notice spoke of, or that those who wait do not match: not asked about all the time. Without
    // it and without a time, nothing is hidden, and a notice will come.
    if (a.maybe || a.next_visible != no_instant) look_again_at(a.next_visible);
    if (!a.maybe) return;
    wake_readers();
    wake_takers(1);
    return;
  }
  if (a.maybe) return propose(k);
  auto& r = at(k);
  if (!can_wait(*r.what)) return finish(k, empty_result(*r.what, a.queue_exists));
  hold(k);
  if (a.next_visible != no_instant) look_again_at(a.next_visible);
}

/// The shard's time and this node's wall clock may differ a little: a look that comes too early sets the next.
void queue_shell::look_again_at(instant next_visible) {
  auto in = look_every_max;
  if (next_visible != no_instant)
    in = std::clamp(next_visible - o_.common->clock().wall + duration{1}, look_every_min, look_every_max);
  look_at_ = now() + in;
}

void queue_shell::withdraw_one(const withdraw& m) {
  for (auto* held : {&takers_, &readers_}) {
    const auto found = std::ranges::find_if(*held, [&](key k) {
      return at(k).number == m.number && at(k).from == m.from;
    });
    if (found == held->end()) continue;
    requests_.erase(*found);
    held->erase(found);
    --waiters_;
    if (o_.common->metrics) o_.common->metrics->waiters(-1);
    return;
  }
}

/// Where the shard leads now they are served within what is left of their time.
void queue_shell::hand_back() {
  if (!o_.common->led_by) return;
  for (auto* held : {&takers_, &readers_})
    for (const auto k : std::exchange(*held, {})) finish(k, errc::not_leader);
}

void queue_shell::expire_waiters(duration at_now) {
  next_deadline_ = duration::max();
  for (auto* held : {&takers_, &readers_}) {
    for (auto i = held->begin(); i != held->end();) {
      auto& r = at(*i);
      if (r.deadline > at_now) {
        next_deadline_ = std::min(next_deadline_, r.deadline);
        ++i;
        continue;
      }
      finish(*i, empty_result(*r.what, queue_exists_));
      i = held->erase(i);
    }
  }
}

} // namespace burrow
