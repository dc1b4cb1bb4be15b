// One test for each claim of the Raft paper, and of its thesis, about one server: a group of one, by the same rules.
#include "cluster/raft/raft.hpp"

#include <doctest/doctest.h>

using namespace burrow;
using namespace burrow::raft;

namespace {

const member self{{11}, {1}}, stranger{{99}, {9}};

stored_state stored_with(std::vector<entry> tail, burrow::term t, replica_id vote = {}) {
  stored_state out;
  out.snapshot.config.voters = {self};
  out.hard = {t, vote};
  out.tail = std::move(tail);
  return out;
}

entry entry_at(std::uint64_t index, std::uint64_t t) {
  return {{index}, {t}, entry_kind::command, {shared_bytes("c"), {}, {}}, {}};
}

raft_options options() {
  raft_options out;
  out.self = self;
  return out;
}

std::vector<command_bytes> commands(std::size_t count) {
  std::vector<command_bytes> out(count);
  for (auto& c : out) c.command = shared_bytes("x");
  return out;
}

/// Runs the election to its end; what it handed out last.
raft_output elect(burrow::raft::raft& core) {
  core.tick();
  core.persisted(core.take_output().persist.ticket);
  return core.take_output();
}

} // namespace

TEST_CASE("§5.2 a server starts as a follower and takes no proposal") {
  burrow::raft::raft core(options(), stored_with({}, {0}));
  CHECK_FALSE(core.status().leads);
  CHECK(core.propose(commands(1)).code() == errc::not_leader);
  CHECK(core.read().code() == errc::not_leader);
  CHECK(core.take_output().persist.empty());
}

TEST_CASE("§5.2 a candidate raises its term and votes for itself") {
  burrow::raft::raft core(options(), stored_with({}, {4}, {11}));
  core.tick();
  const auto out = core.take_output();
  REQUIRE(out.persist.hard.has_value());
  CHECK(*out.persist.hard == hard_state{{5}, self.replica});
}

TEST_CASE("§5.2 its own vote counts only when it is on disk") {
  burrow::raft::raft core(options(), stored_with({}, {0}));
  core.tick();
  const auto vote = core.take_output();
  for (int i = 0; i < 50; ++i) core.tick();
  CHECK_FALSE(core.status().leads);
  CHECK(core.propose(commands(1)).code() == errc::not_leader);
  CHECK(core.status().term.value == 1); // alone it has no rival, so waiting raises no term
  core.persisted(vote.persist.ticket);
  CHECK(core.status().leads);
}

TEST_CASE("§8 a new leader appends an empty entry of its term at once") {
  burrow::raft::raft core(options(), stored_with({entry_at(1, 1)}, {1}));
  const auto out = elect(core);
  REQUIRE(out.persist.entries.size() == 1);
  CHECK(out.persist.entries[0].kind == entry_kind::empty);
  CHECK(out.persist.entries[0].term.value == 2);
  CHECK(out.persist.entries[0].index.value == 2);
  REQUIRE(out.role.has_value());
  CHECK(out.role->leads);
}

TEST_CASE("§5.4.2 an entry of an earlier term is committed only with one of the leader's own") {
  burrow::raft::raft core(options(), stored_with({entry_at(1, 1), entry_at(2, 1)}, {1}));
  const auto out = elect(core); // both old entries are on its disk, and so at a majority
  CHECK(out.committed.empty());
  CHECK(core.status().committed.value == 0);
  core.persisted(out.persist.ticket);
  const auto next = core.take_output();
  REQUIRE(next.committed.size() == 3);
  CHECK(next.committed[0].index.value == 1);
  CHECK(next.committed[2].kind == entry_kind::empty);
}

TEST_CASE("§5.3 a leader commits what its disk has, not what it has in memory") {
  burrow::raft::raft core(options(), stored_with({}, {0}));
  core.persisted(elect(core).persist.ticket);
  (void)core.take_output();
  REQUIRE(core.propose(commands(2)).value().value == 3);
  const auto first = core.take_output();
  REQUIRE(core.propose(commands(1)).value().value == 4);
  const auto second = core.take_output();
  CHECK(first.committed.empty());
  core.persisted(first.persist.ticket);
  CHECK(core.status().committed.value == 3);
  CHECK(core.take_output().committed.size() == 2);
  core.persisted(second.persist.ticket);
  CHECK(core.take_output().committed.size() == 1);
}

