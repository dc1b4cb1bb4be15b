#include "cluster/queue/moving.hpp"

#include "cluster/base/assert.hpp"
#include "cluster/queue/claims.hpp"
#include "cluster/queue/commands.hpp"

#include <algorithm>
#include <map>

namespace burrow::queue {

namespace {

constexpr std::size_t page_keys = 64;

bool may_go_on(const message& m) { return !m.dead_letter || m.dead_letter->hops < limits::dead_letter_hops_max; }
bool moves_when_expired(const queue_record& q, const message& m) {
  return q.rules.dead_letter && q.rules.dead_letter->expired && may_go_on(m);
}

// As the message arrives, whatever is yet to become of its name, its ttl and its place.
moved_message as_dead_letter(const work& w, const queue_state& q, const dead_letter_rule& rule, const message& m,
                             going why) {
  moved_message out;
  out.to = {q.ref.tenant, rule.queue};
  out.what = m;
  // One whose ttl ran out would be gone on arrival.
  if (rule.resets_ttl || why == going::expired) out.ttl = std::chrono::seconds(rule.fallback_ttl_s);
  if (rule.resets_claims) out.what.claims = 0;
  const auto hops = static_cast<std::uint8_t>((m.dead_letter ? m.dead_letter->hops : 0) + 1);
  out.what.dead_letter = {q.ref.queue, w.shard(), m.shown_id(), why == going::expired ? "expired" : "max_claims",
                          m.claims, w.now(), hops};
  return out;
}

// Puts a message that has come from elsewhere at the end of the queue.
void take_in(work& w, queue_state& q, moved_message in, const body_ref& body) {
  message& m = in.what;
  m.body = body;
  m.place = {};
  m.hidden_until = no_instant;
  m.claim = {};
  m.claimed = m.in_ttl_order = false;
  ++m.revision;
  if (in.ttl) {
    const queue_rules& rules = q.record.rules;
    duration ttl = rules.default_ttl_s ? duration(std::chrono::seconds(*rules.default_ttl_s)) : *in.ttl;
    if (rules.too_long(ttl)) ttl = std::chrono::seconds(*rules.max_ttl_s);
    m.expires = ttl.count() == 0 ? no_instant : w.now() + ttl;
  }
  held made;
  append_moved(w, q, std::move(m), made);
  ++q.did.inserted;
}

// It leaves for another shard: no message of this queue any more, but its bytes are the queue's until it has left.
move_key leave(work& w, queue_state& q, const held& h, moved_message m, shard_id to, task_id task) {
  detach(w, q, h);
  pair_record& pair = w.pair(to);
  m.number = {w.shard_state().life, ++pair.last};
  if (pair.open++ == 0) pair.lowest = m.number;
  ++w.edit_shard().moving;
  auto& counts = q.record.moves;
  ++counts.moving;
  counts.moving_bytes += m.what.body.size;
  q.record.bytes += m.what.body.size;
  const move_key key{to, m.number};
  m.what.place = {};
  m.what.hidden_until = no_instant;
  m.what.claim = {};
  m.what.claimed = m.what.in_ttl_order = false;
  w.state().put(key::leaving(to, m.number), encode(leaving_message{std::move(m), q.ref, task.value}), std::nullopt);
  w.note_leaving(to);
  return key;
}

// Where a queue's line goes on: true if all of it was gone through, or nothing there may move now.
bool advance_line(work& w, queue_state& q, std::size_t floor) {
  place from{};
  for (bool complete = false; !complete;) {
    const queue_number number = q.record.number;
    const auto page = w.state().scan({.from = key::line(number, from), .to = key::line(number, place_end),
                                      .order = direction::ascending, .items_max = page_keys});
    if (!w.ok()) return false;
    for (const auto& [key, none] : page.items) {
      const auto& rule = q.record.rules.dead_letter;
      if (rule && rule->shard != w.shard() && !has_room(w, rule->shard)) return w.ok();
      if (w.budget() <= floor || !w.spend()) return false;
      const place at{key::last_number(key)};
      from = {at.value + 1};
      auto h = read(w, q, at);
      if (!w.ok()) return false;
      BURROW_ASSERT(h && h->now.lined);
      const bool gone = h->item().is_gone(w.now());
      if (gone && moves_when_expired(q.record, h->item())) static_cast<void>(send_off(w, q, *h, going::expired));
      else if (gone) drop(w, q, *h, going::expired);
      else if (is_doomed(q.record, h->item())) static_cast<void>(send_off(w, q, *h, going::dead));
      else {
        set_hide(w, q, *h, no_instant, false);
        save(w, q, *h);
      }
      if (!w.ok()) return false;
    }
    complete = page.complete;
  }
  return true;
}

} // namespace

bool is_doomed(const queue_record& q, const message& m) {
  const auto& rule = q.rules.dead_letter;
  return rule && m.claimed && m.claims >= rule->max_claims && may_go_on(m);
}

bool shows(const queue_record& q, const message& m, instant now) {
  return m.is_visible(now) && (m.hidden_until == no_instant || !is_doomed(q, m));
}

bool has_room(work& w, shard_id to) {
  if (w.shard_state().moving >= limits::moves_open_max) return false;
  const pair_record& pair = w.pair(to);
  // The target remembers every number from the lowest open one on.
  return pair.open == 0 || pair.last + 1 < pair.lowest.number + limits::moves_open_max;
}

std::optional<move_key> move_on(work& w, queue_state& q, const held& h, moved_message m, shard_id to, task_id task) {
  if (to != w.shard()) return leave(w, q, h, std::move(m), to, task);
  const body_ref body = h.item().body;
  queue_state& target = w.open(m.to);
  if (!w.ok()) return std::nullopt;
  detach(w, q, h);
  take_in(w, target, std::move(m), body);
  return std::nullopt;
}

std::optional<move_key> send_off(work& w, queue_state& q, held& h, going why) {
  const dead_letter_rule rule = *q.record.rules.dead_letter;
  if (rule.shard != w.shard() && !has_room(w, rule.shard)) {
    if (w.ok()) line_up(w, q, h, why == going::expired);
    return move_key{rule.shard, {}};
  }
  if (!w.ok()) return std::nullopt;
  ++q.did.dead;
  return move_on(w, q, h, as_dead_letter(w, q, rule, h.item(), why), rule.shard, {});
}

void expire(work& w, queue_state& q, held& h) {
  if (h.now.ended) return;
  if (moves_when_expired(q.record, h.item())) static_cast<void>(send_off(w, q, h, going::expired));
  else drop(w, q, h, going::expired);
}

void advance_lines(work& w, std::size_t messages_max) {
  if (!w.shard_state().line_moves || !w.ok()) return;
  const std::size_t floor = w.budget() - std::min(w.budget(), messages_max);
  const std::string end = key::family_end(key::line_family);
  const std::string first = key::line_of(w.shard_state().turn);
  // Once around, from the queue whose turn it is.
  std::string from = first, to = end;
  for (bool around = false;;) {
    const auto page = w.state().scan({.from = from, .to = to, .order = direction::ascending, .items_max = page_keys});
    if (!w.ok()) return;
    for (const auto& [key, name] : page.items) {
      from = key + '\0';
      queue_state& q = w.open(key::queue_of(std::string(1, key::queue_family) + name));
      if (!w.ok()) return;
      // Looking costs one, or a million lines that cannot move would be without a bound.
      const bool may = w.budget() > floor && w.spend();
      const bool done = may && advance_line(w, q, floor);
      if (!w.ok()) return;
      if (!done) {
        w.edit_shard().turn = {key::last_number(key)};
        return;
      }
    }
    if (!page.complete) continue;
    if (around) break;
    around = true;
    to = first;
    from = std::string(1, key::line_family);
  }
  w.edit_shard().line_moves = false;
  w.edit_shard().turn = {};
}

// ---- commands -------------------------------------------------------------------------------------------------------

arrive_reply run(work& w, const arrive& what) {
  arrive_reply out;
  const std::string key = key::source(what.from);
  const auto stored = w.state().get(key);
  if (!w.ok()) return out;
  move_number below = stored ? decode_move(*stored).value_or(move_number{}) : move_number{0, 0};
  if (what.done_below > below) {
    below = what.done_below;
    w.state().put(key, encode(below), stored);
  }
  // More than ever comes with one entry, so that no number below is kept for long.
  const auto old = w.state().scan({.from = key::arrived(what.from, {}), .to = key::arrived(what.from, below),
                                   .order = direction::ascending, .items_max = 2 * limits::move_batch_messages_max});
  for (const auto& [gone, none] : old.items) w.state().erase(gone, {});
  for (const auto& item : what.items) {
    errc& problem = out.items.emplace_back();
    const message& m = item.what;
    const body_ref body{w.index(), m.body.n, m.body.size, m.body.hash};
    const std::string known = key::arrived(what.from, item.number);
    const bool repeated = item.number < below || w.state().get(known);
    if (!w.ok()) return out;
    if (!is_name(item.to.tenant) || !is_name(item.to.queue)) problem = errc::invalid_name;
    else if (!repeated && !w.spend()) problem = errc::busy;
    if (repeated || problem != errc::ok) {
      w.body_gone(body);
      continue;
    }
    w.state().put(known, {}, std::nullopt);
    queue_state& q = w.open(item.to);
    if (w.ok()) take_in(w, q, item, body);
    if (!w.ok()) return out;
  }
  return out;
}

done_reply run(work& w, const left& what) {
  done_reply out;
  pair_record& pair = w.pair(what.to);
  if (!w.ok()) return out;
  std::map<std::pair<queue_ref, std::uint64_t>, std::uint64_t> of_tasks;
  bool lowest_left = false;
  for (const auto& number : what.numbers) {
    const std::string key = key::leaving(what.to, number);
    const auto stored = w.state().get(key);
    if (!w.ok()) return out;
    if (!stored || !w.spend()) continue; // said twice; or it comes again
    const auto m = decode_leaving(number, *stored);
    BURROW_ASSERT(m && pair.open > 0);
    queue_state& q = w.open(m->from);
    if (!w.ok()) return out;
    const body_ref& body = m->moved.what.body;
    w.state().erase(key, *stored);
    w.body_gone(body);
    --pair.open;
    --w.edit_shard().moving;
    --q.record.moves.moving;
    q.record.moves.moving_bytes -= body.size;
    q.record.bytes -= body.size;
    q.changed = true;
    lowest_left = lowest_left || number == pair.lowest;
    if (m->task != 0) ++of_tasks[{m->from, m->task}];
    out.changed = true;
  }
  if (lowest_left && pair.open > 0) {
    const auto first = w.state().scan({.from = key::leaving(what.to, {0, 0}),
                                       .to = key::leaving(what.to, {~std::uint64_t{0}, ~std::uint64_t{0}}),
                                       .order = direction::ascending, .items_max = 1});
    if (!w.ok()) return out;
    BURROW_ASSERT(!first.items.empty());
    pair.lowest = key::move_of(first.items.front().first);
  }
  for (const auto& [task, count] : of_tasks) task_left(w, w.open(task.first), {task.second}, count);
  if (w.ok() && out.changed && w.shard_state().lines > 0) {
    w.edit_shard().line_moves = true;
    advance_lines(w, w.budget());
  }
  return out;
}

done_reply run(work& w, const begin_life& what) {
  const bool later = what.life > w.shard_state().life;
  if (w.ok() && later) w.edit_shard().life = what.life;
  return {.problem = errc::ok, .changed = later, .value = {}};
}

} // namespace burrow::queue
