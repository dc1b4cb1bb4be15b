#include "test/support/queue_check.hpp"

#include "cluster/queue/move_records.hpp"
#include "cluster/queue/remembered.hpp"

#include <sstream>
#include <utility>

namespace burrow::test {

namespace {

using namespace queue;

struct checker {
  const map_view& state;
  std::ostringstream wrong;
  std::set<body_name> bodies;
  std::map<std::string, tenant_record> tenants;
  std::set<std::uint64_t> numbers; ///< of queues and of sweeps
  std::set<std::string> set_up;    ///< names, as in keys, of queues with settings
  std::map<std::string, std::string> due;
  std::uint64_t sweeps = 0;
  instant earliest;
  std::set<std::string> lines{};             ///< of the queue that is looked at
  std::map<std::string, std::uint64_t> ids{}; ///< likewise; key to place
  std::map<std::string, queue_moves> moves{}; ///< by queue key
  std::map<std::string, std::string> lined{}; ///< key of a queue with a line to its name
  std::uint64_t line_count = 0, moving = 0, steps = 0, ended = 0;
  instant first_forgotten{}, gateways_due{};

  template <class F>
  void each(const std::string& from, const std::string& to, F f) {
    for (auto at = state.pairs.lower_bound(from); at != state.pairs.end() && at->first < to; ++at)
      f(at->first, at->second);
  }
  void see_body(const body_ref& b) {
    if (!bodies.insert({b.index.value, b.n}).second) wrong << "body " << b.index.value << ':' << b.n << " twice\n";
  }
  void expect(bool right, const std::string& what) {
    if (!right) wrong << what << '\n';
  }

  void queue_of(const std::string& key, const std::string& value) {
    const auto ref = key::queue_of(key);
    const std::string name = ref.tenant + '/' + ref.queue + ": ";
    const auto record = decode_queue(value);
    if (!record) return expect(false, name + "undecodable");
    const queue_record& r = *record;
    expect(encode(r) == value, name + "record is not canonical");
    if (r.has_settings()) set_up.insert(key.substr(1));
    if (r.messages() == 0) {
      expect(r.is_kept(), name + "empty queue without settings has a record");
      auto empty = r.emptied();
      empty.revision = r.revision;
      expect(r == empty, name + "an empty queue remembers messages");
      moves[key] = r.moves;
      ++tenants[ref.tenant].queues;
      tenants[ref.tenant].bytes += r.bytes;
      return;
    }
    expect(numbers.insert(r.number.value).second, name + "number used twice");
    queue_record sum;
    std::set<std::string> ready;
    std::map<std::string, std::uint64_t> names; ///< key to place
    std::map<std::string, std::multiset<std::uint64_t>> places;
    const std::string all = key::everything(r.number), end = key::everything({r.number.value + 1});
    instant last_in_order, first_in_order;
    each(all, end, [&](const std::string& k, const std::string& v) {
      if (key::kind_of(k) != key::kind::message) return;
      message_of(name, k, v, r, sum, ready, names, places, last_in_order, first_in_order);
    });
    each(all, end, [&](const std::string& k, const std::string& v) { index_of(name, k, v, ready, names, places); });
    expect(ready.empty(), name + "ready keys missing");
    expect(names.empty(), name + "names missing");
    for (const auto& [group, members] : places) expect(members.empty(), name + "places missing in a group");
    expect(r.visible == sum.visible && r.delayed == sum.delayed && r.claimed == sum.claimed, name + "counters");
    expect(r.bytes == sum.bytes + r.moves.moving_bytes, name + "bytes");
    expect(r.moves.lined == sum.moves.lined, name + "messages in line");
    expect(r.moves.lettered == sum.moves.lettered, name + "messages from elsewhere");
    expect(lines.empty(), name + "line keys missing");
    expect(ids.empty(), name + "keys of ids missing");
    moves[key] = r.moves;
    if (r.moves.lined > 0) lined[key::line_of(r.number)] = key.substr(1);
    expect(r.ready == sum.ready, name + "number of ready keys");
    expect(r.raised == sum.raised && r.raised_ready == sum.raised_ready, name + "messages of higher priorities");
    expect(r.id_like == sum.id_like, name + "id_like");
    expect(r.ttl_last >= last_in_order, name + "ttl_last");
    expect(first_in_order == no_instant || (r.ttl_due != no_instant && r.ttl_due <= first_in_order), name + "ttl_due");
    for (const auto& [group, members] : places)
      expect(r.group_due != no_instant && r.group_due <= key::deadline_of(group), name + "group_due");
    const instant want = earlier(r.ttl_due, r.group_due);
    expect(want == no_instant || (r.registered != no_instant && r.registered <= want), name + "registered");
    if (r.registered != no_instant) due[key::due(r.registered, r.number)] = key.substr(1);
    auto& t = tenants[ref.tenant];
    ++t.queues;
    t.messages += r.messages();
    t.bytes += r.bytes;
  }

