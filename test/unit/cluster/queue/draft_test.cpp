#include "cluster/base/random.hpp"
#include "cluster/queue/draft.hpp"
#include "test/support/map_view.hpp"

#include <doctest/doctest.h>

using namespace burrow;
using namespace burrow::queue;

namespace {

std::optional<std::string_view> there(std::string_view value) { return value; }

} // namespace

TEST_CASE("a draft reads its own changes, the view does not") {
  test::map_view v;
  v.pairs = {{"a", "1"}, {"b", "2"}};
  draft d(v);
  d.put("a", "9", there("1"));
  d.erase("b", "2");
  d.put("c", "3", std::nullopt);
  CHECK(d.get("a") == "9");
  CHECK_FALSE(d.get("b"));
  CHECK(d.get("c") == "3");
  CHECK(v.pairs.at("a") == "1");
}

TEST_CASE("the delta has each key once, ascending, with the hash of what was there") {
  test::map_view v;
  v.pairs = {{"a", "1"}, {"b", "2"}};
  draft d(v);
  d.put("c", "3", std::nullopt);
  d.put("a", "5", there("1"));
  d.put("a", "6", there("5"));
  d.erase("b", "2");
  const auto changes = d.take();
  REQUIRE(changes.size() == 3);
  CHECK(changes[0].key == "a");
  CHECK(changes[0].value == "6");
  CHECK(changes[0].old_hash == hash_of("a", "1"));
  CHECK_FALSE(changes[1].value);
  CHECK(changes[1].old_hash == hash_of("b", "2"));
  CHECK_FALSE(changes[2].old_hash);
}

TEST_CASE("a key made and removed in one entry leaves no trace") {
  test::map_view v;
  draft d(v);
  d.put("a", "1", std::nullopt);
  d.erase("a", "1");
  CHECK_FALSE(d.get("a"));
  CHECK(d.take().empty());
}

TEST_CASE("roll back undoes everything since the mark and nothing before it") {
  test::map_view v;
  v.pairs = {{"a", "1"}, {"b", "2"}};
  draft d(v);
  d.put("a", "5", there("1"));
  d.mark();
  d.put("a", "6", there("5"));
  d.erase("b", "2");
  d.put("c", "3", std::nullopt);
  *d.own("c") += "3";
  d.roll_back();
  CHECK(d.get("a") == "5");
  CHECK(d.get("b") == "2");
  CHECK_FALSE(d.get("c"));
  CHECK(d.take().size() == 1);
}

TEST_CASE("own changes a value in place, and knows only what this entry has set") {
  test::map_view v;
  v.pairs = {{"a", "1"}};
  draft d(v);
  CHECK(d.own("a") == nullptr);
  d.put("a", "2", there("1"));
  *d.own("a") += "3";
  CHECK(d.get("a") == "23");
  d.erase("a", "23");
  CHECK(d.own("a") == nullptr);
}

TEST_CASE("a read that is not here breaks the draft and says what is missing") {
  test::map_view v;
  v.pairs = {{"a", "1"}};
  v.is_cold = [] { return true; };
  draft d(v);
  CHECK_FALSE(d.get("a"));
  CHECK_FALSE(d.ok());
  static_cast<void>(d.scan({"a", "z", direction::ascending, 3}));
  REQUIRE(d.missing().size() == 2);
  CHECK(d.missing()[0].key == "a");
  CHECK(d.missing()[1].range->to == "z");
}

TEST_CASE("scans of a draft are those of the map that its changes would make") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    burrow::random chance(seed);
    test::map_view v;
    const auto key = [&] { return std::string(1, static_cast<char>('a' + chance.below(20))); };
    for (int n = 0; n < 10; ++n) v.pairs[key()] = "old";
    auto wanted = v.pairs;
    draft d(v);
    for (int n = 0; n < 8; ++n) {
      const auto k = key();
      const auto at = wanted.find(k);
      const auto old = at == wanted.end() ? std::nullopt : std::optional<std::string>(at->second);
      if (old && chance.chance(500)) {
        d.erase(k, *old);
        wanted.erase(k);
      } else {
        d.put(k, "new" + std::to_string(n), old);
        wanted[k] = "new" + std::to_string(n);
      }
    }
    for (int n = 0; n < 10; ++n) {
      const auto order = chance.chance(500) ? direction::ascending : direction::descending;
      const scan_request r{key(), chance.chance(200) ? "" : key(), order, chance.between(1, 8)};
      test::map_view plain;
      plain.pairs = wanted;
      const auto a = d.scan(r);
      const auto b = plain.scan(r);
      CHECK_MESSAGE(a.items == b.items, "seed " << seed);
      // Complete may be said late, never early.
      if (a.complete) CHECK(b.complete);
    }
  }
}
