// One test for each rule of SWIM and Lifeguard that membership keeps, with the section it stands in.
#include "cluster/base/limits.hpp"
#include "cluster/membership/membership.hpp"

#include <doctest/doctest.h>

using namespace burrow;
using namespace burrow::membership;
using namespace std::chrono_literals;

namespace {

member member_of(std::uint64_t n, std::uint64_t life = 1, std::uint64_t incarnation = 1,
                 member_state state = member_state::alive) {
  member m{{n}, life, incarnation, state, {}};
  m.facts.name = "n" + std::to_string(n);
  m.facts.zone = "z";
  return m;
}
rumour said(const member& m, std::uint64_t by = 9) { return {m, {by}, 0ms}; }

/// Node 1, which knows the nodes from 2 on.
struct one {
  burrow::membership::membership core;
  duration now{1000};
  explicit one(std::uint64_t others, const options& o = {}) : core(o, member_of(1), 42, 1000ms) {
    for (std::uint64_t n = 2; n < 2 + others; ++n) core.received_rumours(now, {2}, {said(member_of(n), n)});
    (void)core.take_effects();
  }
  template <class T>
  std::vector<T> of() {
    std::vector<T> out;
    for (auto& e : core.take_effects())
      if (auto* x = std::get_if<T>(&e)) out.push_back(std::move(*x));
    return out;
  }
  template <class T>
  std::vector<std::pair<node_id, T>> frames() {
    std::vector<std::pair<node_id, T>> out;
    for (const auto& f : of<send_probe>())
      if (const auto* x = std::get_if<T>(&f.what.what)) out.emplace_back(f.to, *x);
    return out;
  }
  /// Runs to the next thing that falls due.
  void next() {
    now = std::max(now, core.next_wake().value());
    core.tick(now);
  }
};

} // namespace

TEST_CASE("of two statements the newer is the same in whatever order they came") {
  std::vector<member> all;
  for (std::uint64_t life = 0; life < 3; ++life)
    for (std::uint64_t incarnation = 0; incarnation < 3; ++incarnation)
      for (int state = 0; state < 4; ++state)
        all.push_back(member_of(2, life, incarnation, static_cast<member_state>(state)));
  for (std::size_t a = 0; a < all.size(); ++a)
    for (std::size_t b = 0; b < all.size(); ++b) CHECK(is_newer(all[a], all[b]) == (a > b));
}

TEST_CASE("SWIM 4.3: each member is probed once a round, in an order that is shuffled anew") {
  options o;
  health own;
  burrow::random chance(7);
  swim s(o, chance, own);
  for (std::uint64_t n = 2; n <= 9; ++n) s.add({n});
  std::vector<std::vector<node_id>> rounds;
  for (int r = 0; r < 6; ++r) {
    auto& round = rounds.emplace_back();
    for (int i = 0; i < 8; ++i) round.push_back(s.next().value());
    auto sorted = round;
    std::ranges::sort(sorted);
    CHECK(std::ranges::adjacent_find(sorted) == sorted.end());
  }
  CHECK(rounds[1] != rounds[2]);
  CHECK(rounds[2] != rounds[3]);
}

TEST_CASE("SWIM 3.1: others are asked before a member has failed") {
  options o;
  health own;
  burrow::random chance(7);
  swim s(o, chance, own);
  for (std::uint64_t n = 2; n <= 7; ++n) s.add({n});
  swim_output out;
  s.probe(0ms, {2}, true, out);
  REQUIRE(out.frames.size() == 1);
  out = {};
  s.tick(o.ack_timeout, out);
  std::size_t asked = 0;
  for (const auto& [to, what] : out.frames) {
    if (const auto* r = std::get_if<ping_request>(&what)) {
      ++asked;
      CHECK(r->target == node_id{2});
      CHECK(to != node_id{2});
    }
  }
  CHECK(asked == o.relays);
  CHECK(out.failed.empty());
  out = {};
  s.tick(2 * o.ack_timeout, out);
  CHECK(out.failed == std::vector<node_id>{{2}});
  CHECK(own.score() == o.relays); // not one of them said anything: perhaps it is us (Lifeguard IV.A)
}