  void message_of(const std::string& name, const std::string& k, const std::string& v, const queue_record& r,
                  queue_record& sum, std::set<std::string>& ready, std::map<std::string, std::uint64_t>& names,
                  std::map<std::string, std::multiset<std::uint64_t>>& places, instant& last_in_order,
                  instant& first_in_order) {
    const place at{key::last_number(k)};
    const auto x = decode_message(at, v);
    if (!x) return expect(false, name + "undecodable message");
    expect(encode(*x) == v, name + "message is not canonical");
    const message& m = x->item;
    see_body(m.body);
    sum.bytes += m.body.size;
    if (!m.name.empty() && !x->unnamed) names[key::name(r.number, m.name)] = at.value;
    if (m.id.low != at.value) ids[key::id(r.number, m.id)] = at.value;
    sum.moves.lettered += m.dead_letter ? 1 : 0;
    sum.moves.lined += x->lined ? 1 : 0;
    if (x->lined) lines.insert(key::line(r.number, at));
    expect(!x->ended || (x->lined && x->unnamed), name + "ended without a line");
    const auto priority = m.attributes.priority;
    if (priority > 0) ++sum.raised;
    if (m.name.size() == 26 && message_id::parse26(m.name) && !x->unnamed) ++sum.id_like;
    expect(at >= r.first, name + "message below first");
    if (m.hidden_until == no_instant) {
      ++sum.visible;
      if (priority > 0 || at < r.head || at >= r.tail) {
        ++sum.ready;
        if (priority > 0) ++sum.raised_ready;
        ready.insert(key::ready(r.number, priority, at));
      }
      expect(!m.claimed && x->hide_group == 0, name + "visible message has a hide");
    } else {
      ++(m.claimed ? sum.claimed : sum.delayed);
      if (!x->lined) places[key::group(r.number, m.hidden_until, x->hide_group)].insert(at.value);
      expect(!x->lined || x->hide_group == 0, name + "in line with a deadline");
    }
    expect(!m.claimed || m.claim.value != 0, name + "claimed by nobody");
    if (m.in_ttl_order) {
      expect(m.expires != no_instant && x->ttl_group == 0, name + "in order without expiry");
      expect(m.expires >= last_in_order, name + "not in ttl order");
      expect(at >= r.ttl_from, name + "in order below ttl_from");
      if (first_in_order == no_instant) first_in_order = m.expires;
      last_in_order = m.expires;
    } else if (m.expires != no_instant && !x->ended) {
      places[key::group(r.number, m.expires, x->ttl_group)].insert(at.value);
    }
  }

  void index_of(const std::string& name, const std::string& k, const std::string& v, std::set<std::string>& ready,
                std::map<std::string, std::uint64_t>& names,
                std::map<std::string, std::multiset<std::uint64_t>>& places) {
    switch (key::kind_of(k)) {
      case key::kind::message: break;
      case key::kind::name: {
        const auto real = names.find(k);
        if (real == names.end()) return expect(false, name + "name of no message");
        expect(v == encode_place({real->second}), name + "name of another message");
        names.erase(real);
        break;
      }
      case key::kind::line: expect(lines.erase(k) == 1 && v.empty(), name + "line key of no message"); break;
      case key::kind::id: {
        const auto real = ids.find(k);
        if (real == ids.end()) return expect(false, name + "id of no message");
        expect(v == encode_place({real->second}), name + "id of another message");
        ids.erase(real);
        break;
      }
      case key::kind::ready: expect(ready.erase(k) == 1 && v.empty(), name + "ready key of no message"); break;
      case key::kind::group: {
        expect(!v.empty(), name + "empty group");
        for (const place at : decode_places(v)) {
          auto& members = places[k];
          const auto found = members.find(at.value);
          expect(found != members.end(), name + "group lists a message that is not in it");
          if (found != members.end()) members.erase(found);
        }
        break;
      }
    }
  }

