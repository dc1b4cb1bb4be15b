// Quiescence (replication.md section 8): when groups sleep, what wakes them, and that nothing is decided asleep.
#include "test/support/raft_group.hpp"

#include <doctest/doctest.h>

using namespace burrow;
using namespace burrow::test;

namespace {

std::size_t sent_by_all(raft_group& g, std::vector<std::uint64_t> nodes) {
  std::size_t sum = 0;
  for (const auto n : nodes) sum += g.at(n).sent.size();
  return sum;
}

void fall_asleep(raft_group& g) {
  g.elect(1);
  g.propose(1, "a");
  g.tick_all(120);
  for (const auto n : {1, 2, 3}) REQUIRE(g.status(n).asleep);
}

} // namespace

TEST_CASE("an idle group falls asleep, and sends one round a minute and nothing else") {
  raft_group g({1, 2, 3});
  fall_asleep(g);
  const auto before = sent_by_all(g, {1, 2, 3});
  g.tick_all(1100);
  CHECK(sent_by_all(g, {1, 2, 3}) == before);
  g.tick_all(1200);                               // twenty ticks a second: one minute more
  CHECK(sent_by_all(g, {1, 2, 3}) == before + 4); // two questions, two answers
  g.tick_all(12'000);
  CHECK(sent_by_all(g, {1, 2, 3}) <= before + 4 * 11);
  CHECK(g.status(1).asleep);
  CHECK(g.status(1).term.value == 1);
}

TEST_CASE("who answers counts as heard at every tick, also right after a check of the quorum and asleep") {
  raft_group g({1, 2, 3});
  g.elect(1);
  g.propose(1, "a");
  const auto heard = [&](std::uint64_t n) {
    for (const auto& f : g.core(1).followers())
      if (f.who.node.value == n) return f.active;
    return false;
  };
  for (int i = 0; i < 120; ++i) {
    g.tick(1); // before any answer to what it sends now
    CHECK_MESSAGE(heard(2), i);
    CHECK_MESSAGE(heard(3), i);
    g.deliver();
  }
  REQUIRE(g.status(1).asleep);
  g.propose(1, "b");
  g.cut(3);
  g.tick_all(2 * raft::raft_options{}.quorum_ticks + 1);
  CHECK(heard(2));
  CHECK_FALSE(heard(3));
}

TEST_CASE("nobody sleeps before all voters agree") {
  raft_group g({1, 2, 3});
  g.elect(1);
  g.propose(1, "a");
  g.cut(3);
  g.tick_all(200);
  CHECK_FALSE(g.status(1).asleep);
  g.heal();
  g.tick_all(200);
  CHECK(g.status(1).asleep);
}

TEST_CASE("who lacks something does not agree") {
  raft_group g({1, 2, 3});
  g.elect(1);
  g.at(3).slow_disk = true;
  g.propose(1, "a");
  g.tick_all(200);
  CHECK_FALSE(g.status(1).asleep);
  CHECK_FALSE(g.status(3).asleep);
}

TEST_CASE("a proposal wakes the leader, and its append the followers") {
  raft_group g({1, 2, 3});
  fall_asleep(g);
  const auto index = g.propose(1, "b");
  CHECK(g.status(1).committed == index);
  for (const auto n : {1, 2, 3}) CHECK_FALSE(g.status(n).asleep);
}

TEST_CASE("a sleeping leader serves no read without a round") {
  raft_group g({1, 2, 3});
  fall_asleep(g);
  g.cut(1);
  REQUIRE(g.core(1).read().ok());
  g.drain(1);
  g.deliver();
  CHECK(g.at(1).reads.empty());
  g.heal();
  g.tick_all(4);
  CHECK(g.at(1).reads.size() == 1);
}

TEST_CASE(
    "a follower wakes when membership suspects its leader's node, and only the random part of its timer is left") {
  raft_group g({1, 2, 3});
  fall_asleep(g);
  g.at(1).down = true;
  g.tick_all(60);
  CHECK(g.status(2).asleep); // nothing else wakes it
  g.core(2).suspect({3});
  CHECK(g.status(2).asleep); // another node is no business of it
  g.core(2).suspect({1});
  g.core(3).suspect({1});
  std::uint32_t ticks = 0;
  for (; g.leader() == 0 && ticks < 40; ++ticks) g.tick_all(1);
  CHECK(ticks <= 12);
  CHECK(g.leader() != 0);
}

TEST_CASE("one that wakes alone deposes nobody, and brings the group to rest again") {
  raft_group g({1, 2, 3});
  fall_asleep(g);
  g.core(3).suspect({1}); // wrongly
  g.tick_all(30);
  CHECK(g.status(1).leads);
  CHECK(g.status(1).term.value == 1);
  g.tick_all(150);
  CHECK(g.status(3).asleep);
}

TEST_CASE("a follower that misses two rounds wakes by itself") {
  raft_group g({1, 2, 3});
  fall_asleep(g);
  g.at(1).down = true;
  g.tick_all(3000);
  CHECK(g.leader() != 0);
}

TEST_CASE("whoever finds no leader wakes all voters, and a write is accepted within 3 s") {
  raft_group g({1, 2, 3});
  fall_asleep(g);
  g.cut_between(1, 2), g.cut_between(1, 3), g.cut_between(2, 1), g.cut_between(3, 1); // membership sees nothing
  g.core(2).wake_group();
  g.drain(2);
  g.deliver();
  std::uint32_t ticks = 0;
  for (; ticks < 60 && (g.leader() == 0 || g.leader() == 1); ++ticks) g.tick_all(1);
  CHECK(ticks < 60); // of 50 ms
}

TEST_CASE("a leader that steps down wakes the voters") {
  raft_group g({1, 2, 3});
  g.elect(1);
  g.cut(1);
  for (int i = 0; i < 30; ++i) g.tick(1);
  std::size_t wakes = 0;
  for (const auto& m : g.at(1).sent) wakes += std::holds_alternative<raft::wake>(m.what) ? 1 : 0;
  CHECK(wakes == 2);
}

TEST_CASE("a follower agrees to sleep when it has, and has applied, what its leader has committed") {
  raft_group g({1, 2, 3});
  const auto asks = [&](std::uint64_t committed) {
    g.inject({raft_group::member(1), raft_group::member(2), {1}, raft::sleep_request{{committed}, 1}});
    return std::get<raft::sleep_answer>(g.at(2).sent.back().what).asleep;
  };
  g.inject({raft_group::member(1), raft_group::member(2), {1},
            raft::append_request{{0}, {0}, {0}, {command_at(1, 1), command_at(2, 1)}}});
  CHECK_FALSE(asks(1)); // it has more than that
  CHECK_FALSE(asks(3)); // it lacks one
  CHECK(asks(2));
  CHECK(g.status(2).committed.value == 2);
}

TEST_CASE("an agreement that arrives after the proposal it knew nothing of does not count") {
  raft::raft_options options;
  options.sleep_after_ticks = options.heartbeat_ticks; // so soon that a late answer is in time
  raft_group g({1, 2, 3}, {}, options);
  g.elect(1);
  g.propose(1, "a");
  std::deque<raft::peer_message> late;
  for (int i = 0; late.empty() && i < 20; ++i) { // until both have agreed; their answers are kept from the wire
    g.tick(1);
    while (auto* const m = g.next()) {
      const auto* const answer = std::get_if<raft::sleep_answer>(&m->what);
      if (answer == nullptr || !answer->asleep) {
        g.deliver_one();
        continue;
      }
      late.push_back(*m);
      g.wire().pop_front();
    }
  }
  REQUIRE(late.size() == 2);
  g.propose(1, "b"); // its appends wake both
  for (const auto& m : late) g.inject(m);
  g.tick(1, options.heartbeat_ticks);
  CHECK_FALSE(g.status(2).asleep);
  CHECK_FALSE(g.status(1).asleep); // or they would elect another
}

TEST_CASE("a leader that wakes sends a round at once") {
  raft_group g({1, 2, 3});
  fall_asleep(g);
  g.core(1).wake_up();
  g.drain(1);
  REQUIRE(g.wire().size() == 2);
  CHECK(std::holds_alternative<raft::heartbeat>(g.next()->what));
  g.deliver();
  CHECK_FALSE(g.status(2).asleep);
}

TEST_CASE("a stranger who wakes the followers and not the leader deposes nobody") {
  raft_group g({1, 2, 3});
  fall_asleep(g);
  // A replica that was removed asks those it knew, again and again; the leader is not among them.
  for (int i = 0; i < 10; ++i) {
    for (const std::uint64_t n : {2, 3}) {
      g.inject({raft_group::member(9), raft_group::member(n), {2}, raft::vote_request{true, false, {1}, {1}}});
    }
    g.deliver();
    CHECK_FALSE(g.status(1).asleep); // before anybody's timer has run down
    g.tick_all(150);
    CHECK(g.status(1).asleep);
  }
  CHECK(g.status(1).leads);
  CHECK(g.status(1).term.value == 1);
}
