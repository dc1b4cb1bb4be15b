#include "test/support/members_world.hpp"

#include <algorithm>
#include <utility>

namespace burrow::test {

using membership::member_state;

members_world::members_world(const members_options& o) : o_(o), chance_(o.seed), nodes_(o.nodes) {
  for (std::size_t n = 0; n < o.nodes; ++n) start(n);
}

membership::member_facts members_world::facts_of(std::size_t n) {
  membership::member_facts f;
  f.name = "n" + std::to_string(n);
  f.zone = "z" + std::to_string(n % 3);
  f.cluster = "10.0.0." + std::to_string(n) + ":7700";
  return f;
}

// ---- time -------------------------------------------------------------------------------------------------------

void members_world::run(duration time) {
  run_until([] { return false; }, time);
}

bool members_world::run_until(const std::function<bool()>& holds, duration patience) {
  const auto end = now_ + patience;
  while (!holds()) {
    duration next = end;
    if (!events_.empty()) next = std::min(next, events_.top().when);
    std::optional<std::size_t> woken;
    for (std::size_t n = 0; n < nodes_.size(); ++n) {
      if (!nodes_[n].core || nodes_[n].paused) continue;
      const auto wake = nodes_[n].core->next_wake();
      if (wake && *wake < next) { next = std::max(now_, *wake); woken = n; }
    }
    if (next >= end) { now_ = end; return holds(); }
    now_ = std::max(now_, next);
    if (woken) {
      deliver(*woken, [this](auto& core) { core.tick(now_); });
    } else {
      const auto e = events_.top();
      events_.pop();
      if (nodes_[e.to].core && (e.life == 0 || nodes_[e.to].life == e.life)) deliver(e.to, e.what);
    }
  }
  return true;
}

void members_world::deliver(std::size_t to, const input& what) {
  auto& n = nodes_[to];
  if (n.paused) return n.waiting.push_back(what);
  what(*n.core);
  carry_out(to);
}

// ---- nodes and links --------------------------------------------------------------------------------------------

void members_world::start(std::size_t n) {
  auto& self = nodes_[n];
  self.life = ++last_life_;
  self.paused = false;
  self.waiting.clear();
  self.core = std::make_unique<membership::membership>(
      o_.settings, membership::member{id_of(n), self.life, 0, member_state::alive, facts_of(n)}, chance_.next(), now_);
  const std::size_t seed = n == 0 ? 1 : 0;
  if (seed < nodes_.size()) // whether it runs or not
    self.core->introduce(now_, {{id_of(seed), 0, 0, member_state::alive, facts_of(seed)}});
  for (std::size_t other = 0; other < nodes_.size(); ++other)
    if (other != n && nodes_[other].core) linked(n, other);
  carry_out(n);
}

/// A connection begins: both sides see it a moment later.
void members_world::linked(std::size_t a, std::size_t b) {
  if (!o_.links || is_cut(a, b) || is_cut(b, a)) return;
  for (const auto& [from, to] : {std::pair{a, b}, std::pair{b, a}}) {
    const auto peer = id_of(from);
    const auto life = nodes_[from].life;
    post(from, to, [this, peer, life](auto& core) {
      core.link(now_, peer, true, life);
      if (core.find(peer) != nullptr) core.connected(now_, peer);
    }, false);
  }
}

void members_world::kill(std::size_t n) {
  const auto life = nodes_[n].life;
  nodes_[n].core.reset();
  nodes_[n].waiting.clear();
  if (!o_.links) return;
  for (std::size_t other = 0; other < nodes_.size(); ++other)
    if (other != n && nodes_[other].core && !is_cut(n, other))
      post(n, other, [this, n, life](auto& core) { core.link(now_, id_of(n), false, life); }, false);
}

void members_world::resume(std::size_t n) {
  nodes_[n].paused = false;
  for (const auto& what : std::exchange(nodes_[n].waiting, {})) deliver(n, what);
}

void members_world::leave(std::size_t n) {
  deliver(n, [this](auto& core) { core.leave(now_); });
}

void members_world::split(const std::set<std::size_t>& side) {
  for (std::size_t a = 0; a < nodes_.size(); ++a)
    for (std::size_t b = 0; b < nodes_.size(); ++b)
      if (side.contains(a) != side.contains(b)) cut(a, b);
}

void members_world::heal() {
  const auto were = std::exchange(cut_, {});
  for (const auto& [a, b] : were)
    if (nodes_[a].core && nodes_[b].core && (a < b || !were.contains({b, a}))) linked(a, b);
}

void members_world::post(std::size_t from, std::size_t to, input what, bool lossy) {
  if (lossy && (is_cut(from, to) || chance_.chance(o_.loss_per_mille))) return;
  const auto delay = chance_.between(static_cast<std::uint64_t>(o_.delay_min.count()),
                                     static_cast<std::uint64_t>(o_.delay_max.count()));
  events_.push({now_ + duration{delay}, ++last_order_, to, nodes_[to].life, std::move(what)});
}

void members_world::carry_out(std::size_t from) {
  const auto sender = id_of(from);
  for (auto& e : nodes_[from].core->take_effects()) {
    if (auto* p = std::get_if<membership::send_probe>(&e)) {
      ++frames;
      post(from, number(p->to), [this, sender, m = std::move(p->what)](auto& c) { c.received(now_, sender, m); }, true);
    } else if (auto* r = std::get_if<membership::send_rumours>(&e)) {
      ++messages;
      post(from, number(r->to),
           [this, sender, m = std::move(r->what)](auto& c) { c.received_rumours(now_, sender, m); }, true);
    } else if (auto* x = std::get_if<membership::send_exchange>(&e)) {
      ++messages;
      post(from, number(x->to),
           [this, sender, m = std::move(x->what)](auto& c) { c.received_exchange(now_, sender, m); }, true);
    } else if (const auto* c = std::get_if<membership::changed>(&e)) {
      note(from, *c);
    } else if (const auto* no = std::get_if<membership::refused>(&e)) {
      refusals.push_back(*no);
    } else if (const auto* s = std::get_if<membership::superseded>(&e)) {
      superseded.push_back(s->life);
    } else {
      ++forgotten;
    }
  }
}

// ---- what came of it --------------------------------------------------------------------------------------------

bool members_world::is_cut_off(std::size_t n) const {
  return std::ranges::any_of(cut_, [n](const auto& c) { return c.first == n || c.second == n; });
}

void members_world::note(std::size_t by, const membership::changed& c) {
  const auto about = number(c.now.id);
  changes.push_back({now_, by, about, c});
  if (about >= nodes_.size() || c.before == c.now.state) return;
  const auto& n = nodes_[about];
  // A statement about an earlier life may well be true; so may one that still travels from a time when it was.
  if (!n.core || n.paused || c.now.life < n.life || is_cut_off(about) || is_cut_off(by)) return;
  if (c.now.state == member_state::dead) ++false_dead;
  if (c.now.state == member_state::suspect && c.before == member_state::alive) ++false_suspect;
}

std::optional<member_state> members_world::holds(std::size_t n, std::size_t about) const {
  const auto* const m = nodes_[n].core->find(id_of(about));
  return m == nullptr ? std::nullopt : std::optional{m->state};
}

bool members_world::all_hold(std::size_t about, member_state s) const {
  for (std::size_t n = 0; n < nodes_.size(); ++n)
    if (n != about && nodes_[n].core && !nodes_[n].paused && holds(n, about) != s) return false;
  return true;
}

bool members_world::converged() const {
  const std::vector<membership::member>* same = nullptr;
  std::vector<std::vector<membership::member>> held;
  for (std::size_t n = 0; n < nodes_.size(); ++n) {
    if (!nodes_[n].core) continue;
    if (!all_hold(n, nodes_[n].core->self().state)) return false;
    held.push_back(nodes_[n].core->members());
  }
  for (const auto& h : held) {
    if (same != nullptr && *same != h) return false;
    same = &h;
  }
  return true;
}

std::optional<duration> members_world::first(std::size_t about, member_state s, duration from) const {
  for (const auto& c : changes)
    if (c.about == about && c.by != about && c.when >= from && c.what.now.state == s) return c.when - from;
  return std::nullopt;
}

std::optional<duration> members_world::last(std::size_t about, member_state s, duration from) const {
  std::optional<duration> out;
  for (const auto& c : changes)
    if (c.about == about && c.by != about && c.when >= from && c.what.now.state == s) out = c.when - from;
  return out;
}

} // namespace burrow::test