  void shard() {
    each(std::string(1, key::due_family), key::family_end(key::due_family), [&](const auto& k, const auto& v) {
      const auto wanted = due.find(k);
      expect(wanted != due.end() && wanted->second == v, "due key of no queue");
      if (wanted != due.end()) due.erase(wanted);
      earliest = earlier(earliest, key::deadline_of(k));
    });
    expect(due.empty(), "due keys missing");
    each(std::string(1, key::tenant_family), key::family_end(key::tenant_family), [&](const auto& k, const auto& v) {
      const auto kept = decode_tenant(v);
      const auto real = tenants.find(k.substr(1));
      expect(kept && real != tenants.end() && *kept == real->second, "counters of tenant " + k.substr(1));
      if (real != tenants.end()) tenants.erase(real);
    });
    expect(tenants.empty(), "tenant records missing");
    const auto kept = state.pairs.find(key::shard());
    const shard_record s = kept == state.pairs.end() ? shard_record{} : *decode_shard(kept->second);
    expect(kept == state.pairs.end() || encode(s) == kept->second, "shard record is not canonical");
    expect(s.sweeps == sweeps, "number of sweeps");
    expect(s.lines == line_count, "number of queues with lines");
    expect(s.moving == moving, "number of moving messages");
    expect(gateways_due == no_instant || (s.gateways_due != no_instant && s.gateways_due <= gateways_due),
           "when to look for silent gateways");
    earliest = queue::earlier(earliest, s.gateways_due);
    expect(s.steps == steps && s.ended == ended, "number of tasks to go on, or to forget");
    if (first_forgotten != no_instant && (earliest == no_instant || first_forgotten < earliest))
      earliest = first_forgotten;
    expect(earliest == no_instant || (s.due != no_instant && s.due <= earliest), "shard's earliest deadline");
  }

  /// Each key and producer is counted, in its tenant's bytes too, and has one deadline that comes in time.
  void memories() {
    std::map<std::string, int> looked_at; ///< 0x24 key: how many deadlines
    std::map<std::uint64_t, memory_record> counted;
    each(std::string(1, key::memory_due_family), key::family_end(key::memory_due_family), [&](const auto& k,
                                                                                             const auto& v) {
      const auto name = decode_name(v);
      if (!name) return expect(false, "undecodable deadline of a memory");
      expect(encode(*name) == v, "deadline of a memory is not canonical");
      const auto memory = state.pairs.find(key::memory(name->queue));
      if (memory == state.pairs.end()) return expect(false, "deadline of no memory");
      const std::string about = key::remembered(decode_memory(memory->second)->number, name->kind, name->rest);
      ++looked_at[about];
      const auto kept = state.pairs.find(about);
      if (kept == state.pairs.end()) return expect(false, "deadline of nothing remembered");
      const instant at = key::deadline_of(k);
      if (earliest == no_instant || at < earliest) earliest = at;
      if (name->kind == remembered_kind::producer) return;
      const auto x = decode_key(kept->second);
      expect(x && x->number == key::last_number(k) && x->expires <= at && at.ms - x->expires.ms < 10'000,
             "deadline of another key");
    });
    each(std::string(1, key::remembered_family), key::family_end(key::remembered_family), [&](const auto& k,
                                                                                             const auto& v) {
      auto& sum = counted[byte_reader(std::string_view(k).substr(1)).u64()];
      const bool is_key = k[9] == static_cast<char>(remembered_kind::key);
      ++(is_key ? sum.keys : sum.producers);
      expect(looked_at[k] == 1, "not one deadline for " + k.substr(10));
      expect(is_key ? decode_key(v) && encode(*decode_key(v)) == v
                    : decode_producer(v) && encode(*decode_producer(v)) == v, "remembered is not canonical");
    });
    each(std::string(1, key::memory_family), key::family_end(key::memory_family), [&](const auto& k, const auto& v) {
      const auto memory = decode_memory(v);
      expect(memory && encode(*memory) == v && memory->is_kept(), "memory is not canonical");
      const auto& sum = counted[memory->number];
      expect(sum.keys == memory->keys && sum.producers == memory->producers, "what a memory counts");
      tenants[k.substr(1, k.find('\0') - 1)].bytes += memory->bytes();
      counted.erase(memory->number);
    });
    expect(counted.empty(), "remembered by no queue");
  }

