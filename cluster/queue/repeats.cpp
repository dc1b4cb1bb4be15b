#include "cluster/queue/repeats.hpp"

#include "cluster/base/assert.hpp"
#include "cluster/queue/backlog.hpp"
#include "cluster/queue/claims.hpp"
#include "cluster/queue/commands.hpp"

#include <algorithm>

namespace burrow::queue {

namespace {

// Pages: more than an entry adds, so that what is answered goes sooner than it comes.
constexpr std::size_t dropped_with_each = 8;

// Like what queues remember: those of ten seconds are looked at together.
instant look_at(instant deadline) {
  const auto step = limits::clock_delay_max.count();
  return {(deadline.ms + step - 1) / step * step};
}
instant silent_at(const gateway_record& g) { return g.heard + limits::gateway_silence_max; }

// What is dropped of a silent gateway is its replies. Where its numbers stood is kept: so a late copy of what was done
// is told from what never was, and nothing is done twice however late it comes.
void forget(gateway_record& g) { g.below = std::max(g.below, g.last + 1); }

// Drops what is finished with: of this entry at once, of earlier ones `count` pages at most.
void drop_finished(work& w, gateway_state& g, std::size_t count) {
  const auto below = g.record.below;
  while (!g.fresh.empty() && g.fresh.begin()->first.number < below) {
    g.fresh_bytes -= g.fresh.begin()->second.size();
    g.fresh.erase(g.fresh.begin());
  }
  std::erase_if(g.record.pages, [&](const kept_page& page) {
    if (count == 0 || !page.finished(below)) return false;
    --count;
    w.state().erase_hashed(key::kept(g.id, page.entry), page.hash);
    return true;
  });
}

// One more gateway pushes out the longest silent one. False: that has more replies than this entry can drop.
bool make_room(work& w) {
  auto all = w.gateways().all();
  if (!w.ok() || all.size() < limits::gateways_max) return w.ok();
  const auto oldest = *std::min_element(all.begin(), all.end(), [](const auto* a, const auto* b) {
    return a->record.heard < b->record.heard;
  });
  forget(oldest->record);
  const std::size_t count = std::min(oldest->record.pages.size(), w.budget());
  static_cast<void>(w.spend(count));
  drop_finished(w, *oldest, count);
  if (oldest->keeps()) return false;
  w.gateways().erase(*oldest);
  w.edit_shard().gateways_lost = true;
  return true;
}

// ---- the first reply once more --------------------------------------------------------------------------------------

std::optional<message> message_at(work& w, queue_state& q, place at) {
  auto h = at.value != 0 && q.exists() ? read(w, q, at) : std::nullopt;
  if (!h || h->item().is_gone(w.now())) return std::nullopt;
  return as_seen(q.record, std::move(h->item()), w.now());
}

struct reteller {
  work& w;
  const command& again;
  const kept_reply& kept;