TEST_CASE("SWIM 3.1: an answer through another counts") {
  options o;
  health own;
  burrow::random chance(7);
  swim s(o, chance, own);
  for (std::uint64_t n = 2; n <= 4; ++n) s.add({n});
  swim_output out;
  s.probe(0ms, {2}, true, out);
  const auto number = std::get<ping>(out.frames.at(0).second).number;
  s.tick(o.ack_timeout, out);
  s.received(300ms, {9}, ack{number}, out); // of a stranger: not
  s.received(300ms, {3}, ack{number}, out);
  out = {};
  s.tick(2s, out);
  CHECK(out.failed.empty());
  CHECK(!s.next_wake());
}

TEST_CASE("Lifeguard IV.A: whoever was asked says no halfway, and hands an answer on") {
  options o;
  health own;
  burrow::random chance(7);
  swim s(o, chance, own);
  swim_output out;
  s.received(0ms, {3}, ping_request{77, {2}}, out);
  const auto number = std::get<ping>(out.frames.at(0).second).number;
  out = {};
  s.tick(o.ack_timeout / 2, out);
  CHECK(out.frames.at(0) == std::pair{node_id{3}, probe_content{nack{77}}});
  out = {};
  s.received(200ms, {2}, ack{number}, out);
  CHECK(out.frames.at(0) == std::pair{node_id{3}, probe_content{ack{77}}});
  for (std::size_t i = 0; i < 2 * limits::probes_open_max; ++i) s.received(0ms, {3}, ping_request{i, {2}}, out);
  CHECK(out.frames.size() <= 1 + limits::probes_open_max);
}

TEST_CASE("SWIM 4.2: only a higher incarnation clears a suspect") {
  one n(3);
  n.core.received_rumours(n.now, {3}, {said(member_of(2, 1, 1, member_state::suspect), 3)});
  n.core.received_rumours(n.now, {4}, {said(member_of(2), 4)});
  CHECK(n.core.find({2})->state == member_state::suspect);
  n.core.received_rumours(n.now, {4}, {said(member_of(2, 1, 2), 2)});
  CHECK(n.core.find({2})->state == member_state::alive);
}

TEST_CASE("SWIM 4.2: who hears of its own suspicion refutes it above the accuser's incarnation") {
  one n(2);
  n.core.received_rumours(n.now, {2}, {said(member_of(1, 1, 5, member_state::dead), 2)});
  CHECK(n.core.self().incarnation == 6);
  CHECK(n.core.self().state == member_state::alive);
  n.core.received(n.now, {2}, {{1, 6, member_state::suspect}, ping{1}, {}});
  CHECK(n.core.self().incarnation == 7);
  n.core.received(n.now, {2}, {{1, 3, member_state::suspect}, ping{1}, {}}); // old
  CHECK(n.core.self().incarnation == 7);
}

TEST_CASE("Lifeguard IV.B: a suspicion is shorter the more accuse, and none counts twice") {
  options o;
  suspicion alone(o, 2, 0ms, {1});
  CHECK(alone.deadline() == 1500ms);
  suspicion s(o, 10, 0ms, {1});
  CHECK(s.deadline() == 3000ms);
  CHECK(!s.confirm({1}));
  auto before = s.deadline();
  for (std::uint64_t n = 2; n <= 4; ++n) {
    CHECK(s.confirm({n}));
    CHECK(!s.confirm({n}));
    CHECK(s.deadline() < before);
    before = s.deadline();
  }
  CHECK(s.deadline() == 1500ms);
  CHECK(!s.confirm({5})); // enough
  suspicion large(o, 256, 0ms, {1});
  CHECK(large.deadline() > 7s);
}

TEST_CASE("SWIM 4.1: a rumour is told a bounded number of times, and a newer one takes its place") {
  rumour_queue q;
  q.add(said(member_of(2)));
  q.add(said(member_of(3)));
  CHECK(q.take(1, 3, {9}).size() == 1);
  q.add(said(member_of(2, 1, 2)));
  q.add(said(member_of(2))); // older: not
  CHECK(q.size() == 2);
  std::size_t told = 0;
  for (int i = 0; i < 20; ++i) told += q.take(8, 3, {9}).size();
  CHECK(told >= 4);
  CHECK(told <= 6);
  CHECK(q.empty());
  CHECK(rumour_queue::times_max({}, 3) == 4);
  CHECK(rumour_queue::times_max({}, 99) == 8);
  for (std::uint64_t n = 1; n <= 3 * limits::rumours_queued_max; ++n) q.add(said(member_of(n)));
  CHECK(q.size() <= limits::rumours_queued_max);
}

