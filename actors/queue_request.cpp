#include "actors/queue_request.hpp"

#include "cluster/base/limits.hpp"

#include <algorithm>
#include <map>

namespace burrow {
namespace {

template <class... Ts>
bool is_any(const operation_body& what) {
  return (std::holds_alternative<Ts>(what) || ...);
}

queue::take step_of(const queue_request& r, const queue::take& whole) {
  auto out = whole;
  if (r.what->in_steps) {
    const auto left = r.what->steps_limit == 0 ? limits::entry_messages_max : r.what->steps_limit - r.counted;
    out.limit = static_cast<std::uint32_t>(std::min<std::uint64_t>(left, limits::entry_messages_max));
  }
  if (!r.further) return out;
  out.from = r.next;
  if (r.below) out.below = r.below;
  if (r.lifo) out.order = *r.lifo ? queue::take_order::lifo : queue::take_order::fifo;
  out.step = r.step;
  return out;
}

} // namespace

int rank_of(const operation& what) {
  if (is_any<queue::insert, queue::redrive>(what.what)) return 0;
  if (is_any<queue::change, queue::remove, queue::unclaim>(what.what)) return 2;
  return 1;
}

std::size_t places_for(int rank, std::size_t max) {
  const auto tenth = std::max<std::size_t>(1, max / 10);
  const auto kept = static_cast<std::size_t>(2 - rank) * tenth;
  return kept < max ? max - kept : 1;
}

bool may_look_first(const queue_request& r) {
  const auto* take = std::get_if<queue::take>(&r.what->what);
  // What was sent before may have taken all there is, and its answer is to be found by no look.
  return take != nullptr && !r.further && !r.what->repeat_id.again;
}

bool is_same_operation(const operation& a, const operation& b) {
  return a.repeat_id.gateway != 0 && a.repeat_id.gateway == b.repeat_id.gateway &&
         a.repeat_id.number == b.repeat_id.number;
}

bool lacks_messages(const operation& what, const queue::reply& again) {
  if (const auto* taken = std::get_if<queue::take_reply>(&again))
    return !what.in_steps && taken->count > taken->items.size();
  const auto* targets = std::get_if<queue::targets_reply>(&again);
  return targets != nullptr && what.want_bodies && std::ranges::any_of(targets->items, [](const auto& t) {
           return t.problem == errc::ok && !t.item;
         });
}

bool can_wait(const operation& what) {
  return what.wait > duration{0} && is_any<queue::take, queue::list_messages>(what.what);
}

bool is_to_wait(const operation& what, const queue::messages_answer& came) {
  if (!came.items.empty() || came.more || came.remembered || came.problem != errc::ok) return false;
  if (!can_wait(what)) return false;
  return !came.revision || std::ranges::find(what.known_revisions, *came.revision) == what.known_revisions.end();
}

bool client_gone(const queue_request& r) {
  return r.what->client && r.what->client->gone.load(std::memory_order_acquire);
}

std::optional<queue::command> command_of(const queue_request& r) {
  queue::command out{r.what->queue, r.what->repeat_id, {}};
  const auto made = std::visit(
    [&]<class T>(const T& body) {
      if constexpr (std::is_same_v<T, queue::take>) {
        out.what = step_of(r, body);
        return true;
      } else if constexpr (std::is_constructible_v<queue::action, const T&>) {
        out.what = body;
        return true;
      } else {
        return false;
      }
    },
    r.what->what);
  return made ? std::optional{std::move(out)} : std::nullopt;
}

std::optional<queue::query> query_of(const queue_request& r) {
  const auto& what = r.what->what;
  if (const auto* list = std::get_if<queue::list_messages>(&what)) return queue::query{r.what->queue, *list};
  if (const auto* get = std::get_if<queue::get_message>(&what)) return queue::query{r.what->queue, *get};
  if (std::holds_alternative<queue::get_settings>(what)) return queue::query{r.what->queue, queue::get_settings{}};
  if (const auto* task = std::get_if<queue::get_task>(&what)) return queue::query{r.what->queue, *task};
  if (std::holds_alternative<queue::list_tasks>(what)) return queue::query{r.what->queue, queue::list_tasks{}};
  if (const auto* stats = std::get_if<queue::queue_stats>(&what)) return queue::query{r.what->queue, *stats};
  return std::nullopt;
}

const std::string& key_of(const operation& what) {
  static const std::string none;
  if (const auto* put = std::get_if<queue::insert>(&what.what)) return put->idempotency_key;
  if (const auto* move = std::get_if<queue::redrive>(&what.what)) return move->idempotency_key;
  const auto* take = std::get_if<queue::take>(&what.what);
  return take != nullptr ? take->idempotency_key : none;
}

std::vector<queue::unclaim> undo_of(const operation& what, const queue::take_reply& taken, std::uint32_t step) {
  if (taken.replayed) return {};
  const auto& key = key_of(what);
  std::map<claim_id, std::vector<place>> claims;
  for (const auto& m : taken.items) {
    // What a DELETE took shows the claim it may have been under: it is gone, and the queue will find none.
    if (m.claimed && m.claim.value != 0) claims[m.claim].push_back(m.place);
  }
  std::vector<queue::unclaim> out;
  for (auto& [claim, places] : claims) out.push_back({claim, std::move(places), key, step});
  // That a later step found nothing is remembered, too.
  if (out.empty() && !key.empty() && step > 0) out.push_back({claim_id{}, {}, key, step});
  return out;
}

bool take_goes_on(queue_request& r, queue::take_reply& step) {
  const auto whole = step.replayed ? step.first_count : step.count;
  r.counted += whole;
  r.found += step.count;
  const auto done = step.problem != errc::ok || !step.more || step.last == place{} ||
                    (r.further && r.next.after == step.last && r.next.priority.value_or(0) == step.last_priority);
  const auto full = r.what->in_steps ? r.what->steps_limit != 0 && r.counted >= r.what->steps_limit : r.counted > 0;
  if (done || full) {
    step.count = r.found;
    return false;
  }
  if (r.claimed_places < limits::undo_places_max) {
    for (auto& undo : undo_of(*r.what, step, r.step)) {
      r.claimed_places += undo.places.size();
      r.claimed.push_back(std::move(undo));
    }
  }
  // What comes in meanwhile lies at or beyond the place that the first step found free.
  if (!r.below && step.next_place != place{}) r.below = step.next_place;
  r.lifo = step.lifo;
  r.next.after = step.last;
  r.next.priority = step.by_priority ? std::optional(step.last_priority) : std::nullopt;
  r.next.lifo.reset();
  r.next.marker.clear();
  // A key remembers the first step that found something, and each after it whatever that found.
  r.step += whole > 0 || r.step > 0 ? 1 : 0;
  r.further = true;
  return true;
}

namespace {

void count_dedupe(actor_metrics& metrics, errc problem, bool replayed) {
  if (replayed) metrics.deduped(dedupe::replayed);
  else if (problem == errc::idempotency_key_reused) metrics.deduped(dedupe::reused);
  else if (problem == errc::dedupe_full) metrics.deduped(dedupe::full);
}

} // namespace

void count_rules(actor_metrics& metrics, const queue::reply& reply) {
  const auto count = [&](errc problem) {
    switch (problem) {
      case errc::queue_paused: return metrics.refused_by(rule::paused);
      case errc::queue_full: return metrics.refused_by(rule::full);
      case errc::ttl_too_long: return metrics.refused_by(rule::ttl);
      case errc::receipt_required: return metrics.refused_by(rule::receipt);
      case errc::durability_unavailable: return metrics.refused_by(rule::durability);
      default: return;
    }
  };
  if (const auto* inserted = std::get_if<queue::insert_reply>(&reply)) {
    count_dedupe(metrics, inserted->problem, inserted->replayed);
    for (const auto& item : inserted->items) {
      count(item.problem);
      if (inserted->replayed) continue;
      if (item.status == queue::insert_status::duplicate) metrics.deduped(dedupe::duplicate);
      if (inserted->problem == errc::ok) count_dedupe(metrics, item.problem, false);
    }
    if (inserted->dropped > 0) metrics.dropped(inserted->dropped);
  } else if (const auto* taken = std::get_if<queue::take_reply>(&reply)) {
    count(taken->problem);
    count_dedupe(metrics, taken->problem, taken->replayed);
  } else if (const auto* targets = std::get_if<queue::targets_reply>(&reply)) {
    for (const auto& item : targets->items) count(item.problem);
  } else if (const auto* task = std::get_if<queue::task_reply>(&reply)) {
    count_dedupe(metrics, task->problem, task->replayed);
  }
}

operation_result empty_result(const operation& what, bool queue_exists) {
  operation_result out;
  if (std::holds_alternative<queue::take>(what.what)) {
    queue::take_reply none;
    none.queue_exists = queue_exists;
    out.what = none;
  } else {
    queue::messages_answer none;
    none.queue_exists = queue_exists;
    out.what = none;
  }
  return out;
}

} // namespace burrow
