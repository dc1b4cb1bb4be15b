#include "test/support/queue_model_turn.hpp"

namespace burrow::test {

using namespace queue;

namespace {

instant until(instant now, duration d) { return d.count() == 0 ? no_instant : now + d; }

errc guarded(const condition& g, const message* m) {
  const bool match = g.if_match_any || !g.if_match.empty();
  if (!m) return g.receipt ? errc::message_not_found : match ? errc::etag_mismatch : errc::ok;
  if (g.if_none_match) return errc::already_exists;
  if (g.receipt && (m->claim != *g.receipt || m->claim.value == 0)) return errc::receipt_stale;
  if (g.receipt_claims && m->claims != *g.receipt_claims) return errc::receipt_stale;
  if (g.receipt_place && m->place != *g.receipt_place) return errc::receipt_stale;
  if (!g.if_match.empty() && std::count(g.if_match.begin(), g.if_match.end(), m->version()) == 0)
    return errc::etag_mismatch;
  return errc::ok;
}

} // namespace

/// What max_messages and max_bytes say; makes room if it is to be made.
errc queue_model::overflow(turn& t, const insert_item& item, bool replaces, std::uint64_t& dropped) {
  const auto rules = rules_of(t.ref);
  const auto old = replaces ? t.find(item.name)->m.place : place{};
  const auto over = [&] {
    std::uint64_t bytes = item.body_size + moving_bytes(t.ref), count = 1;
    for (const auto& e : t.list) {
      if (e.m.place == old) continue;
      bytes += e.m.body.size;
      ++count;
    }
    const auto messages_max = rules.max_messages.value_or(0), bytes_max = rules.max_bytes.value_or(0);
    return (messages_max > 0 && count > messages_max) || (bytes_max > 0 && bytes > bytes_max);
  };
  if (rules.max_bytes.value_or(0) > 0 && item.body_size > *rules.max_bytes) return errc::queue_full;
  if (rules.overflow == overflow_rule::drop_oldest) {
    std::uint64_t before = moving_bytes(t.ref);
    for (const auto& e : t.list) before += e.m.place == old ? 0 : e.m.body.size;
    for (auto at = t.list.begin(); over() && at != t.list.end();) {
      dropped += at->m.place == old ? 0U : 1U;
      at = at->m.place == old ? at + 1 : t.list.erase(at);
    }
    // What is moving away cannot be dropped.
    const auto most = std::max(before, rules.max_bytes.value_or(0));
    return over() && item.body_size + moving_bytes(t.ref) > most ? errc::busy : errc::ok;
  }
  // What is replaced by something no larger never makes a queue fuller.
  const bool grows = !replaces || item.body_size > t.find(item.name)->m.body.size;
  if (!replaces && rules.max_messages.value_or(0) > 0 && t.list.size() >= *rules.max_messages) return errc::queue_full;
  std::uint64_t bytes = item.body_size + moving_bytes(t.ref);
  for (const auto& e : t.list) bytes += e.m.place == old ? 0 : e.m.body.size;
  return grows && item.body_size > 0 && rules.max_bytes.value_or(0) > 0 && bytes > *rules.max_bytes ? errc::queue_full
                                                                                                    : errc::ok;
}

void queue_model::show(turn& t, entry& e) {
  if (e.m.hidden_until != no_instant) ++shown[t.ref];
  e.m.hidden_until = no_instant;
  e.m.claimed = false;
}

namespace {

/// What an insert says of a message, as its queue takes it.
void fill(message& m, const insert_item& item, const defaults& d, const queue_rules& rules, const apply_meta& meta) {
  m.body = {meta.index, item.body, item.body_size, item.body_hash};
  m.attributes = item.attributes;
  m.attributes.priority = std::min(item.attributes.priority, rules.priority_max());
  m.created = meta.now;
  const auto own = [](const auto& s, duration otherwise) { return s ? duration(std::chrono::seconds(*s)) : otherwise; };
  duration ttl = item.ttl.value_or(own(rules.default_ttl_s, d.ttl));
  if (rules.too_long(ttl)) ttl = own(rules.max_ttl_s, {});
  m.expires = until(meta.now, ttl);
  m.hidden_until = until(meta.now, item.hide.value_or(own(rules.default_hide_s, d.hide)));
}

} // namespace

errc queue_model::store_one(turn& t, const insert_item& item, const queue::insert& whole, bool new_producer,
                            const insert_result* real, insert_result& out, std::uint64_t& dropped) {
  const defaults& d = whole.fallback;
  if (item.refused != errc::ok) return item.refused;
  const auto rules = rules_of(t.ref);
  const auto body_max = rules.max_body.value_or(d.body_bytes_max);
  if (body_max > 0 && item.body_size > body_max) return errc::body_too_large;
  auto at = t.find(item.name);
  const bool found = at != t.list.end();
  if (const errc problem = guarded(item.guard, found ? &at->m : nullptr); problem != errc::ok) return problem;
  if (new_producer && whole.bounds.producers_max > 0 && t.memory.producers.size() >= whole.bounds.producers_max)
    return errc::dedupe_full;
  const std::uint64_t size = item.body_size + (new_producer ? limits::dedupe_record_bytes : 0);
  const std::uint64_t bytes = size + stored_bytes(t.ref.tenant);
  const std::uint64_t old = found ? at->m.body.size : 0;
  const bool is_there = !t.list.empty() || counts(t.ref);
  if (d.tenant_queues_max > 0 && !is_there && queue_count(t.ref.tenant) >= d.tenant_queues_max)
    return errc::quota_exceeded;
  if (d.tenant_bytes_max > 0 && size > old && bytes - old > d.tenant_bytes_max) return errc::quota_exceeded;
  if (item.ttl && rules.too_long(*item.ttl)) return errc::ttl_too_long;
  if (rules.durability == durability_level::memory && item.attributes.persistent == true)
    return errc::durability_unavailable;
  if (const errc problem = overflow(t, item, found, dropped); problem != errc::ok) return problem;
  at = t.find(item.name);

  entry& e = found ? *at : t.list.emplace_back();
  message& m = e.m;
  const instant was_hidden = m.hidden_until;
  e.changed = false;
  fill(m, item, d, rules, t.meta);
  m.claim = {};
  m.claimed = false;
  m.claims = m.claims_total = 0;
  m.dead_letter.reset();
  if (found) {
    ++m.revision;
    if (was_hidden != no_instant && m.hidden_until == no_instant) ++shown[t.ref];
  } else {
    m.name = item.name;
    m.place = real ? real->place : place{highest_ + 1};
    m.id = real ? real->id : message_id{};
    if (real && (m.place.value <= highest_ || m.id != message_id::make(t.now().ms, t.meta.shard, m.place.value)))
      wrong += "place or id of a new message\n";
    highest_ = std::max(highest_, m.place.value);
    if (m.hidden_until == no_instant) ++shown[t.ref];
  }
  out.status = found ? insert_status::replaced : insert_status::created;
  out.id = m.id;
  out.name = m.name;
  out.place = m.place;
  out.revision = m.revision;
  out.expires = m.expires;
  return errc::ok;
}

insert_reply queue_model::insert(turn& t, const queue::insert& what, const insert_reply& real) {
  const messages before = t.list;
  const auto producers_before = t.memory.producers;
  const auto shown_before = shown;
  insert_reply out;
  if (rules_of(t.ref).pause_insert == true) {
    out.problem = errc::queue_paused;
    out.items.resize(what.items.size());
    for (auto& item : out.items) item.problem = errc::queue_paused;
    return out;
  }
  bool failed = false;
  for (std::size_t n = 0; n < what.items.size(); ++n) {
    auto& result = out.items.emplace_back();
    // The machine's answer for a rolled back item says nothing.
    const insert_result* given = n < real.items.size() && real.problem == errc::ok ? &real.items[n] : nullptr;
    const errc problem = insert_one(t, what.items[n], what, given, result, out.dropped);
    if (problem == errc::ok) continue;
    result = {};
    result.problem = problem;
    failed = true;
  }
  if (!what.atomic || !failed) return out;
  t.list = before;
  t.memory.producers = producers_before;
  shown = shown_before;
  out.problem = errc::batch_rejected;
  out.dropped = 0;
  for (auto& result : out.items) {
    const errc problem = result.problem;
    result = {};
    result.problem = problem;
  }
  return out;
}

bool queue_model::change(turn& t, entry& e, const ttl_choice& ttl, const std::optional<duration>& hide) {
  if (!ttl && !hide) return false;
  if (ttl) e.m.expires = until(t.now(), *ttl);
  if (hide && hide->count() == 0 && is_doomed(t.ref, e.m)) {
    ++e.m.revision;
    const entry away = e;
    e.m.claim = {};
    e.m.hidden_until = no_instant;
    e.m.claimed = false;
    send_off(t.ref, away, t.now(), false);
    return true;
  }
  if (hide && hide->count() == 0) {
    show(t, e);
    e.m.claim = {};
  } else if (hide) {
    e.m.hidden_until = t.now() + *hide;
    e.m.claimed = e.m.claim.value != 0;
  }
  ++e.m.revision;
  e.changed = true;
  return false;
}

void queue_model::grant(turn& t, entry& e, const queue::take& what, claim_id claim) {
  if (what.ttl) e.m.expires = until(t.now(), *what.ttl);
  e.m.hidden_until = t.now() + *what.hide;
  e.m.claimed = true;
  e.m.claim = claim;
  ++e.m.claims;
  ++e.m.claims_total;
  ++e.m.revision;
  e.changed = false;
}

namespace {

errc refused(const queue_rules& rules, const queue::take& what, bool lifo, bool priorities) {
  if (what.action != take_action::change && rules.pause_take == true) return errc::queue_paused;
  const auto& from = what.from;
  if (from.after && from.lifo && (*from.lifo != lifo || from.priority.has_value() != priorities))
    return errc::invalid_cursor;
  return what.ttl && rules.too_long(*what.ttl) ? errc::ttl_too_long : errc::ok;
}

} // namespace

std::function<bool(const message&)> queue_model::range_of(turn& t, const queue::take& what, bool lifo,
                                                           bool priorities) {
  std::optional<place> start = what.from.after;
  int from_priority = what.from.priority.value_or(0);
  if (const auto at = t.find(what.from.marker); !start && at != t.list.end()) {
    start = at->m.place;
    from_priority = at->m.attributes.priority;
  }
  return [=, below = what.below](const message& m) {
    const bool level = !priorities || m.attributes.priority == from_priority;
    if (start && priorities && m.attributes.priority > from_priority) return false;
    if (start && level && (lifo ? m.place >= *start : m.place <= *start)) return false;
    return !below || m.place < *below;
  };
}

take_reply queue_model::take(turn& t, const queue::take& what, const take_reply& real) {
  take_reply out;
  out.now = t.now();
  const auto rules = rules_of(t.ref);
  out.lifo = what.order == take_order::lifo || (what.order == take_order::queue_default && rules.lifo == true);
  const bool priorities = by_priority(rules, t.list);
  out.queue_exists = !t.list.empty();
  out.problem = refused(rules, what, out.lifo, priorities);
  if (out.problem != errc::ok) return out;
  const bool claims = what.action == take_action::claim && what.hide && what.hide->count() > 0;
  claim_id claim;
  if (claims && !real.items.empty()) {
    claim = real.items.front().claim;
    if (claim.value <= highest_) wrong += "claim id is not new\n";
    highest_ = claim.value;
  }
  const auto in_range = range_of(t, what, out.lifo, priorities);
  const auto room = [&](const message* m) {
    const auto held = std::count_if(t.list.begin(), t.list.end(), [](const entry& e) { return e.m.claimed; });
    const auto most = rules.max_claimed.value_or(what.fallback.claimed_max);
    return !claims || (m && m->claimed) || most == 0 || static_cast<std::uint64_t>(held) < most;
  };
  std::vector<place> order = what.only;
  if (order.empty())
    for (const auto& m : in_order(t.list, out.lifo, priorities)) order.push_back(m.place);
  const auto act = [&](entry& e) {
    if (claims) return grant(t, e, what, claim), false;
    return what.action == take_action::remove || change(t, e, what.ttl, what.hide);
  };
  std::uint64_t bytes = 0;
  bool beyond = false; // the limit was reached and something that matches lies ahead
  for (const place p : order) {
    const auto at = t.at(p);
    const bool live = at != t.list.end() && in_range(at->m) && (what.match_hidden || at->m.hidden_until == no_instant);
    if (out.count == what.limit) {
      beyond = beyond || live || !what.only.empty();
      continue;
    }
    if (!live) continue;
    if (!room(&at->m)) {
      if (!what.only.empty()) continue;
      break;
    }
    if (what.bytes_max > 0 && out.count > 0 && bytes + at->m.body.size > what.bytes_max) {
      out.more = true;
      break;
    }
    bytes += at->m.body.size;
    ++out.count;
    const bool goes = act(*at);
    out.items.push_back(at->m);
    if (goes) t.list.erase(at);
  }
  out.more = out.more || beyond || (real.more && out.count == what.limit); // "more" may be wrong
  out.queue_exists = !t.list.empty();
  out.visible_left = t.visible();
  return out;
}

reply queue_model::targets(turn& t, const std::vector<target>& list, const queue::change* what) {
  targets_reply out;
  out.now = t.now();
  out.queue_exists = !t.list.empty();
  for (const auto& x : list) {
    auto& result = out.items.emplace_back();
    auto at = t.find(x.id);
    if (x.id.empty() && x.guard.receipt_place) at = t.at(*x.guard.receipt_place);
    const bool found = at != t.list.end();
    result.problem = guarded(x.guard, found ? &at->m : nullptr);
    if (result.problem == errc::ok && !found) result.problem = errc::message_not_found;
    const auto rules = rules_of(t.ref);
    if (result.problem == errc::ok && !x.guard.receipt && rules.require_receipt == true)
      result.problem = errc::receipt_required;
    if (result.problem == errc::ok && what && what->ttl && rules.too_long(*what->ttl))
      result.problem = errc::ttl_too_long;
    if (result.problem != errc::ok) continue;
    const bool goes = !what || change(t, *at, what->ttl, what->hide);
    result.item = at->m;
    if (goes) t.list.erase(at);
  }
  out.visible_left = t.visible();
  return out;
}

reply queue_model::unclaim(turn& t, const queue::unclaim& what) {
  done_reply out;
  const auto key = t.memory.keys.find(key_of(what.idempotency_key, what.step));
  if (!what.idempotency_key.empty() && key != t.memory.keys.end() && key->second.is_claim &&
      key->second.claim == what.claim) {
    if (key->second.answered_again) return out;
    t.memory.keys.erase(key);
  }
  for (const place p : what.places) {
    const auto at = t.at(p);
    if (at == t.list.end() || at->changed || at->m.claim != what.claim || at->m.claims == 0 || what.claim.value == 0)
      continue;
    out.changed = out.changed || at->m.claimed;
    show(t, *at);
    at->m.claim = {};
    --at->m.claims;
    --at->m.claims_total;
    ++at->m.revision;
  }
  return out;
}

reply queue_model::run_anew(const command& c, const apply_meta& meta, const reply& real) {
  turn t{.ref = c.queue, .meta = meta, .list = queues[c.queue], .memory = memories[c.queue]};
  reply out = done_reply{};
  floor_ = highest_;
  if (const auto moved = run_move(c, meta, t, real)) out = *moved;
  else if (const auto* i = std::get_if<queue::insert>(&c.what)) out = keyed_insert(t, *i, std::get<insert_reply>(real));
  else if (const auto* k = std::get_if<queue::take>(&c.what)) out = keyed_take(t, *k, std::get<take_reply>(real));
  else if (const auto* x = std::get_if<queue::change>(&c.what)) out = targets(t, x->targets, x);
  else if (const auto* r = std::get_if<queue::remove>(&c.what)) out = targets(t, r->targets, nullptr);
  else if (const auto* u = std::get_if<queue::unclaim>(&c.what)) out = unclaim(t, *u);
  else if (const auto* s = std::get_if<queue::configure>(&c.what))
    out = configure(t, *s, std::get<settings_reply>(real));
  else if (std::holds_alternative<purge>(c.what)) {
    out = purge_reply{t.list.size()};
    if (!t.list.empty()) shown.erase(t.ref);
    t.list.clear();
  } else out = real; // of the whole shard: nothing to see here
  std::erase_if(queues, [](const auto& q) { return q.second.empty(); });
  return out;
}

} // namespace burrow::test
