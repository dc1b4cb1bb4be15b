// The log writer alone: what it writes, when it syncs, whom it tells.
#include "test/support/actor_world.hpp"

#include <doctest/doctest.h>

using namespace burrow;
using burrow::test::actor_world;

namespace {

std::shared_ptr<const write_batch> one(const std::string& key) {
  auto b = std::make_shared<write_batch>();
  b->put(family::queue, key, "v");
  return b;
}

struct fixture {
  actor_world w{{.tree = false}};
  std::vector<persisted> told;
  std::vector<fenced> fences;
  std::vector<disk_state> disk;
  std::vector<std::string> fatal;
  int syncs = 0, idles = 0;
  caf::actor writer, replica;

  fixture() {
    log_writer_options o;
    o.data = std::shared_ptr<store>(&w.disk(), [](store*) {});
    o.clock = [this] { return w.now(); };
    o.fatal = [this](const error& why) { fatal.emplace_back(to_string(why.code)); };
    o.after_sync = [this](duration) { ++syncs; };
    o.when_idle = [this] { ++idles; };
    writer = spawn_log_writer(w.system(), std::move(o), false);
    w.keep(writer);
    replica = w.probe([this](const persisted& m) { told.push_back(m); },
                      [this](const fenced& m) { fences.push_back(m); },
                      [this](const disk_state& m) { disk.push_back(m); }, [](const writer_state&) {});
  }
  void persist_one(std::uint16_t shard, std::uint64_t start, std::uint64_t ticket, const std::string& key,
                   bool sync = true) {
    caf::anon_send(writer, persist{{shard}, {start}, {{ticket}, one(key), sync}, replica});
  }
  bool has(const std::string& key) { return w.disk().get(family::queue, key, read_tier::disk).value().found; }
};

} // namespace

TEST_CASE("all that waits is written together, with one sync and one message a replica") {
  fixture f;
  for (std::uint16_t i = 1; i <= 20; ++i)
    f.persist_one(static_cast<std::uint16_t>(1 + i % 2), 1, i, "k" + std::to_string(i));
  f.w.settle();
  CHECK(f.syncs == 1);
  REQUIRE(f.told.size() == 2);
  CHECK(std::max(f.told[0].ticket, f.told[1].ticket).value == 20);
  CHECK(std::min(f.told[0].ticket, f.told[1].ticket).value == 19);
  CHECK(f.has("k1"));
  CHECK(f.has("k20"));
}

TEST_CASE("a batch that nobody needs on disk is not synced") {
  fixture f;
  f.persist_one(1, 1, 1, "k", false);
  f.w.settle();
  CHECK(f.syncs == 0);
  CHECK(f.told.size() == 1);
}

TEST_CASE("a fence drops what an earlier life left queued, and what still comes of it") {
  fixture f;
  f.persist_one(1, 1, 1, "old");
  f.persist_one(2, 1, 1, "other");
  caf::anon_send(f.writer, fence{{1}, {2}, f.replica});
  f.persist_one(1, 1, 2, "late");
  f.persist_one(1, 2, 1, "new");
  f.w.settle();
  CHECK_FALSE(f.has("old"));
  CHECK_FALSE(f.has("late"));
  CHECK(f.has("other"));
  CHECK(f.has("new"));
  CHECK(f.fences.size() == 1);
  for (const auto& t : f.told)
    if (t.shard == shard_id{1}) CHECK(t.start == start_number{2});
}

TEST_CASE("a store that fails is told of once, and no ticket after it") {
  fixture f;
  f.w.disk().fail_write(1);
  f.persist_one(1, 1, 1, "k");
  f.persist_one(2, 1, 1, "l");
  f.w.settle();
  CHECK(f.fatal == std::vector<std::string>{"io-failed"});
  CHECK(f.told.empty());
}

TEST_CASE("a sync that fails is told of once, and no ticket of its batch") {
  fixture f;
  f.w.disk().fail_sync(1);
  f.persist_one(1, 1, 1, "k");
  f.persist_one(2, 1, 1, "l");
  f.w.settle();
  CHECK(f.fatal == std::vector<std::string>{"sync-failed"});
  CHECK(f.told.empty());
}

TEST_CASE("low disk space is said to the replicas, and taken back with room to spare") {
  fixture f;
  caf::anon_send(f.writer, fence{{1}, {1}, f.replica});
  const auto with_free = [&](std::uint64_t free) {
    f.w.disk().set_space({free, 10 * limits::gib});
    f.w.run(duration{1100});
    return f.disk.empty() ? disk_state{} : f.disk.back();
  };
  f.w.disk().set_space({900 * limits::mib, 10 * limits::gib});
  f.persist_one(1, 1, 1, "k");
  f.w.settle();
  REQUIRE(f.disk.size() == 1);
  CHECK(f.disk.back().low);
  CHECK_FALSE(f.disk.back().stop);
  CHECK(with_free(200 * limits::mib).stop);
  CHECK(with_free(300 * limits::mib).stop);
  CHECK_FALSE(with_free(500 * limits::mib).stop);
  CHECK(with_free(1200 * limits::mib).low);
  CHECK_FALSE(with_free(1600 * limits::mib).low);
}

TEST_CASE("the node is told once that nothing has been written for a while") {
  fixture f;
  f.persist_one(1, 1, 1, "k");
  f.w.run(duration{9'000});
  f.persist_one(1, 1, 2, "l");
  f.w.run(duration{9'000});
  CHECK(f.idles == 0);
  f.w.run(duration{2'000});
  CHECK(f.idles == 1);
  f.w.run(duration{30'000});
  CHECK(f.idles == 1);
}

TEST_CASE("a stop writes and syncs what waits") {
  fixture f;
  f.persist_one(1, 1, 1, "k", false);
  f.persist_one(1, 1, 2, "l", false);
  caf::anon_send(f.writer, stop_atom_v);
  f.w.settle();
  CHECK(f.has("l"));
  CHECK(f.syncs == 1);
}
