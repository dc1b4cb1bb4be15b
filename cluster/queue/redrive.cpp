// Tasks that move messages on (contract section 12): made by a client, driven step by step by whoever leads, at the
// task's rate. All that counts is in the state, so a step is done once whatever becomes of leaders.
#include "cluster/base/assert.hpp"
#include "cluster/queue/claims.hpp"
#include "cluster/queue/commands.hpp"
#include "cluster/queue/dedupe.hpp"
#include "cluster/queue/moving.hpp"
#include "cluster/queue/quota.hpp"
#include "cluster/queue/sweep.hpp"
#include "cluster/queue/tasks.hpp"
#include "cluster/queue/walk.hpp"

#include <algorithm>

namespace burrow::queue {

namespace {

constexpr std::uint64_t us_per_s = 1'000'000, burst_us_max = 200'000;
constexpr std::uint64_t steps_per_s = 20, step_messages_max = 500;
constexpr duration room_pause{50};
constexpr std::size_t page_keys = 64;

std::uint64_t us(instant t) { return static_cast<std::uint64_t>(t.ms) * 1000; }
std::uint64_t us_for(const task_record& t, std::uint64_t messages) {
  const std::uint64_t rate = std::max<std::uint32_t>(t.view.max_per_second, 1);
  return (messages * us_per_s + rate - 1) / rate;
}

// How many the rate lets go now. What was not used up is kept for a moment only.
std::uint64_t allowance(task_record& t, instant now) {
  const std::uint64_t kept = std::max(burst_us_max, us_for(t, 1));
  if (us(now) > t.paced_us + kept) t.paced_us = us(now) - kept;
  return us(now) > t.paced_us ? (us(now) - t.paced_us) * t.view.max_per_second / us_per_s : 0;
}
instant next_step(const task_record& t) {
  const std::uint64_t batch = std::clamp<std::uint64_t>(t.view.max_per_second / steps_per_s, 1, step_messages_max);
  return {static_cast<std::int64_t>((t.paced_us + us_for(t, batch) + 999) / 1000)};
}

// A task and its bytes in the state.
struct kept_task {
  task_record record;
  std::string stored;
};
std::optional<kept_task> load(work& w, const queue_ref& of, task_id id) {
  auto bytes = w.state().get(key::task(of, id));
  if (!bytes) return std::nullopt;
  auto read = decode_task(id, *bytes);
  BURROW_ASSERT(read);
  return kept_task{std::move(*read), std::move(*bytes)};
}
void store(work& w, const queue_ref& of, const kept_task& t) {
  w.state().put(key::task(of, t.record.view.id), encode(t.record),
                t.stored.empty() ? std::nullopt : std::optional<std::string_view>(t.stored));
}

void set_step(work& w, const queue_state& q, task_record& t, instant due) {
  const std::string_view name = std::string_view(q.key).substr(1);
  if (due == t.due) return;
  auto& steps = w.edit_shard().steps;
  steps += std::uint64_t{due != no_instant} - std::uint64_t{t.due != no_instant};
  if (t.due != no_instant) w.state().erase(key::step(t.due, t.view.id), name);
  t.due = due;
  if (due != no_instant) w.state().put(key::step(due, t.view.id), std::string(name), std::nullopt);
}
void forget_at(work& w, const queue_state& q, task_record& t, instant at) {
  t.due = at;
  w.state().put(key::forget(at, t.view.id), q.key.substr(1), std::nullopt);
  auto& shard = w.edit_shard();
  ++shard.ended;
  shard.due = earlier(shard.due, at);
}

// Nothing is left to look at, or nobody wants it to be.
void end_walk(work& w, queue_state& q, task_record& t) {
  set_step(w, q, t, no_instant);
  if (t.has_ids) {
    const std::string key = key::task_ids(q.ref, t.view.id);
    if (const auto ids = w.state().get(key)) w.state().erase(key, *ids);
  }
  t.has_ids = false;
  t.walked = true;
}
void end(work& w, queue_state& q, task_record& t, task_state how) {
  t.view.state = how;
  t.view.finished = w.now();
  q.record.moves.task = 0;
  q.changed = true;
  forget_at(w, q, t, w.now() + limits::task_kept_max);
}

void erase_task(work& w, queue_state& q, const kept_task& t) {
  w.state().erase(key::task(q.ref, t.record.view.id), t.stored);
  w.state().erase(key::forget(t.record.due, t.record.view.id), std::string_view(q.key).substr(1));
  --w.edit_shard().ended;
  --q.record.moves.tasks;
  q.changed = true;
}

// What there is against a new task. Errors: as of the command.
errc check(work& w, queue_state& q, const redrive& what) {
  if (q.record.moves.task != 0) return errc::task_running;
  if (what.to && !is_name(*what.to)) return errc::invalid_name;
  if (what.to && *what.to == q.ref.queue) return errc::invalid_parameter;
  if (!what.to) {
    bool any = what.ids.empty() && q.record.moves.lettered > 0;
    for (std::size_t n = 0; !any && n < what.ids.size() && w.ok(); ++n) {
      if (!w.spend()) return errc::busy;
      const auto h = find(w, q, what.ids[n]);
      any = h && h->item().dead_letter;
    }
    if (!any) return errc::invalid_parameter;
  }
  return admit_queue(w, q, what.fallback);
}

/// What one message of a task is to become.
struct verdict {
  enum class kind : std::uint8_t { skip, move } what = kind::skip;
  queue_ref to;
  shard_id shard;
};
verdict judge(const work& w, const queue_state& q, const task_record& t, const message& m) {
  if (!shows(q.record, m, w.now())) return {};
  verdict v;
  v.to.tenant = q.ref.tenant;
  if (t.view.to) {
    v.to.queue = *t.view.to;
    v.shard = t.to_shard;
  } else if (m.dead_letter && m.dead_letter->queue != q.ref.queue) {
    v.to.queue = m.dead_letter->queue;
    v.shard = m.dead_letter->shard;
  } else {
    return {};
  }
  v.what = verdict::kind::move;
  return v;
}

/// The messages of a task, one after the other, from where it stands up to `upto`.
class task_walk {
public:
  task_walk(work& w, queue_state& q, const task_record& t, std::uint64_t upto)
    : w_(w), q_(q), t_(t), end_(std::min(upto, t.until)), next_(t.next),
      messages_(w, q, {.match_hidden = true, .from = {t.next}, .to = {t.has_ids ? t.next : end_}, .page = page_keys}) {
    if (!t.has_ids) return;
    if (const auto bytes = w.state().get(key::task_ids(q.ref, t.view.id))) ids_ = decode_ids(*bytes).value();
  }
  struct found {
    std::uint64_t at;
    std::optional<held> h; ///< nothing: it is not in the queue
  };
  /// Nothing: at the end, out of work bound (stopped()), or something is not here.
  std::optional<found> next() {
    if (!t_.has_ids) {
      auto h = messages_.next();
      if (!h || !w_.ok()) return std::nullopt;
      next_ = h->item().place.value + 1;
      return found{next_ - 1, std::move(h)};
    }
    if (next_ >= std::min<std::uint64_t>(end_, ids_.size())) return std::nullopt;
    if (!w_.spend()) {
      stopped_ = true;
      return std::nullopt;
    }
    auto h = find(w_, q_, ids_[next_]);
    if (!w_.ok()) return std::nullopt;
    return found{next_++, std::move(h)};
  }
  [[nodiscard]] bool stopped() const { return stopped_ || messages_.stopped(); }
  /// Everything below has been handed out, or is gone.
  [[nodiscard]] std::uint64_t passed() const { return next_; }

private:
  work& w_;
  queue_state& q_;
  const task_record& t_;
  std::uint64_t end_, next_;
  walk messages_;
  std::vector<std::string> ids_;
  bool stopped_ = false;
};

// Moves it, if nothing is in the way; false if it has to wait for room.
bool step_one(work& w, queue_state& q, task_record& t, const held& h, const std::vector<place>& taken) {
  const message& m = h.item();
  const verdict v = judge(w, q, t, m);
  bool skip = v.what == verdict::kind::skip;
  const bool far = v.shard != w.shard();
  if (!skip && !m.name.empty())
    skip = far ? std::find(taken.begin(), taken.end(), m.place) != taken.end()
               : !is_free(w, w.open(v.to), m.name);
  if (!w.ok()) return false;
  if (skip) {
    ++t.view.skipped;
    return true;
  }
  if (far && !has_room(w, v.shard)) return false;
  moved_message moved;
  moved.to = v.to;
  moved.what = m;
  moved.what.claims = 0;
  moved.what.dead_letter.reset();
  moved.ttl = duration{t.fallback_ttl_ms};
  if (move_on(w, q, h, std::move(moved), v.shard, t.view.id)) ++t.open;
  ++t.view.moved;
  return w.ok();
}

void step(work& w, queue_state& q, task_record& t, const redrive_step& what) {
  std::uint64_t allowed = allowance(t, w.now());
  const std::uint64_t moved_before = t.view.moved;
  const auto at_limit = [&] { return t.view.limit > 0 && t.view.moved >= t.view.limit; };
  bool no_room = false, at_end = at_limit();
  task_walk messages(w, q, t, what.upto);
  while (!at_end && t.view.moved - moved_before < allowed) {
    const auto next = messages.next();
    if (!w.ok()) return;
    if (!next) {
      if (messages.stopped()) break;
      at_end = what.upto >= t.until;
      t.next = std::max(t.next, std::min(what.upto, t.until));
      break;
    }
    if (!next->h) ++t.view.failed;
    else if (!step_one(w, q, t, *next->h, what.taken)) {
      no_room = true;
      break;
    }
    t.next = next->at + 1;
    at_end = at_limit();
  }
  if (!w.ok()) return;
  t.paced_us += us_for(t, t.view.moved - moved_before);
  if (!at_end) return set_step(w, q, t, no_room ? w.now() + room_pause : next_step(t));
  end_walk(w, q, t);
  if (w.ok() && t.open == 0) end(w, q, t, task_state::done);
}

} // namespace

namespace {

task_reply start_task(work& w, queue_state& q, const redrive& what) {
  // So that what is only logically gone is not counted, within bounds.
  if (q.exists()) work_off(w, q, w.budget() / 2);
  task_reply out;
  out.problem = w.ok() ? check(w, q, what) : errc::ok;
  if (out.problem == errc::task_running) out.task.id = {q.record.moves.task}; // whoever is refused may look at that one
  if (!w.ok() || out.problem != errc::ok) return out;
  if (q.record.moves.tasks >= limits::tasks_per_queue_max) {
    const auto oldest = w.state().scan(all_tasks(q.ref, direction::ascending, 1));
    if (!w.ok()) return out;
    BURROW_ASSERT(!oldest.items.empty());
    const auto& [key, bytes] = oldest.items.front();
    erase_task(w, q, {decode_task({key::last_number(key)}, bytes).value(), bytes});
  }
  kept_task made;
  task_record& t = made.record;
  t.view.id = {w.number()};
  t.view.to = what.to;
  t.view.limit = what.limit;
  t.view.max_per_second = what.max_per_second;
  t.view.started = w.now();
  t.view.remaining = what.ids.empty() ? q.record.messages() : what.ids.size();
  if (what.limit > 0) t.view.remaining = std::min(t.view.remaining, what.limit);
  t.to_shard = what.to_shard;
  t.fallback_ttl_ms = bounded_ttl(std::nullopt, what.fallback.ttl).count();
  t.has_ids = !what.ids.empty();
  // What comes in from now on, and perhaps for the second time, is not for this task.
  t.until = t.has_ids ? what.ids.size() : w.next_place().value;
  t.paced_us = us(w.now()) - us_for(t, 1);
  if (t.has_ids) w.state().put(key::task_ids(q.ref, t.view.id), encode(what.ids), std::nullopt);
  set_step(w, q, t, w.now());
  store(w, q.ref, made);
  ++q.record.moves.tasks;
  q.record.moves.task = t.view.id.value;
  q.changed = true;
  out.task = shown(t);
  return out;
}

} // namespace

task_reply run(work& w, queue_state& q, const redrive& what) {
  if (what.idempotency_key.empty()) return start_task(w, q, what);
  task_reply out;
  auto key = recall(w, q, what.idempotency_key);
  if (!w.ok()) return out;
  if (key.is_repeat) {
    if (key.record->request == what.request_hash && std::holds_alternative<remembered_task>(key.record->answer))
      return repeat_of(*key.record, what);
    out.problem = errc::idempotency_key_reused;
    return out;
  }
  out.problem = reserve(w, q, key, what.bounds, &what.fallback);
  if (out.problem != errc::ok) return out;
  out = start_task(w, q, what);
  if (!w.ok()) return out;
  if (out.problem == errc::ok) remember(w, q, key, what.request_hash, remembered_task{out.task.id, out.task.remaining});
  else release(w, q, key);
  return out;
}

task_reply run(work& w, queue_state& q, const cancel_task& what) {
  auto t = load(w, q.ref, what.task);
  if (!t) return {.problem = errc::task_not_found, .task = {}};
  if (t->record.view.state == task_state::running) {
    if (!t->record.walked) end_walk(w, q, t->record);
    end(w, q, t->record, task_state::cancelled);
    store(w, q.ref, *t);
  }
  return {.problem = errc::ok, .task = shown(t->record)};
}

task_reply run(work& w, queue_state& q, const redrive_step& what) {
  auto t = load(w, q.ref, what.task);
  if (!t) return {.problem = errc::task_not_found, .task = {}};
  if (t->record.view.state == task_state::running && !t->record.walked) {
    step(w, q, t->record, what);
    if (w.ok()) store(w, q.ref, *t);
  }
  return {.problem = errc::ok, .task = shown(t->record)};
}

void task_left(work& w, queue_state& q, task_id task, std::uint64_t count) {
  if (!w.ok()) return;
  auto t = load(w, q.ref, task);
  if (!t) return; // cancelled, and many others since
  BURROW_ASSERT(t->record.open >= count);
  t->record.open -= count;
  const bool last = t->record.walked && t->record.open == 0;
  if (last && t->record.view.state == task_state::running) end(w, q, t->record, task_state::done);
  store(w, q.ref, *t);
}

void forget_tasks(work& w, std::size_t floor) {
  if (w.shard_state().ended == 0) return;
  for (bool complete = false; !complete;) {
    const auto page = w.state().scan({.from = std::string(1, key::forget_family),
                                      .to = key::forget({w.now().ms + 1}, {}),
                                      .order = direction::ascending, .items_max = page_keys});
    for (const auto& [key, name] : page.items) {
      if (!w.ok() || w.budget() <= floor || !w.spend()) return;
      queue_state& q = w.open(key::queue_of(std::string(1, key::queue_family) + name));
      const task_id id{key::last_number(key)};
      auto t = load(w, q.ref, id);
      if (!w.ok()) return;
      BURROW_ASSERT(t);
      const auto& r = q.record;
      if (r.messages() == 0 && !r.has_settings() && r.moves.moving == 0) {
        erase_task(w, q, *t);
        continue;
      }
      w.state().erase(key, name);
      --w.edit_shard().ended;
      forget_at(w, q, t->record, w.now() + limits::task_kept_max);
      store(w, q.ref, *t);
    }
    if (!w.ok()) return;
    complete = page.complete;
  }
}

// ---- reads ----------------------------------------------------------------------------------------------------------

look_ahead_answer look_ahead_of(work& w, queue_state& q, task_id id) {
  look_ahead_answer out;
  const auto t = load(w, q.ref, id);
  if (!t || t->record.view.state != task_state::running || t->record.walked) return out;
  out.runs = true;
  task_walk messages(w, q, t->record, ~std::uint64_t{0});
  for (std::uint64_t movable = 0; movable < step_messages_max && out.ask.size() < limits::move_batch_messages_max;) {
    const auto next = messages.next();
    if (!w.ok()) return out;
    if (!next) {
      out.upto = messages.stopped() ? messages.passed() : ~std::uint64_t{0};
      return out;
    }
    if (!next->h) continue;
    const message& m = next->h->item();
    const verdict v = judge(w, q, t->record, m);
    if (v.what == verdict::kind::skip) continue;
    ++movable;
    if (v.shard != w.shard() && !m.name.empty()) out.ask.push_back({m.place, m.name, v.to, v.shard});
  }
  out.upto = messages.passed();
  return out;
}

} // namespace burrow::queue
