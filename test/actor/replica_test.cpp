// A replica's shell alone, between a log writer, a reader and a client that do only what the test says: the moments
// that a run of the whole tree rarely meets.
#include "actors/reader_actor.hpp"
#include "actors/replica_actor.hpp"
#include "test/support/actor_world.hpp"

#include <doctest/doctest.h>

using namespace burrow;
using burrow::test::actor_world;
using namespace std::chrono_literals;

namespace {

constexpr shard_id shard{1};
constexpr start_number earlier{4}, own{5};

struct fixture {
  actor_world w;
  std::vector<fence> fences;
  std::vector<persist> persists;
  std::vector<recover> recovers;
  std::vector<load> loads;
  std::vector<reply_effect> replies;
  replica_options about{shard, {7}, false, nullptr};
  services helpers;
  caf::actor reader, client, replica;

  fixture() : w({.tree = false}) {
    helpers.log_writer = w.probe([this](const fence& m) { fences.push_back(m); },
                                 [this](const persist& m) { persists.push_back(m); });
    helpers.readers.push_back(new_reader());
    helpers.ticker = w.probe([](const wake_at&) {});
    client = w.probe([this](const shard_results& m) {
      replies.insert(replies.end(), m.replies.begin(), m.replies.end());
    });
    const auto data = std::shared_ptr<store>(&w.disk(), [](store*) {});
    reader = spawn_reader(w.system(), {data}, false);
    w.keep(reader);
    replica_actor_options o;
    o.shard = about;
    o.start = own;
    o.data = data;
    o.clock = [this] { return w.now(); };
    o.helpers = helpers;
    replica = spawn_replica_actor(w.system(), std::move(o));
    w.keep(replica);
    w.settle();
  }

  caf::actor new_reader() {
    return w.probe([this](const recover& m) { recovers.push_back(m); }, [this](const load& m) { loads.push_back(m); });
  }
  template <class T>
  void tell(T what) {
    caf::anon_send(replica, std::move(what));
    w.settle();
  }
  /// What was asked of the reader is read by a real one.
  void read_all() {
    for (auto& m : std::exchange(recovers, {})) caf::anon_send(reader, std::move(m));
    for (auto& m : std::exchange(loads, {})) caf::anon_send(reader, std::move(m));
    w.settle();
  }
  /// Writes what waits, as the log writer does, and tells its tickets.
  void write_all() {
    for (auto& p : std::exchange(persists, {})) {
      REQUIRE(w.disk().write(*p.what.batch));
      REQUIRE(w.disk().sync());
      tell(persisted{p.shard, p.start, p.what.ticket});
    }
  }
  void put() {
    shard_work work;
    queue::insert insert;
    insert.items.resize(1);
    insert.items[0].body_size = 1;
    insert.fallback.body_bytes_max = 100;
    work.proposals.push_back({{1}, {{"acme", "jobs"}, {}, std::move(insert)}, {shared_bytes{std::string{"x"}}}, false});
    work.from = client;
    tell(std::move(work));
  }
  /// Until it leads and does what it is asked.
  void lead() {
    tell(fenced{shard, own});
    for (int i = 0; i < 100; ++i) {
      w.run(10ms);
      tell(tick_atom_v);
      for (int j = 0; j < 10 && !(persists.empty() && loads.empty() && recovers.empty()); ++j) {
        read_all();
        write_all();
      }
    }
  }
  [[nodiscard]] bool ended() const {
    return caf::actor_cast<caf::abstract_actor*>(replica)->getf(caf::abstract_actor::is_terminated_flag);
  }
};

} // namespace

TEST_CASE("a replica looks at the store only after its fence") {
  fixture f;
  REQUIRE(f.fences.size() == 1);
  CHECK(f.fences[0].start == own);
  CHECK(f.recovers.empty());
  f.tell(fenced{shard, earlier});
  CHECK(f.recovers.empty());
  f.tell(fenced{shard, own});
  CHECK(f.recovers.size() == 1);
}

TEST_CASE("what was recovered for an earlier life is not begun with") {
  fixture f;
  f.tell(fenced{shard, own});
  f.tell(recovered{earlier, load_replica(f.w.disk(), f.about)});
  f.put();
  REQUIRE(f.replies.size() == 1);
  CHECK(f.replies[0].outcome.code() == errc::not_leader);
}

TEST_CASE("a write is answered by the ticket of this life, not by that of an earlier one") {
  fixture f;
  f.lead();
  f.put();
  REQUIRE(f.persists.size() == 1);
  const auto ticket = f.persists[0].what.ticket;
  f.tell(persisted{shard, earlier, ticket});
  CHECK(f.replies.empty());
  f.write_all();
  REQUIRE(f.replies.size() == 1);
  CHECK(f.replies[0].outcome.ok());
}

TEST_CASE("a recovery that a reader had not answered when it ended is asked of its successor") {
  fixture f;
  f.tell(fenced{shard, own});
  REQUIRE(f.recovers.size() == 1);
  f.recovers.clear();
  f.helpers.readers = {f.new_reader()};
  f.tell(f.helpers);
  CHECK(f.recovers.size() == 1);
  f.lead();
  f.put();
  f.write_all();
  REQUIRE(f.replies.size() == 1);
  CHECK(f.replies[0].outcome.ok());
}

TEST_CASE("a replica that drains ends when its last write is on disk, and not before") {
  fixture f;
  f.lead();
  f.put();
  f.tell(stop_atom_v);
  CHECK_FALSE(f.ended());
  for (int i = 0; i < 20 && !f.ended(); ++i) f.write_all();
  CHECK(f.ended());
  REQUIRE(f.replies.size() == 1);
  CHECK(f.replies[0].outcome.ok());
}
