// Groups of several voters, where nothing fails but what the test takes away. What may happen is for the simulation.
#include "cluster/codec/log_codec.hpp"
#include "cluster/queue/snapshot.hpp"
#include "cluster/storage/keys.hpp"
#include "test/support/replica_group.hpp"

#include <doctest/doctest.h>

using namespace burrow;
using namespace burrow::test;
using namespace std::chrono_literals;

namespace {

bool is_put(const reply_effect* reply) {
  return reply != nullptr && reply->outcome.ok() &&
         std::get<queue::insert_reply>(*reply->outcome).items.at(0).status == queue::insert_status::created;
}

std::vector<shared_bytes> all_bodies(replica_group& g) {
  queue::list_messages all;
  const auto n = g.leader();
  const auto from = g.ask(n, {{"acme", "jobs"}, all});
  g.run(500ms);
  REQUIRE(g.at(n).answers.count(from) == 1);
  REQUIRE(g.at(n).answers.at(from).outcome.ok());
  return g.at(n).answers.at(from).bodies;
}

replica_options with_short_log() {
  replica_options o;
  o.bounds.log_entries_kept = 0;
  o.bounds.cut_interval = 5;
  o.bounds.log_bytes_max = 1;
  o.bounds.chunk_bytes = 200;
  return o;
}

} // namespace

TEST_CASE("three voters elect one, and what it acknowledges is on all of them") {
  replica_group g(3, 3);
  REQUIRE(is_put(g.put("one", "body")));
  g.run(1s);
  for (std::uint64_t n = 1; n <= 3; ++n) {
    CHECK(g.subject(n).status().applied == g.subject(1).status().applied);
    CHECK(g.subject(n).status().state_hash == g.subject(1).status().state_hash);
    CHECK(g.at(n).disk.size(family::body) == 1);
    REQUIRE(g.at(n).leader.has_value());
    CHECK(g.at(n).leader->node.value == g.leader());
  }
}

TEST_CASE("a group is low when most of its nodes say so by their own marks, whatever is free there") {
  replica_group g(3, 3);
  for (std::uint64_t n = 1; n <= 3; ++n) g.at(n).disk.set_space({500 << 20, 640 << 20});
  REQUIRE(is_put(g.put("one", "body")));
  g.run(1s);
  CHECK(is_put(g.put("two", "body")));
  const auto leads = g.leader();
  const auto low = [&](bool so) {
    for (std::uint64_t n = 1; n <= 3; ++n)
      if (n != leads) g.subject(n).disk_low(so);
    g.run(1s);
    g.put("wake", "body");
    g.run(1s);
  };
  low(true);
  const auto* const refused = g.put("three", "body");
  REQUIRE(refused != nullptr);
  CHECK(refused->outcome.code() == errc::no_space);
  low(false);
  CHECK(is_put(g.put("four", "body")));
}

TEST_CASE("a follower refuses at once, and changes nothing") {
  replica_group g(3, 3);
  const auto leads = g.leader();
  const auto other = leads % 3 + 1;
  const auto proposed = g.propose(other, {{"acme", "jobs"}, {}, queue::purge{}});
  REQUIRE(g.at(other).replies.count(proposed) == 1);
  CHECK(g.at(other).replies.at(proposed).outcome.code() == errc::not_leader);
  const auto asked = g.ask(other, {{"acme", "jobs"}, queue::queue_stats{}});
  REQUIRE(g.at(other).answers.count(asked) == 1);
  CHECK(g.at(other).answers.at(asked).outcome.code() == errc::not_leader);
}

TEST_CASE("what was acknowledged outlives its leader") {
  replica_group g(3, 3);
  REQUIRE(is_put(g.put("one", "first body")));
  g.stop(g.leader());
  REQUIRE(g.leader() != 0);
  REQUIRE(is_put(g.put("two", "second body")));
  const auto bodies = all_bodies(g);
  REQUIRE(bodies.size() == 2);
  CHECK(bodies[0].view() == "first body");
}

TEST_CASE("a leader without a quorum says at once that it does not know, when it steps down") {
  replica_group g(3, 3);
  REQUIRE(is_put(g.put("one", "body")));
  const auto old = g.leader();
  g.at(old).cut = true;
  const auto from = g.propose(old, {{"acme", "jobs"}, {}, queue::purge{}});
  CHECK(g.at(old).replies.count(from) == 0);
  g.run(3s);
  REQUIRE(g.at(old).replies.count(from) == 1);
  CHECK(g.at(old).replies.at(from).outcome.code() == errc::unknown_outcome);
  g.at(old).cut = false;
  g.run(3s);
  CHECK(all_bodies(g).size() == 1);
}

