// Queries. What is due is worked off first, on a draft that is thrown away: so a read sees exactly what the next entry
// would, by the same code, and changes nothing.
#include "cluster/base/assert.hpp"
#include "cluster/queue/claims.hpp"
#include "cluster/queue/commands.hpp"
#include "cluster/queue/dedupe.hpp"
#include "cluster/queue/sweep.hpp"
#include "cluster/queue/tasks.hpp"
#include "cluster/queue/walk.hpp"

#include <algorithm>

namespace burrow::queue {

namespace {

bool matches(const message& m, const std::vector<std::pair<std::string, std::string>>& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const auto& pair) {
    const auto at = m.attributes.meta.find(pair.first);
    return at != m.attributes.meta.end() && at->second == pair.second;
  });
}

// Time alone changes what a list shows only when something is due: then no tag is the same as another.
std::uint64_t revision_at(const queue_state& q, bool had_due, instant now) {
  return had_due ? q.before.revision + static_cast<std::uint64_t>(now.ms) : q.before.revision;
}

bool is_remembered(work& w, queue_state& q, const std::string& key) {
  return !key.empty() && recall(w, q, key).is_repeat;
}

answer read_queue(work& w, queue_state& q, const list_messages& what) {
  messages_answer a;
  a.now = w.now();
  a.revision = revision_at(q, q.changed, w.now());
  a.queue_exists = q.exists();
  a.remembered = is_remembered(w, q, what.idempotency_key);
  if (a.remembered) return a;
  a.lifo = what.lifo;
  if (what.taking) {
    const taking_order order = order_of(q.record, *what.taking, what.order, what.from);
    a.lifo = order.lifo;
    a.by_priority = order.by_priority;
    a.problem = order.problem;
    if (a.problem != errc::ok) return a;
  }
  const auto [from, to, priority] = range_of(w, q, what.from, a.lifo);
  if (!w.ok() || !q.exists()) return a;
  const std::size_t limit = std::max<std::size_t>(what.limit, 1);
  walk messages(w, q, {.match_hidden = what.match_hidden, .lifo = a.lifo, .by_priority = a.by_priority,
                       .priority = priority, .from = from, .to = to, .page = std::min<std::size_t>(limit, 255) + 1});
  std::uint64_t bytes = 0;
  while (a.items.size() < limit) {
    auto h = messages.next();
    if (!h) break;
    const message& m = h->item();
    const bool wanted = matches(m, what.match_meta);
    if (wanted && what.bytes_max > 0 && !a.items.empty() && bytes + m.body.size > what.bytes_max) {
      a.more = true;
      return a;
    }
    a.last = m.place;
    a.last_priority = messages.last_priority();
    if (!wanted) continue;
    bytes += m.body.size;
    a.items.push_back(as_seen(q.record, std::move(h->item()), w.now()));
  }
  if (messages.stopped()) {
    a.last = messages.last();
    a.last_priority = messages.last_priority();
  }
  a.more = messages.stopped() || (a.items.size() == limit && messages.more());
  a.queue_exists = q.exists();
  return a;
}

answer read_queue(work& w, queue_state& q, const get_message& what) {
  message_answer a;
  a.now = w.now();
  if (auto h = find(w, q, what.id)) a.item = as_seen(q.record, std::move(h->item()), w.now());
  a.queue_exists = q.exists();
  return a;
}

queue_summary summary_of(const queue_state& q) {
  queue_summary s;
  s.name = q.ref.queue;
  s.visible = q.record.visible;
  s.delayed = q.record.delayed;
  s.claimed = q.record.claimed;
  s.moving = q.record.moves.moving;
  s.bytes = q.record.bytes;
  s.has_settings = q.record.has_settings();
  return s;
}

void add_ages(work& w, queue_state& q, queue_summary& s) {
  if (auto h = walk(w, q, {.match_hidden = true, .page = 1}).next()) s.oldest_created = h->item().created;
  if (q.record.visible == 0) return;
  if (auto h = walk(w, q, {.page = 1}).next()) s.oldest_visible_created = h->item().created;
}

