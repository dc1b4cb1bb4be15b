#include "test/support/gateway_fake.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>

#include <algorithm>

namespace burrow::test {
namespace {

instant now() {
  const auto t = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::milliseconds>(t).count()};
}

bool holds(const std::vector<std::pair<std::string, std::string>>& wanted, const queue::message& m) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const auto& w) {
    const auto at = m.attributes.meta.find(w.first);
    return at != m.attributes.meta.end() && at->second == w.second;
  });
}

} // namespace

fake_message* fake_service::find(std::vector<fake_message>& in, std::string_view id) {
  for (auto& m : in) {
    if (m.head.name == id || (m.head.name.empty() && m.head.id.text26() == id)) return &m;
  }
  return nullptr;
}

void fake_service::drop_expired(queue_ref name) {
  const auto at = queues_.find(name);
  if (at == queues_.end()) return;
  std::erase_if(at->second, [t = now()](const fake_message& m) { return m.head.is_gone(t); });
  if (at->second.empty()) queues_.erase(at);
}

std::vector<std::size_t> fake_service::matches(const std::vector<fake_message>& in, const queue::position& from,
                                               bool hidden, bool lifo) const {
  std::vector<std::size_t> out;
  std::uint64_t after = from.after ? from.after->value : 0;
  for (const auto& m : in) {
    if (!from.marker.empty() && m.head.shown_id() == from.marker) after = m.head.place.value;
  }
  for (std::size_t i = 0; i < in.size(); ++i) {
    const auto at = in[i].head.place.value;
    const bool beyond = after == 0 || (lifo ? at < after : at > after);
    if (beyond && (hidden || in[i].head.is_visible(now()))) out.push_back(i);
  }
  if (lifo) std::reverse(out.begin(), out.end());
  return out;
}

void fake_service::run_insert(const operation& what, const queue::insert& in, operation_result& out) {
  queue::insert_reply reply;
  auto& messages = queues_[what.queue];
  for (const auto& item : in.items) {
    auto& r = reply.items.emplace_back();
    auto* old = item.name.empty() ? nullptr : find(messages, item.name);
    r.problem = item.refused;
    if (item.guard.if_none_match && old != nullptr) r.problem = errc::already_exists;
    if (r.problem != errc::ok) continue;
    fake_message made;
    made.head.place.value = old != nullptr ? old->head.place.value : next_;
    made.head.id = old != nullptr ? old->head.id : message_id::make(now().ms, shard_id{1}, next_);
    made.head.name = old != nullptr ? old->head.name : item.name;
    made.head.revision = next_++;
    made.head.attributes = item.attributes;
    made.head.created = now();
    const auto ttl = item.ttl.value_or(in.fallback.ttl), hide = item.hide.value_or(in.fallback.hide);
    if (ttl.count() > 0) made.head.expires = now() + ttl;
    if (hide.count() > 0) made.head.hidden_until = now() + hide;
    made.body = what.bodies.at(item.body);
    r.status = old != nullptr ? queue::insert_status::replaced : queue::insert_status::created;
    r.id = made.head.id;
    r.name = made.head.name;
    r.place = made.head.place;
    r.revision = made.head.revision;
    r.expires = made.head.expires;
    r.ttl = ttl;
    if (old != nullptr) *old = std::move(made);
    else messages.push_back(std::move(made));
  }
  drop_expired(what.queue);
  if (queues_[what.queue].empty()) queues_.erase(what.queue);
  out.what = std::move(reply);
}

void fake_service::run_take(const operation& what, const queue::take& in, operation_result& out) {
  queue::take_reply reply;
  reply.now = now();
  reply.lifo = in.order == queue::take_order::lifo;
  reply.queue_exists = queues_.contains(what.queue);
  auto& messages = queues_[what.queue];
  const std::uint64_t most = what.in_steps ? (what.steps_limit == 0 ? UINT64_MAX : what.steps_limit) : in.limit;
  const claim_id claim{next_++};
  std::vector<std::uint64_t> gone;
  for (const auto i : matches(messages, in.from, in.match_hidden, reply.lifo)) {
    auto& m = messages[i];
    if (!in.only.empty() && std::find(in.only.begin(), in.only.end(), m.head.place) == in.only.end()) continue;
    if (reply.count == most) {
      reply.more = true;
      break;
    }
    ++reply.count;
    reply.last = m.head.place;
    if (in.action == queue::take_action::remove) gone.push_back(m.head.place.value);
    if (in.ttl) m.head.expires = in.ttl->count() > 0 ? now() + *in.ttl : no_instant;
    if (in.hide) m.head.hidden_until = in.hide->count() > 0 ? now() + *in.hide : no_instant;
    if (in.action == queue::take_action::claim) {
      m.head.claim = claim;
      m.head.claimed = true;
      ++m.head.claims, ++m.head.claims_total, ++m.head.revision;
    }
    reply.items.push_back(m.head);
    if (what.want_bodies) out.bodies.push_back(m.body);
  }
  std::erase_if(messages, [&](const fake_message& m) {
    return std::find(gone.begin(), gone.end(), m.head.place.value) != gone.end();
  });
  if (messages.empty()) queues_.erase(what.queue);
  // A claim in steps, as if each had one message: a reply shows those of the last step only.
  while (what.in_steps && in.action == queue::take_action::claim && reply.items.size() > 1) {
    out.claimed_before.push_back({claim, {reply.items.front().place}});
    reply.items.erase(reply.items.begin());
  }
  out.what = std::move(reply);
}

