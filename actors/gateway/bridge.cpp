#include "actors/gateway/bridge_state.hpp"

#include "actors/queue_request.hpp"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>

namespace burrow {
namespace {

constexpr unsigned tries_max = 5;
/// How long a request that was withdrawn is remembered, so that a claim that comes all the same is undone.
constexpr auto withdrawn_kept = std::chrono::seconds{5};
constexpr auto tick_every = std::chrono::seconds{1};

/// What a held request gets when nothing came.
std::shared_ptr<operation_result> nothing_came(const operation& what) {
  auto out = std::make_shared<operation_result>();
  if (std::holds_alternative<queue::list_messages>(what.what)) out->what = queue::messages_answer{};
  else out->what = queue::take_reply{};
  return out;
}

} // namespace

std::shared_ptr<operation_result> failed_result(error why) {
  auto out = std::make_shared<operation_result>();
  out->what = std::move(why);
  return out;
}

bridge_state::bridge_state(caf::event_based_actor* self, bridge_options options)
  : self_(self), options_(std::move(options)) {
  if (options_.forward.net)
    calls_ = std::make_unique<forward_calls>(options_.forward.net, caf::actor_cast<caf::actor>(self_));
}

caf::behavior bridge_state::make_behavior() {
  self_->set_down_handler([this](const caf::down_msg& down) {
    on_down(down);
    deliver();
  });
  self_->set_default_handler(caf::drop);
  return {
    [this](bridge_work& work) { on_work(work), deliver(); },
    [this](const completed& what) { on_completed(what), deliver(); },
    [this](const resolved& what) { on_resolved(what), deliver(); },
    [this](const shard_results& what) { on_results(what), deliver(); },
    [this](const replicas& what) { on_replicas(what), deliver(); },
    [this](const forward_in& what) { on_told(what), deliver(); },
    [this](const forward_lost& what) { on_lost(what), deliver(); },
    [this](bridge_again_atom) { on_again(), deliver(); },
    [this](bridge_tick_atom) { on_tick(), deliver(); },
    [this](drain_bridge_atom) { on_drain(), deliver(); },
  };
}

// ---- from and to the connections --------------------------------------------------------------------------------

void bridge_state::on_work(bridge_work& work) {
  for (const auto& one : work.begin) begin(one);
  for (const auto& one : work.withdraw) {
    if (const auto r = requests_.find(one->number); r != requests_.end() && r->second.owner == one) {
      withdraw(r->first, r->second, false);
      if (!is_read(*r->second.what)) continue;
      --r->second.queue->under_way; // nothing of it will have to be undone
      if (calls_) calls_->forget(r->first);
      requests_.erase(r);
    }
  }
  for (const auto& one : work.unclaim) {
    if (one->outcome) undo_claims(*one->outcome, *one->made.what);
  }
}

void bridge_state::begin(const call_ptr& what) {
  const auto& body = what->made.what->what;
  if (what->hops > 0) return start(what->made.what, what, nullptr); // its own bridge has done the rest
  if (std::holds_alternative<queue::list_queues>(body) || std::holds_alternative<queue::list_tenants>(body) ||
      std::holds_alternative<delete_queues>(body) || std::holds_alternative<delete_tenants>(body)) {
    return start_scatter(*this, what);
  }
  if (!what->made.match_meta.empty()) return start_take_by_meta(*this, what);
  if (start_set_rule(*this, what)) return;
  place_target(*what->made.what, options_.routing);
  start(what->made.what, what, nullptr);
}

void bridge_state::send(std::shared_ptr<operation> what, job_ptr job) {
  start(std::move(what), nullptr, std::move(job));
}

void bridge_state::start(std::shared_ptr<operation> what, call_ptr owner, job_ptr job) {
  const auto number = next_++;
  if (owner) owner->number = number;
  if (draining_) what->wait = duration{0};
  request r;
  r.held_until = now() + what->wait;
  r.deadline = r.held_until + options_.patience;
  if (owner && owner->hops > 0) {
    r.deadline = now() + owner->patience;
    r.hops = owner->hops;
    r.asked_by = owner->asked_by;
  }
  if (may_lead_elsewhere() && r.hops == 0) number_for_repeats(*what);
  r.what = std::move(what);
  r.owner = std::move(owner);
  r.job = std::move(job);
  place(number, requests_.emplace(number, std::move(r)).first->second);
  tick_soon();
}

void bridge_state::place(std::uint64_t number, request& r) {
  auto& q = queue_named(r.what->queue);
  r.queue = &q;
  ++q.under_way;
  if (r.what->wait > duration{0} && (r.attempts > 0 || r.tries > 0))
    r.what->wait = std::max(duration{0}, std::chrono::duration_cast<duration>(r.held_until - now()));
  if (may_lead_elsewhere() && place_elsewhere(number, r)) return;
  if (q.handle) {
    self_->send(q.handle, submit{number, r.what, caf::actor_cast<caf::actor>(self_)});
    return;
  }
  q.waiting.push_back(number);
  if (q.waiting.size() == 1) self_->send(options_.supervisor, resolve{q.name, caf::actor_cast<caf::actor>(self_)});
}

void bridge_state::withdraw(std::uint64_t number, request& r, bool answer) {
  if (r.withdrawn) return;
  if (r.what->client) r.what->client->gone = true;
  if (r.sent_to.value != 0) calls_->withdraw(number);
  else if (r.queue->handle) self_->send(r.queue->handle, burrow::withdraw{number, caf::actor_cast<caf::actor>(self_)});
  auto left = r;
  r.withdrawn = true;
  r.deadline = std::min(r.deadline, now() + withdrawn_kept);
  r.owner = nullptr;
  r.job = nullptr;
  if (answer) {
    left.queue = nullptr;
    end(std::move(left), nothing_came(*r.what));
  }
}

void bridge_state::finish(const call_ptr& what, std::shared_ptr<operation_result> outcome) {
  what->outcome = std::move(outcome);
  ready_.push_back(what);
}

void bridge_state::end(request r, std::shared_ptr<operation_result> outcome) {
  if (r.queue != nullptr) --r.queue->under_way;
  if (r.hops == 0) no_more_repeats(*r.what);
  // An error to a repeat says nothing of what was sent before.
  if (r.unsure && outcome->failed() != nullptr && outcome->failed()->code != errc::session_lost)
    outcome = failed_result(errc::unknown_outcome);
  if (r.withdrawn) return undo_claims(*outcome, *r.what);
  if (r.owner) finish(r.owner, std::move(outcome));
  else if (r.job) r.job->completed(*this, std::move(outcome));
}

void bridge_state::deliver() {
  if (!ready_.empty()) options_.deliver(std::exchange(ready_, {}));
  if (queues_.size() > options_.queues_max) drop_old_queues();
}

/// One command for each claim in it. What has moved on since is left alone by the queue.
void bridge_state::undo_claims(const operation_result& outcome, const operation& of) {
  auto claims = outcome.claimed_before;
  if (const auto* reply = std::get_if<queue::take_reply>(&outcome.what))
    for (auto& undo : undo_of(of, *reply, outcome.step)) claims.push_back(std::move(undo));
  for (auto& undo : claims) {
    auto what = std::make_shared<operation>();
    what->queue = of.queue;
    what->what = std::move(undo);
    start(std::move(what), nullptr, nullptr);
  }
}

// ---- queue actors -----------------------------------------------------------------------------------------------

bridge_state::known_queue& bridge_state::queue_named(const queue_ref& name) {
  const auto [at, added] = queues_.try_emplace(name);
  if (added) {
    used_.push_front(name);
    at->second.name = name;
    at->second.used = used_.begin();
  } else if (at->second.used != used_.begin()) {
    used_.splice(used_.begin(), used_, at->second.used);
  }
  return at->second;
}

void bridge_state::drop_old_queues() {
  auto at = used_.end();
  for (std::size_t looked = 0; looked < 64 && at != used_.begin() && queues_.size() > options_.queues_max; ++looked) {
    --at;
    const auto q = queues_.find(*at);
    if (q->second.under_way > 0 || !q->second.waiting.empty()) continue;
    if (q->second.handle) {
      self_->demonitor(q->second.handle);
      by_address_.erase(q->second.handle.address());
    }
    queues_.erase(q);
    at = used_.erase(at);
  }
}

void bridge_state::on_resolved(const resolved& what) {
  const auto at = queues_.find(what.queue);
  if (at == queues_.end() || at->second.handle) return;
  auto& q = at->second;
  const auto waiting = std::exchange(q.waiting, {});
  if (what.handle.ok()) {
    q.handle = what.handle.value();
    by_address_[q.handle.address()] = q.name;
    self_->monitor(q.handle);
  }
  for (const auto number : waiting) {
    const auto r = requests_.find(number);
    if (r == requests_.end()) continue;
    if (r->second.withdrawn || !what.handle.ok()) {
      auto node = requests_.extract(r);
      end(std::move(node.mapped()), failed_result(what.handle.ok() ? error{errc::timed_out} : what.handle.error()));
    } else {
      self_->send(q.handle, submit{number, r->second.what, caf::actor_cast<caf::actor>(self_)});
    }
  }
}

void bridge_state::on_completed(const completed& what) {
  for (const auto& [number, outcome] : what.items) {
    if (may_lead_elsewhere() && goes_on(number, *outcome, {})) continue;
    auto node = requests_.extract(number);
    if (!node.empty()) end(std::move(node.mapped()), outcome);
  }
}

void bridge_state::on_down(const caf::down_msg& down) {
  if (const auto at = by_address_.find(down.source); at != by_address_.end()) {
    const auto q = queues_.find(at->second);
    by_address_.erase(at);
    if (q != queues_.end()) queue_lost(q->second, down.reason == caf::exit_reason::normal);
    return;
  }
  // A replica actor: its successor has another handle, which the next tick asks for.
  for (auto& [number, q] : questions_) q.sent = q.sent && q.elsewhere;
  forget_replicas();
}

void bridge_state::queue_lost(known_queue& q, bool passivated) {
  q.handle = nullptr;
  std::vector<std::uint64_t> numbers;
  if (q.under_way > 0) {
    for (const auto& [number, r] : requests_)
      if (r.queue == &q && is_under_way_here(r)) numbers.push_back(number);
  }
  std::sort(numbers.begin(), numbers.end()); // in the order in which they came
  for (const auto number : numbers) {
    const auto at = requests_.find(number);
    auto& r = at->second;
    // A passivated actor had begun none of it.
    const bool once_more = (passivated || may_repeat(*r.what)) && ++r.tries <= tries_max && !r.withdrawn;
    if (once_more) {
      if (!passivated) is_unsure(r);
      --q.under_way;
      place(number, r);
    } else {
      auto node = requests_.extract(at);
      const bool unchanged = passivated || is_read(*node.mapped().what);
      end(std::move(node.mapped()), failed_result(unchanged ? errc::unavailable : errc::unknown_outcome));
    }
  }
  // Forgotten, or a bridge would remember every queue that was ever used; the next request resolves it anew.
  if (q.under_way > 0) return;
  used_.erase(q.used);
  queues_.erase(queue_ref{q.name});
}

// ---- shards -----------------------------------------------------------------------------------------------------

void bridge_state::ask(shard_id shard, decltype(queue::query::what) what, job_ptr job) {
  questions_.emplace(next_++, question_entry{shard, std::move(what), std::move(job),
                                             now() + options_.patience});
  ask_all_unsent();
  tick_soon();
}

void bridge_state::ask_all_unsent() {
  bool here = false;
  for (auto& [number, q] : questions_) {
    if (q.sent || (may_lead_elsewhere() && ask_elsewhere(number, q))) continue;
    here = true;
    if (q.shard.value < replicas_.size() && replicas_[q.shard.value]) ask_replica(number, q);
  }
  if (here && replicas_.empty() && !std::exchange(replicas_asked_, true))
    self_->send(options_.supervisor, get_replicas{caf::actor_cast<caf::actor>(self_)});
}

void bridge_state::ask_replica(std::uint64_t number, question_entry& q) {
  q.sent = true;
  q.elsewhere = false;
  shard_work work;
  question one;
  one.from = cookie{number};
  one.what.what = q.what;
  work.questions.push_back(std::move(one));
  work.from = caf::actor_cast<caf::actor>(self_);
  self_->send(replicas_[q.shard.value], std::move(work));
}

void bridge_state::forget_replicas() {
  for (const auto& r : replicas_) {
    if (r) self_->demonitor(r);
  }
  replicas_.clear();
}

void bridge_state::on_replicas(const replicas& what) {
  replicas_asked_ = false;
  forget_replicas();
  replicas_ = what.by_shard;
  for (const auto& r : replicas_) {
    if (r) self_->monitor(r);
  }
  ask_all_unsent();
}

void bridge_state::on_results(const shard_results& what) {
  for (const auto& a : what.answers) {
    if (!may_lead_elsewhere() || !goes_on(a.to.value, a.outcome)) answer(a.to.value, a.outcome);
  }
}

void bridge_state::answer(std::uint64_t number, result<queue::answer> outcome) {
  auto node = questions_.extract(number);
  if (!node.empty()) node.mapped().job->answered(*this, node.mapped().shard, std::move(outcome));
}

// ---- time -------------------------------------------------------------------------------------------------------

void bridge_state::tick_soon() {
  if (!std::exchange(ticking_, true)) self_->delayed_send(self_, tick_every, bridge_tick_atom::value);
}

void bridge_state::on_tick() {
  ticking_ = false;
  const auto at = now();
  std::vector<std::uint64_t> late;
  for (const auto& [number, r] : requests_) {
    if (r.deadline <= at) late.push_back(number);
  }
  for (const auto number : late) {
    auto node = requests_.extract(number);
    if (node.empty()) continue;
    auto& r = node.mapped();
    // Not sent yet, or a read: nothing was done. Else nobody knows.
    const bool unsent = r.sent_to.value == 0 && (!r.queue->handle || !is_under_way_here(r)) && !r.unsure;
    const auto code = unsent || is_read(*r.what) ? errc::timed_out : errc::unknown_outcome;
    if (unsent) std::erase(r.queue->waiting, number);
    if (calls_) calls_->forget(number);
    end(std::move(r), failed_result(code));
  }
  late.clear();
  for (const auto& [number, q] : questions_) {
    if (q.deadline <= at) late.push_back(number);
  }
  for (const auto number : late) {
    if (calls_) calls_->forget(number);
    answer(number, errc::timed_out);
  }
  const auto unsent = [](const auto& q) { return !q.second.sent; };
  if (std::any_of(questions_.begin(), questions_.end(), unsent)) {
    forget_replicas(); // some had no actor
    replicas_asked_ = false;
    ask_all_unsent();
  }
  if (!requests_.empty() || !questions_.empty()) tick_soon();
}

void bridge_state::on_drain() {
  draining_ = true;
  std::vector<std::uint64_t> held;
  for (const auto& [number, r] : requests_) {
    if (r.what->wait.count() > 0) held.push_back(number);
  }
  for (const auto number : held) {
    if (const auto r = requests_.find(number); r != requests_.end()) withdraw(number, r->second, true);
  }
}

caf::actor spawn_bridge(caf::actor_system& system, bridge_options options) {
  return system.spawn([](caf::stateful_actor<std::shared_ptr<bridge_state>>* self, bridge_options given) {
    self->state = std::make_shared<bridge_state>(self, std::move(given));
    return self->state->make_behavior();
  }, std::move(options));
}

} // namespace burrow