answer read_queue(work& w, queue_state& q, const queue_stats&) {
  stats_answer a;
  a.now = w.now();
  a.summary = summary_of(q);
  if (q.exists()) {
    add_ages(w, q, a.summary); // removes expired ones on its way, so the counts come after it
    const auto ages = a.summary;
    a.summary = summary_of(q);
    a.summary.oldest_created = ages.oldest_created;
    a.summary.oldest_visible_created = ages.oldest_visible_created;
  }
  a.queue_exists = q.exists();
  return a;
}

answer read_queue(work& w, queue_state& q, const look& what) {
  look_answer a;
  const queue_record& r = q.record;
  const instant due = earlier(r.ttl_due, r.group_due);
  const bool hidden = r.claimed + r.delayed > 0;
  a.queue_exists = q.exists();
  // A paused queue has a refusal for whoever takes, not nothing.
  a.maybe = r.visible > 0 || r.rules.pause_take.value_or(false) || (hidden && what.match_hidden) ||
            (hidden && r.group_due != no_instant && r.group_due <= w.now()) ||
            is_remembered(w, q, what.idempotency_key);
  if (!a.maybe && hidden) a.next_visible = r.group_due != no_instant ? r.group_due : due;
  return a;
}

answer read_queue(work& w, queue_state& q, const list_tasks&) { return read_tasks(w, q); }
answer read_queue(work& w, queue_state& q, const get_task& what) { return read_task(w, q, what.task); }
answer read_queue(work& w, queue_state& q, const look_ahead& what) { return look_ahead_of(w, q, what.task); }
answer read_queue(work& w, queue_state& q, const names_taken& what) {
  names_answer a;
  for (const auto& name : what.names) a.taken.push_back(w.ok() && !is_free(w, q, name));
  return a;
}

answer list(work& w, const list_leaving& what) {
  leaving_answer a;
  const pair_record& pair = w.pair(what.to);
  a.done_below = pair.open > 0 ? pair.lowest : move_number{w.shard_state().life, pair.last + 1};
  const move_number from{what.after.life, what.after.number + 1};
  const auto page = w.state().scan({.from = key::leaving(what.to, from),
                                    .to = key::leaving(what.to, {~std::uint64_t{0}, ~std::uint64_t{0}}),
                                    .order = direction::ascending, .items_max = std::max<std::size_t>(what.limit, 1)});
  if (!w.ok()) return a;
  std::uint64_t bytes = 0;
  a.more = !page.complete;
  for (const auto& [key, value] : page.items) {
    auto m = decode_leaving(key::move_of(key), value);
    BURROW_ASSERT(m);
    bytes += m->moved.what.body.size;
    if (!a.items.empty() && bytes > what.bytes_max) {
      a.more = true;
      break;
    }
    a.items.push_back(std::move(m->moved));
  }
  return a;
}

answer read_queue(work& w, queue_state& q, const get_settings&) {
  return settings_answer{settings_of(w, q), q.record.settings_revision};
}

// Queues and tenants are counted with what is due taken off, as far as the bound of one entry goes.
answer list(work& w, const list_queues& what) {
  queues_answer a;
  a.now = w.now();
  if (!is_name(what.tenant)) return a;
  const std::string all = key::queue({what.tenant, what.prefix});
  std::string from = all;
  if (!what.after.empty()) from = std::max(from, key::queue({what.tenant, what.after}) + '\0');
  std::string to = all;
  while (!to.empty() && static_cast<unsigned char>(to.back()) == 0xFF) to.pop_back();
  to.back() = static_cast<char>(to.back() + 1);
  const std::size_t limit = std::max<std::size_t>(what.limit, 1);
  for (bool complete = false; !complete;) {
    const auto page = w.state().scan({.from = from, .to = to, .order = direction::ascending,
                                      .items_max = std::min<std::size_t>(limit + 1, 256)});
    if (!w.ok()) return a;
    for (const auto& [key, bytes] : page.items) {
      from = key + '\0';
      queue_state& q = w.open(key::queue_of(key));
      if (w.budget() > 0) work_off(w, q, w.budget());
      if (!w.ok()) return a;
      if (!q.exists() && !(what.include_empty && q.record.has_settings())) continue;
      if (a.items.size() == limit) {
        a.more = true;
        return a;
      }
      a.items.push_back(summary_of(q));
      if (w.budget() > 0) a.items.back().oldest_created = [&] {
        auto h = walk(w, q, {.match_hidden = true, .page = 1}).next();
        return h ? h->item().created : no_instant;
      }();
      if (!w.ok()) return a;
    }
    complete = page.complete;
  }
  return a;
}