TEST_CASE("who learns of a new leader by the entry that replaced its own says that it does not know") {
  replica_group g(3, 3);
  REQUIRE(is_put(g.put("one", "body")));
  const auto old = g.leader();
  std::optional<peer_content> replaces;
  g.at(old).hears = [&](const peer_content& m) {
    const auto* const raft = std::get_if<raft::peer_message>(&m);
    const auto* const append = raft != nullptr ? std::get_if<raft::append_request>(&raft->what) : nullptr;
    if (append != nullptr && !append->entries.empty() && !replaces) replaces = m;
    return false;
  };
  g.at(old).frozen = true; // or it would step down by itself
  g.at(old).cut = true;
  const auto from = g.propose(old, {{"acme", "jobs"}, {}, queue::purge{}});
  g.at(old).cut = false;
  g.run(5s);
  REQUIRE(is_put(g.put("two", "body")));
  REQUIRE(g.leader() != old);
  REQUIRE(replaces.has_value());
  // It hears of the new term and of what is committed at once, as it does when several messages have come by then, and
  // so what it had in flight is below that.
  auto& append = std::get<raft::append_request>(std::get<raft::peer_message>(*replaces).what);
  append.committed = append.entries.back().index;
  g.subject(old).received(g.now(g.at(old)), *replaces);
  g.settle();
  REQUIRE(g.at(old).replies.count(from) == 1);
  CHECK(g.at(old).replies.at(from).outcome.code() == errc::unknown_outcome);
  g.at(old).hears = nullptr;
  g.at(old).frozen = false;
  g.run(1s);
  CHECK(all_bodies(g).size() == 2);
}

TEST_CASE("who waits for a disk that hangs is told so when another one leads, not when the disk is back") {
  replica_group g(3, 3);
  REQUIRE(is_put(g.put("one", "body")));
  const auto old = g.leader();
  g.at(old).hangs = true;
  const auto from = g.propose(old, {{"acme", "jobs"}, {}, queue::purge{}});
  g.run(3s);
  REQUIRE(g.leader() != old);
  REQUIRE(g.subject(old).group().committed > g.subject(old).group().persisted); // the others have it
  REQUIRE(g.at(old).replies.count(from) == 1);
  CHECK(g.at(old).replies.at(from).outcome.code() == errc::unknown_outcome);
  CHECK(all_bodies(g).empty());
  g.write_on(old);
  g.run(3s);
  CHECK(g.subject(old).status().state_hash == g.subject(g.leader()).status().state_hash);
  CHECK(g.subject(old).status().inflight_commands == 0);
}

TEST_CASE("a follower that was away catches up by the log, bodies that are only on disk included") {
  replica_group g(3, 3);
  const auto leads = g.leader();
  const auto away = leads % 3 + 1;
  g.stop(away);
  for (int i = 0; i < 20; ++i) REQUIRE(is_put(g.put("m" + std::to_string(i), "body " + std::to_string(i))));
  g.stop(leads); // so that whoever leads then has read its log and bodies from the disk
  g.start(leads);
  g.start(away);
  g.run(10s);
  REQUIRE(g.leader() != 0);
  CHECK(g.subject(away).status().installs == 0);
  CHECK(g.at(away).disk.size(family::body) == 20);
  CHECK(g.subject(away).status().state_hash == g.subject(leads).status().state_hash);
}

TEST_CASE("a body that is gone from the store is sent as gone, and the follower ends up without it") {
  replica_group g(3, 3);
  const auto away = g.leader() % 3 + 1;
  g.stop(away);
  REQUIRE(is_put(g.put("one", "body")));
  queue::remove what;
  what.targets.push_back({"one", {}});
  g.propose(g.leader(), {{"acme", "jobs"}, {}, what});
  g.run(2s);
  g.start(away);
  g.run(5s);
  CHECK(g.at(away).disk.size(family::body) == 0);
  CHECK(g.subject(away).status().state_hash == g.subject(g.leader()).status().state_hash);
  CHECK(g.at(away).damage.empty());
}

