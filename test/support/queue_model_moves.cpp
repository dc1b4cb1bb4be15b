// What the model makes of moves: rules that send messages away, what other shards bring, tasks.
#include "test/support/queue_model_turn.hpp"

#include <algorithm>

namespace burrow::test {

using namespace queue;

namespace {

bool may_go_on(const message& m) { return !m.dead_letter || m.dead_letter->hops < 8; }
instant until(instant now, duration d) { return d.count() == 0 ? no_instant : now + d; }

} // namespace

bool queue_model::is_doomed(const queue_ref& ref, const message& m) const {
  const auto rule = rules_of(ref).dead_letter;
  return rule && m.claimed && m.claims >= rule->max_claims && may_go_on(m);
}

/// The message is not in `from` any more. `ttl`: begins anew.
void queue_model::deliver(const queue_ref& to, entry e, std::optional<duration> ttl, instant now) {
  const auto rules = rules_of(to);
  auto& list = queues[to];
  message& m = e.m;
  m.hidden_until = no_instant;
  m.claimed = false;
  m.claim = {};
  ++m.revision;
  e.changed = false;
  if (ttl) {
    duration left = rules.default_ttl_s ? duration(std::chrono::seconds(*rules.default_ttl_s)) : *ttl;
    if (rules.too_long(left)) left = std::chrono::seconds(*rules.max_ttl_s);
    m.expires = until(now, left);
  }
  if (learns) {
    const auto real = learn ? learn(to, m.body) : std::nullopt;
    if (!real) {
      wrong += "a moved message is not in " + to.queue + '\n';
      return;
    }
    const auto shows = [&](const std::string& id) {
      return ids_before_.contains({to, id}) ||
             std::any_of(list.begin(), list.end(), [&](const entry& x) { return x.m.shown_id() == id; });
    };
    if (real->name != m.name && (!real->name.empty() || !shows(m.name))) wrong += "name of a moved message\n";
    m.name = real->name;
    if (real->id != m.id && (!m.name.empty() || !shows(m.id.text26()))) wrong += "id of a moved message\n";
    m.id = real->id;
    if (real->place.value <= floor_) wrong += "place of a moved message is not new\n";
    m.place = real->place;
    highest_ = std::max(highest_, m.place.value);
  }
  list.push_back(std::move(e));
  std::sort(list.begin(), list.end(), [](const entry& a, const entry& b) { return a.m.place < b.m.place; });
  ++shown[to];
}

void queue_model::move(const queue_ref& from, const queue_ref& to, shard_id shard, entry e,
                       std::optional<duration> ttl, instant now, std::uint64_t task) {
  if (shard == own_shard) return deliver(to, std::move(e), ttl, now);
  leaving_one gone{from, e.m.body.size, task};
  if (!learns) {
    leaving[{shard, {1, 1'000'000 + leaving.size()}}] = gone;
    return;
  }
  const auto key = learn_leaving ? learn_leaving(e.m.body) : std::nullopt;
  if (!key || key->to != shard || leaving.contains(*key)) wrong += "a leaving message has no number of its own\n";
  else leaving[*key] = gone;
}

void queue_model::send_off(const queue_ref& ref, entry e, instant now, bool expired) {
  const auto rule = *rules_of(ref).dead_letter;
  message& m = e.m;
  const int hops = (m.dead_letter ? m.dead_letter->hops : 0) + 1;
  dead_letter_origin origin{ref.queue, own_shard, m.shown_id(), expired ? "expired" : "max_claims", m.claims, now,
                            static_cast<std::uint8_t>(hops)};
  m.dead_letter = origin;
  if (rule.resets_claims) m.claims = 0;
  const bool anew = rule.resets_ttl || expired;
  move(ref, {ref.tenant, rule.queue}, rule.shard, std::move(e),
       anew ? std::optional<duration>(std::chrono::seconds(rule.fallback_ttl_s)) : std::nullopt, now, 0);
}

/// Ended tasks of a queue that has nothing else; of another one they are looked at again as much later.
void queue_model::forget_tasks(instant now) {
  for (auto& [ref, list] : tasks) {
    const auto kept = queues.find(ref);
    const bool has_more = (kept != queues.end() && !kept->second.empty()) || settings.contains(ref) || moving(ref) > 0;
    std::erase_if(list, [&](model_task& t) {
      if (t.view.state == task_state::running) return false;
      const instant from = t.looked_at == no_instant ? t.view.finished : t.looked_at;
      if (from + limits::task_kept_max > now) return false;
      t.looked_at = now;
      return !has_more;
    });
  }
}

void queue_model::settle_queue(const queue_ref& ref, instant now) {
  const auto rule = rules_of(ref).dead_letter;
  auto& list = queues[ref];
  messages away;
  for (auto at = list.begin(); at != list.end();) {
    entry& e = *at;
    const bool gone = e.m.is_gone(now), due = e.m.hidden_until != no_instant && e.m.hidden_until <= now;
    const bool moves = gone ? rule && rule->expired && may_go_on(e.m) : due && is_doomed(ref, e.m);
    if (moves) away.push_back(e);
    if (gone || moves) {
      at = list.erase(at);
      continue;
    }
    if (due) {
      e.m.hidden_until = no_instant;
      e.m.claimed = false;
      ++shown[ref];
    }
    ++at;
  }
  for (auto& e : away) {
    const bool expired = e.m.is_gone(now);
    send_off(ref, std::move(e), now, expired);
  }
}

std::uint64_t queue_model::moving_bytes(const queue_ref& ref) const {
  std::uint64_t sum = 0;
  for (const auto& [key, one] : leaving) sum += one.from == ref ? one.size : 0;
  return sum;
}
std::uint64_t queue_model::moving(const queue_ref& ref) const {
  return static_cast<std::uint64_t>(
    std::count_if(leaving.begin(), leaving.end(), [&](const auto& l) { return l.second.from == ref; }));
}

reply queue_model::arrive(const queue::arrive& what, const apply_meta& meta) {
  arrive_reply out;
  auto& from = sources[what.from];
  from.below = std::max(from.below, what.done_below);
  for (const auto& item : what.items) {
    out.items.push_back(errc::ok);
    if (item.number < from.below || !from.known.insert(item.number).second) continue;
    entry e{item.what, false};
    e.m.body.index = meta.index;
    e.m.in_ttl_order = false;
    deliver(item.to, std::move(e), item.ttl, meta.now);
  }
  return out;
}

reply queue_model::left(const queue::left& what, const apply_meta& meta) {
  done_reply out;
  for (const auto& number : what.numbers) {
    const auto at = leaving.find({what.to, number});
    if (at == leaving.end()) continue;
    out.changed = true;
    for (auto& t : tasks[at->second.from]) {
      if (t.view.id.value != at->second.task) continue;
      --t.open;
      end_if_done(t, meta.now);
    }
    leaving.erase(at);
  }
  return out;
}

void queue_model::end_if_done(model_task& t, instant now) {
  if (t.view.state != task_state::running || !t.walked || t.open > 0) return;
  t.view.state = task_state::done;
  t.view.finished = now;
}

queue_model::model_task* queue_model::running(const queue_ref& ref) {
  for (auto& t : tasks[ref])
    if (t.view.state == task_state::running) return &t;
  return nullptr;
}

task_reply queue_model::redrive(turn& t, const queue::redrive& what, const task_reply& real) {
  task_reply out;
  const auto came = [&](const std::string& id) {
    const auto at = t.find(id);
    return at != t.list.end() && at->m.dead_letter;
  };
  const auto& list = t.list;
  const bool any = what.ids.empty()
                     ? std::any_of(list.begin(), list.end(), [](const entry& e) { return e.m.dead_letter.has_value(); })
                     : std::any_of(what.ids.begin(), what.ids.end(), came);
  if (running(t.ref)) out.problem = errc::task_running;
  else if (what.to ? *what.to == t.ref.queue : !any) out.problem = errc::invalid_parameter;
  else if (list.empty() && !counts(t.ref) && what.fallback.tenant_queues_max > 0 &&
           queue_count(t.ref.tenant) >= what.fallback.tenant_queues_max)
    out.problem = errc::quota_exceeded;
  if (out.problem != errc::ok) return out;
  auto& made = tasks[t.ref].emplace_back();
  made.what = what;
  made.matched = what.ids.empty() ? list.size() : what.ids.size();
  if (what.limit > 0) made.matched = std::min(made.matched, what.limit);
  made.view.id = real.task.id;
  made.view.to = what.to;
  made.view.started = t.now();
  made.until = what.ids.empty() ? real.task.id.value + 1 : what.ids.size();
  if (real.task.id.value <= highest_) wrong += "task is not new\n";
  highest_ = std::max(highest_, real.task.id.value);
  out.task = shown_task(made);
  return out;
}

task_view queue_model::shown_task(const model_task& t) {
  auto v = t.view;
  const auto handled = v.moved + v.skipped + v.failed;
  v.remaining = v.state == task_state::done || t.matched < handled ? 0 : t.matched - handled;
  return v;
}

/// What becomes of one message of a task.
void queue_model::redrive_one(turn& t, model_task& task, messages::iterator at, const std::vector<place>& taken) {
  const message& m = at->m;
  std::optional<queue_ref> to;
  shard_id shard;
  if (task.view.to) {
    to = {t.ref.tenant, *task.view.to};
    shard = task.what.to_shard;
  } else if (m.dead_letter && m.dead_letter->queue != t.ref.queue) {
    to = {t.ref.tenant, m.dead_letter->queue};
    shard = m.dead_letter->shard;
  }
  bool skip = m.hidden_until != no_instant || !to;
  if (!skip && !m.name.empty()) {
    const auto& there = queues[*to];
    skip = shard == own_shard
             ? std::any_of(there.begin(), there.end(), [&](const entry& e) { return e.m.shown_id() == m.name; })
             : std::count(taken.begin(), taken.end(), m.place) > 0;
  }
  if (skip) {
    ++task.view.skipped;
    return;
  }
  entry e = *at;
  t.list.erase(at);
  e.m.claims = 0;
  e.m.dead_letter.reset();
  if (shard != own_shard) ++task.open;
  ++task.view.moved;
  move(t.ref, *to, shard, std::move(e), task.what.fallback.ttl, t.now(), task.view.id.value);
}

reply queue_model::step(turn& t, const queue::redrive_step& what) {
  const auto found = std::ranges::find(tasks[t.ref], what.task, [](const auto& x) { return x.view.id; });
  if (found == tasks[t.ref].end()) return task_reply{.problem = errc::task_not_found, .task = {}};
  auto& task = *found;
  const auto full = [&] { return task.what.limit > 0 && task.view.moved >= task.what.limit; };
  const auto end = std::min(what.upto, task.until);
  while (task.view.state == task_state::running && !task.walked) {
    auto at = t.list.end();
    if (full()) {
      task.walked = true;
    } else if (!task.what.ids.empty() && task.next < end) {
      at = t.find(task.what.ids[task.next++]);
      if (at == t.list.end()) ++task.view.failed;
      else redrive_one(t, task, at, what.taken);
    } else if (at = std::ranges::find_if(t.list, [&](const entry& e) { return e.m.place.value >= task.next; });
               task.what.ids.empty() && at != t.list.end() && at->m.place.value < end) {
      task.next = at->m.place.value + 1;
      redrive_one(t, task, at, what.taken);
    } else {
      task.next = std::max(task.next, end);
      if (what.upto < task.until) break;
      task.walked = true;
    }
  }
  end_if_done(task, t.now());
  return task_reply{.problem = errc::ok, .task = shown_task(task)};
}

reply queue_model::cancel(turn& t, const cancel_task& what) {
  for (auto& task : tasks[t.ref]) {
    if (task.view.id != what.task) continue;
    if (task.view.state == task_state::running) {
      task.view.state = task_state::cancelled;
      task.view.finished = t.now();
    }
    return task_reply{.problem = errc::ok, .task = shown_task(task)};
  }
  return task_reply{.problem = errc::task_not_found, .task = {}};
}

std::optional<reply> queue_model::run_move(const command& c, const apply_meta& meta, turn& t, const reply& real) {
  if (const auto* x = std::get_if<queue::arrive>(&c.what)) return arrive(*x, meta);
  if (const auto* x = std::get_if<queue::left>(&c.what)) return left(*x, meta);
  if (const auto* x = std::get_if<queue::redrive>(&c.what)) return keyed_redrive(t, *x, std::get<task_reply>(real));
  if (const auto* x = std::get_if<queue::redrive_step>(&c.what)) return step(t, *x);
  if (const auto* x = std::get_if<queue::cancel_task>(&c.what)) return cancel(t, *x);
  return std::nullopt;
}

answer queue_model::list_tasks(const queue_ref& ref) const {
  tasks_answer out;
  const auto at = tasks.find(ref);
  if (at == tasks.end()) return out;
  for (auto x = at->second.rbegin(); x != at->second.rend() && out.items.size() < 50; ++x)
    out.items.push_back(shown_task(*x));
  return out;
}

} // namespace burrow::test