  reply operator()(insert_reply x) const {
    const auto* what = std::get_if<insert>(&again.what);
    if (what == nullptr || what->items.size() != x.items.size()) return refused_reply{};
    for (std::size_t n = 0; n < x.items.size(); ++n)
      if (!x.items[n].name.empty()) x.items[n].name = what->items[n].name;
    return x;
  }
  reply operator()(take_reply x) const {
    const auto* what = std::get_if<take>(&again.what);
    if (what == nullptr) return refused_reply{};
    x.now = w.now();
    if (!is_name(again.queue.tenant) || !is_name(again.queue.queue)) return x;
    queue_state& q = w.open(again.queue);
    for (const place at : kept.places) {
      auto m = message_at(w, q, at);
      // A claim that has ended meanwhile may be another's by now.
      if (m && (kept.claim.value == 0 || m->claim == kept.claim)) x.items.push_back(std::move(*m));
    }
    if (kept.claim.value != 0) x.count = x.items.size();
    x.queue_exists = q.exists();
    x.visible_left = q.record.visible > 0;
    return x;
  }
  reply operator()(targets_reply x) const {
    const bool fits = std::holds_alternative<change>(again.what) || std::holds_alternative<remove>(again.what);
    if (!fits) return refused_reply{};
    x.now = w.now();
    if (!is_name(again.queue.tenant) || !is_name(again.queue.queue)) return x;
    queue_state& q = w.open(again.queue);
    for (std::size_t n = 0; n < x.items.size(); ++n) x.items[n].item = message_at(w, q, kept.places.at(n));
    x.visible_left = q.record.visible > 0;
    return x;
  }
  reply operator()(settings_reply x) const {
    if (!std::holds_alternative<configure>(again.what)) return refused_reply{};
    if (x.problem != errc::ok) return x;
    queue_state& q = w.open(again.queue);
    x.value = settings_of(w, q);
    x.revision = q.record.settings_revision;
    return x;
  }
  reply operator()(task_reply x) const {
    if (const auto* what = std::get_if<redrive>(&again.what)) {
      x.task.to = what->to;
      x.task.limit = what->limit;
      x.task.max_per_second = what->max_per_second;
      return x;
    }
    return std::holds_alternative<cancel_task>(again.what) ? reply{x} : reply{refused_reply{}};
  }
  reply operator()(purge_reply x) const {
    return std::holds_alternative<purge>(again.what) ? reply{x} : reply{refused_reply{}};
  }
  reply operator()(done_reply x) const {
    return std::holds_alternative<unclaim>(again.what) ? reply{x} : reply{refused_reply{}};
  }
  reply operator()(const auto&) const { return refused_reply{}; }
};

void let_bodies_go(work& w, const command& c) {
  if (const auto* what = std::get_if<insert>(&c.what))
    for (const auto& item : what->items) not_stored(w, item);
}

reply refuse(work& w, const command& c, errc problem) {
  let_bodies_go(w, c);
  return refused_reply{problem};
}

reply tell_again(work& w, const command& c, const std::string& bytes) {
  const auto kept = decode_kept(bytes);
  BURROW_ASSERT(kept);
  if (!w.spend(kept->places.size())) return refuse(w, c, errc::busy);
  let_bodies_go(w, c);
  return std::visit(reteller{w, c, *kept}, kept->what);
}

// ---- one command ----------------------------------------------------------------------------------------------------

std::uint32_t step_of(const command& c) {
  const auto* what = std::get_if<take>(&c.what);
  return what == nullptr ? 0 : what->step;
}

/// The kept reply, encoded; nothing if there is none, or it has to be loaded first.
std::optional<std::string> kept_of(work& w, const gateway_state& g, const kept_number& which) {
  if (const auto at = g.fresh.find(which); at != g.fresh.end()) return at->second;
  const auto& pages = g.record.pages;
  const auto at = std::find_if(pages.begin(), pages.end(), [&](const auto& p) { return p.has(which); });
  if (at == pages.end()) return std::nullopt;
  const auto bytes = w.state().get(key::kept(g.id, at->entry));
  if (!bytes) return std::nullopt;
  auto page = decode_page(*bytes);
  BURROW_ASSERT(page && page->contains(which));
  return std::move(page->at(which));
}

// The gateway's command, which is none that is finished with.
reply run_or_repeat(work& w, const command& c, gateway_state& g, const std::function<reply()>& run, bool& repeated) {
  const kept_number which{c.request.number, step_of(c)};
  const auto kept = kept_of(w, g, which);
  if (!w.ok()) return {};
  if (kept) {
    repeated = true;
    return tell_again(w, c, *kept);
  }
  if (g.replies() >= limits::gateway_replies_max ||
      g.bytes() + kept_bytes_max(c) > limits::gateway_reply_bytes_max)
    return refuse(w, c, errc::busy);
  reply made = run();
  if (!w.ok()) return made;
  const auto what = to_keep(c, made);
  if (!what) return made;
  auto bytes = encode(*what);
  g.fresh_bytes += bytes.size();
  g.fresh.emplace(which, std::move(bytes));
  g.record.last = std::max(g.record.last, which.number);
  return made;
}

} // namespace

bool is_numbered(const command& c) {
  return c.request.gateway != 0 &&
         std::visit(
           []<class A>(const A&) {
             return std::is_same_v<A, insert> || std::is_same_v<A, take> || std::is_same_v<A, change> ||
                    std::is_same_v<A, remove> || std::is_same_v<A, purge> || std::is_same_v<A, unclaim> ||
                    std::is_same_v<A, configure> || std::is_same_v<A, redrive> || std::is_same_v<A, cancel_task>;
           },
           c.what);
}

reply once(work& w, const command& c, const std::function<reply()>& run, bool& repeated) {
  auto& g = w.gateways().open(c.request.gateway);
  if (!w.ok()) return {};
  if (!g.known) {
    // One that was pushed out may have had this done, and so may one whose record was lost.
    if (c.request.again && w.shard_state().gateways_lost) return refuse(w, c, errc::session_lost);
    if (!make_room(w)) return refuse(w, c, errc::busy);
    g.known = true;
  } else if (silent_at(g.record) <= w.now()) {
    forget(g.record);
  }
  g.record.heard = w.now();
  g.record.below = std::max(g.record.below, c.request.answered_below);
  drop_finished(w, g, dropped_with_each);
  reply out = c.request.number < g.record.below ? refuse(w, c, errc::session_lost)
                                                : run_or_repeat(w, c, g, run, repeated);
  if (!w.ok() || !g.keeps() || w.shard_state().gateways_due != no_instant) return out;
  // Not moved by what follows: when it is due, how long each has been silent is looked up.
  w.edit_shard().gateways_due = look_at(silent_at(g.record));
  w.note_due(w.shard_state().gateways_due);
  return out;
}

void forget_gateways(work& w, std::size_t floor) {
  const instant due = w.shard_state().gateways_due;
  if (due == no_instant || due > w.now()) return;
  instant next = no_instant;
  for (auto* const g : w.gateways().all()) {
    if (silent_at(g->record) <= w.now()) {
      forget(g->record);
      const auto count = std::min(g->record.pages.size(), w.budget() - std::min(w.budget(), floor));
      static_cast<void>(w.spend(count));
      drop_finished(w, *g, count);
    }
    if (g->keeps()) next = earlier(next, look_at(silent_at(g->record)));
  }
  if (w.ok()) w.edit_shard().gateways_due = next;
}

void ask_ahead(work& w, const command& c) {
  if (!is_numbered(c)) return;
  const auto kept = kept_of(w, w.gateways().open(c.request.gateway), {c.request.number, step_of(c)});
  const auto read = kept ? decode_kept(*kept) : std::nullopt;
  if (!read) return;
  const queue_state& q = w.open(c.queue);
  if (!q.exists()) return;
  for (const auto at : read->places)
    if (at.value != 0) static_cast<void>(w.state().get(key::message(q.record.number, at)));
}

} // namespace burrow::queue
