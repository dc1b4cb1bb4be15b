// Requests that come twice, in the model: whole replies kept in maps.
#include "test/support/queue_model_turn.hpp"

namespace burrow::test {

using namespace queue;

namespace {

/// One is removed with all others of its ten seconds.
bool is_removed(instant deadline, instant now) {
  const auto step = limits::clock_delay_max.count();
  return (deadline.ms + step - 1) / step * step <= now.ms;
}

duration window_of(const queue_rules& rules, const dedupe_bounds& bounds) {
  return rules.dedupe_window_s ? duration(std::chrono::seconds(*rules.dedupe_window_s)) : bounds.window;
}

bool is_full(const queue_model::kept_memory& memory, const dedupe_bounds& bounds) {
  return bounds.keys_max > 0 && memory.keys.size() >= bounds.keys_max;
}

} // namespace

void queue_model::forget_old(instant now) {
  for (auto& [ref, memory] : memories) {
    std::erase_if(memory.keys, [&](const auto& k) { return is_removed(k.second.expires, now); });
    for (auto at = memory.producers.begin(); at != memory.producers.end();) {
      kept_producer& x = at->second;
      const bool is_due = is_removed(x.looked_at, now), silent = x.used + limits::producer_silence_max <= now;
      if (is_due) x.looked_at = x.used + limits::producer_silence_max;
      at = is_due && silent ? memory.producers.erase(at) : std::next(at);
    }
  }
}

std::uint64_t queue_model::memory_bytes(const tenant_id& tenant) const {
  std::uint64_t count = 0;
  for (const auto& [ref, memory] : memories)
    count += ref.tenant == tenant ? memory.keys.size() + memory.producers.size() : 0;
  return count * 256;
}

bool queue_model::is_remembered(instant now, const queue_ref& ref, const std::string& key) const {
  const auto memory = memories.find(ref);
  if (memory == memories.end()) return false;
  const auto at = memory->second.keys.find(key);
  return at != memory->second.keys.end() && at->second.expires > now;
}

std::uint64_t queue_model::stored_bytes(const tenant_id& tenant) const {
  std::uint64_t bytes = memory_bytes(tenant);
  for (const auto& [ref, list] : queues)
    for (const auto& e : list) bytes += ref.tenant == tenant ? e.m.body.size : 0;
  for (const auto& [key, one] : leaving) bytes += one.from.tenant == tenant ? one.size : 0;
  return bytes;
}

errc queue_model::insert_one(turn& t, const insert_item& item, const queue::insert& whole, const insert_result* real,
                             insert_result& out, std::uint64_t& dropped) {
  const bool sequenced = item.sequence > 0 && !item.attributes.producer.empty();
  if (!sequenced) return store_one(t, item, whole, false, real, out, dropped);
  auto& producers = t.memory.producers;
  const auto at = producers.find(item.attributes.producer);
  const bool is_new = at == producers.end();
  if (!is_new && at->second.used + limits::producer_silence_max > t.now() && item.sequence <= at->second.sequence) {
    at->second.used = t.now();
    out.status = insert_status::duplicate;
    out.name = item.name;
    return errc::ok;
  }
  const errc problem = store_one(t, item, whole, is_new, real, out, dropped);
  if (problem != errc::ok) return problem;
  const instant look = is_new ? t.now() + limits::producer_silence_max : at->second.looked_at;
  producers[item.attributes.producer] = {item.sequence, t.now(), look};
  return errc::ok;
}

reply queue_model::keyed_insert(turn& t, const queue::insert& what, const insert_reply& real) {
  if (what.idempotency_key.empty()) return insert(t, what, real);
  const auto refuse = [&](errc problem) {
    insert_reply out;
    out.problem = problem;
    out.items.resize(what.items.size());
    for (auto& item : out.items) item.problem = problem;
    return out;
  };
  auto& keys = t.memory.keys;
  const auto at = keys.find(what.idempotency_key);
  if (at != keys.end() && at->second.expires > t.now()) {
    auto first = at->second.inserted;
    if (at->second.is_claim || at->second.task || at->second.request != what.request_hash)
      return refuse(errc::idempotency_key_reused);
    if (real.items != first.items) wrong += "a repeat got another answer than the first\n";
    first.replayed = true;
    first.dropped = 0;
    return first;
  }
  const duration window = window_of(rules_of(t.ref), what.bounds);
  // Counted before anything is stored, so that message and key fit together or not at all.
  const bool is_new = at == keys.end() && window.count() > 0;
  if (is_new && is_full(t.memory, what.bounds)) return refuse(errc::dedupe_full);
  const auto most = what.fallback.tenant_bytes_max;
  if (is_new && most > 0 && stored_bytes(t.ref.tenant) + 256 > most) return refuse(errc::quota_exceeded);
  if (is_new) keys[what.idempotency_key] = {};
  const auto out = insert(t, what, real);
  const bool stored = std::any_of(out.items.begin(), out.items.end(),
                                  [](const auto& x) { return x.status != insert_status::failed; });
  if (stored && window.count() > 0)
    keys[what.idempotency_key] = {what.request_hash, t.now() + window, real, false, false, {}, {}, {}};
  else if (is_new) keys.erase(what.idempotency_key);
  return out;
}

take_reply queue_model::claim_again(turn& t, kept_key& first) {
  take_reply out = first.taken;
  out.replayed = true;
  out.first_count = out.count;
  out.count = 0;
  out.now = t.now();
  out.items.clear();
  for (const auto& m : first.taken.items) {
    const auto at = t.at(m.place);
    if (at == t.list.end() || at->m.claim != first.claim) continue;
    out.items.push_back(at->m);
    ++out.count;
  }
  out.queue_exists = !t.list.empty();
  out.visible_left = t.visible();
  first.answered_again = true;
  return out;
}

reply queue_model::keyed_take(turn& t, const queue::take& what, const take_reply& real) {
  const bool claims = what.action == take_action::claim && what.hide && what.hide->count() > 0;
  if (what.idempotency_key.empty() || !claims) return take(t, what, real);
  take_reply refused;
  refused.now = t.now();
  auto& keys = t.memory.keys;
  const auto key = key_of(what.idempotency_key, what.step);
  const auto at = keys.find(key);
  if (at != keys.end() && at->second.expires > t.now()) {
    if (at->second.is_claim && at->second.request == what.request_hash) return claim_again(t, at->second);
    refused.problem = errc::idempotency_key_reused;
    return refused;
  }
  const duration window = window_of(rules_of(t.ref), what.bounds);
  if (window.count() > 0 && at == keys.end() && is_full(t.memory, what.bounds)) {
    refused.problem = errc::dedupe_full;
    return refused;
  }
  const auto out = take(t, what, real);
  const bool worth = out.problem == errc::ok && (out.count > 0 || what.step > 0);
  if (!worth || window.count() == 0) return out;
  const claim_id claim = out.items.empty() ? claim_id{} : out.items.front().claim;
  keys[key] = {what.request_hash, t.now() + window, {}, true, false, claim, out, {}};
  return out;
}

reply queue_model::keyed_redrive(turn& t, const queue::redrive& what, const task_reply& real) {
  if (what.idempotency_key.empty()) return redrive(t, what, real);
  const auto refuse = [](errc problem) { return task_reply{problem, {}, false}; };
  auto& keys = t.memory.keys;
  const auto at = keys.find(what.idempotency_key);
  if (at != keys.end() && at->second.expires > t.now()) {
    if (!at->second.task || at->second.request != what.request_hash) return refuse(errc::idempotency_key_reused);
    auto first = *at->second.task;
    if (real.task != first.task) wrong += "a redrive again got another answer than the first\n";
    first.replayed = true;
    return first;
  }
  const duration window = window_of(rules_of(t.ref), what.bounds);
  const bool is_new = at == keys.end() && window.count() > 0;
  if (is_new && is_full(t.memory, what.bounds)) return refuse(errc::dedupe_full);
  const auto most = what.fallback.tenant_bytes_max;
  if (is_new && most > 0 && stored_bytes(t.ref.tenant) + 256 > most) return refuse(errc::quota_exceeded);
  const auto out = redrive(t, what, real);
  if (out.problem == errc::ok && window.count() > 0)
    keys[what.idempotency_key] = {what.request_hash, t.now() + window, {}, false, false, {}, {}, out};
  return out;
}

} // namespace burrow::test
