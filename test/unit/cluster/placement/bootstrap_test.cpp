// Forming: never two clusters, whatever is lost and whoever restarts. A failure names its seed.
#include "cluster/base/random.hpp"
#include "cluster/placement/bootstrap.hpp"

#include <doctest/doctest.h>

#include <deque>
#include <map>
#include <set>

using namespace burrow;
using namespace burrow::placement;

namespace {

std::string address(std::size_t n) { return "host" + std::to_string(n) + ":7700"; }

/// Nodes that lose messages and restart. `lists[n]` is what node n was told to expect.
struct forming {
  struct node {
    std::unique_ptr<bootstrap> machine;
    std::optional<hash128> promise, member; ///< on disk
    bool creates = false;
  };
  struct letter {
    std::size_t from, to;
    std::variant<admit_question, admit_answer> what;
  };

  forming(std::uint64_t seed, std::vector<std::vector<std::string>> with) : chance(seed), lists(std::move(with)) {
    nodes.resize(lists.size());
    for (std::size_t n = 0; n < nodes.size(); ++n) start(n);
  }

  void start(std::size_t n) {
    auto& own = nodes[n];
    if (own.member) return;
    own.machine =
        std::make_unique<bootstrap>(bootstrap_options{address(n), lists[n], {chance.next(), n + 1}, {}}, own.promise);
    own.creates = own.machine->creates();
  }

  std::size_t number(const std::string& of) const { return static_cast<std::size_t>(std::stoul(of.substr(4))); }

  void carry_out(std::size_t n) {
    auto& own = nodes[n];
    if (!own.machine) return;
    for (auto& e : own.machine->take_effects()) {
      if (chance.chance(faults)) { // it dies before or after this effect
        if (chance.chance(500)) act(n, e);
        own.machine.reset();
        break;
      }
      act(n, e);
      if (!own.machine) break;
    }
  }

  void act(std::size_t n, bootstrap_effect& e) {
    auto& own = nodes[n];
    if (const auto* const ask = std::get_if<ask_effect>(&e)) {
      admit_question q;
      q.promise = ask->promise;
      q.expect = static_cast<std::uint32_t>(lists[n].size());
      send({n, number(ask->address), q});
    } else if (const auto* const promise = std::get_if<promise_effect>(&e)) {
      own.promise = promise->cluster;
      own.machine->promised();
    } else if (const auto* const answer = std::get_if<answer_effect>(&e)) {
      send({n, answer->question, answer->answer});
    } else if (const auto* const create = std::get_if<create_effect>(&e)) {
      own.member = create->cluster;
      created.insert(create->cluster);
      own.machine.reset();
    } else if (const auto* const join = std::get_if<join_effect>(&e)) {
      // Let in at once, or not at all.
      const auto& other = nodes.at(number(join->address));
      if (other.member != join->cluster || chance.chance(faults)) return;
      own.member = join->cluster;
      own.machine.reset();
    }
  }

  void send(letter l) {
    if (chance.chance(faults)) return;
    letters.push_back(l);
    if (chance.chance(faults)) letters.push_back(std::move(l));
  }

  void turn() {
    now = now + duration{100};
    for (std::size_t n = 0; n < nodes.size(); ++n) {
      if (chance.chance(faults)) nodes[n].machine.reset();
      if (!nodes[n].machine) start(n);
      if (nodes[n].machine) nodes[n].machine->tick(now);
      carry_out(n);
    }
    for (auto left = letters.size(); left-- > 0;) {
      const auto at = chance.below(letters.size());
      const auto l = letters[at];
      letters.erase(letters.begin() + static_cast<std::ptrdiff_t>(at));
      deliver(l);
    }
  }

  void deliver(const letter& l) {
    auto& own = nodes[l.to];
    if (const auto* const q = std::get_if<admit_question>(&l.what)) {
      if (own.member) {
        admit_answer a;
        a.is = standing::member;
        a.cluster = own.member;
        return send({l.to, l.from, a});
      }
      if (own.machine) own.machine->asked(l.from, *q);
    } else if (own.machine) {
      own.machine->answered(address(l.from), std::get<admit_answer>(l.what));
    }
    carry_out(l.to);
  }

  bool formed() const {
    return std::all_of(nodes.begin(), nodes.end(), [](const node& n) { return n.member.has_value(); });
  }

  burrow::random chance;
  std::vector<std::vector<std::string>> lists;
  std::uint64_t faults = 100;
  std::vector<node> nodes;
  std::deque<letter> letters;
  std::set<hash128> created;
  instant now{1000};
};

std::vector<std::vector<std::string>> all_alike(std::size_t count) {
  std::vector<std::string> list;
  for (std::size_t n = 0; n < count; ++n) list.push_back(address(n));
  return std::vector<std::vector<std::string>>(count, list);
}

} // namespace

TEST_CASE("bootstrap: N nodes form one cluster, with loss, repeats and restarts at any point") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    INFO("seed ", seed);
    forming f(seed, all_alike(1 + seed % 7));
    for (int n = 0; n < 100; ++n) f.turn();
    CHECK(f.created.size() <= 1);
    f.faults = 0;
    for (int n = 0; n < 100 && !f.formed(); ++n) f.turn();
    CHECK(f.formed());
    CHECK(f.created.size() == 1);
  }
}

