// What the model holds, and what it answers to questions.
#include "test/support/queue_model.hpp"

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

void queue_model::settle(instant now) {
  for (auto& [ref, list] : queues) {
    std::erase_if(list, [&](const entry& e) { return e.m.is_gone(now); });
    for (auto& e : list) {
      if (e.m.hidden_until == no_instant || e.m.hidden_until > now) continue;
      e.m.hidden_until = no_instant;
      e.m.claimed = false;
      ++shown[ref];
    }
  }
  std::erase_if(queues, [](const auto& q) { return q.second.empty(); });
  forget_old(now);
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
  for (const auto& [ref, kept] : settings) {
    const auto* list = of(ref);
    count += ref.tenant == tenant && (list == nullptr || list->empty()) ? 1 : 0;
  }
  return count;
}

answer queue_model::ask(instant now, const query& question) const {
  queue_model later = *this;
  later.settle(now);
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
  if (std::holds_alternative<list_tenants>(question.what)) return tenants();
  return list(now, std::get<list_queues>(question.what));
}

} // namespace burrow::test
