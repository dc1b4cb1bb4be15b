// The Raft paper's claims about replication and commitment, one test each; the section is in the name.
#include "test/support/raft_group.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace burrow;
using namespace burrow::test;

namespace {

std::vector<std::uint64_t> terms(const std::vector<raft::entry>& log) {
  std::vector<std::uint64_t> out;
  for (const auto& e : log) out.push_back(e.term.value);
  return out;
}

} // namespace

TEST_CASE("§5.3 what a majority has on disk is committed, and applied everywhere in the same order") {
  raft_group g({1, 2, 3});
  g.elect(1);
  for (const auto* const what : {"a", "b", "c"}) g.propose(1, what);
  g.tick_all(4);
  REQUIRE(g.at(1).applied.size() == 4);
  for (const auto n : {2, 3}) {
    REQUIRE(g.at(n).applied.size() == 4);
    for (int i = 1; i < 4; ++i) CHECK(g.at(n).applied[i].payload.command == g.at(1).applied[i].payload.command);
  }
}

TEST_CASE("§5.3 an append is refused unless index and term of the entry before it match") {
  raft_group g({1, 2, 3});
  g.start_with(2, {1, 1, 2}, 2);
  g.inject(from(1, 2, 4, raft::append_request{{3}, {3}, {0}, {command_at(4, 4)}}));
  CHECK(terms(g.at(2).log) == std::vector<std::uint64_t>{1, 1, 2});
  g.inject(from(1, 2, 4, raft::append_request{{4}, {2}, {0}, {command_at(5, 4)}}));
  CHECK(terms(g.at(2).log) == std::vector<std::uint64_t>{1, 1, 2});
  g.inject(from(1, 2, 4, raft::append_request{{3}, {2}, {0}, {command_at(4, 4)}}));
  CHECK(terms(g.at(2).log) == std::vector<std::uint64_t>{1, 1, 2, 4});
}

TEST_CASE("§5.3 a conflicting entry and all behind it go, on disk too") {
  raft_group g({1, 2, 3});
  g.start_with(2, {1, 2, 2, 2}, 2);
  g.inject(from(1, 2, 3, raft::append_request{{1}, {1}, {0}, {command_at(2, 3)}}));
  CHECK(terms(g.at(2).log) == std::vector<std::uint64_t>{1, 3});
  g.restart(2);
  CHECK(g.status(2).last.value == 2);
}

TEST_CASE("§5.3 an old append that is repeated truncates nothing") {
  raft_group g({1, 2, 3});
  g.inject(from(1, 2, 1, raft::append_request{{0}, {0}, {0}, {command_at(1, 1), command_at(2, 1)}}));
  g.inject(from(1, 2, 1, raft::append_request{{0}, {0}, {0}, {command_at(1, 1)}}));
  CHECK(g.status(2).last.value == 2);
}

TEST_CASE("§5.3 an acknowledgement names what this append has checked, not the end of the log") {
  raft_group g({1, 2, 3});
  g.start_with(2, {1, 1, 1, 1}, 1);
  g.inject(from(1, 2, 2, raft::append_request{{1}, {1}, {0}, {command_at(2, 1)}}));
  CHECK(sent<raft::append_answer>(g.at(2), 1).back().verified.value == 2);
}

TEST_CASE("§5.3 an acknowledgement leaves when the disk has the entries, no sooner") {
  raft_group g({1, 2, 3});
  g.at(2).slow_disk = true;
  g.inject(from(1, 2, 1, raft::append_request{{0}, {0}, {0}, {command_at(1, 1)}}));
  CHECK(sent<raft::append_answer>(g.at(2), 1).empty());
  g.sync(2);
  CHECK(sent<raft::append_answer>(g.at(2), 1).size() == 1);
}

TEST_CASE("§5.3 appends that fell together in one turn are acknowledged once") {
  raft_group g({1, 2, 3});
  for (std::uint64_t i = 0; i < 5; ++i) {
    g.core(2).step(from(1, 2, 1, raft::append_request{{i}, {i == 0 ? 0U : 1U}, {0}, {command_at(i + 1, 1)}}));
  }
  g.drain(2);
  const auto answers = sent<raft::append_answer>(g.at(2), 1);
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].verified.value == 5);
}

