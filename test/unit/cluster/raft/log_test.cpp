#include "cluster/raft/log.hpp"
#include "cluster/raft/quorum.hpp"

#include <doctest/doctest.h>

using namespace burrow;
using namespace burrow::raft;

namespace {

entry entry_at(std::uint64_t index, std::uint64_t t) {
  return {{index}, {t}, entry_kind::command, {shared_bytes("command"), {}, {}}, {}};
}

burrow::raft::log log_of(std::vector<std::uint64_t> terms) {
  burrow::raft::log out{stored_state{}};
  for (const auto t : terms) out.append(entry_at(out.last().value + 1, t));
  return out;
}

configuration voters(std::vector<std::uint64_t> now, std::vector<std::uint64_t> leaving = {}) {
  configuration out;
  for (const auto v : now) out.voters.push_back({{v}, {v}});
  for (const auto v : leaving) out.leaving.push_back({{v}, {v}});
  return out;
}

} // namespace

TEST_CASE("the log knows all its terms by range") {
  auto log = log_of({1, 1, 3, 3, 3, 7});
  CHECK(log.terms().size() == 3);
  CHECK(log.term_at({2}) == term{1});
  CHECK(log.term_at({3}) == term{3});
  CHECK(log.term_at({6}) == term{7});
  CHECK(log.term_at({0}) == term{0});
  CHECK_FALSE(log.term_at({7}).has_value());
}

TEST_CASE("a ticket of truncated entries does not count for those that replaced them") {
  auto log = log_of({1, 1, 1});
  (void)log.take_unpersisted();
  log.truncate({2});
  log.append(entry_at(2, 2));
  log.append(entry_at(3, 2));
  (void)log.take_unpersisted();
  CHECK_FALSE(log.persisted({3}, {1}));
  CHECK(log.persisted().value == 0);
  CHECK(log.persisted({3}, {2}));
  CHECK(log.persisted().value == 3);
}

TEST_CASE("truncation takes back what was persisted and what was not yet given out") {
  auto log = log_of({1, 1});
  (void)log.take_unpersisted();
  CHECK(log.persisted({2}, {1}));
  log.append(entry_at(3, 1));
  log.truncate({2});
  CHECK(log.last().value == 1);
  CHECK(log.persisted().value == 1);
  CHECK_FALSE(log.has_unpersisted());
  CHECK(log.memory_bytes() == entry_at(1, 1).size());
}

TEST_CASE("what is applied and on disk leaves memory, its terms stay") {
  auto log = log_of({1, 2, 2, 2});
  (void)log.take_unpersisted();
  CHECK(log.persisted({3}, {2}));
  log.release({4}, 0);
  CHECK(log.memory_bytes() == entry_at(4, 2).size());
  CHECK(log.term_at({1}) == term{1});
  CHECK(log.copy({4}, {4}).size() == 1);
}

TEST_CASE("a cut log still knows the term before its first entry") {
  auto log = log_of({1, 2, 2, 5, 5});
  (void)log.take_unpersisted();
  CHECK(log.persisted({5}, {5}));
  log.release({5}, 0);
  log.cut({4}, {{5}, {5}, {}, 1, {}});
  CHECK(log.first().value == 4);
  CHECK(log.term_at({3}) == term{2});
  CHECK(log.term_at({4}) == term{5});
  CHECK_FALSE(log.term_at({2}).has_value());
}

TEST_CASE("a majority is more than half") {
  const auto three = voters({1, 2, 3});
  CHECK_FALSE(is_quorum(three, [](replica_id r) { return r.value == 1; }));
  CHECK(is_quorum(three, [](replica_id r) { return r.value <= 2; }));
  CHECK(is_quorum(voters({1}), [](replica_id) { return true; }));
  CHECK_FALSE(is_quorum(voters({}), [](replica_id) { return true; }));
  CHECK_FALSE(is_quorum(voters({1, 2, 3, 4}), [](replica_id r) { return r.value <= 2; }));
}

TEST_CASE("a joint configuration needs both majorities") {
  const auto joint = voters({1, 2, 4}, {1, 2, 3});
  CHECK(is_quorum(joint, [](replica_id r) { return r.value <= 2; }));
  CHECK_FALSE(is_quorum(joint, [](replica_id r) { return r.value == 1 || r.value == 3; }));
  CHECK_FALSE(is_quorum(joint, [](replica_id r) { return r.value == 4 || r.value == 2; }));
}

TEST_CASE("the quorum index is what enough voters have, the smaller of both halves") {
  const auto has = [](replica_id r) { return log_index{r.value * 10}; };
  CHECK(quorum_index(voters({1, 2, 3}), has).value == 20);
  CHECK(quorum_index(voters({1, 2, 3, 4}), has).value == 20);
  CHECK(quorum_index(voters({3, 4, 5}, {1, 2, 3}), has).value == 20);
  CHECK(quorum_index(voters({}), has).value == 0);
}

TEST_CASE("alone is one voter and no change under way") {
  CHECK(is_alone(voters({1}), {1}));
  CHECK_FALSE(is_alone(voters({1}), {2}));
  CHECK_FALSE(is_alone(voters({1}, {2}), {1}));
  CHECK_FALSE(is_alone(voters({1, 2}), {1}));
  CHECK(is_voter(voters({1}, {2}), {2}));
  CHECK_FALSE(is_member(voters({1}), {3}));
}
