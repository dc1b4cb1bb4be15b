// The storage contract (cluster/storage/store.hpp), one suite for both stores.
#include "cluster/base/random.hpp"
#include "cluster/storage/memory_store.hpp"
#include "test/support/rocks_directory.hpp"

#include <doctest/doctest.h>
#include <map>

namespace burrow::test {

namespace {

struct on_rocks {
  temp_directory directory;
  std::unique_ptr<rocks_store> made = std::move(rocks_store::open(small_store(directory.path())).value());
  store& get() { return *made; }
};

struct in_memory {
  memory_store made;
  store& get() { return made; }
};

std::string value_at(const store& s, family f, std::string_view key) {
  auto found = s.get(f, key, read_tier::disk);
  REQUIRE(found.ok());
  return found->found ? found->value : "(absent)";
}

void put(store& s, family f, std::string key, std::string value) {
  write_batch batch;
  batch.put(f, std::move(key), std::move(value));
  REQUIRE(s.write(batch).ok());
}

/// Keys of a page, joined, with a dot at the end if the page is complete.
std::string keys_of(const result<scan_page>& page) {
  REQUIRE(page.ok());
  std::string keys;
  for (const auto& [key, value] : page->items) keys += key;
  return keys + (page->complete ? "." : "");
}

void put_letters(store& s, std::string_view letters) {
  for (const char c : letters) put(s, family::queue, std::string(1, c), "value of " + std::string(1, c));
}

} // namespace

#define BOTH_STORES on_rocks, in_memory

TEST_CASE_TEMPLATE("what was put is found, and what was not put is absent", Store, BOTH_STORES) {
  Store fixture;
  auto& s = fixture.get();
  put(s, family::queue, "a", "1");
  CHECK(value_at(s, family::queue, "a") == "1");
  CHECK(value_at(s, family::queue, "b") == "(absent)");
  CHECK(value_at(s, family::queue, "") == "(absent)");
}

TEST_CASE_TEMPLATE("families are apart", Store, BOTH_STORES) {
  Store fixture;
  auto& s = fixture.get();
  const family all[] = {family::raft_log, family::body, family::raft_state, family::queue};
  for (const auto f : all) put(s, f, "key", std::to_string(static_cast<int>(f)));
  for (const auto f : all) CHECK(value_at(s, f, "key") == std::to_string(static_cast<int>(f)));
}

TEST_CASE_TEMPLATE("a shared body is stored like any value", Store, BOTH_STORES) {
  Store fixture;
  auto& s = fixture.get();
  write_batch batch;
  batch.put_shared(family::body, "b", shared_bytes(std::string(100'000, 'x')));
  batch.put_shared(family::body, "empty", shared_bytes(std::string{}));
  batch.put_shared(family::body, "none", shared_bytes{});
  REQUIRE(s.write(batch).ok());
  CHECK(value_at(s, family::body, "b") == std::string(100'000, 'x'));
  CHECK(value_at(s, family::body, "empty").empty());
  CHECK(value_at(s, family::body, "none").empty());
}

TEST_CASE_TEMPLATE("keys and values hold any bytes, and keys are ordered as unsigned bytes", Store, BOTH_STORES) {
  Store fixture;
  auto& s = fixture.get();
  using namespace std::string_literals;
  for (const auto& key : {"\xff"s, "\x7f"s, "\0"s, "\0\0"s, ""s, "\x80"s}) put(s, family::queue, key, key + "\0v"s);
  const auto page = s.scan(family::queue, {.from = "", .to = "", .items_max = 10}, read_tier::disk);
  CHECK(keys_of(page) == "\0\0\0\x7f\x80\xff."s);
  CHECK(value_at(s, family::queue, "\0"s) == "\0\0v"s);
}

TEST_CASE_TEMPLATE("operations of a batch take effect in order", Store, BOTH_STORES) {
  Store fixture;
  auto& s = fixture.get();
  put(s, family::queue, "old", "0");
  write_batch batch;
  batch.put(family::queue, "a", "1");
  batch.erase(family::queue, "a");
  batch.put(family::queue, "b", "1");
  batch.put(family::queue, "b", "2");
  batch.put(family::queue, "c", "1");
  batch.erase_range(family::queue, "c", "z");
  batch.put(family::queue, "d", "after the range");
  batch.erase(family::queue, "never there");
  REQUIRE(s.write(batch).ok());
  CHECK(value_at(s, family::queue, "a") == "(absent)");
  CHECK(value_at(s, family::queue, "b") == "2");
  CHECK(value_at(s, family::queue, "c") == "(absent)");
  CHECK(value_at(s, family::queue, "d") == "after the range");
  CHECK(value_at(s, family::queue, "old") == "(absent)");
}

TEST_CASE_TEMPLATE("a range is erased up to its end, which stays", Store, BOTH_STORES) {
  Store fixture;
  auto& s = fixture.get();
  put_letters(s, "abcde");
  put(s, family::body, "c", "of another family");
  write_batch batch;
  batch.erase_range(family::queue, "b", "d");
  REQUIRE(s.write(batch).ok());
  CHECK(keys_of(s.scan(family::queue, {.from = "", .to = "", .items_max = 10}, read_tier::disk)) == "ade.");
  CHECK(value_at(s, family::body, "c") == "of another family");
}

TEST_CASE_TEMPLATE("a scan goes up from its first key and stops before its end", Store, BOTH_STORES) {
  Store fixture;
  auto& s = fixture.get();
  put_letters(s, "aceg");
  const auto scan = [&](std::string from, std::string to, std::size_t items) {
    return keys_of(s.scan(family::queue, {.from = std::move(from), .to = std::move(to), .items_max = items},
                          read_tier::disk));
  };
  CHECK(scan("", "", 10) == "aceg.");
  CHECK(scan("b", "g", 10) == "ce.");
  CHECK(scan("c", "e", 10) == "c.");
  CHECK(scan("h", "", 10) == ".");
  CHECK(scan("a", "g", 2) == "ac");
  CHECK(scan("c", "c", 10) == ".");
  CHECK(scan("g", "a", 10) == ".");
}

TEST_CASE_TEMPLATE("a scan goes down from before its end to its first key", Store, BOTH_STORES) {
  Store fixture;
  auto& s = fixture.get();
  put_letters(s, "aceg");
  const auto scan = [&](std::string from, std::string to, std::size_t items) {
    return keys_of(s.scan(family::queue,
                          {.from = std::move(from), .to = std::move(to), .order = direction::descending,
                           .items_max = items},
                          read_tier::disk));
  };
  CHECK(scan("", "", 10) == "geca.");
  CHECK(scan("b", "g", 10) == "ec.");
  CHECK(scan("b", "f", 10) == "ec.");
  CHECK(scan("", "", 1) == "g");
  CHECK(scan("c", "", 2) == "ge");
  CHECK(scan("c", "", 3) == "gec.");
  CHECK(scan("x", "", 3) == ".");
}

TEST_CASE_TEMPLATE("a page that holds the last pair of its range is complete", Store, BOTH_STORES) {
  Store fixture;
  auto& s = fixture.get();
  put_letters(s, "abc");
  CHECK(keys_of(s.scan(family::queue, {.from = "", .to = "c", .items_max = 2}, read_tier::disk)) == "ab.");
  CHECK(keys_of(s.scan(family::queue, {.from = "", .to = "d", .items_max = 2}, read_tier::disk)) == "ab");
}

TEST_CASE_TEMPLATE("a page ends by bytes, but never before its first pair", Store, BOTH_STORES) {
  Store fixture;
  auto& s = fixture.get();
  put_letters(s, "abc"); // 11 bytes a pair
  const auto scan = [&](std::size_t bytes) {
    return keys_of(s.scan(family::queue, {.from = "", .to = "", .items_max = 9, .bytes_max = bytes}, read_tier::disk));
  };
  CHECK(scan(1) == "a");
  CHECK(scan(12) == "ab");
  CHECK(scan(33) == "abc.");
}

TEST_CASE_TEMPLATE("the sequence counts every operation written", Store, BOTH_STORES) {
  Store fixture;
  auto& s = fixture.get();
  const auto before = s.sequence();
  put_letters(s, "abc");
  CHECK(s.sequence() == before + 3);
  write_batch batch;
  batch.put(family::body, "x", "");
  batch.erase(family::queue, "never there");
  batch.erase_range(family::raft_log, "a", "b");
  REQUIRE(s.write(batch).ok());
  CHECK(s.sequence() == before + 6);
  REQUIRE(s.write(write_batch{}).ok());
  REQUIRE(s.sync().ok());
  CHECK(s.sequence() == before + 6);
}

TEST_CASE_TEMPLATE("what was just written is in memory", Store, BOTH_STORES) {
  Store fixture;
  auto& s = fixture.get();
  put_letters(s, "abc");
  const auto found = s.get(family::queue, "b", read_tier::memory);
  REQUIRE(found.ok());
  CHECK(found->value == "value of b");
  CHECK(keys_of(s.scan(family::queue, {.from = "", .to = "", .items_max = 9}, read_tier::memory)) == "abc.");
}

TEST_CASE_TEMPLATE("a full disk would be seen", Store, BOTH_STORES) {
  Store fixture;
  const auto space = fixture.get().space();
  CHECK(space.free > 0);
  CHECK(space.total >= space.free);
}

TEST_CASE_TEMPLATE("random batches leave what a plain map would hold", Store, BOTH_STORES) {
  Store fixture;
  auto& s = fixture.get();
  random chance(7);
  std::map<std::string, std::string> model;
  const auto key = [&] { return "k" + std::to_string(100 + chance.below(300)); };
  for (int round = 0; round < 300; ++round) {
    write_batch batch;
    for (auto n = chance.between(1, 8); n > 0; --n) {
      const auto from = key(), to = key();
      if (chance.chance(100)) {
        batch.erase_range(family::queue, std::min(from, to), std::max(from, to));
        model.erase(model.lower_bound(std::min(from, to)), model.lower_bound(std::max(from, to)));
      } else if (chance.chance(300)) {
        batch.erase(family::queue, from);
        model.erase(from);
      } else {
        batch.put(family::queue, from, to + std::to_string(round));
        model[from] = to + std::to_string(round);
      }
    }
    REQUIRE(s.write(batch).ok());
    if (chance.chance(100)) REQUIRE(s.sync().ok());
  }
  const auto page = s.scan(family::queue, {.from = "", .to = "", .items_max = 10'000}, read_tier::disk);
  REQUIRE(page.ok());
  CHECK(page->items == std::vector<std::pair<std::string, std::string>>(model.begin(), model.end()));
}

TEST_CASE_TEMPLATE("a pinned state stays as it was, whatever is written later", Store, BOTH_STORES) {
  Store fixture;
  auto& s = fixture.get();
  put_letters(s, "abc");
  const auto pinned = s.pin();
  REQUIRE(pinned.ok());
  write_batch batch;
  batch.erase(family::queue, "a");
  batch.put(family::queue, "b", "another");
  batch.erase_range(family::queue, "c", "d");
  REQUIRE(s.write(batch).ok());
  put_letters(s, "e");
  CHECK(keys_of(s.scan(family::queue, {.from = "", .to = "", .items_max = 10}, read_tier::disk)) == "be.");
  CHECK(keys_of((*pinned)->scan(family::queue, {.from = "", .to = "", .items_max = 10})) == "abc.");
  CHECK(keys_of((*pinned)->scan(family::queue, {.from = "", .to = "", .items_max = 2})) == "ab");
  const auto found = (*pinned)->get(family::queue, "b");
  REQUIRE(found.ok());
  CHECK(found->found);
  CHECK(found->value == "value of b");
  CHECK_FALSE((*pinned)->get(family::queue, "e")->found);
}

} // namespace burrow::test