TEST_CASE("§5.3 a follower whose term changes takes back what it was about to acknowledge") {
  raft_group g({1, 2, 3});
  g.core(2).step(from(1, 2, 1, raft::append_request{{0}, {0}, {0}, {command_at(1, 1)}}));
  g.core(2).step(from(3, 2, 2, raft::append_request{{0}, {0}, {0}, {command_at(1, 2)}}));
  g.drain(2);
  CHECK(sent<raft::append_answer>(g.at(2), 1).empty());
  CHECK(sent<raft::append_answer>(g.at(2), 3).size() == 1);
  CHECK(terms(g.at(2).log) == std::vector<std::uint64_t>{2});
}

TEST_CASE("§5.3 diverging logs are found by a round trip a term, not an entry") {
  raft_group g({1, 2, 3});
  std::vector<std::uint64_t> ours(3, 1), theirs(3, 1);
  ours.insert(ours.end(), 200, 7);
  theirs.insert(theirs.end(), 300, 2);
  theirs.insert(theirs.end(), 300, 3);
  g.start_with(1, ours, 7);
  g.start_with(2, theirs, 3);
  g.elect(1);
  g.tick_all(6);
  CHECK(terms(g.at(2).log) == terms(g.at(1).log));
  std::size_t refused = 0;
  for (const auto& a : sent<raft::append_answer>(g.at(2), 1)) refused += a.accepted ? 0 : 1;
  CHECK(refused <= 3);
}

TEST_CASE("§5.4.2 figure 8: an entry of an older term is not committed by counting") {
  raft_group g({1, 2, 3, 4, 5});
  g.start_with(1, {1, 2}, 3);
  g.start_with(2, {1, 2}, 3);
  g.start_with(3, {1}, 3);
  g.start_with(4, {1}, 3);
  g.start_with(5, {1, 3}, 3);
  g.at(1).slow_disk = false;
  g.cut(5), g.cut(4);
  g.elect(1);
  REQUIRE(g.status(1).leads);
  // Entry 2 of term 2 gets to a third server, the empty entry of term 4 to nobody.
  raft_group h({1, 2, 3, 4, 5});
  h.start_with(1, {1, 2}, 3);
  h.start_with(2, {1, 2}, 3);
  h.start_with(3, {1}, 3);
  h.cut(4), h.cut(5);
  while (!h.status(1).leads) {
    h.tick(1);
    while (h.next() != nullptr && !h.status(1).leads) h.deliver_one();
  }
  h.wire().clear();
  h.inject(from(3, 1, 4, raft::append_answer{true, {2}, {}, {}}));
  h.inject(from(2, 1, 4, raft::append_answer{true, {2}, {}, {}}));
  CHECK(h.status(1).committed.value == 0);
  h.inject(from(3, 1, 4, raft::append_answer{true, {3}, {}, {}}));
  h.inject(from(2, 1, 4, raft::append_answer{true, {3}, {}, {}}));
  CHECK(h.status(1).committed.value == 3); // and with it all before
}

TEST_CASE("§5.3 a leader counts its own disk, not its memory") {
  raft_group g({1, 2, 3});
  g.elect(1);
  g.cut(3);
  g.at(1).slow_disk = true;
  const auto index = g.propose(1, "a");
  CHECK(g.status(1).committed < index);
  g.sync(1);
  CHECK(g.status(1).committed == index);
}

TEST_CASE("§5.3 nothing is applied that the own disk lacks, though a majority has it") {
  raft_group g({1, 2, 3});
  g.elect(1);
  g.at(3).slow_disk = true;
  g.propose(1, "a");
  g.tick_all(4);
  CHECK(g.status(3).committed.value == 2);
  CHECK(g.at(3).applied.size() <= 1);
  g.sync(3);
  CHECK(g.at(3).applied.size() == 2);
}

