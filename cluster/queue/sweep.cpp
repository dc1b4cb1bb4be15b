#include "cluster/queue/sweep.hpp"

#include "cluster/base/assert.hpp"
#include "cluster/queue/commands.hpp"
#include "cluster/queue/dedupe.hpp"
#include "cluster/queue/moving.hpp"
#include "cluster/queue/repeats.hpp"

#include <algorithm>

namespace burrow::queue {

namespace {

constexpr std::size_t page_keys = 64;

// Counts for one caller's share, and for the entry's whole bound.
struct share {
  work& w;
  std::size_t left;
  bool spend() {
    if (left == 0 || !w.spend()) return false;
    --left;
    return true;
  }
};

instant just_after(instant t) { return {t.ms + 1}; }

void settle(work& w, queue_state& q, const std::string& key, place at) {
  auto h = read(w, q, at);
  // It may have gone as part of an earlier group of this page: its ttl and its hide were both due.
  if (!h) return;
  message& m = h->item();
  if (m.is_gone(w.now())) return expire(w, q, *h);
  BURROW_ASSERT(h->now.hide_group == key::last_number(key) && m.is_visible(w.now()));
  if (is_doomed(q.record, m)) return static_cast<void>(send_off(w, q, *h, going::dead));
  set_hide(w, q, *h, no_instant, false);
  save(w, q, *h);
}

bool work_off_groups(work& w, queue_state& q, share& bound) {
  const queue_number number = q.record.number;
  const std::string end = key::group(number, just_after(w.now()), 0);
  for (bool complete = false; !complete;) {
    // Finished groups are gone, so every page begins at the start.
    const auto page = w.state().scan({.from = key::group(number, no_instant, 0), .to = end,
                                      .order = direction::ascending, .items_max = page_keys});
    if (!w.ok()) return false;
    for (const auto& [key, places] : page.items) {
      for (const place at : decode_places(places)) {
        if (!bound.spend()) return false;
        settle(w, q, key, at);
        if (!w.ok()) return false;
      }
    }
    complete = page.complete;
  }
  const auto next = w.state().scan({.from = end, .to = key::group(number, {-1}, ~std::uint64_t{0}),
                                    .order = direction::ascending, .items_max = 1});
  if (!w.ok()) return false;
  q.record.group_due = next.items.empty() ? no_instant : key::deadline_of(next.items.front().first);
  q.changed = true;
  return true;
}

bool work_off_in_order(work& w, queue_state& q, share& bound) {
  queue_record& r = q.record;
  q.changed = true;
  for (bool complete = false; !complete;) {
    auto page = w.state().scan({.from = key::message(r.number, r.ttl_from), .to = key::message(r.number, place_end),
                                .order = direction::ascending, .items_max = page_keys});
    if (!w.ok()) return false;
    for (auto& [key, bytes] : page.items) {
      const place at{key::last_number(key)};
      r.ttl_from = at;
      if (!bound.spend()) return false;
      auto x = decode_message(at, bytes);
      BURROW_ASSERT(x);
      if (x->item.is_gone(w.now())) {
        held h{std::move(*x), std::move(bytes)};
        expire(w, q, h);
      } else if (x->item.in_ttl_order) {
        r.ttl_due = x->item.expires;
        return w.ok();
      }
      if (!w.ok()) return false;
      r.ttl_from = {at.value + 1};
    }
    complete = page.complete;
  }
  r.ttl_due = r.ttl_last = no_instant;
  r.ttl_from = w.next_place();
  return true;
}

bool is_due(instant deadline, instant now) { return deadline != no_instant && deadline <= now; }

} // namespace

bool work_off(work& w, queue_state& q, std::size_t messages_max) {
  share bound{w, messages_max};
  if (q.exists() && is_due(q.record.group_due, w.now()) && !work_off_groups(w, q, bound)) return false;
  if (q.exists() && is_due(q.record.ttl_due, w.now()) && !work_off_in_order(w, q, bound)) return false;
  return true;
}

namespace {

void work_off_queues(work& w, std::size_t floor) {
  for (bool complete = false; !complete;) {
    const auto page = w.state().scan({.from = key::due(no_instant, {}), .to = key::due(just_after(w.now()), {}),
                                      .order = direction::ascending, .items_max = page_keys});
    if (!w.ok()) return;
    for (const auto& [key, name] : page.items) {
      // A queue costs one, even if its deadline turns out to be an old one: a million stale ones must be bounded too.
      if (w.budget() <= floor || !w.spend()) return;
      queue_state& q = w.open(key::queue_of(std::string(1, key::queue_family) + name));
      if (!w.ok()) return;
      BURROW_ASSERT(q.record.number.value == key::last_number(key));
      const bool done = work_off(w, q, w.budget() - std::min(w.budget(), floor));
      if (!w.ok()) return;
      w.register_due(q);
      if (!done) return;
    }
    complete = page.complete;
  }
}

} // namespace

void work_off_shard(work& w, std::size_t messages_max) {
  if (!is_due(w.shard_state().due, w.now()) || !w.ok()) return;
  w.refresh_due();
  const std::size_t floor = w.budget() - std::min(w.budget(), messages_max);
  work_off_queues(w, floor);
  if (w.ok()) work_off_memory(w, floor);
  if (w.ok()) forget_tasks(w, floor);
  if (w.ok()) forget_gateways(w, floor);
}

std::uint64_t empty_queue(work& w, queue_state& q) {
  if (!q.exists()) return 0;
  const std::uint64_t count = q.record.messages();
  w.state().put(key::sweep(q.record.number), {}, std::nullopt);
  w.note_sweep(1);
  const queue_number number = q.record.number;
  const instant registered = q.record.registered;
  if (q.record.moves.lined > 0) end_line(w, q);
  q.record = q.record.emptied();
  if (registered != no_instant) w.state().erase(key::due(registered, number), std::string_view(q.key).substr(1));
  q.changed = true;
  q.shown = 0;
  q.did.deleted += count;
  return count;
}

void sweep(work& w) {
  while (w.shard_state().sweeps > 0 && w.budget() > 0 && w.ok()) {
    const auto open = w.state().scan({.from = std::string(1, key::sweep_family),
                                      .to = key::family_end(key::sweep_family),
                                      .order = direction::ascending, .items_max = 1});
    if (!w.ok()) return;
    BURROW_ASSERT(!open.items.empty());
    const queue_number number{key::last_number(open.items.front().first)};
    std::string from = key::everything(number);
    const std::string to = key::everything({number.value + 1});
    for (bool complete = false; !complete;) {
      const auto page = w.state().scan({.from = from, .to = to, .order = direction::ascending,
                                        .items_max = std::clamp<std::size_t>(w.budget(), 1, 256)});
      if (!w.ok()) return;
      for (const auto& [key, value] : page.items) {
        if (!w.spend()) return;
        if (key::kind_of(key) == key::kind::message) {
          const auto x = decode_message({key::last_number(key)}, value);
          BURROW_ASSERT(x);
          w.body_gone(x->item.body);
        }
        w.state().erase(key, value);
        from = key + '\0';
      }
      complete = page.complete;
    }
    w.state().erase(open.items.front().first, {});
    w.note_sweep(-1);
  }
}

} // namespace burrow::queue
