#include "cluster/membership/membership.hpp"

#include "cluster/base/assert.hpp"
#include "cluster/base/limits.hpp"

#include <algorithm>
#include <utility>

namespace burrow::membership {

membership::membership(const options& o, member self, std::uint64_t seed, duration now)
  : o_(o), chance_(seed), self_(std::move(self)), swim_(o_, chance_, health_), last_told_(now),
    last_gossip_(now - o.gossip_every), last_input_(now) {
  BURROW_ASSERT(self_.life > 0 && o.gossip_every > duration{0} && o.retransmits > 0);
  self_.incarnation = 1;
  self_.state = member_state::alive;
  table_.add(self_, now);
}

// ---- inputs -----------------------------------------------------------------------------------------------------

void membership::tick(duration now) {
  advance(now);
  plan(now);
}

void membership::received(duration now, node_id from, const probe_message& m) {
  advance(now);
  if (from == self_.id) return;
  for (const auto& r : m.rumours) merge(now, r);
  about_us(m.you);
  const bool stale = m.you.life < self_.life || (m.you.life == self_.life && m.you.incarnation < self_.incarnation);
  swim_output out;
  if (const auto* p = std::get_if<ping>(&m.what)) {
    send(from, ack{p->number}, stale);
  } else if (const auto* a = std::get_if<ack>(&m.what)) {
    swim_.received(now, from, *a, out);
    // Who only has an older incarnation hears of the newer one by rumour. Who holds us for dead, or another life of us,
    // is told at once, by a frame that needs no answer: two who refuse each other would go on for ever. Who does not
    // know us at all is one whom we were told of when we began: it lets us know everybody.
    const bool lost = m.you.life < self_.life || m.you.state != member_state::alive;
    if (stale && lost && a->number != 0) {
      send(from, ack{0}, true);
      if (m.you.life == 0) send_exchange_to(now, from, true);
    }
  } else if (const auto* asked = std::get_if<ping_request>(&m.what)) {
    if (asked->target == self_.id) send(from, ack{asked->number}, stale);
    else if (table_.find(asked->target) != nullptr) swim_.received(now, from, *asked, out);
  } else {
    swim_.received(from, std::get<nack>(m.what));
  }
  carry_out(now, std::move(out));
  plan(now);
}

void membership::received_rumours(duration now, node_id from, const std::vector<rumour>& what) {
  advance(now);
  if (from != self_.id)
    for (const auto& r : what) merge(now, r);
  plan(now);
}

void membership::received_exchange(duration now, node_id from, const exchange& m) {
  advance(now);
  if (from == self_.id) return;
  for (const auto& r : m.members) merge(now, r);
  if (m.answer) send_exchange_to(now, from, false);
  plan(now);
}

void membership::link(duration now, node_id peer, bool up, std::uint64_t life) {
  advance(now);
  auto* const held = table_.find(peer);
  if (held == nullptr || peer == self_.id) return;
  const auto known = links_.find(peer);
  const bool was_down = known != links_.end() && !known->second;
  links_[peer] = up;
  if (up) {
    // It answers with what it is now, and refutes what we hold of it.
    if (held->what.state != member_state::alive || held->what.life != life) send(peer, ping{0});
  } else if (!was_down && (life == 0 || life >= held->what.life)) {
    // Once: if others still reach it, it refutes, and from then on the probes decide.
    accuse(now, *held);
  }
  plan(now);
}

void membership::connected(duration now, node_id peer) {
  advance(now);
  if (peer != self_.id) send_exchange_to(now, peer, true);
  plan(now);
}

void membership::introduce(duration now, const std::vector<member>& who) {
  advance(now);
  for (const auto& m : who) {
    if (table_.find(m.id) != nullptr) continue;
    auto said = m;
    said.state = member_state::alive;
    merge(now, {std::move(said), self_.id, duration{0}});
  }
  plan(now);
}

void membership::set_facts(duration now, member_facts facts) {
  advance(now);
  if (left_) return;
  auto quiet = self_.facts;
  quiet.load = facts.load;
  quiet.disk_free = facts.disk_free;
  quiet.disk_size = facts.disk_size;
  const bool only_load = quiet == facts;
  facts_to_tell_ = facts == self_.facts ? std::nullopt : std::optional{std::move(facts)};
  if (!only_load) last_told_ = now - o_.tell_load_every;
  tick(now);
}

void membership::leave(duration now) {
  advance(now);
  if (left_) return;
  left_ = true;
  facts_to_tell_.reset();
  ++self_.incarnation;
  self_.state = member_state::left;
  say_self();
  for (const auto id : swim_.targets()) effects_.emplace_back(send_rumours{id, {{self_, self_.id, duration{0}}}});
  plan(now);
}

// ---- what falls due ---------------------------------------------------------------------------------------------

/// Everything that is due. Each input begins with it: after a stop of our own, what waited in our mailbox must not be
/// read with timers that ran out meanwhile.
void membership::advance(duration now) {
  notice_stop(now);
  swim_output out;
  swim_.tick(now, out);
  carry_out(now, std::move(out));
  do_suspects(now);
  do_rounds(now);
  if (facts_to_tell_ && now >= last_told_ + o_.tell_load_every) {
    self_.facts = *std::exchange(facts_to_tell_, std::nullopt);
    ++self_.incarnation;
    last_told_ = now;
    say_self();
  }
  gossip(now);
  forget(now);
}

void membership::notice_stop(duration now) {
  const auto before = std::exchange(last_input_, now);
  const auto due = next_wake();
  if (!due) return;
  // What an input makes due at once was not due before it.
  const auto late = now - std::max(*due, before);
  if (late <= o_.stopped_after) return;
  swim_.forget_open();
  health_.worse();
  for (auto& [id, r] : table_) {
    if (r.doubt) r.doubt->delay(late);
    if (r.ask_at) r.ask_at = now;
  }
}

void membership::do_suspects(duration now) {
  std::vector<node_id> ask, dead;
  for (auto& [id, r] : table_) {
    if (r.doubt && r.doubt->deadline() <= now) dead.push_back(id);
    else if (r.ask_at && *r.ask_at <= now) ask.push_back(id);
  }
  swim_output out;
  for (const auto id : ask) {
    table_.find(id)->ask_at = now + o_.ask_suspect_every;
    swim_.probe(now, id, false, out);
  }
  carry_out(now, std::move(out));
  for (const auto id : dead) {
    auto& r = *table_.find(id);
    auto said = r.what;
    said.state = member_state::dead;
    apply(now, r, {std::move(said), self_.id, duration{0}});
  }
}

void membership::do_rounds(duration now) {
  if (probe_at_ && *probe_at_ <= now) {
    swim_output out;
    if (const auto target = swim_.next()) swim_.probe(now, *target, true, out);
    probe_at_ = now + health_.scaled(o_.probe_every);
    carry_out(now, std::move(out));
  }
  if (exchange_at_ && *exchange_at_ <= now) {
    if (const auto with = any(swim_.targets())) send_exchange_to(now, *with, true);
    exchange_at_.reset(); // plan() sets it anew
  }
  if (ask_dead_at_ && *ask_dead_at_ <= now) {
    std::vector<node_id> dead;
    for (const auto& [id, r] : table_)
      if (r.what.state == member_state::dead) dead.push_back(id);
    if (const auto target = any(dead)) send(*target, ping{0});
    ask_dead_at_.reset();
  }
}

void membership::gossip(duration now) {
  if (rumours_.empty() || swim_.targets().empty() || now < last_gossip_ + o_.gossip_every) return;
  last_gossip_ = now;
  auto others = swim_.targets();
  for (std::size_t n = 0; n < o_.gossip_to && !others.empty() && !rumours_.empty(); ++n) {
    const auto at = chance_.below(others.size());
    const auto to = others[at];
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(at));
    auto what = rumours_.take(limits::rumours_message_max, times_max(), to);
    if (!what.empty()) effects_.emplace_back(send_rumours{to, std::move(what)});
  }
}