TEST_CASE("§5.3 a heartbeat commits only what was checked against this leader") {
  raft_group g({1, 2, 3});
  g.start_with(2, {1, 1, 1}, 1); // the last two of a leader that died
  g.inject(from(1, 2, 2, raft::heartbeat{{3}, 1}));
  CHECK(g.status(2).committed.value == 0);
  g.inject(from(1, 2, 2, raft::append_request{{0}, {0}, {0}, {command_at(1, 1)}}));
  g.inject(from(1, 2, 2, raft::heartbeat{{3}, 2}));
  CHECK(g.status(2).committed.value == 1);
}

TEST_CASE("§5.3 an append that is malformed is dropped") {
  raft_group g({1, 2, 3});
  g.inject(from(1, 2, 2, raft::append_request{{0}, {0}, {0}, {command_at(2, 1)}}));                   // a gap
  g.inject(from(1, 2, 2, raft::append_request{{0}, {0}, {0}, {command_at(1, 2), command_at(2, 1)}})); // terms fall
  g.inject(from(1, 2, 2, raft::append_request{{0}, {0}, {0}, {command_at(1, 9)}}));                   // of the future
  auto no_config = command_at(1, 2);
  no_config.kind = raft::entry_kind::configuration;
  g.inject(from(1, 2, 2, raft::append_request{{0}, {0}, {0}, {no_config}}));
  CHECK(g.status(2).last.value == 0);
}

TEST_CASE("§5.5 requests and answers may be lost, repeated and reordered") {
  raft_group g({1, 2, 3});
  g.elect(1);
  for (int i = 0; i < 20; ++i) {
    REQUIRE(g.core(1).propose({command(std::to_string(i))}).ok());
    g.drain(1);
  }
  std::reverse(g.wire().begin(), g.wire().end());
  const auto copy = g.wire();
  g.deliver();
  for (const auto& m : copy) g.wire().push_back(m);
  g.deliver();
  g.tick_all(20);
  CHECK(g.at(2).applied.size() == 21);
  CHECK(g.at(3).applied.size() == 21);
}

TEST_CASE("thesis §10.2.1 appends are pipelined: one does not wait for the answer to another") {
  raft_group g({1, 2, 3});
  g.elect(1);
  g.propose(1, "first"); // answered, so the pipeline is open
  const auto before = sent<raft::append_request>(g.at(1), 2).size();
  for (int i = 0; i < 5; ++i) {
    REQUIRE(g.core(1).propose({command("x")}).ok());
    g.drain(1);
  }
  CHECK(sent<raft::append_request>(g.at(1), 2).size() == before + 5);
}

TEST_CASE("thesis §10.2.1 the window closes at its limit and opens with acknowledgements") {
  raft::raft_options o;
  o.inflight_messages_max = 2;
  raft_group g({1, 2, 3}, {}, o);
  g.elect(1);
  g.propose(1, "first");
  const auto before = sent<raft::append_request>(g.at(1), 2).size();
  for (int i = 0; i < 5; ++i) {
    REQUIRE(g.core(1).propose({command("x")}).ok());
    g.drain(1);
  }
  CHECK(sent<raft::append_request>(g.at(1), 2).size() == before + 2);
  g.deliver();
  g.tick_all(3);
  CHECK(g.at(2).applied.size() == 7);
}

TEST_CASE("thesis §10.2.1 nothing is sent twice because a follower's disk is slow") {
  raft_group g({1, 2, 3});
  g.elect(1);
  g.propose(1, "first");
  g.at(2).slow_disk = true;
  for (int i = 0; i < 5; ++i) g.propose(1, "x");
  g.tick_all(30); // heartbeats tell that all was received
  std::map<std::uint64_t, int> times;
  for (const auto& m : sent<raft::append_request>(g.at(1), 2)) {
    for (const auto& e : m.entries) ++times[e.index.value];
  }
  for (const auto& [index, n] : times) CHECK(n == 1);
}

TEST_CASE("§5.3 what was lost is sent again when heartbeats show that it never came") {
  raft_group g({1, 2, 3});
  g.elect(1);
  g.propose(1, "first");
  g.cut_between(1, 2);
  g.propose(1, "lost");
  g.heal();
  g.tick_all(10);
  CHECK(g.at(2).applied.size() == 3);
}