TEST_CASE("a follower behind the log takes the state over in chunks, and goes on from there") {
  replica_group g(3, 3, with_short_log());
  const auto away = g.leader() % 3 + 1;
  REQUIRE(is_put(g.put("first", "body")));
  g.run(1s);
  g.stop(away);
  for (int i = 0; i < 60; ++i) REQUIRE(is_put(g.put("m" + std::to_string(i), std::string(100, 'b'))));
  g.run(1s);
  g.start(away);
  g.run(20s);
  CHECK(g.subject(away).status().installs == 1);
  CHECK(g.subject(away).status().state_hash == g.subject(g.leader()).status().state_hash);
  CHECK(g.at(away).disk.size(family::body) == 61);
  CHECK(g.at(away).disk.size(family::queue) == g.at(g.leader()).disk.size(family::queue)); // one generation
  REQUIRE(is_put(g.put("after", "body")));
  g.run(1s);
  g.stop(away); // and a start finds the new generation
  g.start(away);
  CHECK(g.subject(away).status().applied.value > 60);
  for (std::uint64_t n = 1; n <= 3; ++n) CHECK(g.at(n).pins.empty());
}

TEST_CASE("what gateways may send again outlives an install, and the leadership of who had it applied") {
  replica_group g(3, 3, with_short_log());
  const auto away = g.leader() % 3 + 1;
  const auto send = [&](std::uint64_t number, bool again) {
    queue::insert what;
    what.items.emplace_back().body_size = 1;
    const auto n = g.leader();
    const auto from = g.propose(n, {{"acme", "jobs"}, {77, number, 0, again}, what}, {shared_bytes("x")});
    g.run(500ms);
    REQUIRE(g.at(n).replies.count(from) == 1);
    const auto& reply = g.at(n).replies.at(from);
    CHECK(reply.repeated == again);
    REQUIRE(reply.outcome.ok());
    REQUIRE(std::holds_alternative<queue::insert_reply>(*reply.outcome));
    return std::get<queue::insert_reply>(*reply.outcome).items;
  };
  g.stop(away);
  const auto first = send(1, false), second = send(2, false);
  for (int i = 0; i < 60; ++i) REQUIRE(is_put(g.put("m" + std::to_string(i), "body")));
  g.run(1s);
  g.start(away);
  g.run(10s);
  REQUIRE(g.subject(away).status().installs == 1);
  const auto old = g.leader();
  REQUIRE(g.subject(old).transfer(g.now(g.at(old)), {away}).ok());
  g.run(1s);
  REQUIRE(g.leader() == away);
  CHECK(send(1, true) == first);
  CHECK(send(2, true) == second);
  CHECK(all_bodies(g).size() == 62);
}

TEST_CASE("a state is taken over while a message of it is leaving for another shard") {
  replica_group g(3, 3, with_short_log());
  const auto away = g.leader() % 3 + 1;
  queue::configure rule;
  rule.to.named = queue::bit_of(queue::setting::dead_letter);
  rule.to.values.rules.dead_letter = {"dead", {2}, 1, false, true, true, 0}; // a shard that never answers
  g.propose(g.leader(), {{"acme", "jobs"}, {}, rule});
  REQUIRE(is_put(g.put("doomed", "body")));
  queue::take take;
  take.hide = 1s;
  g.propose(g.leader(), {{"acme", "jobs"}, {}, take});
  g.stop(away);
  g.run(3s);
  REQUIRE(g.subject(g.leader()).status().moving == 1);
  for (int i = 0; i < 60; ++i) REQUIRE(is_put(g.put("m" + std::to_string(i), "body")));
  g.run(1s);
  g.start(away);
  g.run(20s);
  CHECK(g.subject(away).status().installs == 1);
  CHECK(g.at(away).disk.size(family::body) == 61);
  CHECK(g.subject(away).status().state_hash == g.subject(g.leader()).status().state_hash);
}

TEST_CASE("an installed state has the time of its last entry, not that of the state before it") {
  replica_group g(3, 3, with_short_log());
  const auto away = g.leader() % 3 + 1;
  REQUIRE(is_put(g.put("first", "body")));
  g.run(1s);
  g.stop(away);
  g.run(100s);
  for (int i = 0; i < 60; ++i) REQUIRE(is_put(g.put("m" + std::to_string(i), "body")));
  const auto since = g.now(g.at(away)).wall - 10s;
  g.run(1s);
  g.start(away);
  g.run(20s);
  REQUIRE(g.subject(away).status().installs == 1);
  CHECK(g.subject(away).status().shard_time > since);
}

TEST_CASE("one voter grows to three by learners and one joint step") {
  replica_group g(3, 1);
  REQUIRE(is_put(g.put("one", "body")));
  REQUIRE(g.leader() == 1);
  const std::vector<raft::member> all{replica_group::member(1), replica_group::member(2), replica_group::member(3)};
  REQUIRE(g.subject(1).change(g.now(g.at(1)), {{all[0]}, {all[1], all[2]}}).ok());
  g.run(5s);
  REQUIRE(g.subject(1).change(g.now(g.at(1)), {all, {}}).ok());
  g.run(5s);
  g.stop(1);
  REQUIRE(g.leader() > 1);
  CHECK(all_bodies(g).size() == 1);
}

