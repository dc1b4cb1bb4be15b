// Moves between shards, as far as a leader drives them: what leaves is read and handed over, what has arrived is logged
// as left, tasks get their steps. It keeps nothing that the state does not have (mover.hpp).
#include "cluster/replica/impl.hpp"

#include <algorithm>

namespace burrow {
namespace {

using namespace std::chrono_literals;
constexpr std::uint64_t own_bit = std::uint64_t{1} << 63; // cookies of the shell do not have it
constexpr duration retry_task{200};

const std::vector<queue::move_key>* moves_of(const queue::reply& reply) {
  if (const auto* const r = std::get_if<queue::targets_reply>(&reply)) return &r->moves;
  if (const auto* const r = std::get_if<queue::take_reply>(&reply)) return &r->moves;
  return nullptr;
}

} // namespace

// ---- what is given to whoever asked -------------------------------------------------------------------------------

void replica::impl::expect_moves(cookie who, const queue::reply& reply) {
  const auto* const begun = moves_of(reply);
  if (begun != nullptr && !begun->empty()) held_answers.expect(who, *begun, now.steady + limits::move_answer_max);
}

void replica::impl::deliver(reply_effect reply) {
  if (auto now_due = held_answers.add(std::move(reply))) effects.push_back(std::move(*now_due));
}

void replica::impl::deliver(answer_effect answer) {
  if ((answer.to.value & own_bit) == 0) {
    effects.push_back(std::move(answer));
    return;
  }
  const auto at = own_questions.find(answer.to);
  if (at == own_questions.end()) return;
  const auto what = at->second;
  own_questions.erase(at);
  if (const auto* const to = std::get_if<shard_id>(&what)) leaving_read(*to, std::move(answer));
  else task_looked(std::get<queue::task_id>(what), answer.outcome);
}

void replica::impl::push_all(std::vector<reply_effect> replies) {
  for (auto& r : replies) effects.push_back(std::move(r));
}

void replica::impl::ask_own(queue::query what, bool want_bodies, std::variant<shard_id, queue::task_id> why) {
  const cookie from{++last_own | own_bit};
  own_questions.emplace(from, why);
  questions.push_back({{from, std::move(what), want_bodies}, {}, {}});
  unread.push_back(std::prev(questions.end()));
}

// ---- driving ------------------------------------------------------------------------------------------------------

void replica::impl::forget_moves() {
  moves.clear();
  driven.clear();
  own_questions.clear();
  name_calls.clear();
  push_all(held_answers.take_all());
}

bool replica::impl::drive_moves() {
  push_all(held_answers.overdue(now.steady));
  if (!serves || damaged || draining) return false;
  moves.give_up_late(now.steady);
  give_up_late_tasks();
  bool reads = false;
  while (const auto next = moves.next_read(now.steady)) {
    ask_own({{}, queue::list_leaving{next->to, next->after}}, true, next->to);
    reads = true;
  }
  while (flight.size() < limits::inflight_entries_max && may_propose()) {
    auto done = moves.take_settled();
    if (!done) break;
    propose_own({{}, {}, queue::left{done->to, std::move(done->numbers)}});
  }
  return reads;
}

bool replica::impl::may_propose() const {
  const auto s = core.status();
  return s.leads && !s.transferring;
}

bool replica::impl::propose_own(queue::command what) {
  if (!may_propose()) return false;
  auto local = std::make_shared<local_entry>();
  local->command.now = shard_now();
  local->command.what.commands.push_back(std::move(what));
  std::vector<raft::command_bytes> entries;
  entries.push_back(encode_entry(std::move(local), {}));
  propose(std::move(entries));
  return true;
}

/// An entry that this leadership proposed by itself is applied.
void replica::impl::own_applied(const queue::command& what) {
  if (const auto* const left = std::get_if<queue::left>(&what.what)) {
    const mover::settled done{left->to, left->numbers};
    moves.left(done);
    counted.moves_left += left->numbers.size();
    push_all(held_answers.left(done));
  } else if (std::holds_alternative<queue::clock>(what.what)) {
    clock_in_flight = false;
  } else if (const auto* const step = std::get_if<queue::redrive_step>(&what.what)) {
    driven.erase(step->task);
  }
}

void replica::impl::leaving_read(shard_id to, answer_effect answer) {
  auto* const page = answer.outcome ? std::get_if<queue::leaving_answer>(&answer.outcome.value()) : nullptr;
  if (page == nullptr) return moves.read_failed(to, now.steady);
  queue::arrive what{options.shard, page->done_below, {}};
  std::vector<shared_bytes> bodies_out;
  std::map<queue::move_number, std::size_t> at;
  for (std::size_t i = 0; i < page->items.size(); ++i) at.emplace(page->items[i].number, i);
  what.items = moves.read_done(to, std::move(page->items), page->more);
  if (what.items.empty()) return;
  std::vector<queue::move_number> numbers;
  std::size_t bytes = 0;
  for (auto& item : what.items) {
    auto& body = item.what.body;
    body.index = {};
    body.n = static_cast<std::uint32_t>(bodies_out.size());
    bodies_out.push_back(answer.bodies[at.at(item.number)]);
    numbers.push_back(item.number);
    bytes += body.size;
  }
  const cookie call{++last_call};
  counted.arrivals_resent += moves.sent(to, call, {std::move(numbers), bytes}, now.steady);
  effects.push_back(call_effect{to, proposal{call, {{}, {}, std::move(what)}, std::move(bodies_out), false}});
}

void replica::impl::called(cookie call, const result<queue::reply>& outcome) {
  if (serves) (void)moves.answered(call, outcome, now.steady);
}

// ---- tasks --------------------------------------------------------------------------------------------------------

void replica::impl::drive_tasks() {
  // Steps would only find that there is no room, each for the price of an entry.
  if (due.moving >= limits::moves_open_max) return;
  for (const auto& t : due.tasks) {
    if (t.due > shard_now()) break;
    const auto [at, fresh] = driven.try_emplace(t.task);
    auto& d = at->second;
    if (!fresh && (d.busy || d.not_before > now.steady)) continue;
    d = {t.queue, true, now.steady + limits::move_patience + 1s, {}, {}, 0, {}};
    ask_own({t.queue, queue::look_ahead{t.task}}, false, t.task);
  }
}

void replica::impl::retry(queue::task_id task) {
  const auto at = driven.find(task);
  if (at == driven.end()) return;
  std::erase_if(name_calls, [&](const auto& c) { return c.second.task == task; });
  at->second.busy = false;
  at->second.not_before = now.steady + retry_task;
  due_stale = true;
}

void replica::impl::give_up_late_tasks() {
  std::vector<queue::task_id> late;
  for (const auto& [task, d] : driven)
    if (d.busy && d.calls > 0 && d.late <= now.steady) late.push_back(task);
  for (const auto task : late) retry(task);
}

void replica::impl::task_looked(queue::task_id task, const result<queue::answer>& outcome) {
  const auto at = driven.find(task);
  if (at == driven.end()) return;
  const auto* const ahead = outcome ? std::get_if<queue::look_ahead_answer>(&outcome.value()) : nullptr;
  if (ahead == nullptr) return retry(task);
  if (!ahead->runs) {
    driven.erase(at);
    return;
  }
  auto& d = at->second;
  d.upto = ahead->upto;
  std::map<queue_ref, name_call> asks;
  std::map<queue_ref, queue::names_taken> names;
  for (const auto& n : ahead->ask) {
    auto& ask = asks[n.to];
    ask.task = task;
    ask.to = n.shard;
    ask.places.push_back(n.at);
    names[n.to].names.push_back(n.name);
  }
  d.calls = asks.size();
  d.late = now.steady + limits::move_patience;
  for (auto& [to, ask] : asks) {
    const cookie call{++last_call};
    effects.push_back(call_effect{ask.to, question{call, {to, std::move(names[to])}, false}});
    name_calls.emplace(call, std::move(ask));
  }
  if (d.calls == 0) propose_step(task);
}

void replica::impl::called(cookie call, const result<queue::answer>& outcome) {
  const auto at = name_calls.find(call);
  if (at == name_calls.end() || !serves) return;
  const auto ask = std::move(at->second);
  name_calls.erase(at);
  const auto found = driven.find(ask.task);
  if (found == driven.end()) return;
  const auto* const names = outcome ? std::get_if<queue::names_answer>(&outcome.value()) : nullptr;
  if (names == nullptr || names->taken.size() != ask.places.size()) return retry(ask.task);
  for (std::size_t i = 0; i < ask.places.size(); ++i)
    if (names->taken[i]) found->second.taken.push_back(ask.places[i]);
  if (--found->second.calls == 0) propose_step(ask.task);
}

void replica::impl::propose_step(queue::task_id task) {
  auto& d = driven.at(task);
  if (!serves || draining || flight.size() >= limits::inflight_entries_max || !may_propose()) return retry(task);
  propose_own({d.queue, {}, queue::redrive_step{task, d.upto, std::move(d.taken)}});
}

std::optional<duration> replica::impl::moves_wake() const {
  std::optional<duration> at = held_answers.wake();
  const auto by = [&](std::optional<duration> t) {
    if (t) at = at ? std::min(*at, *t) : *t;
  };
  if (!serves || draining) return at;
  by(moves.wake());
  for (const auto& [task, d] : driven) by(d.busy ? d.calls > 0 ? std::optional(d.late) : std::nullopt : d.not_before);
  return at;
}

} // namespace burrow