TEST_CASE("a name in use is refused, and free again when its holder is gone") {
  one n(2);
  auto twin = member_of(7);
  twin.facts.name = "n2";
  n.core.received_rumours(n.now, {3}, {said(twin, 7)});
  CHECK(n.core.find({7}) == nullptr);
  const auto no = n.of<refused>();
  REQUIRE(no.size() == 1);
  CHECK(no[0].holder == node_id{2});
  n.core.received_rumours(n.now, {3}, {said(member_of(2, 1, 1, member_state::dead), 3), said(twin, 7)});
  CHECK(n.core.find({7}) != nullptr);
  // And the one that was dead does not take it back.
  n.core.received_rumours(n.now, {3}, {said(member_of(2, 1, 2), 2)});
  CHECK(n.core.find({2})->state == member_state::dead);
}

TEST_CASE("two nodes that do not take each other in do not talk without end") {
  auto a = member_of(1), b = member_of(2);
  b.facts.name = a.facts.name;
  burrow::membership::membership first({}, a, 1, 1s), second({}, b, 2, 1s);
  std::size_t frames = 0;
  first.received(1s, {2}, {{}, ping{5}, {}});
  for (bool more = true; more && frames < 100;) {
    more = false;
    for (auto* from : {&first, &second}) {
      auto& to = from == &first ? second : first;
      for (const auto& e : from->take_effects()) {
        const auto* const p = std::get_if<send_probe>(&e);
        if (p == nullptr) continue;
        to.received(1s, from->self().id, p->what);
        more = true;
        ++frames;
      }
    }
  }
  CHECK(frames <= 4);
  CHECK(first.members().size() == 1);
}

TEST_CASE("a process that lives under our id in a later life supersedes us, and is told of once") {
  one n(2);
  n.core.received_rumours(n.now, {2}, {said(member_of(1, 5, 1), 2)});
  n.core.received_rumours(n.now, {2}, {said(member_of(1, 5, 2), 2)});
  const auto told = n.of<superseded>();
  REQUIRE(told.size() == 1);
  CHECK(told[0].life == 5);
}

TEST_CASE("the table is bounded, and makes room by those that are gone") {
  one n(limits::members_max - 1);
  n.core.received_rumours(n.now, {2}, {said(member_of(9999))});
  CHECK(n.core.find({9999}) == nullptr);
  CHECK(n.of<refused>().at(0).why == refusal_reason::no_room);
  n.core.received_rumours(n.now, {2}, {said(member_of(3, 1, 1, member_state::left)), said(member_of(9999))});
  CHECK(n.core.find({9999}) != nullptr);
  CHECK(n.core.members().size() == limits::members_max);
}

TEST_CASE("a dead member is remembered for a day, and not learnt again from those who still know it") {
  one n(2);
  n.core.received_rumours(n.now, {3}, {said(member_of(2, 1, 1, member_state::dead), 3)});
  for (; n.now < 23h; n.now += 10min) n.core.tick(n.now);
  CHECK(n.core.find({2})->state == member_state::dead);
  for (; n.now < 25h; n.now += 10min) n.core.tick(n.now);
  CHECK(n.core.find({2}) == nullptr);
  auto old = said(member_of(2, 1, 1, member_state::dead), 3);
  old.age = 24h;
  n.core.received_exchange(n.now, {3}, {{old}, false});
  CHECK(n.core.find({2}) == nullptr);
}

TEST_CASE("load alone is told now and then, other facts at once") {
  one n(2);
  auto facts = member_of(1).facts;
  for (std::uint32_t load = 1; load <= 50; ++load) {
    facts.load = load;
    n.now += 100ms;
    n.core.set_facts(n.now, facts);
  }
  CHECK(n.core.self().incarnation <= 3);
  facts.draining = true;
  n.core.set_facts(n.now, facts);
  CHECK(n.core.self().facts.draining);
  CHECK(n.core.self().facts.load == 50);
}