  /// What leaves, is in line, has arrived, and is to be done by tasks.
  void moves_of_shard() {
    std::map<shard_id, pair_record> pairs;
    std::map<std::string, queue_moves> seen;
    std::map<std::string, std::string> tasks_due;
    family(key::leaving_family, [&](const auto& k, const auto& v) {
      const auto m = decode_leaving(key::move_of(k), v);
      if (!m) return expect(false, "undecodable leaving message");
      expect(encode(*m) == v, "a leaving message is not canonical");
      auto& p = pairs[key::shard_of(k)];
      if (p.open++ == 0) p.lowest = key::move_of(k);
      p.last = std::max(p.last, key::move_of(k).number);
      ++moving;
      see_body(m->moved.what.body);
      auto& q = seen[key::queue(m->from)];
      ++q.moving;
      q.moving_bytes += m->moved.what.body.size;
    });
    family(key::pair_family, [&](const auto& k, const auto& v) {
      const auto real = decode_pair(v);
      const auto& p = pairs[key::shard_of(k)];
      expect(real && encode(*real) == v, "a pair is not canonical");
      expect(real && real->open == p.open && real->last >= p.last, "counters of a pair");
      expect(p.open == 0 || (real && real->lowest == p.lowest), "lowest of a pair");
      pairs.erase(key::shard_of(k));
    });
    expect(pairs.empty(), "pairs missing");
    family(key::line_family, [&](const auto& k, const auto& v) {
      ++line_count;
      const auto at = lined.find(k);
      expect(at != lined.end() && at->second == v, "a line of no queue");
      if (at != lined.end()) lined.erase(at);
    });
    expect(lined.empty(), "lines missing");
    family(key::task_family, [&](const auto& k, const auto& v) { task_of(k, v, seen, tasks_due); });
    family(key::step_family, [&](const auto& k, const auto& v) {
      ++steps;
      expect(tasks_due[k] == v && !v.empty(), "a step of no task");
      tasks_due.erase(k);
    });
    family(key::forget_family, [&](const auto& k, const auto& v) {
      if (ended++ == 0) first_forgotten = key::deadline_of(k);
      expect(tasks_due[k] == v && !v.empty(), "an end of no task");
      tasks_due.erase(k);
    });
    expect(tasks_due.empty(), "steps or ends of tasks missing");
    for (auto& [k, q] : moves) {
      const auto& real = seen[k];
      expect(q.moving == real.moving && q.moving_bytes == real.moving_bytes && q.tasks == real.tasks &&
               q.task == real.task,
             "moves of " + k);
      seen.erase(k);
    }
    expect(seen.empty(), "moves or tasks of no queue");
  }

  void task_of(const std::string& k, const std::string& v, std::map<std::string, queue_moves>& seen,
               std::map<std::string, std::string>& tasks_due) {
    const task_id id{key::last_number(k)};
    const auto t = decode_task(id, v);
    if (!t) return expect(false, "undecodable task");
    expect(encode(*t) == v, "a task is not canonical");
    const auto name = k.substr(1, k.size() - 10);
    auto& q = seen[std::string(1, key::queue_family) + name];
    ++q.tasks;
    const bool runs = t->view.state == task_state::running;
    if (runs) expect(std::exchange(q.task, id.value) == 0, "two running tasks");
    if (runs && !t->walked) tasks_due[key::step(t->due, id)] = name;
    if (!runs) tasks_due[key::forget(t->due, id)] = name;
    const std::string ids_key = std::string(1, key::ids_family) + k.substr(1);
    expect(state.pairs.contains(ids_key) == t->has_ids, "ids of a task");
  }

  template <class F>
  void family(char f, F visit) {
    each(std::string(1, f), key::family_end(f), visit);
  }

  void more_settings() {
    const std::string from(1, key::settings_family);
    each(from, key::family_end(key::settings_family), [&](const auto& k, const auto& v) {
      settings x;
      expect(set_up.contains(k.substr(1)), "labels of a queue without settings");
      expect(!v.empty() && decode_more(v, x) && encode_more(x) == v, "labels are not canonical");
    });
  }

  void swept() {
    each(std::string(1, key::sweep_family), key::family_end(key::sweep_family), [&](const auto& k, const auto&) {
      ++sweeps;
      const queue_number number{key::last_number(k)};
      expect(numbers.insert(number.value).second, "a queue is live and swept");
      each(key::everything(number), key::everything({number.value + 1}), [&](const auto& key, const auto& v) {
        if (key::kind_of(key) == key::kind::message) see_body(decode_message({key::last_number(key)}, v)->item.body);
      });
    });
  }
};

} // namespace

std::string check_state(const map_view& state, const std::set<body_name>& bodies) {
  checker c{.state = state, .wrong = {}, .bodies = {}, .tenants = {}, .numbers = {}, .set_up = {}, .due = {},
            .sweeps = 0, .earliest = {}};
  c.each(std::string(1, key::queue_family), key::family_end(key::queue_family),
         [&](const auto& k, const auto& v) { c.queue_of(k, v); });
  c.more_settings();
  c.swept();
  c.memories();
  c.moves_of_shard();
  const auto gateways = check_gateways(state);
  c.wrong << gateways.wrong;
  c.gateways_due = gateways.due;
  c.shard();
  for (const auto& [k, v] : state.pairs)
    if (k[0] == 0x30) c.expect(c.numbers.contains(byte_reader(std::string_view(k).substr(1)).u64()), "orphan key");
  c.expect(c.bodies == bodies,
           "bodies referred to: " + std::to_string(c.bodies.size()) + ", kept: " + std::to_string(bodies.size()));
  return c.wrong.str();
}

} // namespace burrow::test
