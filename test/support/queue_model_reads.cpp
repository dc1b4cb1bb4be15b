// What the model holds, settings included, and what it answers to questions.
#include "test/support/queue_model_turn.hpp"

#include <algorithm>

namespace burrow::test {

using namespace queue;

bool by_priority(const queue_rules& rules, const queue_model::messages& list) {
  return rules.priorities.value_or(1) > 1 || std::any_of(list.begin(), list.end(), [](const auto& e) {
           return e.m.attributes.priority > 0;
         });
}

std::vector<message> in_order(const queue_model::messages& list, bool lifo, bool priorities) {
  std::vector<message> order;
  for (const auto& e : list) order.push_back(e.m);
  if (lifo) std::reverse(order.begin(), order.end());
  if (priorities)
    std::stable_sort(order.begin(), order.end(), [](const message& a, const message& b) {
      return a.attributes.priority > b.attributes.priority;
    });
  return order;
}

void queue_model::begin_entry() {
  shown.clear();
  ids_before_.clear();
  for (const auto& [ref, list] : queues)
    for (const auto& e : list) ids_before_.emplace(ref, e.m.shown_id());
}

void queue_model::settle(instant now) {
  const auto before = queues;
  floor_ = highest_;
  for (const auto& [ref, list] : before) settle_queue(ref, now);
  std::erase_if(queues, [](const auto& q) { return q.second.empty(); });
  forget_old(now);
  forget_tasks(now);
}

const queue_model::messages* queue_model::of(const queue_ref& ref) const {
  const auto at = queues.find(ref);
  return at == queues.end() ? nullptr : &at->second;
}

queue_rules queue_model::rules_of(const queue_ref& ref) const {
  const auto at = settings.find(ref);
  return at == settings.end() ? queue_rules{} : at->second.value.rules;
}

std::uint64_t queue_model::queue_count(const tenant_id& tenant) const {
  std::uint64_t count = 0;
  for (const auto& [ref, list] : queues) count += ref.tenant == tenant && !list.empty() ? 1 : 0;
  std::set<queue_ref> others;
  for (const auto& [ref, kept] : settings) others.insert(ref);
  for (const auto& [key, one] : leaving) others.insert(one.from);
  for (const auto& [ref, all] : tasks)
    if (!all.empty()) others.insert(ref);
  for (const auto& ref : others) {
    const auto* list = of(ref);
    count += ref.tenant == tenant && (list == nullptr || list->empty()) ? 1 : 0;
  }
  return count;
}

bool queue_model::counts(const queue_ref& ref) const {
  const auto all = tasks.find(ref);
  return settings.contains(ref) || moving(ref) > 0 || (all != tasks.end() && !all->second.empty());
}

answer queue_model::ask(instant now, const query& question) const {
  queue_model later = *this;
  later.learns = false;
  // A question about one queue works off what is due there, and looks at nothing else.
  if (question.queue.queue.empty()) later.settle(now);
  else later.settle_queue(question.queue, now);
  std::erase_if(later.queues, [](const auto& q) { return q.second.empty(); });
  return later.ask_settled(now, question);
}

answer queue_model::list(instant now, const queue_ref& ref, const list_messages& what) const {
  const messages* list = of(ref);
  const auto rules = rules_of(ref);
  messages_answer a;
  a.now = now;
  a.queue_exists = list != nullptr;
  a.remembered = is_remembered(now, ref, what.idempotency_key);
  if (a.remembered) return a;
  a.lifo = what.lifo;
  if (what.taking && what.order != take_order::queue_default) a.lifo = what.order == take_order::lifo;
  else if (what.taking) a.lifo = rules.lifo == true;
  if (what.taking && *what.taking != take_action::change && rules.pause_take == true) {
    a.problem = errc::queue_paused;
    return a;
  }
  if (list)
    for (const auto& m : in_order(*list, a.lifo, what.taking && by_priority(rules, *list)))
      if (what.match_hidden || m.hidden_until == no_instant) a.items.push_back(m);
  if (a.items.size() > what.limit) {
    a.items.resize(what.limit);
    a.more = true;
  }
  return a;
}

answer queue_model::stats(instant now, const queue_ref& ref) const {
  const messages* list = of(ref);
  stats_answer a;
  a.now = now;
  a.queue_exists = list != nullptr;
  a.summary.moving = moving(ref);
  a.summary.bytes = moving_bytes(ref);
  if (list) a.summary.oldest_created = list->front().m.created;
  for (const auto& e : list ? *list : messages{}) {
    const bool visible = e.m.hidden_until == no_instant;
    ++(visible ? a.summary.visible : e.m.claimed ? a.summary.claimed : a.summary.delayed);
    a.summary.bytes += e.m.body.size;
    if (visible && a.summary.visible == 1) a.summary.oldest_visible_created = e.m.created;
  }
  return a;
}

answer queue_model::tenants() const {
  tenants_answer a;
  for (const auto& [ref, all] : queues) {
    if (a.items.empty() || a.items.back().name != ref.tenant)
      a.items.push_back({ref.tenant, 0, 0, memory_bytes(ref.tenant)});
    auto& t = a.items.back();
    t.queues = queue_count(ref.tenant);
    t.messages += all.size();
    for (const auto& e : all) t.bytes += e.m.body.size;
  }
  for (auto& t : a.items)
    for (const auto& [key, one] : leaving) t.bytes += one.from.tenant == t.name ? one.size : 0;
  return a;
}

answer queue_model::list(instant now, const list_queues& what) const {
  queues_answer a;
  a.now = now;
  auto shown_queues = queues;
  if (what.include_empty)
    for (const auto& [ref, kept] : settings) static_cast<void>(shown_queues[ref]);
  for (const auto& [ref, all] : shown_queues) {
    if (ref.tenant != what.tenant) continue;
    auto& s = a.items.emplace_back();
    s.name = ref.queue;
    s.has_settings = settings.contains(ref);
    s.bytes = moving_bytes(ref);
    for (const auto& e : all) {
      ++(e.m.hidden_until == no_instant ? s.visible : e.m.claimed ? s.claimed : s.delayed);
      s.bytes += e.m.body.size;
    }
  }
  return a;
}

answer queue_model::ask_settled(instant now, const query& question) const {
  if (const auto* what = std::get_if<list_messages>(&question.what)) return list(now, question.queue, *what);
  if (std::holds_alternative<queue_stats>(question.what)) return stats(now, question.queue);
  if (std::holds_alternative<get_settings>(question.what)) {
    const auto kept = settings.find(question.queue);
    if (kept == settings.end()) return settings_answer{};
    return settings_answer{kept->second.value, kept->second.revision};
  }
  if (std::holds_alternative<queue::list_tasks>(question.what)) return list_tasks(question.queue);
  if (std::holds_alternative<list_tenants>(question.what)) return tenants();
  return list(now, std::get<list_queues>(question.what));
}

reply queue_model::configure(turn& t, const queue::configure& what, const settings_reply& real) {
  const auto kept = settings.find(t.ref);
  const bool had = kept != settings.end();
  settings_reply out;
  out.value = had ? kept->second.value : queue::settings{};
  out.revision = had ? kept->second.revision : 0;
  const bool forget = what.action == configure_action::forget;
  queue::settings next;
  if (!forget) next = after_change(what.action == configure_action::merge ? out.value : queue::settings{}, what.to);
  const auto& wanted = what.guard.if_match;
  if (what.guard.if_none_match && had) out.problem = errc::already_exists;
  else if (!wanted.empty() && std::count(wanted.begin(), wanted.end(), out.revision) == 0)
    out.problem = errc::etag_mismatch;
  else if (!is_valid(next)) out.problem = errc::invalid_settings;
  else if (next.rules.dead_letter && next.rules.dead_letter->queue == t.ref.queue) out.problem = errc::dead_letter_loop;
  else if (!forget && t.list.empty() && !counts(t.ref) && what.fallback.tenant_queues_max > 0 &&
           queue_count(t.ref.tenant) >= what.fallback.tenant_queues_max)
    out.problem = errc::quota_exceeded;
  if (out.problem != errc::ok) return out;
  if (next.rules != out.value.rules)
    for (const auto& e : t.list) shown[t.ref] += e.m.hidden_until == no_instant ? 1U : 0U;
  out.created = !had && !forget;
  out.value = next;
  out.revision = forget ? 0 : real.revision;
  if (!forget && real.revision <= highest_) wrong += "revision of settings is not new\n";
  highest_ = std::max(highest_, out.revision);
  if (forget) settings.erase(t.ref);
  else settings[t.ref] = {next, out.revision};
  return out;
}

} // namespace burrow::test