void fake_service::run_list(const operation& what, const queue::list_messages& in, operation_result& out) {
  queue::messages_answer answer;
  answer.now = now();
  answer.queue_exists = queues_.contains(what.queue);
  const auto at = queues_.find(what.queue);
  if (at != queues_.end()) {
    std::uint64_t bytes = 0;
    for (const auto i : matches(at->second, in.from, in.match_hidden, in.lifo)) {
      const auto& m = at->second[i];
      if (!holds(in.match_meta, m.head)) continue;
      bytes += m.body.size();
      if (answer.items.size() == in.limit || (in.bytes_max > 0 && bytes > in.bytes_max && !answer.items.empty())) {
        answer.more = true;
        break;
      }
      answer.last = m.head.place;
      answer.items.push_back(m.head);
      if (what.want_bodies) out.bodies.push_back(m.body);
    }
  }
  out.what = std::move(answer);
}

template <class Act>
void fake_service::run_targets(const operation& what, const std::vector<queue::target>& targets, operation_result& out,
                               Act act) {
  queue::targets_reply reply;
  reply.now = now();
  reply.queue_exists = queues_.contains(what.queue);
  auto& messages = queues_[what.queue];
  for (const auto& t : targets) {
    auto& r = reply.items.emplace_back();
    auto* m = find(messages, t.id);
    if (m == nullptr) {
      r.problem = errc::message_not_found;
    } else if (t.guard.receipt && (*t.guard.receipt != m->head.claim || t.guard.receipt_claims != m->head.claims)) {
      r.problem = errc::receipt_stale;
    } else {
      if (what.want_bodies) out.bodies.push_back(m->body);
      r.item = act(messages, *m);
    }
  }
  if (messages.empty()) queues_.erase(what.queue);
  out.what = std::move(reply);
}

std::shared_ptr<operation_result> fake_service::run(const operation& what) {
  const std::lock_guard lock{mutex_};
  ++submitted;
  auto out = std::make_shared<operation_result>();
  if (broken.load() != errc::ok) return out->what = error{broken.load()}, out;
  drop_expired(what.queue);
  if (const auto* in = std::get_if<queue::insert>(&what.what)) run_insert(what, *in, *out);
  if (const auto* in = std::get_if<queue::take>(&what.what)) run_take(what, *in, *out);
  if (const auto* in = std::get_if<queue::list_messages>(&what.what)) run_list(what, *in, *out);
  if (const auto* in = std::get_if<queue::change>(&what.what)) {
    run_targets(what, in->targets, *out, [&](auto&, fake_message& m) {
      if (in->ttl) m.head.expires = in->ttl->count() > 0 ? now() + *in->ttl : no_instant;
      if (in->hide) m.head.hidden_until = in->hide->count() > 0 ? now() + *in->hide : no_instant;
      return m.head;
    });
  }
  if (const auto* in = std::get_if<queue::remove>(&what.what)) {
    run_targets(what, in->targets, *out, [](auto& all, fake_message& m) {
      const auto head = m.head;
      std::erase_if(all, [&](const fake_message& x) { return x.head.place == head.place; });
      return head;
    });
  }
  if (const auto* in = std::get_if<queue::get_message>(&what.what)) {
    queue::message_answer answer;
    answer.now = now();
    const auto at = queues_.find(what.queue);
    if (at != queues_.end()) {
      if (auto* m = find(at->second, in->id)) answer.item = m->head, out->bodies.push_back(m->body);
    }
    out->what = std::move(answer);
  }
  if (std::holds_alternative<queue::purge>(what.what)) {
    const auto at = queues_.find(what.queue);
    out->what = queue::purge_reply{at == queues_.end() ? 0 : at->second.size()};
    if (at != queues_.end()) queues_.erase(at);
  }
  if (const auto* in = std::get_if<queue::unclaim>(&what.what)) {
    unclaimed += in->places.size();
    for (auto& m : queues_[what.queue]) {
      if (m.head.claim == in->claim) m.head.hidden_until = no_instant, m.head.claim = {}, --m.head.claims;
    }
    out->what = queue::done_reply{};
  }
  if (std::holds_alternative<queue::get_settings>(what.what)) out->what = queue::settings_answer{};
  if (std::holds_alternative<queue::queue_stats>(what.what)) {
    queue::stats_answer answer;
    answer.now = now();
    answer.summary.visible = queues_.contains(what.queue) ? queues_[what.queue].size() : 0;
    out->what = answer;
  }
  return out;
}

