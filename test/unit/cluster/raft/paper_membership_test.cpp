// The claims about changes of the members and about installs, one test each; the section is in the name.
#include "test/support/raft_group.hpp"

#include <doctest/doctest.h>

using namespace burrow;
using namespace burrow::test;

namespace {

raft::config_change to(std::vector<std::uint64_t> voters, std::vector<std::uint64_t> learners = {}) {
  raft::config_change out;
  for (const auto n : voters) out.voters.push_back(raft_group::member(n));
  for (const auto n : learners) out.learners.push_back(raft_group::member(n));
  return out;
}

bool joint(raft_group& g, std::uint64_t n) { return !g.core(n).config().leaving.empty(); }

raft::entry config_at(std::uint64_t index, std::uint64_t term, std::vector<std::uint64_t> voters) {
  raft::configuration c;
  for (const auto n : voters) c.voters.push_back(raft_group::member(n));
  return {{index}, {term}, raft::entry_kind::configuration, {}, std::make_shared<const raft::configuration>(c)};
}

/// Three nodes of which 3 has missed what is no longer in the log of the others.
void leave_behind(raft_group& g) {
  g.elect(1);
  g.cut(3);
  for (int i = 0; i < 20; ++i) g.propose(1, std::to_string(i));
  for (const std::uint64_t n : {1, 2}) {
    const auto& last = g.at(n).applied.back();
    g.core(n).compacted({last.index, last.term, {}, 1, {7, 7}}, {last.index.value + 1});
    g.drain(n);
  }
  g.heal();
  g.tick_all(12); // it takes some heartbeats to tell what was lost from what is slow
}

} // namespace

TEST_CASE("§6 a group of one grows to three in one joint step") {
  raft_group g({1});
  g.add(2), g.add(3);
  g.tick(1, 2);
  REQUIRE(g.status(1).leads);
  const auto before = g.status(1).configured;
  REQUIRE(g.core(1).change(to({1}, {2, 3})).ok());
  g.drain(1);
  g.deliver();
  CHECK_FALSE(joint(g, 1)); // learners decide nothing, so no second majority is asked
  g.tick_all(6);
  REQUIRE(g.core(1).change(to({1, 2, 3})).ok());
  CHECK(joint(g, 1)); // in force as soon as it is appended
  g.drain(1);
  g.deliver();
  g.tick_all(6);
  for (const auto n : {1, 2, 3}) {
    CHECK_FALSE(joint(g, n));
    CHECK(g.core(n).config().voters.size() == 3);
    CHECK(g.status(n).configured == g.status(1).configured);
  }
  CHECK(g.status(1).configured.value >= before.value + 3); // learners, joint, left
  CHECK_FALSE(g.status(1).change_under_way);
}

TEST_CASE("§6 while joint, a decision needs a majority of both") {
  raft_group g({1, 2, 3}, {4, 5});
  g.elect(1);
  g.tick_all(4);
  REQUIRE(g.core(1).change(to({1, 4, 5})).ok());
  g.cut(2), g.cut(3); // of the old ones only the leader is left
  g.drain(1);
  g.deliver();
  CHECK(joint(g, 1));
  CHECK(g.status(1).committed < g.status(1).last);
  g.heal();
  g.tick_all(12);
  CHECK_FALSE(joint(g, 1));
}

TEST_CASE("thesis §4.2.1 learners get the log, and neither vote nor count") {
  raft_group g({1, 2, 3}, {4});
  g.elect(1);
  g.propose(1, "a");
  g.tick_all(4);
  CHECK(g.at(4).applied.size() == 2);
  g.cut(2), g.cut(3);
  const auto index = g.propose(1, "b");
  CHECK(g.status(1).committed < index);
  g.tick(4, 100);
  g.deliver();
  CHECK_FALSE(g.status(4).leads);
  CHECK(g.status(4).term == g.status(1).term);
}

TEST_CASE("thesis §4.2.1 a newcomer that has not caught up may not vote yet") {
  raft_group g({1, 2, 3});
  g.add(4);
  g.elect(1);
  g.propose(1, "a");
  CHECK(g.core(1).change(to({1, 2, 4})).code() == errc::invalid_parameter);
  g.cut(4);
  REQUIRE(g.core(1).change(to({1, 2, 3}, {4})).ok());
  g.drain(1);
  g.deliver();
  CHECK(g.core(1).change(to({1, 2, 4})).code() == errc::busy);
}

TEST_CASE("§6 one change at a time") {
  raft_group g({1, 2, 3}, {4});
  g.elect(1);
  g.tick_all(4);
  REQUIRE(g.core(1).change(to({1, 2, 4})).ok());
  CHECK(g.core(1).change(to({1, 2, 3})).code() == errc::busy);
  CHECK(g.core(1).transfer({2}).code() == errc::busy);
}