void membership::forget(duration now) {
  if (!forget_at_ || *forget_at_ > now) return;
  forget_at_.reset();
  std::vector<node_id> old;
  for (const auto& [id, r] : table_) {
    if (id == self_.id || is_here(r.what.state)) continue;
    if (now - r.since >= (r.what.state == member_state::dead ? o_.keep_dead : o_.keep_left)) old.push_back(id);
  }
  for (const auto id : old) {
    table_.erase(id);
    rumours_.forget(id);
    links_.erase(id);
    effects_.emplace_back(forgotten{id});
  }
}

/// Sets the timers that something has become to do for, and drops those of nothing. The first of a round is drawn, so
/// that nodes that start together do not all probe at the same moment.
void membership::plan(duration now) {
  const auto first = [&](duration every) {
    return now + duration{chance_.between(1, static_cast<std::uint64_t>(every.count()))};
  };
  const auto set = [](std::optional<duration>& timer, bool wanted, auto when) {
    if (!wanted) timer.reset();
    else if (!timer) timer = when();
  };
  const bool others = !swim_.targets().empty() && !left_;
  set(probe_at_, others, [&] { return first(o_.probe_every); });
  set(exchange_at_, others, [&] {
    // So that a large cluster does not spend its time on full states: every doubling beyond 32 adds the period once.
    duration every = o_.exchange_every;
    for (auto n = table_.here(); n > 32; n /= 2) every += o_.exchange_every;
    return now + every / 2 + (first(every) - now) / 2;
  });
  bool dead = false;
  std::optional<duration> oldest;
  for (const auto& [id, r] : table_) {
    if (id == self_.id || is_here(r.what.state)) continue;
    dead = dead || r.what.state == member_state::dead;
    const auto end = r.since + (r.what.state == member_state::dead ? o_.keep_dead : o_.keep_left);
    oldest = oldest ? std::min(*oldest, end) : end;
  }
  set(ask_dead_at_, dead && !left_, [&] { return first(o_.ask_dead_every) + o_.ask_dead_every / 2; });
  forget_at_ = oldest;
}

