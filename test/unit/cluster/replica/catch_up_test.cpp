// Followers that are behind: how much is under way to them, of one shard and of a node, and that they get everything.
#include "cluster/replica/catch_up_room.hpp"
#include "test/support/replica_group.hpp"

#include <doctest/doctest.h>

using namespace burrow;
using namespace burrow::test;
using namespace std::chrono_literals;

namespace {

constexpr shard_id a{1}, b{2}, c{3};

/// Three voters of which the last is down while the others go on.
std::uint64_t leave_one_behind(replica_group& g, int messages) {
  REQUIRE(g.put("first", "body") != nullptr);
  const auto behind = g.leader() % 3 + 1;
  g.stop(behind);
  for (int i = 0; i < messages; ++i) REQUIRE(g.put("m" + std::to_string(i), std::string(1000, 'b')) != nullptr);
  return behind;
}

} // namespace

TEST_CASE("shards share what a node has under way to followers that are behind") {
  catch_up_line line(300);
  CHECK(line.take(a, 100));
  CHECK(line.take(a, 100));
  CHECK(line.take(b, 100));
  CHECK_FALSE(line.take(c, 100));
  line.correct(100, 20); // it came to less
  CHECK_FALSE(line.take(c, 100));
  line.correct(100, 0);
  CHECK(line.take(c, 100));
  CHECK(line.used() == 220);
}

TEST_CASE("who found no room is first when there is some, and a shard that asks again waits for its turn") {
  catch_up_line line(200);
  CHECK(line.take(a, 100));
  CHECK(line.take(a, 100));
  CHECK_FALSE(line.take(b, 100));
  CHECK_FALSE(line.take(c, 100));
  line.correct(100, 0);
  CHECK_FALSE(line.take(a, 100)); // b has asked before it
  CHECK_FALSE(line.take(c, 100));
  line.correct(100, 0);
  CHECK(line.take(c, 100)); // there is room for two: they need not wait for each other
  CHECK(line.take(b, 100));
  line.correct(200, 0);
  CHECK(line.take(a, 100));
}

TEST_CASE("a shard that needs nothing any more leaves the line, and what it held is given back when it ends") {
  const auto room = std::make_shared<catch_up_line>(100);
  auto one = std::make_unique<catch_up_share>(a, room);
  auto two = std::make_unique<catch_up_share>(b, room);
  catch_up_share three(c, room);
  CHECK(one->take(100));
  CHECK_FALSE(two->take(100));
  CHECK_FALSE(three.take(100));
  one.reset();
  CHECK(room->used() == 0);
  CHECK_FALSE(three.take(100));
  two.reset();
  CHECK(three.take(100));
}

TEST_CASE("an entry larger than all room there is gets through when nothing else is under way") {
  catch_up_line line(100);
  CHECK(line.take(a, 1000));
  CHECK_FALSE(line.take(b, 1));
  line.correct(1000, 0);
  CHECK(line.take(b, 1000));
}

TEST_CASE("a follower that was away gets everything in small pieces, bodies included") {
  const auto room = std::make_shared<catch_up_line>(5000);
  replica_options o;
  o.bounds.read_back_bytes = 2500;
  o.core.catch_up_bytes_max = 4000;
  o.catch_up = room;
  replica_group g(3, 3, o);
  const auto behind = leave_one_behind(g, 40);
  std::size_t pieces = 0, most = 0, most_room = 0;
  g.at(behind).hears = [&](const peer_content& m) {
    const auto* const raft = std::get_if<raft::peer_message>(&m);
    const auto* const append = raft != nullptr ? std::get_if<raft::append_request>(&raft->what) : nullptr;
    if (append == nullptr || append->entries.empty()) return true;
    std::size_t bytes = 0;
    for (const auto& e : append->entries) {
      bytes += e.size();
      for (const auto& body : e.payload.bodies) CHECK(body.bytes.present());
    }
    ++pieces;
    most = std::max(most, bytes);
    most_room = std::max(most_room, room->used());
    return true;
  };
  g.start(behind);
  g.run(10s);
  CHECK(pieces >= 20);
  CHECK(most <= 2500);
  CHECK(most_room > 2500);
  CHECK(most_room <= 5000);
  CHECK(room->used() == 0);
  const auto leads = g.leader();
  CHECK(g.subject(behind).status().applied == g.subject(leads).status().applied);
  CHECK(g.subject(behind).status().state_hash == g.subject(leads).status().state_hash);
  CHECK(g.at(behind).disk.size(family::body) == 41);
}

TEST_CASE("a follower waits as long as others of the node have all the room, and goes on when there is some") {
  const auto room = std::make_shared<catch_up_line>(5000);
  replica_options o;
  o.catch_up = room;
  replica_group g(3, 3, o);
  const auto behind = leave_one_behind(g, 10);
  REQUIRE(room->take({77}, 5000));
  g.start(behind);
  g.run(5s);
  CHECK(g.subject(behind).status().applied < g.subject(g.leader()).status().applied);
  room->correct(5000, 0);
  g.run(1s);
  CHECK(g.subject(behind).status().applied == g.subject(g.leader()).status().applied);
}

TEST_CASE("bodies that are gone were looked for when their entries were read, and are not looked for again") {
  replica_group g(3, 3);
  const auto behind = leave_one_behind(g, 20);
  const auto leads = g.leader();
  (void)g.propose(leads, {{"acme", "jobs"}, {}, queue::purge{}});
  g.run(5s);
  REQUIRE(g.at(leads).disk.size(family::body) == 0);
  g.at(leads).loads.clear();
  g.start(behind);
  g.run(5s);
  CHECK(g.subject(behind).status().applied == g.subject(leads).status().applied);
  CHECK(g.subject(behind).status().state_hash == g.subject(leads).status().state_hash);
  CHECK(g.at(leads).loads[family::raft_log] > 0);
  CHECK(g.at(leads).loads[family::body] == 0);
}
