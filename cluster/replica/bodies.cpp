// Answers that come with bodies: from memory if they are there, else held until a reader brings them. Bodies being read
// are pinned: the delta that erases one is not written before.
#include "cluster/replica/impl.hpp"
#include "cluster/storage/keys.hpp"

namespace burrow {
namespace {

struct references {
  std::vector<queue::body_ref> bodies;
  bool replayed = false; ///< of an earlier reply: its messages, and so their bodies, may be gone
};

references bodies_of(const queue::reply& reply) {
  references out;
  if (const auto* const take = std::get_if<queue::take_reply>(&reply)) {
    for (const auto& m : take->items) out.bodies.push_back(m.body);
    out.replayed = take->replayed;
  } else if (const auto* const targets = std::get_if<queue::targets_reply>(&reply)) {
    for (const auto& t : targets->items) {
      if (t.item) out.bodies.push_back(t.item->body);
    }
  }
  return out;
}

references bodies_of(const queue::answer& answer) {
  references out;
  if (const auto* const list = std::get_if<queue::messages_answer>(&answer)) {
    for (const auto& m : list->items) out.bodies.push_back(m.body);
  } else if (const auto* const one = std::get_if<queue::message_answer>(&answer)) {
    if (one->item) out.bodies.push_back(one->item->body);
  } else if (const auto* const leaving = std::get_if<queue::leaving_answer>(&answer)) {
    for (const auto& m : leaving->items) out.bodies.push_back(m.what.body);
  }
  return out;
}

body_key key_of(const queue::body_ref& ref) { return {ref.index, ref.n}; }

} // namespace

void replica::impl::give(reply_effect reply, bool want_bodies) {
  if (want_bodies) {
    auto refs = bodies_of(*reply.outcome);
    refs.replayed = refs.replayed || reply.repeated;
    if (!refs.bodies.empty()) return give_with_bodies(std::move(reply), std::move(refs.bodies), refs.replayed);
  }
  deliver(std::move(reply));
}

void replica::impl::give(answer_effect answer, bool want_bodies) {
  if (want_bodies) {
    auto refs = bodies_of(*answer.outcome);
    if (!refs.bodies.empty()) return give_with_bodies(std::move(answer), std::move(refs.bodies), refs.replayed);
  }
  deliver(std::move(answer));
}

bool replica::impl::check_body(const queue::body_ref& ref, const shared_bytes& bytes, bool may_be_gone) {
  if (!bytes.present() && may_be_gone) return true;
  if (bytes.present() && bytes.size() == ref.size && hash_of(bytes.view()) == ref.hash) return true;
  fail({errc::corrupt, "a message's body is " + std::string(bytes.present() ? "not what was stored" : "missing")});
  return false;
}

// The command was applied, but what it found cannot be shown: to its client that is an unknown outcome.
void replica::impl::give_up(const std::variant<reply_effect, answer_effect>& what) {
  if (const auto* const reply = std::get_if<reply_effect>(&what)) {
    deliver(reply_effect{reply->to, errc::unknown_outcome, {}});
  } else {
    deliver(answer_effect{std::get<answer_effect>(what).to, errc::unavailable, {}});
  }
}

void replica::impl::give_with_bodies(std::variant<reply_effect, answer_effect> what,
                                     std::vector<queue::body_ref> refs, bool may_be_gone) {
  std::vector<shared_bytes> found(refs.size());
  body_load load{std::move(what), may_be_gone, std::move(refs), {}};
  std::vector<load_item> items;
  for (std::size_t i = 0; i < load.bodies.size(); ++i) {
    const auto& ref = load.bodies[i];
    found[i] = bodies.find(key_of(ref));
    if (found[i].present()) continue;
    auto key = keys::body(options.shard, record.generation, ref.index, ref.n);
    auto got = source.get(family::body, key, read_tier::memory);
    if (got) {
      if (got->found) found[i] = shared_bytes(std::move(got->value));
      if (!check_body(ref, found[i], may_be_gone)) return give_up(load.what);
    } else if (got.code() == errc::not_here) {
      items.push_back({family::body, std::move(key)});
      load.asked.push_back(i);
      pins.insert(key_of(ref));
    } else {
      fail(got.error());
      return give_up(load.what);
    }
  }
  std::visit([&](auto& w) { w.bodies = std::move(found); }, load.what);
  if (items.empty()) {
    std::visit([&](auto& w) { deliver(std::move(w)); }, load.what);
    return;
  }
  const load_id id{++last_load.value};
  loads.emplace(id, std::move(load));
  effects.push_back(load_effect{id, std::move(items)});
}

void replica::impl::bodies_loaded(body_load load, std::vector<loaded_item> values) {
  BURROW_ASSERT(values.size() == load.asked.size());
  auto& found = std::visit([](auto& w) -> std::vector<shared_bytes>& { return w.bodies; }, load.what);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto& ref = load.bodies[load.asked[i]];
    pins.erase(pins.find(key_of(ref)));
    if (!values[i].value) {
      fail(values[i].value.error());
      return give_up(load.what);
    }
    auto& got = std::get<store::lookup>(*values[i].value);
    auto& into = found[load.asked[i]];
    if (got.found) into = shared_bytes(std::move(got.value));
    if (!check_body(ref, into, load.may_be_gone)) return give_up(load.what);
  }
  std::visit([&](auto& w) { deliver(std::move(w)); }, load.what);
}

} // namespace burrow
