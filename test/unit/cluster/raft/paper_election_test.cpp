// The Raft paper's and thesis' claims about elections, one test each; the section is in the name.
#include "test/support/raft_group.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace burrow;
using namespace burrow::test;

namespace {

template <class T>
std::size_t count_sent(const raft_group::node& n) {
  return static_cast<std::size_t>(
      std::count_if(n.sent.begin(), n.sent.end(), [](const auto& m) { return std::holds_alternative<T>(m.what); }));
}

template <class T>
const T* last_sent(const raft_group::node& n) {
  for (auto m = n.sent.rbegin(); m != n.sent.rend(); ++m) {
    if (const auto* const found = std::get_if<T>(&m->what)) return found;
  }
  return nullptr;
}

raft::vote_request vote_for(std::uint64_t last, std::uint64_t last_term) { return {false, false, {last}, {last_term}}; }

} // namespace

TEST_CASE("§5.1 who hears a higher term enters it and follows") {
  raft_group g({1, 2, 3});
  g.elect(1);
  REQUIRE(g.status(1).leads);
  g.inject(from(2, 1, 9, raft::append_request{{0}, {0}, {0}, {}}));
  CHECK_FALSE(g.status(1).leads);
  CHECK(g.status(1).term.value == 9);
  CHECK(g.at(1).disk.hard.term.value == 9);
}

TEST_CASE("§5.1 a request of an old term is refused with the new one") {
  raft_group g({1, 2, 3});
  g.start_with(2, {}, 5);
  g.inject(from(1, 2, 3, raft::append_request{{0}, {0}, {0}, {command_at(1, 3)}}));
  REQUIRE(g.wire().size() == 1);
  CHECK(g.next()->term.value == 5);
  CHECK_FALSE(std::get<raft::append_answer>(g.next()->what).accepted);
  CHECK(g.at(2).log.empty());
}

TEST_CASE("§5.2 a majority of three elects, and heartbeats tell the others") {
  raft_group g({1, 2, 3});
  g.elect(2);
  CHECK(g.status(2).leads);
  CHECK(g.status(1).leader == raft_group::member(2));
  CHECK(g.status(3).leader == raft_group::member(2));
  CHECK(g.status(1).term == g.status(2).term);
}

TEST_CASE("§5.2 a minority elects nobody") {
  raft_group g({1, 2, 3, 4, 5});
  g.cut(3), g.cut(4), g.cut(5);
  for (int i = 0; i < 200; ++i) g.tick(1), g.deliver();
  CHECK_FALSE(g.status(1).leads);
  CHECK(g.status(1).term.value == 0); // and pre-votes raise no term
}

TEST_CASE("§5.2 one vote a term, first come first served, and a repeated request is granted again") {
  raft_group g({1, 2, 3});
  g.inject(from(2, 1, 1, vote_for(0, 0)));
  CHECK(last_sent<raft::vote_answer>(g.at(1))->granted);
  g.inject(from(3, 1, 1, vote_for(0, 0)));
  CHECK_FALSE(last_sent<raft::vote_answer>(g.at(1))->granted);
  g.inject(from(2, 1, 1, vote_for(0, 0)));
  CHECK(last_sent<raft::vote_answer>(g.at(1))->granted);
}

TEST_CASE("§5.2 a vote is remembered over a restart") {
  raft_group g({1, 2, 3});
  g.inject(from(2, 1, 1, vote_for(0, 0)));
  g.restart(1);
  g.inject(from(3, 1, 1, vote_for(0, 0)));
  CHECK_FALSE(last_sent<raft::vote_answer>(g.at(1))->granted);
}

TEST_CASE("§5.2 a vote leaves when the disk has it, no sooner") {
  raft_group g({1, 2, 3});
  g.at(1).slow_disk = true;
  g.inject(from(2, 1, 1, vote_for(0, 0)));
  CHECK(count_sent<raft::vote_answer>(g.at(1)) == 0);
  g.sync(1);
  CHECK(count_sent<raft::vote_answer>(g.at(1)) == 1);
}

TEST_CASE("§5.2 a vote request leaves when the disk has the candidate's own vote") {
  raft_group g({1, 2, 3});
  g.at(1).slow_disk = true;
  for (int i = 0; i < 25 && g.status(1).term.value == 0; ++i) g.tick(1), g.deliver();
  REQUIRE(g.status(1).term.value == 1);
  CHECK(count_sent<raft::vote_request>(g.at(1)) == 2); // the two pre-votes
  for (int i = 0; i < 15; ++i) g.tick(1), g.deliver();
  CHECK(g.status(1).term.value == 1); // a slow sync is no reason for another term
  g.sync(1);
  CHECK(count_sent<raft::vote_request>(g.at(1)) == 4);
  g.deliver();
  CHECK(g.status(1).leads);
}

