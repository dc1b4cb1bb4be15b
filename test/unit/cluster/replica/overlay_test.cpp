// The map that the machine reads, against a plain map that is changed at once.
#include "cluster/replica/state_view.hpp"

#include "cluster/base/random.hpp"
#include "cluster/storage/keys.hpp"
#include "cluster/storage/memory_store.hpp"

#include <doctest/doctest.h>

using namespace burrow;
using dice = burrow::random;

namespace {

const std::string prefix = keys::prefix({1}, {});
constexpr overlay::target where{{1}, {}};

struct bench {
  explicit bench(std::uint64_t seed) : chance(seed), store(memory_options{seed, 300, 64, 0, {1, 1}}) {
    // Pairs outside of the shard's prefix must never show.
    write_batch around;
    around.put(family::queue, keys::queue({0}, {}, "z"), "other");
    around.put(family::queue, keys::queue({1}, {1}, "a"), "other");
    REQUIRE(store.write(around).ok());
  }

  std::string any_key() {
    return std::string(1, static_cast<char>('a' + chance.below(20))) + std::string(chance.below(2), 'x');
  }

  void change() {
    queue::delta d;
    std::map<std::string, std::optional<std::string>> changes;
    for (auto n = chance.between(1, 4); n > 0; --n) {
      const auto key = any_key();
      changes[key] = chance.chance(500) ? std::optional(std::to_string(chance.below(1000))) : std::nullopt;
    }
    for (const auto& [key, value] : changes) {
      d.changes.push_back({key, value, {}});
      if (value) model[key] = *value;
      else model.erase(key);
    }
    above.add({}, std::move(d));
  }
  void write() {
    write_batch batch;
    const auto up_to = above.write_to(batch, where, {});
    if (up_to == 0) return;
    REQUIRE(store.write(batch).ok());
    above.written(up_to, {});
  }

  /// One call of a machine: looks until nothing is missing, loading in between, with changes to the store meanwhile.
  template <class Look>
  auto look(Look what) {
    loaded_set loaded;
    for (int round = 0;; ++round) {
      REQUIRE(round < 100);
      state_view view(store, above, loaded, prefix);
      auto out = what(view);
      const auto wanted = view.take_wanted();
      if (wanted.empty()) return out;
      for (const auto& item : wanted) {
        if (const auto* const key = std::get_if<std::string>(&item.what)) {
          loaded.add(item, store.get(item.where, *key, read_tier::disk).value());
        } else {
          loaded.add(item, store.scan(item.where, std::get<scan_request>(item.what), read_tier::disk).value());
        }
      }
      if (chance.chance(300)) write(); // the overlay keeps what the load may have missed
    }
  }

  /// One get and one scan against the plain map; what differs, or nothing.
  std::string difference() {
    const auto key = any_key();
    const auto got = look([&](state_view& v) { return v.get(key); });
    const auto expected = model.find(key);
    if ((got.what == queue::view::state::found) != (expected != model.end())) return "presence of " + key;
    if (expected != model.end() && got.value != expected->second) return "value of " + key;

    scan_request r;
    r.from = chance.chance(200) ? "\x02" : any_key();
    r.to = chance.chance(200) ? "zzz" : any_key();
    r.order = chance.chance(500) ? direction::ascending : direction::descending;
    r.items_max = chance.between(1, 8);
    const auto page = look([&](state_view& v) { return v.scan(r); });
    std::vector<std::pair<std::string, std::string>> all;
    if (r.from < r.to) all.assign(model.lower_bound(r.from), model.lower_bound(r.to));
    if (r.order == direction::descending) std::reverse(all.begin(), all.end());
    const bool whole = all.size() <= r.items_max;
    if (!whole) all.resize(r.items_max);
    if (!page.here || page.items != all) return "items from " + r.from + " to " + r.to;
    if (page.complete && !whole) return "complete, and is not"; // it may be modest, never wrong
    if (!page.complete && whole && all.size() < r.items_max) return "not complete, without an end in sight";
    return {};
  }

  dice chance;
  memory_store store;
  overlay above;
  std::map<std::string, std::string> model;
};

} // namespace

TEST_CASE("overlay and store together read like one map") {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    CAPTURE(seed);
    bench b(seed);
    for (int step = 0; step < 100; ++step) {
      b.change();
      if (b.chance.chance(300)) b.write();
      if (b.chance.chance(300)) b.above.retire({});
      CHECK(b.difference() == "");
    }
  }
}

TEST_CASE("a delta stays while a read that began before it was written is in use") {
  overlay above;
  queue::delta d;
  d.changes.push_back({"key", "new", {}});
  above.add({}, d);
  write_batch batch;
  const auto number = above.write_to(batch, where, {});
  above.written(number, load_id{7});
  above.retire(load_id{7});
  CHECK(above.map().count("key") == 1);
  above.retire(load_id{8});
  CHECK(above.map().empty());
  CHECK(above.bytes() == 0);
}

TEST_CASE("a delta that erases a pinned body waits, and all behind it") {
  overlay above;
  queue::delta first, second, third;
  first.changes.push_back({"a", "1", {}});
  second.bodies_erased.push_back({{5}, 2, 0, {}});
  third.changes.push_back({"a", "3", {}});
  above.add({{1}, {1}, 1, {}, {}}, first);
  above.add({{2}, {1}, 1, {}, {}}, second);
  above.add({{3}, {1}, 1, {}, {}}, third);
  write_batch batch;
  CHECK(above.write_to(batch, where, {body_key{{5}, 2}}) == 1);
  REQUIRE(batch.operations.size() == 2); // the value of its own moment, though a later delta changes it, and `applied`
  CHECK(batch.operations[0].value == "1");
  CHECK(codec::decode_applied({1}, batch.operations[1].value)->index.value == 1);
  write_batch rest;
  CHECK(above.write_to(rest, where, {}) == 3);
  CHECK(rest.operations.size() == 3);
}

TEST_CASE("of several changes of a key in one batch the last is written") {
  overlay above;
  for (const auto* const value : {"1", "2", "3"}) {
    queue::delta d;
    d.changes.push_back({"a", value, {}});
    above.add({}, d);
  }
  write_batch batch;
  CHECK(above.write_to(batch, where, {}) == 3);
  REQUIRE(batch.operations.size() == 2);
  CHECK(batch.operations[0].value == "3");
}
