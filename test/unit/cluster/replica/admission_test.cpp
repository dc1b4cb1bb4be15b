#include "cluster/replica/admission.hpp"

#include <doctest/doctest.h>

using namespace burrow;

namespace {

constexpr admission_options small{16, 100'000, 8, 4, 4000, 10};

proposal of(const std::string& tenant, std::uint64_t number, std::size_t body = 0, std::size_t items = 1) {
  queue::insert what;
  what.items.resize(items);
  return {cookie{number}, {{tenant, "q"}, {}, what}, {shared_bytes(std::string(body, 'x'))}, false};
}

void add(admission& to, const std::string& tenant, std::uint64_t number, std::size_t body = 0, std::size_t items = 1) {
  auto p = of(tenant, number, body, items);
  REQUIRE(to.add(p).ok());
}

std::vector<std::uint64_t> take(admission& from) {
  std::vector<std::uint64_t> out;
  for (const auto& p : from.take_entry()) out.push_back(p.from.value);
  return out;
}

using numbers = std::vector<std::uint64_t>;

} // namespace

TEST_CASE("tenants take turns, each in its own order") {
  admission a(small);
  for (std::uint64_t n = 1; n <= 3; ++n) add(a, "flood", n);
  add(a, "quiet", 10);
  CHECK(take(a) == numbers{1, 10, 2, 3});
}

TEST_CASE("an entry ends at its count, its bytes and its work") {
  admission a(small);
  for (std::uint64_t n = 1; n <= 5; ++n) add(a, "t", n);
  CHECK(take(a) == numbers{1, 2, 3, 4});
  CHECK(take(a) == numbers{5});
  add(a, "t", 6, 3000);
  add(a, "t", 7, 3000);
  CHECK(take(a) == numbers{6});
  CHECK(take(a) == numbers{7});
}

TEST_CASE("a command larger than an entry's bounds goes alone") {
  admission a(small);
  add(a, "t", 1);
  add(a, "t", 2, 0, 50);
  add(a, "t", 3);
  CHECK(take(a) == numbers{1});
  CHECK(take(a) == numbers{2});
  CHECK(take(a) == numbers{3});
}

TEST_CASE("no tenant has more than half in flight while another waits") {
  admission a(small);
  for (std::uint64_t n = 1; n <= 8; ++n) add(a, "flood", n);
  CHECK(take(a) == numbers{1, 2, 3, 4}); // nobody else waited
  add(a, "quiet", 20);
  CHECK(take(a) == numbers{20, 5, 6, 7}); // then nobody again
  CHECK(take(a).empty());                 // all that may be in flight is
  add(a, "quiet", 21);
  for (int n = 0; n < 2; ++n) a.done("flood");
  CHECK(take(a) == numbers{21, 8});
  CHECK(a.in_flight() == 8);
}

TEST_CASE("a flood of one tenant leaves room for another's proposal") {
  admission a(small);
  for (std::uint64_t n = 1; n <= 8; ++n) add(a, "flood", n);
  auto more = of("flood", 9);
  CHECK(a.add(more).code() == errc::busy);
  add(a, "quiet", 10);
}

TEST_CASE("what waits is bounded in bytes, but one of any size may wait") {
  admission a(small);
  add(a, "t", 1, 200'000);
  auto more = of("t", 2);
  CHECK(a.add(more).code() == errc::busy);
  CHECK(take(a) == numbers{1});
  CHECK(a.waiting_bytes() == 0);
}

TEST_CASE("giving up returns everything that waits, and nothing in flight") {
  admission a(small);
  for (std::uint64_t n = 1; n <= 5; ++n) add(a, n % 2 ? "a" : "b", n);
  (void)a.take_entry();
  CHECK(a.drop_all().size() == 1);
  CHECK(a.waiting() == 0);
  CHECK(a.in_flight() == 4);
}