TEST_CASE("§5.2 a candidate follows who leads its term") {
  raft_group g({1, 2, 3});
  g.cut_between(2, 1), g.cut_between(3, 1); // it asks and hears no answer
  for (int i = 0; i < 25; ++i) g.tick(1), g.deliver();
  g.inject(from(2, 1, 1, raft::heartbeat{}));
  CHECK(g.status(1).leader == raft_group::member(2));
}

TEST_CASE("§5.2 timeouts are drawn anew for each attempt, within the range") {
  raft_group g({1, 2, 3});
  g.cut(1);
  std::vector<std::size_t> at;
  for (std::size_t i = 1; i <= 400; ++i) {
    const auto before = count_sent<raft::vote_request>(g.at(1));
    g.tick(1);
    g.deliver();
    if (count_sent<raft::vote_request>(g.at(1)) > before) at.push_back(i);
  }
  REQUIRE(at.size() > 20);
  std::set<std::size_t> lengths;
  for (std::size_t i = 1; i < at.size(); ++i) lengths.insert(at[i] - at[i - 1]);
  CHECK(lengths.size() > 5);
  CHECK(*lengths.begin() >= 10);
  CHECK(*lengths.rbegin() <= 20);
}

TEST_CASE("§5.4.1 no vote for a log that is less up to date") {
  raft_group g({1, 2, 3});
  g.start_with(1, {1, 1, 3}, 3);
  struct {
    std::uint64_t last, term;
    bool granted;
  } cases[] = {{9, 2, false}, {2, 3, false}, {3, 3, true}, {1, 4, true}, {4, 3, true}};
  std::uint64_t term = 4;
  for (const auto& c : cases) {
    g.inject(from(2, 1, ++term, vote_for(c.last, c.term)));
    CAPTURE(c.last);
    CHECK(last_sent<raft::vote_answer>(g.at(1))->granted == c.granted);
  }
}

TEST_CASE("§5.4.1 entries that wait for the disk count in a comparison, since the vote leaves after them") {
  raft_group g({1, 2, 3});
  g.at(1).slow_disk = true;
  g.inject(from(2, 1, 1, raft::append_request{{0}, {0}, {0}, {command_at(1, 1)}}));
  for (int i = 0; i < 12; ++i) g.tick(1); // nobody leads any more
  g.inject(from(3, 1, 2, vote_for(0, 0)));
  g.sync(1);
  CHECK(count_sent<raft::vote_answer>(g.at(1)) == 1);
  CHECK_FALSE(last_sent<raft::vote_answer>(g.at(1))->granted);
}

TEST_CASE("thesis §4.2.3 who hears a live leader ignores votes and keeps its term") {
  raft_group g({1, 2, 3});
  g.elect(1);
  const auto term = g.status(2).term;
  g.inject(from(3, 2, 9, vote_for(99, 8)));
  CHECK(g.status(2).term == term);
  CHECK(count_sent<raft::vote_answer>(g.at(2)) == 2); // of the election, pre-vote and vote; this one got none
  g.tick(2, 10);                                      // now the leader has been silent for an election timeout
  g.inject(from(3, 2, 9, vote_for(99, 8)));
  CHECK(g.status(2).term.value == 9);
}

TEST_CASE("thesis §4.2.3 a leader with a quorum ignores votes, too") {
  raft_group g({1, 2, 3});
  g.elect(1);
  g.inject(from(3, 1, 9, vote_for(99, 8)));
  CHECK(g.status(1).leads);
}

TEST_CASE("thesis §9.6 a node that comes back from a partition deposes nobody") {
  raft_group g({1, 2, 3});
  g.elect(1);
  const auto term = g.status(1).term;
  g.cut(3);
  g.tick_all(100);
  CHECK(g.status(3).term == term); // it asked and asked, and raised nothing
  g.heal();
  g.tick_all(30);
  CHECK(g.status(1).leads);
  CHECK(g.status(1).term == term);
  CHECK(g.status(3).leader == raft_group::member(1));
}

TEST_CASE("thesis §9.6 a pre-vote changes neither term nor vote of who answers") {
  raft_group g({1, 2, 3});
  g.inject(from(2, 1, 1, raft::vote_request{true, false, {0}, {0}}));
  g.inject(from(3, 1, 1, raft::vote_request{true, false, {0}, {0}}));
  CHECK(count_sent<raft::vote_answer>(g.at(1)) == 2);
  CHECK(last_sent<raft::vote_answer>(g.at(1))->granted);
  CHECK(g.status(1).term.value == 0);
  CHECK(g.at(1).disk.hard.vote.value == 0);
}

