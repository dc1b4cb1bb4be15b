#include "cluster/queue/claims.hpp"
#include "cluster/queue/commands.hpp"
#include "cluster/queue/dedupe.hpp"
#include "cluster/queue/moving.hpp"
#include "cluster/queue/quota.hpp"
#include "cluster/queue/sweep.hpp"
#include "cluster/queue/walk.hpp"

#include <algorithm>

namespace burrow::queue {

namespace {

// One take under way.
struct taking {
  work& w;
  queue_state& q;
  const take& what;
  take_reply& out;
  bool claims = false; ///< hides what it matches, with receipts
  claim_id claim{};
  std::uint64_t bytes = 0;

  bool has_room(const message* m) const {
    // A claim that takes over a claimed message needs no more room than that one had.
    return !claims || (m != nullptr && m->claimed) || claims_left(q.record, what.fallback) > 0;
  }
  bool fits(const message& m) const {
    return what.bytes_max == 0 || out.items.empty() || bytes + m.body.size <= what.bytes_max;
  }
  void act(held& h) {
    if (what.action == take_action::remove) {
      drop(w, q, h, going::deleted);
    } else if (claims) {
      if (claim.value == 0) claim = {w.number()};
      if (what.ttl) {
        const duration ttl = bounded_ttl(what.ttl, {});
        set_expiry(w, q, h, ttl.count() == 0 ? no_instant : w.now() + ttl);
      }
      grant(w, q, h, claim, bounded_hide(what.hide, {}));
      save(w, q, h);
    } else if (const auto move = change_attributes(w, q, h, what.ttl, what.hide)) {
      out.moves.push_back(*move);
    }
    bytes += h.item().body.size;
    ++out.count;
    out.items.push_back(as_seen(q.record, std::move(h.item()), w.now()));
  }
};

// Everything that was visible between the walk's start and `covered` has been taken, so the fresh part begins beyond.
// It holds the lowest priority only, so what higher ones did does not count.
void shrink_fresh(const work& w, queue_record& r, const walk_request& range, place covered, bool finished) {
  const bool bounded = !range.by_priority || range.priority == 0;
  const place from = bounded ? range.from : place{}, to = std::min(bounded ? range.to : place_end, range.below);
  if (range.lifo ? to < r.tail : from > r.head) return;
  const bool whole = from <= r.head && to >= r.tail;
  const bool beyond = range.lifo ? covered.value != 0 && covered < r.head : covered >= r.tail;
  if (whole && (finished || beyond)) {
    // Nothing fresh is left. What is not visible now gets a ready key when it is; later inserts are fresh again.
    r.head = w.next_place();
    r.tail = place_end;
  } else if (covered.value != 0 && covered >= r.head && covered < r.tail) {
    if (range.lifo) r.tail = covered;
    else r.head = {covered.value + 1};
  }
}

void take_in_order(taking& t, walk_request range) {
  const std::size_t limit = std::clamp<std::size_t>(t.what.limit, 1, limits::entry_messages_max);
  range.page = limit + 1;
  walk messages(t.w, t.q, range);
  t.out.items.reserve(std::min<std::size_t>(limit, t.q.record.messages()));
  place covered, last;
  std::uint8_t last_priority = 0;
  bool finished = false, refused = false;
  while (t.out.count < limit && !refused && !finished) {
    if (!range.match_hidden && !t.has_room(nullptr)) break;
    auto h = messages.next();
    if (!t.w.ok()) return;
    if (!h) {
      finished = !messages.stopped();
      covered = messages.last_lowest();
      last = messages.last();
      last_priority = messages.last_priority();
    } else if (!t.fits(h->item()) || !t.has_room(&h->item())) {
      refused = true;
      t.out.more = t.has_room(&h->item());
    } else {
      covered = messages.last_lowest();
      last = messages.last();
      last_priority = messages.last_priority();
      t.act(*h);
      if (!t.w.ok()) return;
    }
    if (messages.stopped()) break;
  }
  t.out.last = last;
  t.out.last_priority = last_priority;
  if (messages.stopped()) t.out.more = true;
  else if (t.out.count == limit) t.out.more = messages.more();
  if (!t.w.ok()) return;
  if (t.claims || t.what.action == take_action::remove) shrink_fresh(t.w, t.q.record, range, covered, finished);
}

// The places that the leader's readers have found; each is checked again.
void take_only(taking& t, const walk_request& range) {
  for (const place at : t.what.only) {
    if (t.out.count >= t.what.limit || !t.w.spend()) {
      t.out.more = true;
      return;
    }
    auto h = t.q.exists() ? read(t.w, t.q, at) : std::nullopt;
    if (!t.w.ok()) return;
    const bool matches = h && covers(range, h->item()) && !h->item().is_gone(t.w.now()) &&
                         (t.what.match_hidden || shows(t.q.record, h->item(), t.w.now())) && t.has_room(&h->item());
    if (matches && !t.fits(h->item())) {
      t.out.more = true;
      return;
    }
    t.out.last = at;
    t.out.last_priority = h ? h->item().attributes.priority : 0;
    if (!matches) continue;
    t.act(*h);
    if (!t.w.ok()) return;
  }
}

} // namespace

message as_seen(const queue_record& q, message m, instant now) {
  if (m.hidden_until == no_instant || m.hidden_until > now) return m;
  if (is_doomed(q, m)) {
    m.hidden_until = now + duration{1};
  } else {
    m.hidden_until = no_instant;
    m.claimed = false;
  }
  return m;
}

place_range range_of(work& w, queue_state& q, const position& at, bool lifo) {
  std::optional<place> start = at.after;
  std::uint8_t priority = at.priority.value_or(0);
  if (!start && !at.marker.empty()) {
    if (const auto h = find(w, q, at.marker)) {
      start = h->item().place;
      priority = h->item().attributes.priority;
    }
  }
  if (!start) return {{}, place_end};
  if (lifo) return {{}, *start, priority};
  return {*start == place_end ? place_end : place{start->value + 1}, place_end, priority};
}

taking_order order_of(const queue_record& q, take_action what, take_order asked, const position& from) {
  taking_order out;
  out.lifo = asked == take_order::queue_default ? q.rules.lifo.value_or(false) : asked == take_order::lifo;
  out.by_priority = q.by_priority();
  // A change of attributes is no taking, so a pause lets it pass.
  if (what != take_action::change && q.rules.pause_take.value_or(false)) out.problem = errc::queue_paused;
  else if (from.after && from.lifo && (*from.lifo != out.lifo || from.priority.has_value() != out.by_priority))
    out.problem = errc::invalid_cursor;
  return out;
}

namespace {

bool is_claim(const take& what) {
  return what.action == take_action::claim && bounded_hide(what.hide, {}).count() > 0;
}

take_reply take_now(work& w, queue_state& q, const take& what) {
  take_reply out;
  out.now = w.now();
  out.next_place = w.next_place();
  out.queue_exists = q.exists();
  const taking_order order = order_of(q.record, what.action, what.order, what.from);
  out.lifo = order.lifo;
  out.by_priority = order.by_priority;
  out.problem = order.problem;
  if (out.problem == errc::ok && what.ttl && q.record.rules.too_long(*what.ttl)) out.problem = errc::ttl_too_long;
  if (out.problem != errc::ok) return out;
  // Half of the bound at most, so that a take gets on however much is due.
  if (q.exists()) work_off(w, q, w.budget() / 2);
  if (!w.ok()) return out;

  taking t{.w = w, .q = q, .what = what, .out = out};
  t.claims = is_claim(what);
  const auto [from, to, priority] = range_of(w, q, what.from, out.lifo);
  if (!w.ok()) return out;
  const walk_request range{.match_hidden = what.match_hidden, .lifo = out.lifo, .by_priority = out.by_priority,
                           .priority = priority, .from = from, .to = to, .below = what.below.value_or(place_end)};
  if (!what.only.empty()) take_only(t, range);
  else if (q.exists()) take_in_order(t, range);
  out.queue_exists = q.exists();
  out.visible_left = q.record.visible > 0;
  return out;
}

remembered_claim to_remember(const take_reply& made) {
  remembered_claim x;
  x.claim = made.items.empty() ? claim_id{} : made.items.front().claim;
  x.places.reserve(made.items.size());
  for (const auto& m : made.items) x.places.push_back(m.place);
  x.last = made.last;
  x.next_place = made.next_place;
  x.more = made.more;
  x.lifo = made.lifo;
  x.by_priority = made.by_priority;
  x.last_priority = made.last_priority;
  return x;
}

} // namespace

take_reply run(work& w, queue_state& q, const take& what) {
  if (what.idempotency_key.empty() || !is_claim(what)) return take_now(w, q, what);
  take_reply out;
  out.now = w.now();
  auto key = recall(w, q, what.idempotency_key, what.step);
  if (!w.ok()) return out;
  if (key.is_repeat) {
    if (key.record->request == what.request_hash && std::holds_alternative<remembered_claim>(key.record->answer))
      return repeat_of(w, q, key);
    out.problem = errc::idempotency_key_reused;
    return out;
  }
  // Never for stored bytes: who takes makes room.
  out.problem = reserve(w, q, key, what.bounds, nullptr);
  if (out.problem != errc::ok) return out;
  out = take_now(w, q, what);
  if (!w.ok()) return out;
  // What found nothing may find something next time. A later step that found nothing was the end of a call, though.
  if (out.problem == errc::ok && (out.count > 0 || what.step > 0))
    remember(w, q, key, what.request_hash, to_remember(out));
  else release(w, q, key);
  return out;
}

} // namespace burrow::queue
