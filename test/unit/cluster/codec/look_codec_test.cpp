#include "cluster/codec/look_codec.hpp"

#include "cluster/codec/admin_codec.hpp"

#include <doctest/doctest.h>

namespace burrow::test {
namespace {

using namespace codec;

TEST_CASE("questions and answers come back as they were") {
  for (const look_message& m : {look_message{look_question{7, "doctor"}}, look_message{look_question{}},
                                look_message{look_answer{~std::uint64_t{0}, {-5}, {1'700'000'000'000}, "{\"a\": 1}"}},
                                look_message{look_answer{}}}) {
    const auto again = decode_look(encode_look(m));
    REQUIRE(again.ok());
    CHECK(*again == m);
  }
}

TEST_CASE("what is over a limit or no look at all is refused") {
  CHECK(decode_look(encode_look(look_question{1, std::string(look_what_max, 'x')})).ok());
  CHECK(decode_look(encode_look(look_question{1, std::string(look_what_max + 1, 'x')})).code() == errc::too_large);
  CHECK(decode_look(encode_look(look_answer{1, {}, {}, std::string(look_text_max, 'x')})).ok());
  CHECK_FALSE(decode_look(encode_look(look_answer{1, {}, {}, std::string(look_text_max + 1, 'x')})).ok());
  CHECK(decode_look(encode_look(look_answer{1, {std::int64_t{1} << 53}, {}, {}})).code() == errc::malformed);
  CHECK(decode_look(encode_look(look_answer{1, {}, {-(std::int64_t{1} << 53)}, {}})).code() == errc::malformed);
  CHECK(decode_look("").code() == errc::malformed);
  CHECK(decode_look("\xff\xff").code() == errc::malformed);
}

TEST_CASE("a program that knows no looks does not take one for an order of placement") {
  CHECK_FALSE(decode_admin(encode_look(look_question{1, "doctor"})).ok());
  CHECK_FALSE(decode_admin(encode_look(look_answer{1, {1}, {2}, "x"})).ok());
}

} // namespace
} // namespace burrow::test
