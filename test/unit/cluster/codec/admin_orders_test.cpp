#include "cluster/codec/admin_codec.hpp"

#include <doctest/doctest.h>

using namespace burrow;
using namespace burrow::placement;

namespace {

constexpr raft::member one{{1}, {11}}, two{{2}, {12}}, three{{3}, {13}};

shard_seen seen_shard() {
  shard_seen out{{7}, {11}, {4}, {{one, two}, {}, {three}}, {90}, true, {}, 123};
  member_seen m;
  m.who = one;
  m.heard = m.caught_up = true;
  m.caught_up_since = {-5};
  out.members.push_back(m);
  m = {};
  m.who = three;
  m.lag = 8;
  m.damaged = m.installing = true;
  out.members.push_back(m);
  return out;
}

template <class T>
T there_and_back(const T& what) {
  const auto read = codec::decode_admin(codec::encode_admin(what));
  REQUIRE(read.ok());
  REQUIRE(std::holds_alternative<T>(*read));
  return std::get<T>(*read);
}

errc refused(const admin_message& what) {
  const auto read = codec::decode_admin(codec::encode_admin(what));
  return read ? errc::ok : read.code();
}

} // namespace

TEST_CASE("reports, orders and pictures survive the wire") {
  const report_order report{{1, 2}, 9, {1234}, {seen_shard()}};
  CHECK(there_and_back(report) == report);
  const group_order change{{1, 2}, change_members{{7}, {11}, {{one}, {}, {two, three}}, {one, two, three}, {}}};
  CHECK(there_and_back(change) == change);
  const group_order move{{1, 2}, transfer{{7}, {11}, {12}}};
  CHECK(there_and_back(move) == move);
  const picture_question question{{1, 2}, 77};
  CHECK(there_and_back(question) == question);
  const picture_answer answer{77, report};
  CHECK(there_and_back(answer) == answer);
  const move_order wanted{{1, 2}, {7}, {11}, {12}};
  CHECK(there_and_back(wanted) == wanted);
}

TEST_CASE("what does not agree with itself is refused") {
  auto twice = seen_shard();
  twice.members.push_back(twice.members.front());
  CHECK(refused(report_order{{1, 2}, 9, {0}, {twice}}) == errc::malformed);
  auto stranger = seen_shard();
  stranger.members.front().who = {{9}, {19}};
  CHECK(refused(report_order{{1, 2}, 9, {0}, {stranger}}) == errc::malformed);
  auto nobody = seen_shard();
  nobody.config.voters.clear();
  CHECK(refused(report_order{{1, 2}, 9, {0}, {nobody}}) == errc::malformed);
  CHECK(refused(group_order{{1, 2}, transfer{{7}, {11}, {0}}}) == errc::malformed);
  CHECK(refused(group_order{{1, 2}, change_members{{7}, {11}, {{one}, {}, {}}, {}, {}}}) == errc::malformed);
  CHECK(refused(group_order{{1, 2}, change_members{{7}, {11}, {{one}, {}, {}}, {one, one}, {}}}) == errc::malformed);
  CHECK(refused(move_order{{1, 2}, {7}, {0}, {12}}) == errc::malformed);
}
