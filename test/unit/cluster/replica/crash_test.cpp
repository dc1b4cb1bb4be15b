// Random lives of one replica: proposals, crashes that lose the unsynced suffix, restarts. A failure prints its seed.
#include "test/support/replica_world.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

using namespace burrow;
using namespace burrow::test;
using namespace std::chrono_literals;

namespace {

const std::vector<queue_ref> places{{"acme", "jobs"}, {"acme", "mail"}, {"zoo", "jobs"}};

/// What a life after many deaths must show.
struct verdict {
  std::size_t acknowledged = 0; ///< inserts
  std::size_t missing = 0;      ///< of them, although nothing can have removed them
  std::size_t came_back = 0;    ///< although their removal was acknowledged
  std::size_t messages = 0, bodies = 0;
  bool damaged = false, hashes_agree = true;
};

// What a client knows: which messages were surely put or removed, and which perhaps.
class history {
public:
  explicit history(replica_world& world) : world_(world) {}

  void put() {
    queue::insert what;
    std::vector<shared_bytes> bodies;
    sent s{kind::put, chance(places.size()), 0, {}};
    for (auto n = world_.chance().between(1, 3); n > 0; --n) {
      queue::insert_item item;
      item.name = "m" + std::to_string(sizes_.size());
      const std::string body(chance(200), 'b');
      item.body = static_cast<std::uint32_t>(bodies.size());
      item.body_size = static_cast<std::uint32_t>(body.size());
      item.body_hash = hash_of(body);
      if (world_.chance().chance(200)) item.hide = milliseconds(3000);
      bodies.emplace_back(body);
      s.names.push_back(item.name);
      sizes_[item.name] = body.size();
      what.items.push_back(std::move(item));
    }
    what.fallback.body_bytes_max = 1 << 20;
    const auto from = world_.propose({places[s.where], {}, what}, bodies);
    open_[from] = std::move(s);
  }

  void remove() {
    const auto where = chance(places.size());
    auto& from = present_[where];
    if (from.empty()) return;
    const auto name = *std::next(from.begin(), static_cast<std::ptrdiff_t>(chance(from.size())));
    from.erase(name); // from now on it may be gone
    queue::remove what;
    what.targets.push_back({name, {}});
    open_[world_.propose({places[where], {}, what}, {}, true)] = {kind::remove, where, 0, {name}};
  }

  void take() {
    queue::take what;
    const bool removes = world_.chance().chance(500);
    what.action = removes ? queue::take_action::remove : queue::take_action::claim;
    if (!removes) what.hide = milliseconds(2000);
    what.limit = static_cast<std::uint32_t>(world_.chance().between(1, 5));
    const sent s{removes ? kind::take_away : kind::claim, chance(places.size()), what.limit, {}};
    open_[world_.propose({places[s.where], {}, what}, {}, true)] = s;
  }

  /// Takes in what has been answered since.
  void learn() {
    for (auto at = open_.begin(); at != open_.end();) {
      const auto reply = world_.replies().find(at->first);
      const bool is_there = reply != world_.replies().end();
      if (is_there && reply->second.outcome.ok()) learn_one(at->second, reply->second);
      at = is_there ? open_.erase(at) : std::next(at);
    }
  }

  /// After a crash: what is still open will never be known.
  void forget() {
    for (const auto& [from, s] : open_) {
      if (s.what == kind::take_away) may_miss_[s.where] += s.limit;
    }
    open_.clear();
  }
  [[nodiscard]] bool all_answered() const { return open_.empty(); }

  /// Compares with what is there, in all queues.
  void compare(verdict& v) {
    for (std::size_t where = 0; where < places.size(); ++where) {
      queue::list_messages all;
      all.match_hidden = true;
      const auto* const answer = world_.answer_to(world_.ask({places[where], all}, true));
      REQUIRE(answer != nullptr);
      REQUIRE(answer->outcome.ok());
      const auto& items = std::get<queue::messages_answer>(*answer->outcome).items;
      REQUIRE(answer->bodies.size() == items.size());
      std::set<std::string> found;
      for (std::size_t n = 0; n < items.size(); ++n) {
        found.insert(items[n].name);
        CHECK(answer->bodies[n].size() == sizes_.at(items[n].name));
        v.came_back += removed_.count(items[n].name);
      }
      v.messages += items.size();
      std::size_t missing = 0;
      for (const auto& name : present_[where]) missing += found.count(name) == 0 ? 1 : 0;
      v.missing += missing - std::min(missing, may_miss_[where]);
    }
  }
  std::size_t acknowledged = 0;

private:
  enum class kind { put, remove, take_away, claim };
  struct sent {
    kind what;
    std::size_t where, limit;
    std::vector<std::string> names;
  };