queue::answer fake_service::answer(const queue::query& what) {
  const std::lock_guard lock{mutex_};
  const auto fits = [](const std::string& name, const std::string& after, const std::string& prefix) {
    return name > after && name.starts_with(prefix);
  };
  if (const auto* in = std::get_if<queue::list_queues>(&what.what)) {
    queue::queues_answer out;
    out.now = now();
    for (const auto& [name, messages] : queues_) {
      if (name.tenant != in->tenant || !fits(name.queue, in->after, in->prefix)) continue;
      if (out.items.size() == in->limit) return out.more = true, out;
      out.items.emplace_back().name = name.queue;
      out.items.back().visible = messages.size();
    }
    return out;
  }
  const auto& in = std::get<queue::list_tenants>(what.what);
  queue::tenants_answer out;
  for (const auto& [name, messages] : queues_) {
    if (!fits(name.tenant, in.after, in.prefix)) continue;
    if (out.items.empty() || out.items.back().name != name.tenant) {
      if (out.items.size() == in.limit) return out.more = true, out;
      out.items.emplace_back().name = name.tenant;
    }
    ++out.items.back().queues;
    out.items.back().messages += messages.size();
  }
  return out;
}

namespace {

struct held_request {
  submit what;
  std::chrono::steady_clock::time_point until;
};
using look_atom = caf::atom_constant<caf::atom("look")>;
struct queue_fake {
  std::vector<held_request> held;
  std::vector<submit> crossing;
};

bool is_empty(const operation_result& r) {
  if (const auto* t = std::get_if<queue::take_reply>(&r.what)) return t->count == 0;
  const auto* l = std::get_if<queue::messages_answer>(&r.what);
  return l != nullptr && l->items.empty();
}

caf::behavior fake_queue(caf::stateful_actor<queue_fake>* self, std::shared_ptr<fake_service> service) {
  const auto reply = [=](const submit& s, std::shared_ptr<operation_result> r) {
    completed out;
    out.items.emplace_back(s.number, std::move(r));
    self->send(s.from, std::move(out));
  };
  return {
    [=](const submit& s) {
      if (service->silent) return;
      if (service->crossing && std::holds_alternative<queue::take>(s.what->what))
        return ++service->held, self->state.crossing.push_back(s);
      auto r = service->run(*s.what);
      if (!is_empty(*r) || s.what->wait.count() == 0) return reply(s, std::move(r));
      self->state.held.push_back({s, std::chrono::steady_clock::now() + s.what->wait});
      ++service->held;
      if (self->state.held.size() == 1) self->send(self, look_atom::value);
    },
    [=](const withdraw& w) {
      ++service->withdrawn;
      for (const auto& s : std::exchange(self->state.crossing, {})) reply(s, service->run(*s.what));
      std::erase_if(self->state.held, [&](const held_request& h) { return h.what.number == w.number; });
    },
    [=](look_atom) {
      auto held = std::exchange(self->state.held, {});
      for (auto& h : held) {
        const bool gone = h.what.what->client && h.what.what->client->gone;
        auto r = gone ? std::make_shared<operation_result>() : service->run(*h.what.what);
        const bool late = std::chrono::steady_clock::now() >= h.until;
        if (!gone && (late || !is_empty(*r))) reply(h.what, std::move(r));
        else if (!gone) self->state.held.push_back(std::move(h));
      }
      if (!self->state.held.empty()) self->delayed_send(self, std::chrono::milliseconds{10}, look_atom::value);
    },
  };
}

struct supervisor_fake {
  std::map<queue_ref, caf::actor> queues;
  caf::actor shards;
};

} // namespace

caf::actor spawn_fake_supervisor(caf::actor_system& system, std::shared_ptr<fake_service> service,
                                 std::uint16_t shards) {
  return system.spawn([=](caf::stateful_actor<supervisor_fake>* self) -> caf::behavior {
    // All queues lie on every tenant's first shard.
    self->state.shards = self->spawn([=](caf::event_based_actor* shard) -> caf::behavior {
      return {[=](const shard_work& work) {
        shard_results out;
        for (const auto& q : work.questions) out.answers.push_back({q.from, service->answer(q.what), {}});
        shard->send(work.from, std::move(out));
      }};
    });
    return {
      [=](const resolve& r) {
        ++service->resolved;
        auto& handle = self->state.queues[r.queue];
        const auto* actor = handle ? caf::actor_cast<caf::abstract_actor*>(handle) : nullptr;
        if (actor == nullptr || actor->getf(caf::abstract_actor::is_terminated_flag)) {
          handle = self->spawn(fake_queue, service);
        }
        self->send(r.from, resolved{r.queue, handle});
      },
      [=](const get_replicas& g) {
        replicas out;
        out.by_shard.assign(shards + 1U, self->state.shards);
        self->send(g.from, std::move(out));
      },
    };
  });
}

} // namespace burrow::test