answer list(work& w, const list_tenants& what) {
  tenants_answer a;
  work_off_shard(w, limits::entry_messages_max);
  std::string from = key::tenant(what.prefix);
  if (!what.after.empty()) from = std::max(from, key::tenant(what.after) + '\0');
  const std::size_t limit = std::max<std::size_t>(what.limit, 1);
  for (bool complete = false; !complete && w.ok();) {
    const auto page = w.state().scan({.from = from, .to = key::family_end(key::tenant_family),
                                      .order = direction::ascending,
                                      .items_max = std::min<std::size_t>(limit + 1, 256)});
    for (const auto& [key, bytes] : page.items) {
      const tenant_id name = key.substr(1);
      if (name.compare(0, what.prefix.size(), what.prefix) != 0) return a;
      from = key + '\0';
      const tenant_record held = w.usage(name);
      if (held.queues == 0 || held.messages == 0) continue;
      if (a.items.size() == limit) {
        a.more = true;
        return a;
      }
      a.items.push_back({name, held.queues, held.messages, held.bytes});
    }
    complete = page.complete;
  }
  return a;
}

answer list(work& w, const tenant_total& what) {
  tenants_answer a;
  const tenant_record held = w.usage(what.tenant);
  if (held != tenant_record{}) a.items.push_back({what.tenant, held.queues, held.messages, held.bytes});
  return a;
}

answer list(work& w, const registry_get& what) {
  registry_answer a;
  std::string from = key::registry(what.prefix);
  for (bool complete = false; !complete && w.ok();) {
    auto page = w.state().scan({.from = from, .to = key::family_end(key::registry_family),
                                .order = direction::ascending, .items_max = 64});
    for (auto& [key, value] : page.items) {
      from = key + '\0';
      if (key.compare(1, what.prefix.size(), what.prefix) != 0) return a;
      a.items.emplace_back(key.substr(1), std::move(value));
    }
    complete = page.complete;
  }
  return a;
}

std::size_t bound_of(const query& question) {
  const auto* what = std::get_if<list_messages>(&question.what);
  if (what != nullptr && !what->match_meta.empty()) return what->examine_max;
  return limits::entry_messages_max + (what != nullptr ? what->examine_max : 0);
}

template <class What>
answer run(work& w, const queue_ref& ref, const What& what) {
  if constexpr (requires { list(w, what); }) {
    return list(w, what);
  } else {
    queue_state nobody;
    const bool named = is_name(ref.tenant) && is_name(ref.queue);
    queue_state& q = named ? w.open(ref) : nobody;
    // A look must be cheap: it says "maybe" when something is due.
    constexpr bool cheap = std::is_same_v<What, look> || std::is_same_v<What, get_settings> ||
                           std::is_same_v<What, list_tasks> || std::is_same_v<What, get_task>;
    if (!cheap && w.ok() && q.exists()) work_off(w, q, limits::entry_messages_max);
    if (!w.ok()) return {};
    return read_queue(w, q, what);
  }
}

} // namespace

query_outcome ask(shard_id shard, instant now, const query& question, view& state) {
  work w({shard, {}, now}, state, bound_of(question));
  query_outcome out;
  out.result = std::visit([&](const auto& what) { return run(w, question.queue, what); }, question.what);
  out.missing = std::move(w.state().missing());
  return out;
}

} // namespace burrow::queue
