#include "cluster/queue/claims.hpp"
#include "cluster/queue/commands.hpp"
#include "cluster/queue/dedupe.hpp"
#include "cluster/queue/quota.hpp"
#include "cluster/queue/walk.hpp"

#include <algorithm>

namespace burrow::queue {

namespace {

// Sets all that an insert says of a message; a replaced one keeps id, place and name.
void fill(message& m, const insert_item& item, const body_ref& body, instant now) {
  m.body = body;
  const auto priority = m.attributes.priority; // already what the queue makes of it
  m.attributes = item.attributes;
  m.attributes.priority = priority;
  m.created = now;
  m.claim = {};
  m.claims = m.claims_total = 0;
  m.dead_letter.reset();
}

// A priority that the queue does not have counts as its highest.
std::uint8_t priority_in(const queue_state& q, const insert_item& item) {
  return std::min(item.attributes.priority, q.record.rules.priority_max());
}

errc replace(work& w, queue_state& q, held& h, const insert_item& item, const body_ref& body, instant expires,
             instant hidden_until) {
  w.body_gone(h.item().body);
  q.record.moves.lettered -= h.item().dead_letter ? 1 : 0;
  set_priority(w, q, h, priority_in(q, item));
  q.record.bytes += body.size;
  q.record.bytes -= h.item().body.size;
  fill(h.item(), item, body, w.now());
  ++h.item().revision;
  h.now.changed = false;
  set_expiry(w, q, h, expires);
  set_hide(w, q, h, hidden_until, false);
  save(w, q, h);
  return errc::ok;
}

// Drops the oldest messages until one more of `size` bytes fits, as far as the work bound goes: a bound that was
// lowered is reached in steps. One that is about to be replaced stays, and keeps its place. Errors: busy, when the work
// bound does not even let go as much as comes in.
errc drop_oldest(work& w, queue_state& q, std::uint64_t size, const held* replaced, std::uint64_t& dropped) {
  const queue_record& r = q.record;
  const std::uint64_t messages_max = r.rules.max_messages.value_or(0), bytes_max = r.rules.max_bytes.value_or(0);
  const std::uint64_t kept = replaced != nullptr ? replaced->item().body.size : 0;
  const std::uint64_t count = r.messages(), bytes = r.bytes - kept;
  const std::uint64_t more = replaced != nullptr ? 0 : 1;
  const auto over = [&] {
    return (messages_max > 0 && r.messages() + more > messages_max) ||
           (bytes_max > 0 && r.bytes - kept + size > bytes_max);
  };
  if (!over()) return errc::ok;
  walk oldest(w, q, {.match_hidden = true, .page = 16});
  bool first_left = false;
  while (over()) {
    const auto h = oldest.next();
    if (!w.ok()) return errc::not_here;
    if (!h) break;
    if (replaced != nullptr && h->item().place == replaced->item().place) {
      first_left = true;
      continue;
    }
    drop(w, q, *h, going::deleted);
    if (!w.ok()) return errc::not_here;
    ++dropped;
    // Those in line since their ttl ran out are passed over, and lie where they lie.
    if (first_left || q.record.moves.lined > 0) continue;
    // Nothing is left below, so no walk has to look there again.
    q.record.first = {h->item().place.value + 1};
    q.record.head = std::min(std::max(r.head, r.first), r.tail);
  }
  if (!over()) return errc::ok;
  const bool grew = (messages_max > 0 && r.messages() + more > std::max(count, messages_max)) ||
                    (bytes_max > 0 && r.bytes - kept + size > std::max(bytes, bytes_max));
  return grew ? errc::busy : errc::ok;
}

// What the queue's own settings have against a message. Errors: ttl_too_long, durability_unavailable, queue_full, busy.
errc admit_by_rules(work& w, queue_state& q, const insert_item& item, const held* replaced, std::uint64_t& dropped) {
  const std::uint64_t size = item.body_size;
  const queue_record& r = q.record;
  if (item.ttl && r.rules.too_long(bounded_ttl(item.ttl, {}))) return errc::ttl_too_long;
  if (r.rules.durability == durability_level::memory && item.attributes.persistent.value_or(false))
    return errc::durability_unavailable;
  const std::uint64_t messages_max = r.rules.max_messages.value_or(0), bytes_max = r.rules.max_bytes.value_or(0);
  if (messages_max == 0 && bytes_max == 0) return errc::ok;
  if (bytes_max > 0 && size > bytes_max) return errc::queue_full;
  if (r.rules.overflow == overflow_rule::drop_oldest) return drop_oldest(w, q, size, replaced, dropped);
  const std::uint64_t kept = replaced != nullptr ? replaced->item().body.size : 0;
  if (messages_max > 0 && replaced == nullptr && r.messages() >= messages_max) return errc::queue_full;
  return bytes_max > 0 && size > kept && r.bytes - kept + size > bytes_max ? errc::queue_full : errc::ok;
}

// A default that nobody asked for is cut to what the queue allows.
duration ttl_of(const queue_rules& rules, const insert_item& item, const defaults& fallback) {
  const auto own = rules.default_ttl_s;
  const duration otherwise = own ? duration(std::chrono::seconds(*own)) : fallback.ttl;
  const duration ttl = bounded_ttl(item.ttl, otherwise);
  return rules.too_long(ttl) ? duration(std::chrono::seconds(*rules.max_ttl_s)) : ttl;
}
duration hide_of(const queue_rules& rules, const insert_item& item, const defaults& fallback) {
  const auto own = rules.default_hide_s;
  return bounded_hide(item.hide, own ? duration(std::chrono::seconds(*own)) : fallback.hide);
}

errc store_one(work& w, queue_state& q, const insert_item& item, const body_ref& body, const insert& whole,
               const sequenced_item* known, insert_result& result, std::uint64_t& dropped) {
  const defaults& fallback = whole.fallback;
  if (item.refused != errc::ok) return item.refused;
  if (!item.name.empty() && !is_name(item.name)) return errc::invalid_name;
  const std::uint32_t body_max = q.record.rules.max_body.value_or(fallback.body_bytes_max);
  if (body_max > 0 && item.body_size > body_max) return errc::body_too_large;
  if (!w.spend()) return errc::busy;
  auto h = item.name.empty() ? std::nullopt : find(w, q, item.name);
  if (!w.ok()) return errc::not_here;
  if (const errc problem = check(item.guard, h ? &h->item() : nullptr); problem != errc::ok) return problem;
  std::uint64_t size = body.size;
  if (const errc problem = known != nullptr ? room_for(w, q, *known, whole.bounds, size) : errc::ok;
      problem != errc::ok)
    return problem;
  if (const errc problem = admit(w, q, fallback, size, h ? h->item().body.size : 0); problem != errc::ok)
    return problem;
  if (q.record.has_settings()) {
    const errc problem = admit_by_rules(w, q, item, h ? &*h : nullptr, dropped);
    if (problem != errc::ok) return problem;
  }

  const duration ttl = ttl_of(q.record.rules, item, fallback), hide = hide_of(q.record.rules, item, fallback);
  const instant expires = ttl.count() == 0 ? no_instant : w.now() + ttl;
  const instant hidden_until = hide.count() == 0 ? no_instant : w.now() + hide;
  errc problem = errc::ok;
  if (h) {
    result.status = insert_status::replaced;
    problem = replace(w, q, *h, item, body, expires, hidden_until);
  } else {
    result.status = insert_status::created;
    message m;
    m.name = item.name;
    m.attributes.priority = priority_in(q, item);
    fill(m, item, body, w.now());
    m.expires = expires;
    m.hidden_until = hidden_until;
    problem = append(w, q, std::move(m), h.emplace());
  }
  if (problem != errc::ok) return problem;
  ++q.did.inserted;
  const message& m = h->item();
  result.id = m.id;
  result.name = m.name;
  result.place = m.place;
  result.revision = m.revision;
  result.expires = m.expires;
  result.ttl = ttl;
  return errc::ok;
}

errc put_one(work& w, queue_state& q, const insert_item& item, const body_ref& body, const insert& whole,
             insert_result& result, std::uint64_t& dropped) {
  std::optional<sequenced_item> known;
  if (is_sequenced(item)) {
    // Looked at first: the repeat of what was stored is none of what may refuse it by now.
    known = look_up(w, q, item);
    if (!w.ok()) return errc::not_here;
    if (known->duplicate) {
      if (!w.spend()) return errc::busy;
      result.status = insert_status::duplicate;
      result.name = item.name;
      return errc::ok;
    }
  }
  const errc problem = store_one(w, q, item, body, whole, known ? &*known : nullptr, result, dropped);
  if (known && problem == errc::ok) note_stored(w, q, item, *known);
  return problem;
}

body_ref body_of(const work& w, const insert_item& item) {
  return {w.index(), item.body, item.body_size, item.body_hash};
}

insert_result failure(errc problem) {
  insert_result result;
  result.problem = problem;
  return result;
}

// The whole request is refused, whatever is in it.
void refuse(work& w, const insert& what, errc problem, insert_reply& out) {
  out.problem = problem;
  for (const auto& item : what.items) {
    out.items.push_back(failure(problem));
    not_stored(w, item);
  }
}

// All or nothing, and it was nothing: who is not at fault has failed without a problem of its own.
void reject(work& w, queue_state& q, const insert& what, insert_reply& out) {
  w.roll_back(q);
  out.problem = errc::batch_rejected;
  out.dropped = 0;
  for (auto& result : out.items) {
    result = failure(result.status == insert_status::failed ? result.problem : errc::ok);
  }
  for (const auto& item : what.items) not_stored(w, item);
}

insert_reply put_all(work& w, queue_state& q, const insert& what) {
  insert_reply out;
  out.items.reserve(what.items.size());
  if (q.record.rules.pause_insert.value_or(false)) {
    refuse(w, what, errc::queue_paused, out);
    return out;
  }
  if (what.atomic) w.mark(q);
  bool failed = false;
  for (const auto& item : what.items) {
    insert_result& result = out.items.emplace_back();
    const body_ref body = body_of(w, item);
    result.problem = put_one(w, q, item, body, what, result, out.dropped);
    if (!w.ok()) return out;
    if (result.problem == errc::ok && result.status != insert_status::duplicate) continue;
    not_stored(w, item);
    if (result.problem == errc::ok) continue;
    result = failure(result.problem);
    failed = true;
  }
  if (what.atomic && failed) reject(w, q, what, out);
  else if (what.atomic) w.keep();
  return out;
}

} // namespace

void not_stored(work& w, const insert_item& item) {
  if (item.refused == errc::ok) w.body_gone(body_of(w, item));
}

insert_reply run(work& w, queue_state& q, const insert& what) {
  if (what.idempotency_key.empty()) return put_all(w, q, what);
  insert_reply out;
  auto key = recall(w, q, what.idempotency_key);
  if (!w.ok()) return out;
  if (key.is_repeat) {
    const bool same = key.record->request == what.request_hash &&
                      std::holds_alternative<remembered_insert>(key.record->answer);
    if (!same) {
      refuse(w, what, errc::idempotency_key_reused, out);
      return out;
    }
    for (const auto& item : what.items) not_stored(w, item);
    return repeat_of(w, *key.record, what);
  }
  if (const errc problem = reserve(w, q, key, what.bounds, &what.fallback); problem != errc::ok) {
    refuse(w, what, problem, out);
    return out;
  }
  out = put_all(w, q, what);
  if (!w.ok()) return out;
  // What was refused may be sent again with the same key, and then be stored.
  if (is_worth_remembering(out)) remember(w, q, key, what.request_hash, to_remember(out));
  else release(w, q, key);
  return out;
}

} // namespace burrow::queue