TEST_CASE("§5.3 an acknowledgement that was lost is asked for, without the entries") {
  raft_group g({1, 2, 3});
  g.elect(1);
  g.propose(1, "first");
  g.cut_between(2, 1);
  g.propose(1, "x");
  g.heal();
  const auto before = sent<raft::append_request>(g.at(1), 2).size();
  g.tick_all(10);
  const auto all = sent<raft::append_request>(g.at(1), 2);
  REQUIRE(all.size() == before + 1);
  CHECK(all.back().entries.empty());
  CHECK(g.status(1).at_all == g.status(1).last);
}

TEST_CASE("§5.3 entries that left memory are read back for a slow follower") {
  raft_group g({1, 2, 3});
  g.elect(1);
  g.cut(3);
  for (int i = 0; i < 50; ++i) g.propose(1, std::to_string(i));
  CHECK(g.status(1).memory_bytes == 0);
  g.heal();
  g.tick_all(20);
  CHECK(g.at(3).applied.size() == 51);
}

TEST_CASE("§5.3 who campaigned in vain and comes back to its leader still learns what is committed") {
  raft_group g({1, 2, 3});
  g.elect(1);
  g.cut_between(1, 3);
  g.tick(3, 25); // it asks, and nobody grants
  g.heal();
  g.wire().clear();
  g.at(1).slow_disk = true;
  g.propose(1, "a"); // 2 and 3 have it; nobody knows yet
  g.cut_between(1, 3), g.cut_between(3, 2);
  g.tick(3, 25);
  g.heal();
  g.wire().clear();
  g.at(1).slow_disk = false;
  g.sync(1);
  g.tick_all(10);
  CHECK(g.status(3).committed == g.status(1).last);
}

TEST_CASE("§5.3 a follower that starts again learns what is committed, though nothing new is proposed") {
  raft_group g({1, 2, 3});
  g.elect(1);
  g.at(3).slow_disk = true;
  g.propose(1, "a");
  g.at(3).slow_disk = false;
  g.sync(3); // acknowledged, and not told that it is committed
  g.restart(3);
  REQUIRE(g.status(3).committed < g.status(1).committed);
  g.tick_all(10);
  CHECK(g.status(3).committed == g.status(1).committed);
}

TEST_CASE("§5.3 the commit index of an append counts only as far as that append has checked") {
  raft_group g({1, 2, 3});
  g.start_with(2, {1, 1, 1}, 1); // the last two of a leader that died
  g.inject(from(1, 2, 2, raft::append_request{{0}, {0}, {3}, {command_at(1, 1)}}));
  CHECK(g.status(2).committed.value == 1);
}

TEST_CASE("§5.1 a follower whose log ends below what it acknowledged is damaged, and counts for nothing") {
  raft_group g({1, 2, 3});
  g.elect(1);
  for (int i = 0; i < 5; ++i) g.propose(1, "x");
  g.tick_all(4);
  // Node 3's machine is restored from an older image of its disk.
  g.at(3).log.resize(3);
  g.at(3).applied.resize(3);
  g.restart(3);
  g.tick_all(4);
  REQUIRE(g.at(1).damaged.size() == 1);
  CHECK(g.at(1).damaged[0] == raft_group::member(3));
  g.cut(2);
  const auto index = g.propose(1, "y");
  CHECK(g.status(1).committed < index);
  CHECK(g.status(3).last.value == 3); // and gets nothing
}

TEST_CASE("§5.1 a late heartbeat answer makes nobody damaged") {
  raft_group g({1, 2, 3});
  g.elect(1);
  g.tick(1, 2); // a round begins, and is answered before what follows
  const auto old = g.wire();
  g.wire().clear();
  for (const auto& m : old) {
    if (m.to.node.value == 3) g.inject(m);
  }
  const auto answers = g.wire();
  g.wire().clear();
  g.propose(1, "x");
  for (const auto& m : answers) g.inject(m);
  CHECK(g.at(1).damaged.empty());
}
