#include "node/text.hpp"

#include <doctest/doctest.h>

#include <array>

using namespace burrow;

TEST_CASE("an exact size reads back as itself") {
  for (const std::uint64_t n : {0ULL, 1ULL, 1023ULL, 1024ULL, 1536ULL, 1ULL << 20, 3ULL << 30, (1ULL << 40) + 1})
    CHECK(parse_size(exact_size(n)) == n);
  CHECK(exact_size(64ULL << 20) == "64 MiB");
}

TEST_CASE("numbers are digits only, and do not overflow") {
  CHECK(parse_number("18446744073709551615") == 18446744073709551615ULL);
  for (const auto* bad : {"18446744073709551616", "", "-1", "+1", " 1", "1 ", "0x1", "1e3"}) CHECK(!parse_number(bad));
  CHECK(!parse_size("99999999999999 TiB"));
}

TEST_CASE("a nearest name is offered only if it is near") {
  const std::array<std::string, 3> names{"status", "version", "bench"};
  CHECK(nearest("statsu", names) == "status");
  CHECK(nearest("verson", names) == "version");
  CHECK(!nearest("quarterly-report", names));
}

TEST_CASE("a table has one line a row and no trailing spaces") {
  CHECK(table_text({"NAME", "N"}, {{"a", "1"}, {"long", "20"}}, true) == "NAME   N\na      1\nlong  20\n");
  CHECK(table_text({"NAME", "N"}, {{"a", "1"}}, false) == "a  1\n");
}

TEST_CASE("what a client stored is harmless on a terminal") {
  CHECK(one_line("a\x1b[31mb\nc", 20) == "a.[31mb.c");
  CHECK(one_line("abcdef", 3) == "abc...");
}

TEST_CASE("names are encoded as one segment of a path") {
  CHECK(url_segment("a/b c?") == "a%2Fb%20c%3F");
  CHECK(url_segment("\xc3\xa4~-._") == "%C3%A4~-._");
}
