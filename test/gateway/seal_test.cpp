// Receipts, cursors and names: what clients must not be able to make.
#include "actors/gateway/names.hpp"
#include "actors/gateway/seal.hpp"

#include <doctest/doctest.h>

namespace burrow::test {
namespace {

const queue_ref mine{"shop", "orders"};
const receipt sample{claim_id{77}, 3, burrow::place{123456}};

std::vector<seal_key> keys(std::initializer_list<std::uint32_t> numbers) {
  std::vector<seal_key> out;
  for (const auto n : numbers) out.push_back({n, std::string(32, static_cast<char>('a' + n))});
  return out;
}

TEST_CASE("a receipt opens where it was made, and says what it said") {
  const sealer seals{keys({1})};
  const auto text = seals.seal(mine, sample);
  CHECK(text.starts_with("r1."));
  CHECK(text.size() <= 128);
  CHECK(text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") ==
      std::string::npos);
  CHECK(seals.open_receipt(mine, text) == sample);
  CHECK(seals.open_receipt(mine, seals.seal(mine, {claim_id{UINT64_MAX}, UINT32_MAX,
      burrow::place{UINT64_MAX}})).has_value());
}

TEST_CASE("one changed, added or missing character spoils a receipt") {
  const sealer seals{keys({1})};
  const auto text = seals.seal(mine, sample);
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (const char c : {'A', 'B', 'a', '0', '.', '-'}) {
      if (text[i] == c) continue;
      auto changed = text;
      changed[i] = c;
      CAPTURE(changed);
      CHECK_FALSE(seals.open_receipt(mine, changed).has_value());
    }
    CHECK_FALSE(seals.open_receipt(mine, text.substr(0, i)).has_value());
  }
  CHECK_FALSE(seals.open_receipt(mine, text + "A").has_value());
}

TEST_CASE("another queue's or tenant's receipt is invalid") {
  const sealer seals{keys({1})};
  const auto text = seals.seal(mine, sample);
  CHECK_FALSE(seals.open_receipt({"shop", "other"}, text).has_value());
  CHECK_FALSE(seals.open_receipt({"other", "orders"}, text).has_value());
  CHECK_FALSE(seals.open_receipt({"shopo", "rders"}, text).has_value());
}

TEST_CASE("a cursor is no receipt, nor the other way round") {
  const sealer seals{keys({1})};
  const auto cursor = seals.seal(mine, place_cursor{burrow::place{9}, true});
  CHECK(seals.open_cursor(mine, cursor) == place_cursor{burrow::place{9}, true});
  CHECK_FALSE(seals.open_receipt(mine, "r" + cursor.substr(1)).has_value());
  CHECK_FALSE(seals.open_cursor(mine, "c" + seals.seal(mine, sample).substr(1)).has_value());
  CHECK(seals.open_name("shop", seals.seal_name("shop", "last")) == "last");
  CHECK_FALSE(seals.open_name("other", seals.seal_name("shop", "last")).has_value());
  CHECK_FALSE(seals.open_name("shop", cursor).has_value());
}

TEST_CASE("what an older key sealed stays good until that key is dropped") {
  const sealer before{keys({1})}, rotated{keys({1, 2})}, after{keys({2})};
  const auto old = before.seal(mine, sample);
  CHECK(rotated.open_receipt(mine, old) == sample);
  CHECK_FALSE(after.open_receipt(mine, old).has_value());
  CHECK(after.open_receipt(mine, rotated.seal(mine, sample)) == sample);
}

TEST_CASE("names follow section 2.2") {
  for (const char* good : {"a", "é", "a b", "%", "...", "a~", "-"}) CHECK(name_problem(good).empty());
  CHECK(name_problem(std::string(255, 'x')).empty());
  using namespace std::string_literals;
  for (const auto& bad : {""s, "."s, ".."s, "~"s, "~a"s, "a/b"s, "a\0"s, "a\x1F"s, "\x7F"s, "\xFF"s, std::string(256,
      'x')}) {
    CAPTURE(bad);
    CHECK_FALSE(name_problem(bad).empty());
  }
}

TEST_CASE("percent-decoding is strict") {
  CHECK(percent_decoded("a%20%C3%A9%25") == "a é%");
  CHECK(percent_decoded("a+b") == "a+b");
  CHECK(percent_decoded("a+b", true) == "a b");
  for (const char* bad : {"%", "%1", "%zz", "a%4", "%G0"}) CHECK_FALSE(percent_decoded(bad).has_value());
  std::string out;
  percent_append(out, "a é%/");
  CHECK(percent_decoded(out) == "a é%/");
}

} // namespace
} // namespace burrow::test