TEST_CASE("thesis §4.1 no change before an entry of the own term is committed") {
  raft_group g({1, 2, 3}, {4});
  while (!g.status(1).leads) {
    g.tick(1);
    while (g.next() != nullptr && !g.status(1).leads) g.deliver_one();
  }
  CHECK(g.core(1).change(to({1, 2, 4})).code() == errc::busy);
}

TEST_CASE("§6 a configuration whose entry is truncated is out of force again, on disk too") {
  raft_group g({1, 2, 3});
  g.inject(from(1, 2, 1, raft::append_request{{0}, {0}, {0}, {command_at(1, 1), config_at(2, 1, {1, 2, 4})}}));
  CHECK(g.core(2).config().voters[2] == raft_group::member(4));
  g.inject(from(3, 2, 2, raft::append_request{{1}, {1}, {0}, {command_at(2, 2)}}));
  CHECK(g.core(2).config().voters[2] == raft_group::member(3));
  g.restart(2);
  CHECK(g.core(2).config().voters[2] == raft_group::member(3));
}

TEST_CASE("§6 a configuration survives restart and compaction of its entry") {
  raft_group g({1, 2, 3});
  g.inject(from(1, 2, 1, raft::append_request{{0}, {0}, {2}, {config_at(1, 1, {1, 2, 4}), command_at(2, 1)}}));
  REQUIRE(g.at(2).applied.size() == 2);
  g.restart(2);
  CHECK(g.core(2).config().voters[2] == raft_group::member(4));
  g.core(2).compacted({{2}, {1}, {}, 1, {}}, {3});
  g.drain(2);
  g.restart(2);
  CHECK(g.core(2).config().voters[2] == raft_group::member(4));
}

TEST_CASE("§7 a snapshot carries the configuration at its index, not the one in force") {
  raft_group g({1, 2, 3});
  g.elect(1);
  g.propose(1, "a");
  g.cut(2), g.cut(3);
  REQUIRE(g.core(1).change(to({1, 2, 3}, {4})).ok());
  g.drain(1);
  REQUIRE(g.core(1).config().learners.size() == 1);
  const auto& last = g.at(1).applied.back();
  g.core(1).compacted({last.index, last.term, {}, 1, {7, 7}}, {last.index.value + 1});
  g.drain(1);
  REQUIRE(g.at(1).disk.snapshot.index == last.index);
  CHECK(g.at(1).disk.snapshot.config.learners.empty());
}

TEST_CASE("§6 a leader that is not in the new configuration leads until that is committed, then resigns") {
  raft_group g({1, 2, 3}, {4});
  g.elect(1);
  g.tick_all(4);
  REQUIRE(g.core(1).change(to({2, 3, 4})).ok());
  g.drain(1);
  CHECK(g.status(1).leads);
  g.deliver();
  CHECK_FALSE(g.status(1).leads);
  CHECK(g.leader() != 0); // it asked somebody to take over, so nobody waits for a timeout
  CHECK(g.leader() != 1);
  g.tick_all(60);
  CHECK(g.leader() != 1);
}

TEST_CASE("thesis §4.2.2 who leaves may still campaign while that is not committed") {
  // 3 has the change that removes it, 4 has not; nobody else is left who could be elected.
  raft_group g({3}, {4});
  g.tick(3, 2);
  g.tick_all(4);
  REQUIRE(g.core(3).change(to({4})).ok());
  g.drain(3);
  while (g.next() != nullptr && joint(g, 3)) g.deliver_one();
  REQUIRE_FALSE(joint(g, 3));
  g.wire().clear();
  g.restart(3);
  g.restart(4);
  g.tick_all(80);
  CHECK(g.status(4).leads);
  CHECK_FALSE(g.status(3).leads);
  CHECK_FALSE(joint(g, 4));
}

TEST_CASE("§6 a stranger's vote request is heard by who may lag behind a change") {
  raft_group g({1, 2, 3});
  g.inject(from(4, 2, 3, raft::vote_request{false, false, {5}, {2}}));
  CHECK(g.status(2).term.value == 3);
  g.inject(from(4, 2, 4, raft::heartbeat_answer{})); // but a stranger's answers are not
  CHECK(g.status(2).term.value == 3);
}

TEST_CASE("§7 a follower behind the log is offered the state, and goes on from there") {
  raft_group g({1, 2, 3});
  leave_behind(g);
  REQUIRE_FALSE(g.at(1).installs.empty());
  CHECK(g.at(1).installs[0].value == 3);
  const auto meta = g.at(1).disk.snapshot;
  g.core(1).install_ready({3}, {meta}, {77});
  g.drain(1);
  g.deliver();
  REQUIRE(g.at(3).offer.has_value());
  CHECK(g.at(3).offer->session.value == 77);
  REQUIRE(g.core(3).begin_switch(meta, {77}));
  g.at(3).log.clear();
  g.core(3).snapshot_installed(meta);
  g.drain(3);
  g.deliver();
  CHECK(g.status(3).last == meta.index);
  CHECK(g.core(3).config().voters.size() == 3);
  g.propose(1, "after");
  g.tick_all(4);
  CHECK(g.at(3).applied.back().payload.command.view() == "after");
}