TEST_CASE("thesis §9.6 a pre-vote compares logs as a vote does") {
  raft_group g({1, 2, 3});
  g.start_with(1, {1, 1}, 1);
  g.inject(from(2, 1, 2, raft::vote_request{true, false, {1}, {1}}));
  CHECK_FALSE(last_sent<raft::vote_answer>(g.at(1))->granted);
}

TEST_CASE("thesis §9.6 pre-votes of an earlier attempt do not count") {
  raft_group g({1, 2, 3});
  g.cut(2), g.cut(3);
  for (int i = 0; i < 25; ++i) g.tick(1), g.deliver();
  g.inject(from(2, 1, 9, raft::vote_answer{true, true, {}})); // granted for another term
  CHECK(g.status(1).term.value == 0);
  g.inject(from(2, 1, 1, raft::vote_answer{true, true, {}}));
  CHECK(g.status(1).term.value == 1);
}

TEST_CASE("thesis §6.2 a leader that hears no quorum steps down") {
  raft_group g({1, 2, 3});
  g.elect(1);
  g.cut(1);
  for (int i = 0; i < 25 && g.status(1).leads; ++i) g.tick(1), g.deliver();
  CHECK_FALSE(g.status(1).leads);
  REQUIRE(g.at(1).role.has_value());
  CHECK_FALSE(g.at(1).role->leads);
}

TEST_CASE("thesis §6.2 a leader that hears one of two goes on") {
  raft_group g({1, 2, 3});
  g.elect(1);
  g.cut(3);
  g.tick_all(60);
  CHECK(g.status(1).leads);
}

TEST_CASE("thesis §3.10 a transfer makes the target leader, with no timeout") {
  raft_group g({1, 2, 3});
  g.elect(1);
  g.propose(1, "a");
  REQUIRE(g.core(1).transfer({2}).ok());
  CHECK(g.core(1).propose({command("b")}).code() == errc::transferring);
  g.drain(1);
  g.deliver();
  CHECK(g.status(2).leads);
  CHECK_FALSE(g.status(1).leads);
}

TEST_CASE("thesis §3.10 the target is told when it has the whole log") {
  raft_group g({1, 2, 3});
  g.elect(1);
  g.at(2).slow_disk = true;
  REQUIRE(g.core(1).propose({command("a")}).ok());
  REQUIRE(g.core(1).transfer({2}).ok());
  g.drain(1);
  g.deliver();
  CHECK(count_sent<raft::transfer_now>(g.at(1)) == 0);
  g.at(2).slow_disk = false;
  g.sync(2);
  g.deliver();
  CHECK(count_sent<raft::transfer_now>(g.at(1)) == 1);
  CHECK(g.status(2).leads);
}

TEST_CASE("thesis §3.10 a transfer that takes no effect is given up") {
  raft_group g({1, 2, 3});
  g.elect(1);
  g.cut(2);
  REQUIRE(g.core(1).transfer({2}).ok());
  CHECK(g.core(1).transfer({3}).code() == errc::busy);
  for (int i = 0; i < 10; ++i) g.tick(1), g.deliver();
  CHECK(g.status(1).leads);
  CHECK(g.core(1).propose({command("b")}).ok());
}

TEST_CASE("thesis §10.2.1 a leader with a stuck disk hands over, and does not campaign before a sync returns") {
  raft_group g({1, 2, 3});
  g.elect(1);
  g.at(1).slow_disk = true;
  g.propose(1, "a"); // two disks of three are enough to commit it
  CHECK(g.status(1).committed == g.status(1).last);
  g.tick_all(25);
  CHECK_FALSE(g.status(1).leads);
  REQUIRE(g.leader() != 0);
  g.cut(2), g.cut(3);
  const auto asked = count_sent<raft::vote_request>(g.at(1));
  for (int i = 0; i < 60; ++i) g.tick(1), g.deliver();
  CHECK(count_sent<raft::vote_request>(g.at(1)) == asked);
}

TEST_CASE("§5.2 an older ticket says nothing of the candidate's own vote") {
  raft_group g({1, 2, 3});
  g.at(1).slow_disk = true;
  g.inject(from(3, 1, 1, raft::append_request{{0}, {0}, {0}, {command_at(1, 1)}}));
  for (int i = 0; i < 25 && g.status(1).term.value == 1; ++i) g.tick(1);
  g.inject(from(2, 1, 2, raft::vote_answer{true, true, {}}));
  REQUIRE(g.at(1).unsynced.size() == 2);
  g.inject(from(2, 1, 2, raft::vote_answer{false, true, {}}));
  g.core(1).persisted(g.at(1).unsynced[0].ticket);
  CHECK_FALSE(g.status(1).leads);
  g.core(1).persisted(g.at(1).unsynced[1].ticket);
  CHECK(g.status(1).leads);
}
