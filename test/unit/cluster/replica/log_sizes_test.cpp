#include "cluster/replica/log_sizes.hpp"

#include <doctest/doctest.h>

using namespace burrow;

TEST_CASE("a log is cut where what is left fits, to within a block") {
  log_sizes sizes;
  for (std::uint64_t i = 1; i <= 640; ++i) sizes.add({i}, 10);
  CHECK(sizes.bytes() == 6400);
  CHECK(sizes.first_within(6400).value == 0);
  CHECK(sizes.first_within(6399).value == 65);
  CHECK(sizes.first_within(1280).value == 513);
  CHECK(sizes.first_within(0).value == 577); // never all of it
  sizes.cut({130});
  CHECK(sizes.bytes() == 6400 - 1280);
  sizes.truncate({577});
  CHECK(sizes.bytes() == 6400 - 1280 - 640);
  sizes.clear();
  CHECK(sizes.first_within(0).value == 0);
}