// ---- outputs ----------------------------------------------------------------------------------------------------

void membership::carry_out(duration now, swim_output&& out) {
  for (const auto& [to, what] : out.frames) send(to, what);
  for (const auto id : out.failed)
    if (auto* const held = table_.find(id)) accuse(now, *held);
}

void membership::send(node_id to, const probe_content& what, bool with_self) {
  send_probe out{to, {{}, what, {}}};
  if (const auto* held = table_.find(to)) out.what.you = {held->what.life, held->what.incarnation, held->what.state};
  if (with_self) out.what.rumours.push_back({self_, self_.id, duration{0}});
  const auto room = limits::probe_rumours_max - out.what.rumours.size();
  for (auto& r : rumours_.take(room, times_max(), to)) out.what.rumours.push_back(std::move(r));
  effects_.emplace_back(std::move(out));
}

void membership::send_exchange_to(duration now, node_id to, bool answer) {
  for (auto& part : parts_of(table_, self_.id, now, answer)) effects_.emplace_back(send_exchange{to, std::move(part)});
}

std::uint32_t membership::times_max() const { return rumour_queue::times_max(o_, table_.here()); }

std::optional<node_id> membership::any(const std::vector<node_id>& of) {
  return of.empty() ? std::nullopt : std::optional{of[chance_.below(of.size())]};
}

std::vector<effect> membership::take_effects() { return std::exchange(effects_, {}); }

std::optional<duration> membership::next_wake() const {
  auto first = swim_.next_wake();
  const auto sooner = [&first](std::optional<duration> t) {
    if (t) first = first ? std::min(*first, *t) : *t;
  };
  sooner(probe_at_);
  sooner(exchange_at_);
  sooner(ask_dead_at_);
  sooner(forget_at_);
  if (facts_to_tell_) sooner(last_told_ + o_.tell_load_every);
  if (!rumours_.empty() && !swim_.targets().empty()) sooner(last_gossip_ + o_.gossip_every);
  for (const auto& [id, r] : table_) {
    sooner(r.ask_at);
    if (r.doubt) sooner(r.doubt->deadline());
  }
  return first;
}

std::vector<member> membership::members() const {
  std::vector<member> out;
  out.reserve(table_.size());
  for (const auto& [id, r] : table_) out.push_back(r.what);
  return out;
}

const member* membership::find(node_id id) const {
  const auto* const held = table_.find(id);
  return held == nullptr ? nullptr : &held->what;
}

} // namespace burrow::membership