TEST_CASE("a group falls asleep though an install brought a follower right to the end of the log") {
  raft_group g({1, 2, 3});
  leave_behind(g);
  const auto meta = g.at(1).disk.snapshot;
  REQUIRE(meta.index == g.status(1).last);
  g.core(1).install_ready({3}, {meta}, {77});
  g.drain(1);
  g.deliver();
  REQUIRE(g.core(3).begin_switch(meta, {77}));
  g.at(3).log.clear();
  g.core(3).snapshot_installed(meta);
  for (auto& e : g.at(1).applied) g.at(3).applied.push_back(e);
  g.drain(3);
  g.tick_all(200);
  for (const auto n : {1, 2, 3}) CHECK(g.status(n).asleep);
}

TEST_CASE("thesis §4.2.1 a newcomer that an install brought to the end of the log may vote, though nobody writes") {
  raft_group g({1, 2}, {3});
  leave_behind(g);
  const auto meta = g.at(1).disk.snapshot;
  REQUIRE(meta.index == g.status(1).last);
  g.core(1).install_ready({3}, {meta}, {77});
  g.drain(1);
  g.deliver();
  REQUIRE(g.core(3).begin_switch(meta, {77}));
  CHECK(g.core(1).change(to({1, 2, 3})).code() == errc::busy);
  g.at(3).log.clear();
  g.core(3).snapshot_installed(meta);
  for (auto& e : g.at(1).applied) g.at(3).applied.push_back(e);
  g.drain(3);
  g.tick_all(200); // asleep by now
  REQUIRE(g.core(1).change(to({1, 2, 3})).ok());
  g.drain(1);
  g.tick_all(6);
  for (const auto n : {1, 2, 3}) {
    CHECK_FALSE(joint(g, n));
    CHECK(g.core(n).config().voters.size() == 3);
  }
}

TEST_CASE("§7 while it installs, a follower takes no entries, votes by its old log and does not campaign") {
  raft_group g({1, 2, 3});
  leave_behind(g);
  const auto meta = g.at(1).disk.snapshot;
  g.core(1).install_ready({3}, {meta}, {77});
  g.drain(1);
  g.deliver();
  g.tick(3, 100);
  for (const auto& m : g.at(3).sent) CHECK_FALSE(std::holds_alternative<raft::vote_request>(m.what));
  REQUIRE(g.core(3).begin_switch(meta, {77}));
  const auto last = g.status(3).last;
  g.inject(from(1, 3, g.status(1).term.value,
                raft::append_request{last, g.status(1).term, {0}, {command_at(last.value + 1, 1)}}));
  CHECK(g.status(3).last == last);
  g.inject(from(2, 3, g.status(1).term.value + 1, raft::vote_request{false, true, {30}, {1}}));
  CHECK(g.at(3).disk.hard.vote.value == 20);
}

TEST_CASE("§7 a log that comes to hold the offered index is kept") {
  raft_group g({1, 2, 3});
  g.inject(from(1, 3, 1, raft::install_request{{{2}, {1}, {}, 1, {}}, 5}));
  REQUIRE(g.at(3).offer.has_value());
  g.inject(from(1, 3, 1, raft::append_request{{0}, {0}, {0}, {command_at(1, 1), command_at(2, 1), command_at(3, 1)}}));
  CHECK_FALSE(g.core(3).begin_switch({{2}, {1}, {}, 1, {}}, {5}));
  CHECK(g.status(3).last.value == 3);
  g.inject(from(1, 3, 1, raft::install_request{{{2}, {1}, {}, 1, {}}, 5}));
  CHECK(g.status(3).last.value == 3);
  CHECK(g.status(3).committed.value == 2); // what is offered is committed
}

TEST_CASE("§7 a session of an earlier leader leads nowhere") {
  raft_group g({1, 2, 3});
  g.inject(from(1, 3, 1, raft::install_request{{{9}, {1}, {}, 1, {}}, 5}));
  g.inject(from(2, 3, 2, raft::heartbeat{}));
  CHECK_FALSE(g.core(3).begin_switch({{9}, {1}, {}, 1, {}}, {5}));
}

TEST_CASE("§7 a session that is lost is asked for again") {
  raft_group g({1, 2, 3});
  leave_behind(g);
  const auto meta = g.at(1).disk.snapshot;
  g.core(1).install_ready({3}, {meta}, {77});
  g.drain(1);
  g.deliver();
  g.core(3).install_failed({77});
  g.drain(3);
  g.deliver();
  g.at(1).installs.clear();
  g.tick_all(4);
  CHECK_FALSE(g.at(1).installs.empty());
}