TEST_CASE("§5.3 each committed entry is handed out once, in order") {
  burrow::raft::raft core(options(), stored_with({entry_at(1, 1)}, {1}));
  std::uint64_t next = 1;
  auto out = elect(core);
  for (int round = 0; round < 20; ++round) {
    core.persisted(out.persist.ticket);
    core.persisted(out.persist.ticket); // a repeated ticket tells nothing new
    REQUIRE(core.propose(commands(1 + round % 3)).ok());
    out = core.take_output();
    for (const auto& e : out.committed) CHECK(e.index.value == next++);
  }
  CHECK(next > 30);
}

TEST_CASE("thesis §6.4 a read waits for an entry of the leader's own term") {
  burrow::raft::raft core(options(), stored_with({entry_at(1, 1)}, {1}));
  const auto out = elect(core);
  const auto id = core.read();
  REQUIRE(id.ok());
  CHECK(core.take_output().reads.empty());
  core.persisted(out.persist.ticket);
  const auto reads = core.take_output().reads;
  REQUIRE(reads.size() == 1);
  CHECK(reads[0].id == *id);
  CHECK(reads[0].index.value().value == 2);
}

TEST_CASE("thesis §6.4 a group of one answers reads at its commit index without a round") {
  burrow::raft::raft core(options(), stored_with({}, {0}));
  core.persisted(elect(core).persist.ticket);
  (void)core.take_output();
  REQUIRE(core.propose(commands(1)).ok());
  REQUIRE(core.read().ok());
  const auto out = core.take_output();
  CHECK(out.send_now.empty());
  REQUIRE(out.reads.size() == 1);
  CHECK(out.reads[0].index.value().value == 1); // the proposal is not committed yet
}

TEST_CASE("§6 a message from outside the configuration is dropped") {
  burrow::raft::raft core(options(), stored_with({}, {0}));
  core.persisted(elect(core).persist.ticket);
  core.step({stranger, self, {50}, vote_request{false, false, {100}, {49}}});
  core.step({stranger, self, {50}, append_request{{0}, {0}, {0}, {entry_at(1, 50)}}});
  CHECK(core.status().leads);
  CHECK(core.status().term.value == 1);
  CHECK(core.take_output().send_persisted.empty());
}

TEST_CASE("§6 a change is refused with a reason") {
  burrow::raft::raft core(options(), stored_with({}, {0}));
  CHECK(core.change({{self, stranger}, {}}).code() == errc::not_leader);
  const auto out = elect(core);
  CHECK(core.change({{self, stranger}, {}}).code() == errc::busy); // nothing of the own term is committed yet
  core.persisted(out.persist.ticket);
  CHECK(core.change({{self, stranger}, {}}).code() == errc::invalid_parameter); // not a learner yet
  CHECK(core.change({{}, {}}).code() == errc::invalid_parameter);
  CHECK(core.change({{self, self}, {}}).code() == errc::invalid_parameter);
  CHECK(core.transfer({9}).code() == errc::invalid_parameter);
}

TEST_CASE("§7 what is compacted leaves the log, and the snapshot says what came before") {
  burrow::raft::raft core(options(), stored_with({}, {0}));
  core.persisted(elect(core).persist.ticket);
  REQUIRE(core.propose(commands(9)).ok());
  core.persisted(core.take_output().persist.ticket);
  (void)core.take_output();
  core.compacted({{8}, {1}, {}, 1, {5, 6}}, {6});
  const auto out = core.take_output();
  REQUIRE(out.persist.snapshot.has_value());
  CHECK(out.persist.snapshot->config.voters == std::vector{self});
  CHECK(out.persist.log_first == log_index{6});
  CHECK(core.status().first.value == 6);
  CHECK(core.status().last.value == 10);
}