namespace {

/// The life in which this one's state numbers moves, and the one that its own record knows.
struct lives {
  std::uint64_t state, record;
  bool operator==(const lives&) const = default;
};
lives lives_of(replica_group& g, std::uint64_t n) {
  const auto get = [&](family where, const std::string& key) {
    return g.at(n).disk.get(where, key, read_tier::disk).value().value;
  };
  const auto record = codec::decode_replica({1}, get(family::raft_state, keys::raft_state({1}))).value();
  const auto state = get(family::queue, keys::queue({1}, record.generation, queue::key::shard()));
  return {queue::decode_shard(state).value_or(queue::shard_record{}).life, record.life};
}

void grow_to_three(replica_group& g) {
  const std::vector<raft::member> all{replica_group::member(1), replica_group::member(2), replica_group::member(3)};
  REQUIRE(g.subject(1).change(g.now(g.at(1)), {{all[0]}, {all[1], all[2]}}).ok());
  g.run(5s);
  REQUIRE(g.subject(1).change(g.now(g.at(1)), {all, {}}).ok());
  g.run(5s);
}

} // namespace

TEST_CASE("a group that grows from a shard with an accepted loss keeps its life, by log or by install") {
  for (const bool by_install : {false, true}) {
    replica_group g(3, 1, by_install ? with_short_log() : replica_options{});
    REQUIRE(is_put(g.put("before", "body")));
    g.stop(1);
    g.start(1, true);
    g.run(1s);
    for (int i = 0; i < 30; ++i) REQUIRE(is_put(g.put("m" + std::to_string(i), "body")));
    grow_to_three(g);
    CHECK(g.subject(2).status().installs == (by_install ? 1 : 0));
    CHECK(lives_of(g, 2) == lives{2, 2});
    CHECK(lives_of(g, 3) == lives{2, 2});

    // Another one accepts a loss: what it numbers from then on is in no life that there ever was.
    g.stop(1);
    g.stop(3);
    g.stop(2);
    g.start(2, true);
    g.start(3);
    for (int i = 0; g.leader() != 2 && i < 20; ++i) {
      REQUIRE(g.subject(3).transfer(g.now(g.at(3)), {2}).ok());
      g.run(2s);
    }
    REQUIRE(g.leader() == 2);
    REQUIRE(is_put(g.put("after", "body")));
    g.run(1s);
    CHECK(lives_of(g, 2) == lives{3, 3});
    CHECK(lives_of(g, 3) == lives{3, 3});
  }
}

TEST_CASE("leadership is handed over on request, and proposals are refused meanwhile, not lost") {
  replica_group g(3, 3);
  const auto old = g.leader();
  const auto to = old % 3 + 1;
  REQUIRE(g.subject(old).transfer(g.now(g.at(old)), {to}).ok());
  const auto from = g.propose(old, {{"acme", "jobs"}, {}, queue::purge{}});
  REQUIRE(g.at(old).replies.count(from) == 1);
  CHECK_FALSE(g.at(old).replies.at(from).outcome.ok());
  g.run(1s);
  CHECK(g.leader() == to);
}

TEST_CASE("an idle group sends one round a minute and nothing else") {
  replica_group g(3, 3);
  REQUIRE(is_put(g.put("one", "body")));
  g.run(90s);
  for (std::uint64_t n = 1; n <= 3; ++n) CHECK(g.subject(n).status().asleep);
  const auto before = g.sent;
  g.run(600s);
  CHECK(g.sent - before >= 4 * 9); // two questions, two answers
  CHECK(g.sent - before <= 4 * 11);
  REQUIRE(is_put(g.put("two", "body")));
}

TEST_CASE("a wall clock that is an hour ahead does not drive the shard's time, even the leader's own") {
  replica_group g(3, 3);
  REQUIRE(is_put(g.put("one", "body")));
  const auto leads = g.leader();
  g.at(leads).wall_off_ms = 3'600'000;
  g.run(30s);
  const auto right = g.now(g.at(leads % 3 + 1)).wall;
  CHECK(g.subject(leads).status().shard_time < right + 1s);
  g.stop(leads % 3 + 1); // one good clock is left, the lower of two
  g.run(30s);
  CHECK(g.subject(leads).status().shard_time < g.now(g.at((leads + 1) % 3 + 1)).wall + 1s);
}
