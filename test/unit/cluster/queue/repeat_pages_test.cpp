// How replies of a gateway's commands are kept: a page for each log entry.
#include "test/unit/cluster/queue/repeats_fixture.hpp"

#include <algorithm>

using namespace burrow;
using namespace burrow::queue;

TEST_CASE_FIXTURE(repeats_fixture, "what an entry answers a gateway is one page, which goes as a whole") {
  auto two = items(1), three = items(1);
  two.items[0].body = 1;
  three.items[0].body = 2;
  run({{ref, {7, 2, 0, false}, items(1)}, {ref, {8, 1, 0, false}, two}, {ref, {7, 1, 0, false}, three}});
  const auto made = last.replies;
  CHECK(kept() == 2);
  answered_below = 2;
  CHECK(again<insert_reply>(2, items(1)).items == std::get<insert_reply>(made[0]).items);
  CHECK(kept() == 2);
  CHECK(refusal(1, items(1)) == errc::session_lost); // though it is still there
  CHECK(check() == "");
  answered_below = 3;
  first<purge_reply>(3, purge{});
  CHECK(kept() == 2); // that one's, and the other gateway's
  CHECK(check() == "");
  gateway = 8;
  answered_below = 0;
  CHECK(again<insert_reply>(1, items(1)).items == std::get<insert_reply>(made[1]).items);
}

TEST_CASE_FIXTURE(repeats_fixture, "what is finished with in the same entry is never stored") {
  run({{ref, {7, 1, 0, false}, purge{}}, {ref, {7, 2, 2, false}, purge{}}, {ref, {7, 1, 2, true}, purge{}}});
  CHECK(std::get<refused_reply>(last.replies[2]).problem == errc::session_lost);
  CHECK(std::count_if(state.pairs.begin(), state.pairs.end(), [](const auto& p) {
          return p.first[0] == key::kept_family && decode_page(p.second)->size() == 1;
        }) == 1);
  CHECK(check() == "");
  run({{ref, {7, 3, 3, false}, purge{}}, {ref, {7, 3, 4, false}, purge{}}});
  CHECK(kept() == 0);
  CHECK(check() == "");
}

TEST_CASE_FIXTURE(repeats_fixture, "no reply is read to be dropped") {
  for (std::uint64_t n = 1; n <= 5; ++n) first<insert_reply>(n, items(1));
  const auto pages_missing = [&](std::uint64_t number) {
    test::map_view cold;
    cold.pairs = state.pairs;
    cold.is_cold = [] { return true; };
    // As a replica does: what is missing is loaded, until the entry goes through.
    std::size_t pages = 0;
    for (;;) {
      const auto out = apply({shard, {index + 1}, now}, {{{ref, {7, number, 5, true}, items(1)}}}, cold);
      if (out.missing.empty()) return pages;
      for (const auto& m : out.missing) pages += m.key && m.key->front() == key::kept_family ? 1 : 0;
      cold.load(out.missing);
    }
  };
  CHECK(pages_missing(6) == 0);
  CHECK(pages_missing(5) == 1);
}
