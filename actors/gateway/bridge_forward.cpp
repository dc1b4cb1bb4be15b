// The half of the bridge that looks for the leader of a shard on other nodes. Nothing is repeated whose first outcome
// nobody knows, but what may_repeat() says; whoever does not lead has done nothing, so that may always go on.
#include "actors/gateway/bridge_state.hpp"

#include <algorithm>
#include <random>

namespace burrow {
namespace {

using namespace std::chrono_literals;

constexpr auto again_every = 10ms;
/// Between attempts: the first is made at once, since who was asked may have named the leader.
constexpr auto pause_min = 20ms, pause_max = 100ms;
/// What was held for so long was in good hands; that it comes back is new trouble.
constexpr auto settled_after = 1s;
constexpr auto wake_every = 50ms;
constexpr auto round_every = 100ms;

std::chrono::milliseconds pause_before(unsigned attempt) {
  if (attempt <= 1) return 0ms;
  return std::min<std::chrono::milliseconds>(pause_min * (1U << std::min(attempt - 2, 8U)), pause_max);
}

/// Whoever says so has done nothing, and another may.
bool is_not_here(errc code) { return code == errc::not_leader || code == errc::transferring; }

} // namespace

bool is_read(const operation& what) {
  const auto& body = what.what;
  return std::holds_alternative<queue::list_messages>(body) || std::holds_alternative<queue::get_message>(body) ||
         std::holds_alternative<queue::queue_stats>(body) || std::holds_alternative<queue::get_settings>(body) ||
         std::holds_alternative<queue::list_tasks>(body) || std::holds_alternative<queue::get_task>(body);
}

namespace {

/// What a lost one has claimed comes back when its claim ends, as it does when an answer is lost on its way to the
/// client; with a key it is the same claim. What a lost DELETE has taken does not come back.
bool is_held_claim(const operation& what) {
  const auto* const take = std::get_if<queue::take>(&what.what);
  return take != nullptr && take->action == queue::take_action::claim && what.wait > duration{0} && !what.in_steps;
}

} // namespace

bool may_repeat(const operation& what) {
  // What an unclaim has undone it leaves alone the second time.
  return is_read(what) || what.repeat_id.gateway != 0 || std::holds_alternative<queue::unclaim>(what.what) ||
         is_held_claim(what);
}

/// Not one that is held, since its number would keep the replies to all that come after it; nor one in several steps.
void bridge_state::number_for_repeats(operation& what) {
  if (is_read(what) || what.wait > duration{0} || what.in_steps || std::holds_alternative<queue::unclaim>(what.what))
    return;
  while (gateway_ == 0) gateway_ = std::uint64_t{std::random_device{}()} << 32 | std::random_device{}();
  may_come_again_.insert(++last_repeat_);
  what.repeat_id = {gateway_, last_repeat_, *may_come_again_.begin(), false};
}

void bridge_state::no_more_repeats(const operation& what) {
  if (what.repeat_id.gateway != 0) may_come_again_.erase(what.repeat_id.number);
}

void bridge_state::is_unsure(request& r) {
  if (is_read(*r.what)) return;
  r.unsure = true;
  r.what->repeat_id.again = r.what->repeat_id.gateway != 0;
}

shard_id bridge_state::shard_of(known_queue& q) const {
  if (!q.shard) q.shard = placement::shard_of(q.name, options_.routing);
  return *q.shard;
}

bool bridge_state::place_elsewhere(std::uint64_t number, request& r) {
  const auto shard = shard_of(*r.queue);
  const auto& table = options_.forward.net->table();
  if (table.leads_here(shard)) {
    r.sent_at = now();
    return false;
  }
  auto to = std::exchange(r.next, {});
  // A node that holds the shard knows as much as the others that do, as long as it hears them.
  if (to.value == 0) to = table.held_here(shard) ? table.leader_of(shard) : table.whom_to_ask(shard, r.attempts);
  auto sent = r.hops < limits::forward_hops_max ? send_to(to, number, r) : errc::unavailable;
  // Whom it goes to passes it on, so this is for the node that its client asked.
  if (sent == errc::unavailable && r.hops == 0) sent = send_to(go_round(shard, to), number, r);
  if (sent == errc::unavailable) {
    again(number, r, errc::not_leader);
  } else if (sent != errc::ok) {
    options_.forward.net->metrics().forward_failed(forward_failure::busy);
    give_up(number, sent);
  }
  return true;
}

errc bridge_state::send_to(node_id to, std::uint64_t number, request& r) {
  if (to.value == 0 || to == options_.forward.net->table().self() || to == r.asked_by) return errc::unavailable;
  const auto at = now();
  const auto patience = std::chrono::duration_cast<duration>(r.deadline - at);
  const auto sent = calls_->ask({number, to, shard_of(*r.queue), r.hops + 1, patience}, *r.what);
  if (sent != errc::ok) return sent;
  r.sent_to = to;
  r.sent_at = at;
  auto& metrics = options_.forward.net->metrics();
  metrics.forwarded(forward_kind::operation);
  if (r.attempts > 0) metrics.forward_repeated();
  return errc::ok;
}

/// A network may be cut between this node and the leader alone. While nobody leads the others know nobody, either: so
/// one request at a time is sent to find out, and the rest follows it if it was carried out.
node_id bridge_state::go_round(shard_id shard, node_id leader) {
  auto& way = ways_round_[shard];
  if (way.works && way.by != leader) return way.by;
  if (way.tried != time_point{} && way.tried + round_every > now()) return {};
  way = {options_.forward.net->table().another_holder(shard, leader, way.tries), false, now(), way.tries + 1};
  return way.by;
}

void bridge_state::note_way(shard_id shard, node_id by, errc outcome) {
  const auto way = ways_round_.find(shard);
  if (way == ways_round_.end() || way->second.by != by) return;
  way->second.works = !is_not_here(outcome) && outcome != errc::unknown_outcome;
}

void bridge_state::on_told(const forward_in& m) {
  auto got = calls_->take(m);
  if (!got) return;
  const auto found = requests_.find(got->id);
  if (found == requests_.end()) {
    auto* const told = std::get_if<answer_effect>(&got->what.what);
    const result<queue::answer> outcome = told != nullptr ? std::move(told->outcome) : errc::malformed;
    note_way(got->shard, got->by, outcome.ok() ? errc::ok : outcome.code());
    if (!goes_on(got->id, outcome)) answer(got->id, outcome);
    return;
  }
  found->second.sent_to = {};
  auto* const told = std::get_if<std::shared_ptr<operation_result>>(&got->what.what);
  if (told == nullptr) return outcome_lost(got->id, found->second);
  auto& outcome = *told;
  const auto* const why = outcome->failed();
  // A node that ends has done nothing of it, either, and hands its shards over.
  if (why != nullptr && why->code == errc::draining) outcome = failed_result(errc::not_leader);
  note_way(got->shard, got->by, outcome->failed() == nullptr ? errc::ok : outcome->failed()->code);
  const auto leader = got->what.head.leader == got->by ? node_id{} : got->what.head.leader;
  if (goes_on(got->id, *outcome, leader)) return;
  outcome->zone = got->what.head.zone;
  auto node = requests_.extract(got->id);
  end(std::move(node.mapped()), std::move(outcome));
}

void bridge_state::on_lost(const forward_lost& m) {
  for (auto& [shard, way] : ways_round_) way.works = way.works && way.by != m.peer;
  for (const auto id : calls_->lost(m.peer)) {
    if (const auto r = requests_.find(id); r != requests_.end()) {
      r->second.sent_to = {};
      outcome_lost(id, r->second);
    } else if (const auto q = questions_.find(id); q != questions_.end()) {
      question_failed(q->second);
    }
  }
}

void bridge_state::outcome_lost(std::uint64_t number, request& r) {
  options_.forward.net->metrics().forward_failed(forward_failure::lost);
  if (!may_repeat(*r.what)) return give_up(number, errc::unknown_outcome);
  is_unsure(r);
  again(number, r, errc::not_leader);
}

bool bridge_state::goes_on(std::uint64_t number, const operation_result& outcome, node_id leader) {
  const auto* const why = outcome.failed();
  if (why == nullptr) return false;
  const auto found = requests_.find(number);
  if (found == requests_.end()) return false;
  auto& r = found->second;
  const bool lost = why->code == errc::unknown_outcome && may_repeat(*r.what);
  if (!lost && !is_not_here(why->code)) return false;
  // Of a shard that leads here its queue actor has tried for longer than we would.
  const bool tried = r.what->wait == duration{0} && r.sent_at != time_point{} && r.sent_at + settled_after <= now();
  if (leader.value == 0 && tried && options_.forward.net->table().leads_here(shard_of(*r.queue))) return false;
  // Of a call in several steps some may be done: the queue actor says so by the claims of those, or by another code.
  if (!outcome.claimed_before.empty()) return false;
  if (lost) is_unsure(r);
  r.next = leader;
  again(number, r, errc::not_leader);
  return true;
}

/// Sends it once more, now or in a moment, as long as a leader may be found. Nobody waits for one for another node: it
/// does that itself.
void bridge_state::again(std::uint64_t number, request& r, const error& why) {
  const auto at = now();
  if (r.what->wait > duration{0} && r.sent_at != time_point{} && r.sent_at + settled_after <= at) {
    r.trouble_ends = {};
    r.attempts = 0;
  }
  r.sent_at = {};
  wake(shard_of(*r.queue));
  if (r.trouble_ends == time_point{}) r.trouble_ends = at + options_.forward.leader_wait;
  if (r.hops > 0 || r.withdrawn || at >= std::min(r.trouble_ends, r.deadline)) {
    if (r.hops == 0 && !r.withdrawn) options_.forward.net->metrics().forward_failed(forward_failure::no_leader);
    return give_up(number, why);
  }
  r.again_at = at + pause_before(++r.attempts);
  again_soon();
}

void bridge_state::give_up(std::uint64_t number, const error& why) {
  auto node = requests_.extract(number);
  const bool unsure = node.mapped().unsure && why.code != errc::unknown_outcome;
  end(std::move(node.mapped()), failed_result(unsure ? error{errc::unknown_outcome} : why));
}

/// The replica is told once for all who wait.
void bridge_state::wake(shard_id shard) {
  auto& woken = woken_[shard];
  if (woken + wake_every > now()) return;
  woken = now();
  options_.forward.net->wake(shard);
}

void bridge_state::again_soon() {
  if (!std::exchange(again_soon_, true)) self_->delayed_send(self_, again_every, bridge_again_atom::value);
}

void bridge_state::on_again() {
  again_soon_ = false;
  const auto at = now();
  std::vector<std::uint64_t> due;
  bool later = false;
  for (const auto& [number, r] : requests_) {
    if (r.again_at == time_point{} || r.withdrawn) continue;
    if (r.again_at <= at) due.push_back(number);
    else later = true;
  }
  std::sort(due.begin(), due.end()); // in the order in which they came
  for (const auto number : due) {
    const auto r = requests_.find(number);
    if (r == requests_.end()) continue;
    r->second.again_at = {};
    --r->second.queue->under_way;
    place(number, r->second);
  }
  due.clear();
  for (const auto& [number, q] : questions_)
    if (!q.sent && q.trouble_ends != time_point{} && q.trouble_ends <= at) due.push_back(number);
  for (const auto number : due) {
    options_.forward.net->metrics().forward_failed(forward_failure::no_leader);
    answer(number, errc::not_leader);
  }
  const auto waits = [](const auto& q) { return !q.second.sent; };
  if (std::any_of(questions_.begin(), questions_.end(), waits)) ask_all_unsent();
  if (later || std::any_of(questions_.begin(), questions_.end(), waits)) again_soon();
}

// ---- questions of jobs ----------------------------------------------------------------------------------------------

bool bridge_state::ask_elsewhere(std::uint64_t number, question_entry& q) {
  const auto& table = options_.forward.net->table();
  if (table.leads_here(q.shard)) return false;
  if (q.again_at > now()) return true;
  const auto to = table.held_here(q.shard) ? table.leader_of(q.shard) : table.whom_to_ask(q.shard, q.attempts);
  const auto patience = std::chrono::duration_cast<duration>(q.deadline - now());
  const question what{{}, {{}, q.what}, false};
  const auto ask = [&](node_id whom) {
    if (whom.value == 0 || whom == table.self()) return false;
    return calls_->ask({number, whom, q.shard, 1, patience}, what) == errc::ok;
  };
  if (ask(to) || ask(go_round(q.shard, to))) {
    options_.forward.net->metrics().forwarded(forward_kind::question);
    q.sent = q.elsewhere = true;
  } else {
    question_failed(q);
  }
  return true;
}

/// It changes nothing, so it is asked again in a moment, until there has been no leader for too long.
void bridge_state::question_failed(question_entry& q) {
  if (q.trouble_ends == time_point{}) q.trouble_ends = now() + options_.forward.leader_wait;
  q.sent = false;
  q.again_at = now() + pause_before(++q.attempts);
  wake(q.shard);
  again_soon();
}

bool bridge_state::goes_on(std::uint64_t number, const result<queue::answer>& outcome) {
  if (outcome.ok() || !is_not_here(outcome.code())) return false;
  const auto found = questions_.find(number);
  if (found == questions_.end()) return false;
  question_failed(found->second);
  return true;
}

} // namespace burrow
