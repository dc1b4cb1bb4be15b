// What control planes say to each other: it survives the wire, and what nobody can have said is refused.
#include "cluster/codec/control_codec.hpp"

#include "cluster/base/limits.hpp"

#include <doctest/doctest.h>

using namespace burrow;
using namespace burrow::codec;

namespace {

errc code(const control_message& m) { return decode_control(encode_control(m)).code(); }

} // namespace

TEST_CASE("control messages of every kind survive the wire") {
  const control_hello hello{{1, 2}, {3}, "n1", 4, 1};
  const control_message all[] = {hello,
                                 control_welcome{hello},
                                 control_refused{"another cluster"},
                                 control_gossip{std::string("a\0b", 3)},
                                 control_order{7, "move"},
                                 control_credit{32}};
  for (const auto& m : all) {
    const auto got = decode_control(encode_control(m));
    REQUIRE(got.ok());
    CHECK(*got == m);
  }
}

TEST_CASE("control messages that nobody can have said are refused") {
  CHECK(code(control_hello{{1, 2}, {0}, "n1", 4, 1}) == errc::malformed);
  CHECK(code(control_hello{{1, 2}, {3}, "N 1", 4, 1}) == errc::malformed);
  CHECK(code(control_hello{{1, 2}, {3}, "n1", 0, 1}) == errc::malformed);
  CHECK(code(control_hello{{1, 2}, {3}, "n1", 4, 0}) == errc::malformed);
  CHECK(code(control_refused{"line\nbreak"}) == errc::malformed);
  CHECK(code(control_refused{std::string(201, 'x')}) == errc::malformed);
  CHECK(code(control_credit{0}) == errc::malformed);
  CHECK(code(control_credit{limits::control_credit + 1}) == errc::malformed);
  CHECK(code(control_order{1, std::string(limits::control_order_bytes_max + 1, 'x')}) == errc::malformed);
  CHECK(code(control_gossip{std::string(limits::control_message_bytes_max, 'x')}) == errc::too_large);
  CHECK(decode_control("").code() == errc::malformed);
  CHECK(decode_control("\xff\xff").code() == errc::malformed);
}
