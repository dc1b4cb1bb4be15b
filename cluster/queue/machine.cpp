// Dispatch only: what a command does is in commands.hpp, what a query answers in reads.cpp.
#include "cluster/queue/machine.hpp"

#include "cluster/queue/claims.hpp"
#include "cluster/queue/commands.hpp"
#include "cluster/queue/dedupe.hpp"
#include "cluster/queue/moving.hpp"
#include "cluster/queue/repeats.hpp"
#include "cluster/queue/sweep.hpp"
#include "cluster/queue/version.hpp"

#include <algorithm>
#include <set>

namespace burrow::queue {

namespace {

constexpr std::size_t pairs_max = 65'536; // more shards than there can be

// A command whose queue cannot have a key fails as a whole; its reply has the shape that its caller expects.
struct refusal {
  errc problem;
  work& w;
  reply operator()(const insert& x) const {
    insert_reply r;
    r.problem = problem;
    for (const auto& item : x.items) {
      not_stored(w, item);
      r.items.emplace_back().problem = problem;
    }
    return r;
  }
  reply operator()(const take&) const {
    take_reply r;
    r.problem = problem;
    r.now = w.now();
    return r;
  }
  reply operator()(const change& x) const { return all(x.targets.size()); }
  reply operator()(const remove& x) const { return all(x.targets.size()); }
  reply operator()(const purge&) const { return purge_reply{}; }
  reply operator()(const configure&) const {
    settings_reply r;
    r.problem = problem;
    return r;
  }
  reply operator()(const redrive&) const { return task(); }
  reply operator()(const cancel_task&) const { return task(); }
  reply operator()(const redrive_step&) const { return task(); }
  template <class Other>
  reply operator()(const Other&) const { return done_reply{.problem = problem, .changed = false, .value = {}}; }

private:
  reply task() const {
    task_reply r;
    r.problem = problem;
    return r;
  }
  reply all(std::size_t count) const {
    targets_reply r;
    r.now = w.now();
    r.items.resize(count);
    for (auto& item : r.items) item.problem = problem;
    return r;
  }
};

done_reply run(work& w, const clock&) {
  const std::size_t before = w.budget();
  work_off_shard(w, w.budget());
  if (w.ok()) advance_lines(w, w.budget());
  if (w.ok()) sweep(w);
  return {.problem = errc::ok, .changed = w.budget() != before, .value = {}};
}

done_reply run(work& w, const registry_put& what) {
  if (w.shard().value != 0 || !is_name(what.key) || what.value.size() > limits::registry_value_bytes_max)
    return {.problem = errc::invalid_parameter, .changed = false, .value = {}};
  const std::string key = key::registry(what.key);
  const auto stored = w.state().get(key);
  if (!w.ok()) return {};
  if ((stored && what.only_if_absent) || stored.value_or(std::string()) == what.value)
    return {.problem = errc::ok, .changed = false, .value = stored.value_or(std::string())};
  if (what.if_hash && *what.if_hash != hash_of(stored.value_or(std::string())))
    return {.problem = errc::etag_mismatch, .changed = false, .value = stored.value_or(std::string())};
  if (what.value.empty()) w.state().erase(key, *stored);
  else w.state().put(key, what.value, stored);
  return {.problem = errc::ok, .changed = true, .value = what.value};
}

done_reply run(work&, const set_version& what) {
  // Version 1 is in force from the start; a higher one is not known here and must not be guessed at.
  const bool known = what.version >= version_first && what.version <= version_supported;
  return {.problem = known ? errc::ok : errc::invalid_parameter, .changed = false, .value = {}};
}

template <class Action, class... Others>
concept none_of = (!std::is_same_v<Action, Others> && ...);
template <class Action>
concept of_queue = none_of<Action, clock, registry_put, set_version, arrive, left, begin_life>;

bool names_queue(const command& c) {
  return std::visit([]<class A>(const A&) { return of_queue<A>; }, c.what);
}

reply run(work& w, const command& c) {
  return std::visit(
      [&]<class A>(const A& what) -> reply {
        if constexpr (!of_queue<A>) return run(w, what);
        else {
          if (!is_name(c.queue.tenant) || !is_name(c.queue.queue)) return refusal{errc::invalid_name, w}(what);
          queue_state& q = w.open(c.queue);
          if (!w.ok()) return {};
          return run(w, q, what);
        }
      },
      c.what);
}

// Names of messages that the entry is about to look up. Only worth asking for when a load is needed anyway.
void ask_for_names(work& w, const arrive& what) {
  for (const auto& item : what.items) {
    if (!is_name(item.to.tenant) || !is_name(item.to.queue)) continue;
    const queue_state& q = w.open(item.to);
    if (!q.exists()) continue;
    if (!item.what.name.empty()) static_cast<void>(w.state().get(key::name(q.record.number, item.what.name)));
    static_cast<void>(w.state().get(key::id(q.record.number, item.what.id)));
  }
}

void ask_for_names(work& w, const entry_command& entry) {
  for (const auto& c : entry.commands) {
    if (const auto* x = std::get_if<arrive>(&c.what)) ask_for_names(w, *x);
    ask_ahead(w, c);
    if (!names_queue(c) || !is_name(c.queue.tenant) || !is_name(c.queue.queue)) continue;
    queue_state& q = w.open(c.queue);
    if (const auto* i = std::get_if<insert>(&c.what)) ask_ahead(w, q, *i);
    if (const auto* t = std::get_if<take>(&c.what)) ask_ahead(w, q, *t);
    if (!q.exists()) continue;
    const auto name = [&](const std::string& id) {
      const auto at = id.empty() ? std::nullopt : w.state().get(key::name(q.record.number, id));
      if (at) static_cast<void>(w.state().get(key::message(q.record.number, decode_places(*at).front())));
    };
    const auto targets = [&](const std::vector<target>& all) {
      for (const auto& t : all) {
        if (t.guard.receipt_place)
          static_cast<void>(w.state().get(key::message(q.record.number, *t.guard.receipt_place)));
        else name(t.id);
      }
    };
    if (const auto* i = std::get_if<insert>(&c.what)) for (const auto& item : i->items) name(item.name);
    if (const auto* x = std::get_if<change>(&c.what)) targets(x->targets);
    if (const auto* x = std::get_if<remove>(&c.what)) targets(x->targets);
    if (const auto* u = std::get_if<unclaim>(&c.what))
      for (const place at : u->places) static_cast<void>(w.state().get(key::message(q.record.number, at)));
    if (const auto* t = std::get_if<take>(&c.what))
      for (const place at : t->only) static_cast<void>(w.state().get(key::message(q.record.number, at)));
  }
}

void want(const arrive& what, std::set<std::string>& wanted) {
  wanted.insert(key::source(what.from));
  for (const auto& item : what.items) {
    wanted.insert(key::arrived(what.from, item.number));
    if (!is_name(item.to.tenant) || !is_name(item.to.queue)) continue;
    wanted.insert(key::queue(item.to));
    wanted.insert(key::tenant(item.to.tenant));
  }
}
void want(const left& what, std::set<std::string>& wanted) {
  wanted.insert(key::pair(what.to));
  for (const auto& number : what.numbers) wanted.insert(key::leaving(what.to, number));
}

std::vector<load_request> missing_of(work& w, const entry_command& entry, const apply_meta& meta, view& state) {
  auto missing = std::move(w.state().missing());
  work again(meta, state, 0);
  ask_for_names(again, entry);
  std::set<std::string> asked;
  for (const auto& m : missing)
    if (m.key) asked.insert(*m.key);
  for (auto& m : again.state().missing())
    if (m.key && asked.insert(*m.key).second) missing.push_back(std::move(m));
  return missing;
}

} // namespace

outcome apply(const apply_meta& meta, const entry_command& entry, view& state) {
  outcome out;
  work w(meta, state, limits::entry_messages_max);
  work_off_shard(w, limits::entry_due_max);
  out.replies.reserve(entry.commands.size());
  for (const auto& c : entry.commands) {
    if (!w.ok()) break;
    bool repeated = false;
    auto made = is_numbered(c) ? once(w, c, [&] { return run(w, c); }, repeated) : run(w, c);
    if (repeated) out.repeated.push_back(out.replies.size());
    out.replies.push_back(std::move(made));
    w.end_command();
  }
  if (w.ok()) advance_lines(w, limits::entry_due_max);
  if (w.ok()) w.finish(out);
  if (w.ok()) return out;
  outcome given_up;
  given_up.missing = missing_of(w, entry, meta, state);
  return given_up;
}

namespace {

struct uses_memory {
  bool operator()(const insert& x) const {
    return !x.idempotency_key.empty() || std::any_of(x.items.begin(), x.items.end(), is_sequenced);
  }
  bool operator()(const take& x) const { return !x.idempotency_key.empty(); }
  bool operator()(const unclaim& x) const { return !x.idempotency_key.empty(); }
  bool operator()(const redrive& x) const { return !x.idempotency_key.empty(); }
  bool operator()(const auto&) const { return false; }
};

} // namespace

std::vector<load_request> keys(const entry_command& entry) {
  std::set<std::string> wanted{key::shard()};
  for (const auto& c : entry.commands) {
    if (const auto* x = std::get_if<arrive>(&c.what)) want(*x, wanted);
    if (const auto* x = std::get_if<left>(&c.what)) want(*x, wanted);
    if (is_numbered(c)) wanted.insert(key::gateway(c.request.gateway));
    if (!names_queue(c) || !is_name(c.queue.tenant) || !is_name(c.queue.queue)) continue;
    wanted.insert(key::queue(c.queue));
    if (std::holds_alternative<configure>(c.what)) wanted.insert(key::more_settings(c.queue));
    if (std::visit(uses_memory{}, c.what)) wanted.insert(key::memory(c.queue));
    if (!std::holds_alternative<unclaim>(c.what)) wanted.insert(key::tenant(c.queue.tenant));
  }
  std::vector<load_request> requests;
  for (const auto& key : wanted) requests.push_back({key, std::nullopt});
  return requests;
}

pending_work pending(view& state) {
  work w({}, state, 0);
  const shard_record& shard = w.shard_state();
  pending_work waiting;
  waiting.earliest = shard.due;
  waiting.sweeping = shard.sweeps > 0 || shard.line_moves;
  waiting.life = shard.life;
  waiting.moving = shard.moving;
  if (shard.moving > 0) {
    const auto pairs = w.state().scan({.from = std::string(1, key::pair_family),
                                       .to = key::family_end(key::pair_family),
                                       .order = direction::ascending, .items_max = pairs_max});
    for (const auto& [key, bytes] : pairs.items)
      if (decode_pair(bytes).value().open > 0) waiting.leaving_to.push_back(key::shard_of(key));
  }
  if (shard.steps == 0 || !w.ok()) {
    waiting.missing = std::move(w.state().missing());
    return waiting;
  }
  const auto steps = w.state().scan({.from = std::string(1, key::step_family),
                                     .to = key::family_end(key::step_family),
                                     .order = direction::ascending, .items_max = limits::tasks_driven_max});
  for (const auto& [key, name] : steps.items)
    waiting.tasks.push_back({key::queue_of(std::string(1, key::queue_family) + name), {key::last_number(key)},
                             key::deadline_of(key)});
  waiting.missing = std::move(w.state().missing());
  return waiting;
}

} // namespace burrow::queue
