// What becomes of a statement: held, refused, refuted or passed over. All goes by is_newer().
#include "cluster/base/assert.hpp"
#include "cluster/base/limits.hpp"
#include "cluster/membership/membership.hpp"

#include <algorithm>
#include <utility>

namespace burrow::membership {

void membership::merge(duration now, const rumour& r) {
  const auto& said = r.about;
  if (said.id == self_.id) return about_us(said);
  auto* const held = table_.find(said.id);
  if (held == nullptr) return newcomer(now, r);
  if (is_newer(held->what, said)) return;
  if (!is_newer(said, held->what)) return confirmed(*held, r);
  const bool comes = !is_here(held->what.state) || held->what.facts.name != said.facts.name;
  if (is_here(said.state) && comes && is_refused(said)) return;
  apply(now, *held, r);
}

/// A name belongs to whoever we heard of first, as long as it is here. Two nodes may differ in that for a while; who is
/// let in is decided by the metadata shard, this only keeps an accident from spreading.
bool membership::is_refused(const member& said) {
  const auto* const holder = table_.named(said.facts.name, said.id);
  if (holder == nullptr) return false;
  effects_.emplace_back(refused{said, refusal_reason::name_in_use, holder->what.id});
  return true;
}

void membership::newcomer(duration now, const rumour& r) {
  const auto& said = r.about;
  if (!is_here(said.state)) {
    // Whoever forgot it must not learn of it again from those who are about to.
    const auto keep = said.state == member_state::dead ? o_.keep_dead : o_.keep_left;
    if (r.age >= keep || !table_.has_room()) return;
  } else {
    if (is_refused(said)) return;
    if (!table_.has_room()) {
      const auto gone = table_.longest_gone();
      if (!gone || *gone == self_.id) {
        effects_.emplace_back(refused{said, refusal_reason::no_room, {}});
        return;
      }
      table_.erase(*gone);
      rumours_.forget(*gone);
      links_.erase(*gone);
      effects_.emplace_back(forgotten{*gone});
    }
  }
  auto& held = table_.add(said, now - r.age);
  if (said.state == member_state::suspect) held.doubt.emplace(o_, table_.here(), now, r.by);
  if (is_here(said.state)) swim_.add(said.id);
  rumours_.add(r);
  effects_.emplace_back(changed{said, std::nullopt, false});
}

/// The same statement again: only a suspicion gains by it, from one who had not said so yet.
void membership::confirmed(record& held, const rumour& r) {
  if (held.doubt && held.doubt->confirm(r.by)) rumours_.add(r);
}

void membership::apply(duration now, record& held, const rumour& r) {
  const auto before = std::exchange(held.what, r.about);
  const auto& after = held.what;
  BURROW_ASSERT(is_newer(after, before) && after.id == before.id);
  const bool new_life = after.life != before.life;
  if (after.state != before.state || new_life) held.since = now - r.age;
  held.doubt.reset();
  held.ask_at.reset();
  if (after.state == member_state::suspect) {
    held.doubt.emplace(o_, table_.here(), now, r.by);
    if (r.by != self_.id) {
      // We look for ourselves: the suspect hears of it from us, and if it is gone ours is an independent confirmation.
      swim_output out;
      const auto here = table_.here();
      if (here <= o_.verifiers || chance_.below(here) < o_.verifiers) swim_.probe(now, after.id, true, out);
      carry_out(now, std::move(out));
    }
  }
  if (is_here(after.state)) swim_.add(after.id);
  else swim_.remove(after.id);
  rumours_.add(r);
  if (new_life || after.state != before.state || after.facts != before.facts)
    effects_.emplace_back(changed{after, before.state, new_life});
}

void membership::accuse(duration now, record& held) {
  if (left_ || !is_here(held.what.state)) return;
  if (held.what.state == member_state::alive) {
    auto said = held.what;
    said.state = member_state::suspect;
    apply(now, held, {std::move(said), self_.id, duration{0}});
  } else {
    confirmed(held, {held.what, self_.id, duration{0}});
  }
  if (!held.ask_at) held.ask_at = now;
}

// ---- about ourselves --------------------------------------------------------------------------------------------

void membership::about_us(const member& said) { about_us(opinion{said.life, said.incarnation, said.state}); }

void membership::about_us(const opinion& said) {
  if (said.life > self_.life) {
    if (said.life > superseded_by_) effects_.emplace_back(superseded{said.life});
    superseded_by_ = std::max(superseded_by_, said.life);
    return;
  }
  if (left_ || said.life < self_.life || said.incarnation < self_.incarnation) return;
  // `alive` in an incarnation that we never said is refuted too: what is said of us must be ours.
  if (said.state != member_state::alive || said.incarnation > self_.incarnation) refute(said.incarnation);
}

/// SWIM section 4.2: only a higher incarnation overrides the suspicion, and only we may raise it.
void membership::refute(std::uint64_t incarnation) {
  self_.incarnation = incarnation + 1;
  health_.worse();
  say_self();
}

/// Our own record follows, and everybody hears of it.
void membership::say_self() {
  auto& own = *table_.find(self_.id);
  const auto before = std::exchange(own.what, self_);
  rumours_.add({self_, self_.id, duration{0}});
  if (before.state != self_.state || before.facts != self_.facts)
    effects_.emplace_back(changed{self_, before.state, false});
}

} // namespace burrow::membership