  [[nodiscard]] std::size_t chance(std::size_t below) { return world_.chance().below(below); }
  [[nodiscard]] duration milliseconds(std::uint64_t most) {
    return duration{static_cast<std::int64_t>(world_.chance().between(1, most))};
  }

  void learn_one(const sent& s, const reply_effect& reply) {
    if (s.what == kind::put) {
      for (const auto& item : std::get<queue::insert_reply>(*reply.outcome).items) {
        CHECK(item.status == queue::insert_status::created);
        ++acknowledged;
        if (removed_.count(item.name) == 0) present_[s.where].insert(item.name);
      }
    } else if (s.what == kind::remove) {
      const auto& target = std::get<queue::targets_reply>(*reply.outcome).items.at(0);
      if (target.problem == errc::ok) gone(s.where, s.names[0]);
    } else {
      const auto& take = std::get<queue::take_reply>(*reply.outcome);
      REQUIRE(reply.bodies.size() == take.items.size());
      for (std::size_t n = 0; n < take.items.size(); ++n) {
        CHECK(reply.bodies[n].size() == sizes_.at(take.items[n].name));
        if (s.what == kind::take_away) gone(s.where, take.items[n].name);
      }
    }
  }
  void gone(std::size_t where, const std::string& name) {
    present_[where].erase(name);
    CHECK_MESSAGE(removed_.insert(name).second, name << " was removed twice");
  }

  replica_world& world_;
  std::map<cookie, sent> open_;
  std::map<std::size_t, std::set<std::string>> present_; ///< surely put, no removal sent
  std::set<std::string> removed_;                        ///< surely
  std::map<std::string, std::size_t> sizes_;
  std::map<std::size_t, std::size_t> may_miss_;
};

verdict live(std::uint64_t seed, std::size_t lives) {
  world_options options;
  options.seed = seed;
  burrow::random chance(seed * 7 + 1);
  options.not_here_per_mille = chance.chance(700) ? chance.below(500) : 0;
  options.sync_max = duration{static_cast<std::int64_t>(chance.between(0, 60))};
  options.read_max = duration{static_cast<std::int64_t>(chance.between(0, 150))};
  replica_world world(options);
  history client(world);
  verdict v;
  const auto look_at_hashes = [&] {
    const auto [noted, recomputed] = world.state_hashes();
    v.hashes_agree = v.hashes_agree && noted == recomputed;
  };
  for (std::size_t life = 0; life < lives; ++life) {
    REQUIRE(world.start());
    for (auto n = chance.between(1, 150); n > 0 && !world.damaged(); --n) {
      const auto what = chance.below(10);
      if (what < 5) client.put();
      else if (what < 7) client.remove();
      else client.take();
      if (chance.chance(400)) world.run(duration{static_cast<std::int64_t>(chance.between(1, 40))});
      client.learn();
    }
    v.damaged = v.damaged || world.damaged();
    if (chance.chance(300)) world.settle();
    if (chance.chance(100)) world.run(40s); // long enough to cut the log and let go of bodies
    client.learn();
    world.crash();
    client.forget();
    look_at_hashes();
  }
  REQUIRE(world.start());
  client.compare(v);
  world.settle();
  look_at_hashes();
  v.bodies = world.stored_bodies();
  v.damaged = v.damaged || world.damaged();
  v.acknowledged = client.acknowledged;
  return v;
}

} // namespace

TEST_CASE("a replica that crashes and loses unsynced writes keeps what it acknowledged") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    const auto v = live(seed, 6);
    CHECK(v.acknowledged > 0);
    CHECK(v.missing == 0);
    CHECK(v.came_back == 0);
    CHECK(v.bodies == v.messages);
    CHECK(v.hashes_agree);
    CHECK_FALSE(v.damaged);
  }
}
