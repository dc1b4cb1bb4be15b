#include "cluster/queue/backlog.hpp"

#include "cluster/base/assert.hpp"
#include "cluster/queue/move_records.hpp"
#include "cluster/queue/moving.hpp"

#include <algorithm>

namespace burrow::queue {

namespace {

// Only a place in the fresh part is found without a ready key, and only at the lowest priority.
bool is_fresh(const queue_record& r, const message& m) {
  return m.attributes.priority == 0 && m.place >= r.head && m.place < r.tail;
}

bool is_id_like(const message& m) { return m.name.size() == 26 && message_id::parse26(m.name).has_value(); }

void join_group(work& w, queue_state& q, instant deadline, std::uint64_t group, place at) {
  const std::string key = key::group(q.record.number, deadline, group);
  // A group is filled by the command that makes it, so the view cannot have it yet.
  if (std::string* places = w.state().own(key)) byte_writer(*places).varint(at.value);
  else w.state().put(key, encode_place(at), std::nullopt);
  q.record.group_due = earlier(q.record.group_due, deadline);
}

void enter_line(work& w, queue_state& q, const message& m) {
  const queue_number number = q.record.number;
  w.state().put(key::line(number, m.place), {}, std::nullopt);
  if (q.record.moves.lined++ > 0) return;
  w.state().put(key::line_of(number), q.key.substr(1), std::nullopt);
  ++w.edit_shard().lines;
}
void leave_line(work& w, queue_state& q, const message& m) {
  w.state().erase(key::line(q.record.number, m.place), {});
  if (--q.record.moves.lined == 0) end_line(w, q);
}

void enter_hide(work& w, queue_state& q, stored_message& x) {
  queue_record& r = q.record;
  message& m = x.item;
  x.hide_group = 0;
  x.lined = false;
  if (m.hidden_until != no_instant) {
    ++(m.claimed ? r.claimed : r.delayed);
    x.hide_group = w.group();
    join_group(w, q, m.hidden_until, x.hide_group, m.place);
    return;
  }
  ++r.visible;
  if (is_fresh(r, m)) return;
  ++r.ready;
  r.raised_ready += m.attributes.priority > 0 ? 1 : 0;
  w.state().put(key::ready(r.number, m.attributes.priority, m.place), {}, std::nullopt);
}

void leave_hide(work& w, queue_state& q, const stored_message& x) {
  queue_record& r = q.record;
  const message& m = x.item;
  if (m.hidden_until != no_instant) {
    --(m.claimed ? r.claimed : r.delayed);
    if (x.lined) leave_line(w, q, m);
    else leave_group(w, q, m.hidden_until, x.hide_group, m.place);
    return;
  }
  --r.visible;
  if (is_fresh(r, m)) return;
  --r.ready;
  r.raised_ready -= m.attributes.priority > 0 ? 1 : 0;
  w.state().erase(key::ready(r.number, m.attributes.priority, m.place), {});
}

void enter_expiry(work& w, queue_state& q, stored_message& x, bool at_end) {
  queue_record& r = q.record;
  message& m = x.item;
  x.ttl_group = 0;
  m.in_ttl_order = false;
  if (m.expires == no_instant) return;
  if (at_end && m.expires >= r.ttl_last) {
    m.in_ttl_order = true;
    r.ttl_last = m.expires;
    if (r.ttl_due == no_instant) r.ttl_due = m.expires;
    return;
  }
  x.ttl_group = w.group();
  join_group(w, q, m.expires, x.ttl_group, m.place);
}

void leave_expiry(work& w, queue_state& q, const stored_message& x) {
  // In order: the queue's one deadline may now be too early, which is found out when it is due.
  if (x.ttl_group != 0) leave_group(w, q, x.item.expires, x.ttl_group, x.item.place);
}

// A name may look like the id that the next message without a name would get. Few do; then another number is drawn.
errc draw_new(work& w, queue_state& q, message& m) {
  for (int tries = 0; tries < 4; ++tries) {
    m.place = {w.number()};
    m.id = message_id::make(w.now().ms, w.shard(), m.place.value);
    if (!m.name.empty() || q.record.id_like == 0) return errc::ok;
    if (!w.state().get(key::name(q.record.number, m.id.text26()))) return errc::ok;
  }
  return errc::already_exists;
}

bool has_own_id(const message& m) { return m.id.low != m.place.value; }

// Writes a message that has its id and place, and is not in the queue yet. It was made sure that its name is free.
void enter(work& w, queue_state& q, stored_message& x) {
  queue_record& r = q.record;
  const message& item = x.item;
  if (!item.name.empty() && !x.unnamed) {
    w.state().put(key::name(r.number, item.name), encode_place(item.place), std::nullopt);
    if (is_id_like(item)) ++r.id_like;
  }
  if (has_own_id(item)) w.state().put(key::id(r.number, item.id), encode_place(item.place), std::nullopt);
  r.bytes += item.body.size;
  r.raised += item.attributes.priority > 0 ? 1 : 0;
  r.moves.lettered += item.dead_letter ? 1 : 0;
  enter_hide(w, q, x);
  enter_expiry(w, q, x, true);
  q.changed = true;
  w.state().put(key::message(r.number, item.place), encode(x), std::nullopt);
}

void enter_new(work& w, queue_state& q, message m, held& made) {
  made = {};
  made.item() = std::move(m);
  enter(w, q, made.now);
  if (made.item().hidden_until == no_instant) ++q.shown;
}

void free_name(work& w, queue_state& q, const stored_message& x) {
  const message& m = x.item;
  if (m.name.empty() || x.unnamed) return;
  w.state().erase(key::name(q.record.number, m.name), encode_place(m.place));
  if (is_id_like(m)) --q.record.id_like;
}

// The message without a name that has this id, expired or not.
std::optional<held> find_by_id(work& w, queue_state& q, const message_id& id) {
  auto h = read(w, q, {id.low});
  if (!w.ok()) return std::nullopt;
  if (!h || h->item().id != id) {
    const auto at = w.state().get(key::id(q.record.number, id));
    h = at ? read(w, q, decode_places(*at).front()) : std::nullopt;
  }
  if (!h || !h->item().name.empty()) return std::nullopt;
  return h;
}

} // namespace

void leave_group(work& w, const queue_state& q, instant deadline, std::uint64_t group, place at) {
  const std::string key = key::group(q.record.number, deadline, group);
  const auto stored = w.state().get(key);
  if (!stored) return;
  auto places = decode_places(*stored);
  const auto found = std::find(places.begin(), places.end(), at);
  if (found == places.end()) return;
  places.erase(found);
  if (places.empty()) return w.state().erase(key, *stored);
  std::string rest;
  byte_writer out(rest);
  for (const place p : places) out.varint(p.value);
  w.state().put(key, std::move(rest), *stored);
}

std::optional<held> read(work& w, const queue_state& q, place at) {
  auto bytes = w.state().get(key::message(q.record.number, at));
  if (!bytes) return std::nullopt;
  auto decoded = decode_message(at, *bytes);
  BURROW_ASSERT(decoded);
  return held{std::move(*decoded), std::move(*bytes)};
}

std::optional<held> find(work& w, queue_state& q, std::string_view id) {
  if (!q.exists()) return std::nullopt;
  if (const auto at = w.state().get(key::name(q.record.number, id))) {
    auto h = read(w, q, decode_places(*at).front());
    if (!w.ok()) return std::nullopt;
    BURROW_ASSERT(h);
    if (!h->item().is_gone(w.now())) return h;
    expire(w, q, *h);
  }
  const auto parsed = message_id::parse26(id);
  if (!parsed || !w.ok()) return std::nullopt;
  auto h = find_by_id(w, q, *parsed);
  if (!h || !h->item().is_gone(w.now())) return h;
  expire(w, q, *h);
  return std::nullopt;
}

bool is_free(work& w, queue_state& q, std::string_view id) {
  if (!q.exists()) return true;
  if (const auto at = w.state().get(key::name(q.record.number, id))) {
    auto h = read(w, q, decode_places(*at).front());
    if (!w.ok()) return false;
    BURROW_ASSERT(h);
    if (!h->item().is_gone(w.now())) return false;
    // Not moved from here: that could make room for it in yet another queue, and so on without an end.
    free_name(w, q, h->now);
    h->now.unnamed = true;
    save(w, q, *h);
  }
  const auto parsed = message_id::parse26(id);
  if (!parsed || !w.ok()) return w.ok();
  const auto h = find_by_id(w, q, *parsed);
  return !h || h->item().is_gone(w.now());
}

errc append(work& w, queue_state& q, message m, held& made) {
  queue_record& r = q.record;
  if (r.number.value == 0) r.number = {w.number()};
  if (const errc problem = draw_new(w, q, m); problem != errc::ok) return problem;
  enter_new(w, q, std::move(m), made);
  return errc::ok;
}

void readmit(work& w, queue_state& q, stored_message m) {
  m.ended = false; // that its ttl ran out is found out again
  enter(w, q, m);
}

void append_moved(work& w, queue_state& q, message m, held& made) {
  queue_record& r = q.record;
  if (!m.name.empty() && !is_free(w, q, m.name)) m.name.clear();
  const bool fresh = r.number.value == 0;
  if (fresh) r.number = {w.number()};
  m.place = {w.number()};
  // An id comes twice only from a shard that lost data it had acknowledged.
  const auto is_id = [&] {
    if (w.state().get(key::id(r.number, m.id)).has_value()) return true;
    const bool from_here = (m.id.high & 0xFFFF) == w.shard().value;
    const auto h = from_here ? read(w, q, {m.id.low}) : std::nullopt;
    return h && h->item().id == m.id;
  };
  const auto is_name = [&] {
    return m.name.empty() && r.id_like > 0 && w.state().get(key::name(r.number, m.id.text26())).has_value();
  };
  for (int tries = 0; !fresh && w.ok() && (is_id() || is_name()); ++tries) {
    // Each try is another place. A client cannot know more than a few of those to come.
    BURROW_ASSERT(tries < 1000);
    m.place = {w.number()};
    m.id = message_id::make(w.now().ms, w.shard(), m.place.value);
  }
  if (w.ok()) enter_new(w, q, std::move(m), made);
}

void end_line(work& w, const queue_state& q) {
  w.state().erase(key::line_of(q.record.number), std::string_view(q.key).substr(1));
  --w.edit_shard().lines;
}

void detach(work& w, queue_state& q, const held& h) {
  queue_record& r = q.record;
  const message& m = h.item();
  leave_hide(w, q, h.now);
  leave_expiry(w, q, h.now);
  free_name(w, q, h.now);
  if (has_own_id(m)) w.state().erase(key::id(r.number, m.id), encode_place(m.place));
  r.bytes -= m.body.size;
  r.raised -= m.attributes.priority > 0 ? 1 : 0;
  r.moves.lettered -= m.dead_letter ? 1 : 0;
  w.state().erase(key::message(r.number, m.place), h.stored);
  q.changed = true;
}

void line_up(work& w, queue_state& q, held& h, bool ended) {
  message& m = h.item();
  leave_hide(w, q, h.now);
  if (ended) {
    leave_expiry(w, q, h.now);
    free_name(w, q, h.now);
    m.in_ttl_order = false;
    h.now.ttl_group = 0;
    h.now.ended = h.now.unnamed = true;
  }
  // It was visible: from now on it is as if delayed.
  if (m.hidden_until == no_instant) m.hidden_until = w.now();
  ++(m.claimed ? q.record.claimed : q.record.delayed);
  h.now.hide_group = 0;
  h.now.lined = true;
  enter_line(w, q, m);
  save(w, q, h);
}

void drop(work& w, queue_state& q, const held& h, going why) {
  detach(w, q, h);
  w.body_gone(h.item().body);
  ++(why == going::deleted ? q.did.deleted : why == going::expired ? q.did.expired : q.did.dead);
}

void set_hide(work& w, queue_state& q, held& h, instant until, bool by_claim) {
  message& m = h.item();
  const bool claimed = until != no_instant && by_claim;
  if (m.hidden_until == until && m.claimed == claimed) return;
  const bool was_hidden = m.hidden_until != no_instant;
  leave_hide(w, q, h.now);
  m.hidden_until = until;
  m.claimed = claimed;
  enter_hide(w, q, h.now);
  if (was_hidden && until == no_instant) ++q.shown;
  q.changed = true;
}

void set_priority(work& w, queue_state& q, held& h, std::uint8_t priority) {
  auto& now = h.item().attributes.priority;
  if (now == priority) return;
  leave_hide(w, q, h.now);
  q.record.raised += std::uint64_t{priority > 0} - std::uint64_t{now > 0};
  now = priority;
  enter_hide(w, q, h.now);
  q.changed = true;
}

void set_expiry(work& w, queue_state& q, held& h, instant expires) {
  if (h.item().expires == expires) return;
  leave_expiry(w, q, h.now);
  h.item().expires = expires;
  enter_expiry(w, q, h.now, false);
  q.changed = true;
}

void save(work& w, queue_state& q, held& h) {
  w.state().put(key::message(q.record.number, h.item().place), encode(h.now), h.stored);
  q.changed = true;
}

} // namespace burrow::queue
