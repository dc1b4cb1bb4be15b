#include "cluster/replica/mover.hpp"

#include <doctest/doctest.h>

using namespace burrow;
using namespace std::chrono_literals;

namespace {

constexpr shard_id to{5};

std::vector<queue::moved_message> messages(std::uint64_t from, std::uint64_t count) {
  std::vector<queue::moved_message> out(count);
  for (auto& m : out) m.number = {1, from++};
  return out;
}
mover::batch batch_of(const std::vector<queue::moved_message>& all) {
  mover::batch out;
  for (const auto& m : all) out.numbers.push_back(m.number);
  return out;
}
result<queue::reply> taken(std::size_t count) {
  return queue::reply{queue::arrive_reply{std::vector<errc>(count, errc::ok)}};
}

} // namespace

TEST_CASE("what a target does not answer is sent again from the start, later each time") {
  mover m;
  m.note(to);
  duration at{1000};
  std::vector<duration> pauses;
  for (std::uint64_t call = 1; call <= 4; ++call) {
    const auto read = m.next_read(at);
    REQUIRE(read);
    CHECK(read->after == queue::move_number{0, 0});
    CHECK_FALSE(m.next_read(at)); // one piece at a time
    const auto found = m.read_done(to, messages(1, 3), false);
    CHECK(m.sent(to, {call}, batch_of(found), at) == (call == 1 ? 0U : 3U));
    const auto late = *m.wake();
    m.give_up_late(late - 1ms);
    CHECK_FALSE(m.next_read(late));
    m.give_up_late(late);
    pauses.push_back(*m.wake() - late);
    at = *m.wake();
  }
  CHECK(pauses == std::vector<duration>{50ms, 100ms, 200ms, 400ms});
}

TEST_CASE("only what a target has is logged as left, once, and not sent again meanwhile") {
  mover m;
  m.note(to);
  (void)m.next_read(0ms);
  m.sent(to, {1}, batch_of(m.read_done(to, messages(1, 2), false)), 0ms);
  CHECK_FALSE(m.take_settled());
  CHECK(m.answered({1}, taken(2), 1ms));
  CHECK_FALSE(m.answered({1}, taken(2), 1ms));
  const auto done = m.take_settled();
  REQUIRE(done);
  CHECK(done->numbers.size() == 2);
  CHECK_FALSE(m.take_settled());
  // The state says that they still leave: nobody is to send them once more.
  m.note_open(to);
  CHECK_FALSE(m.next_read(1ms));
  m.note(to);
  (void)m.next_read(1ms);
  CHECK(m.read_done(to, messages(1, 3), false).size() == 1);
  m.left(*done);
}

TEST_CASE("an answer to a call that was given up is not one") {
  mover m;
  m.note(to);
  (void)m.next_read(0ms);
  m.sent(to, {1}, batch_of(m.read_done(to, messages(1, 2), false)), 0ms);
  m.give_up_late(1min);
  CHECK_FALSE(m.answered({1}, taken(2), 1min));
  CHECK_FALSE(m.take_settled());
}

TEST_CASE("bodies on their way are bounded") {
  mover m;
  m.note(to);
  m.note({6});
  (void)m.next_read(0ms);
  auto large = batch_of(m.read_done(to, messages(1, 1), true));
  large.bytes = limits::moves_flight_bytes_max;
  m.sent(to, {1}, large, 0ms);
  CHECK_FALSE(m.next_read(0ms));
  CHECK(m.answered({1}, taken(1), 1ms));
  CHECK(m.next_read(1ms));
}

TEST_CASE("a reply waits for all its moves, and not beyond its time") {
  held_replies h;
  h.expect({1}, {{to, {1, 1}}, {to, {1, 2}}}, 1000ms);
  h.expect({2}, {{to, {1, 2}}}, 1500ms);
  CHECK(h.add({{3}, errc::ok, {}}));
  CHECK_FALSE(h.add({{1}, errc::ok, {}}));
  CHECK_FALSE(h.add({{2}, errc::ok, {}}));
  const auto first = h.left({to, {{1, 2}}});
  REQUIRE(first.size() == 1);
  CHECK(first[0].to == cookie{2});
  CHECK(h.overdue(999ms).empty());
  CHECK(h.overdue(1000ms).size() == 1);
  CHECK(h.left({to, {{1, 1}}}).empty());
  CHECK_FALSE(h.wake());
}