TEST_CASE("bootstrap: lists that differ and share a node never make two clusters of it") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    INFO("seed ", seed);
    const std::vector<std::string> low{address(0), address(2), address(3)}, high{address(1), address(2), address(3)};
    forming f(seed, {low, high, seed % 2 == 0 ? low : high, seed % 3 == 0 ? low : high});
    for (int n = 0; n < 200; ++n) f.turn();
    CHECK(f.created.size() <= 1);
  }
}

TEST_CASE("bootstrap: nothing is created before the last one has promised") {
  bootstrap first({address(0), {address(0), address(1), address(2)}, {7, 7}, {}}, std::nullopt);
  const auto heard = [&](std::size_t n, standing is, std::optional<hash128> cluster, std::uint32_t expect = 3) {
    admit_answer a;
    a.is = is;
    a.cluster = cluster;
    a.expect = expect;
    first.answered(address(n), a);
  };
  first.tick({1000});
  CHECK(first.take_effects().size() == 2);
  heard(1, standing::empty, {});
  CHECK(first.take_effects().empty());
  heard(2, standing::empty, {});
  auto effects = first.take_effects();
  REQUIRE(effects.size() == 1);
  CHECK(std::get<promise_effect>(effects[0]).cluster == hash128{7, 7});
  first.promised();
  first.tick({1100});
  effects = first.take_effects();
  REQUIRE(effects.size() == 2);
  CHECK(std::get<ask_effect>(effects[0]).promise == hash128{7, 7});
  heard(1, standing::promised, hash128{7, 7});
  CHECK(first.take_effects().empty());
  CHECK(first.waiting_for() == address(2) + " is empty and has promised nothing yet");
  heard(2, standing::promised, hash128{7, 7}, 5);
  CHECK(first.take_effects().empty());
  CHECK(first.waiting_for() == address(2) + " expects 5 nodes, this one 3");
  heard(2, standing::promised, hash128{8, 8});
  CHECK(first.take_effects().empty());
  heard(2, standing::promised, hash128{7, 7});
  effects = first.take_effects();
  REQUIRE(effects.size() == 1);
  CHECK(std::get<create_effect>(effects[0]).cluster == hash128{7, 7});
}

TEST_CASE("bootstrap: a wiped creator joins the cluster it made, or goes on with the id it had") {
  bootstrap again({address(0), {address(0), address(1), address(2)}, {9, 9}, {}}, std::nullopt);
  admit_answer promised, empty, member;
  promised.is = standing::promised;
  promised.cluster = hash128{7, 7};
  member.is = standing::member;
  member.cluster = hash128{7, 7};
  again.answered(address(1), promised);
  again.answered(address(2), empty);
  auto effects = again.take_effects();
  REQUIRE(effects.size() == 1);
  CHECK(std::get<promise_effect>(effects[0]).cluster == hash128{7, 7});
  again.promised();
  again.answered(address(1), member);
  effects = again.take_effects();
  REQUIRE(effects.size() == 1);
  CHECK(std::get<join_effect>(effects[0]).address == address(1));
}

TEST_CASE("bootstrap: a question that a member passed on is not answered with what was promised") {
  bootstrap creator({address(0), {address(0), address(1)}, {9, 9}, {}}, hash128{7, 7});
  admit_question q;
  q.passed = true;
  creator.asked(1, q);
  const auto effects = creator.take_effects();
  REQUIRE(effects.size() == 1);
  const auto& answer = std::get<placement::answer_effect>(effects[0]).answer;
  CHECK(answer.is == standing::empty);
  CHECK_FALSE(answer.cluster.has_value());
}

TEST_CASE("bootstrap: no answer leaves while a promise is being written") {
  bootstrap other({address(1), {address(0), address(1)}, {9, 9}, {}}, std::nullopt);
  admit_question q;
  q.promise = hash128{7, 7};
  other.asked(1, q);
  q.promise = hash128{8, 8};
  other.asked(2, q);
  auto effects = other.take_effects();
  REQUIRE(effects.size() == 1);
  other.promised();
  effects = other.take_effects();
  REQUIRE(effects.size() == 2);
  for (const auto& e : effects) CHECK(std::get<answer_effect>(e).answer.cluster == hash128{7, 7});
}

TEST_CASE("bootstrap: settings that cannot work are refused") {
  const auto check = [](std::string self, std::vector<std::string> list, std::size_t expect) {
    return check_bootstrap({std::move(self), std::move(list), {}, {}}, expect).code();
  };
  CHECK(check("a:1", {"a:1", "b:1"}, 2) == errc::ok);
  CHECK(check("a:1", {"a:1", "b:1"}, 3) == errc::config_invalid);
  CHECK(check("c:1", {"a:1", "b:1"}, 2) == errc::config_invalid);
  CHECK(check("a:1", {"a:1", "a:1"}, 2) == errc::config_invalid);
  CHECK(check("a:1", {"a:1", "b"}, 2) == errc::config_invalid);
  CHECK(check("a:1", {}, 0) == errc::config_invalid);
  CHECK(check("a:1", std::vector<std::string>(17, "a:1"), 17) == errc::config_invalid);
}
