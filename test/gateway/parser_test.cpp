// The parser alone, for what a connection cannot be made to show quickly.
#include "actors/gateway/http_parser.hpp"
#include "cluster/base/limits.hpp"

#include <doctest/doctest.h>

namespace burrow::test {
namespace {

struct fixed_host final : parser_host {
  body_rule body_limit(const http_request&) override { return {rule, problem_type::body_too_large, asked}; }
  bool charge(std::size_t bytes) override { return (charged += bytes) <= room; }
  std::size_t rule = 100, room = 100, charged = 0, asked = 0;
};

struct parsing {
  fixed_host host;
  http_arena arena;
  http_request request;
  http_parser parser{host, arena, request};
  std::size_t allowed = 0;
  int asked = 0;

  /// Byte by byte, as the worst client sends it.
  void trickle(std::string_view text) {
    std::string kept;
    for (const char c : text) {
      kept.push_back(c);
      kept.erase(0, parser.feed(kept));
      if (parser.wants_limit()) ++asked, parser.allow(allowed);
      if (parser.done() || parser.refused()) return;
    }
  }
};

TEST_CASE("a request that comes byte by byte is the request") {
  parsing p;
  p.trickle("PUT /a?b=c HTTP/1.1\r\nHost: x\r\nX-One: 1\r\nContent-Length: 3\r\n\r\nabc");
  REQUIRE(p.parser.done());
  CHECK(p.request.path == "/a");
  CHECK(p.request.query == "b=c");
  CHECK(p.request.field("x-one") == "1");
  CHECK(p.request.body == "abc");
  CHECK(p.host.charged == 3);
}

TEST_CASE("a head has a bound however small the pieces are") {
  parsing p;
  std::string text = "GET / HTTP/1.1\r\nHost: x\r\n";
  for (int i = 0; i < 40; ++i) text += "X: " + std::string(1000, 'y') + "\r\n";
  p.trickle(text);
  CHECK(p.parser.refused() == problem_type::headers_too_large);
}

TEST_CASE("trailers count as fields, and are dropped") {
  parsing p;
  std::string text = "PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nEvil: 1\r\n";
  p.trickle(text + "\r\n");
  REQUIRE(p.parser.done());
  CHECK(p.request.field("evil").empty());
  parsing many;
  for (int i = 0; i < 200; ++i) text += "X: y\r\n";
  many.trickle(text + "\r\n");
  CHECK(many.parser.refused() == problem_type::headers_too_large);
}

TEST_CASE("a node that is full of bodies says so") {
  parsing p;
  p.host.room = 2;
  p.trickle("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
  CHECK(p.parser.refused() == problem_type::overloaded);
}

TEST_CASE("a chunked body over the limit is refused where it passes it") {
  parsing p;
  p.host.rule = 5;
  p.trickle("PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\naaaa\r\n4\r\naaaa\r\n0\r\n\r\n");
  CHECK(p.parser.refused() == problem_type::body_too_large);
  CHECK(p.request.body.size() <= 5);
}

TEST_CASE("a body over the limit that may be asked about is read once it is allowed, sized or chunked") {
  const std::string head = "PUT / HTTP/1.1\r\nHost: x\r\n";
  for (const std::string rest : {"Content-Length: 8\r\n\r\naaaabbbb",
                                 "Transfer-Encoding: chunked\r\n\r\n4\r\naaaa\r\n4\r\nbbbb\r\n0\r\n\r\n"}) {
    for (const bool whole : {false, true}) {
      parsing p;
      p.host.rule = 5;
      p.host.asked = 10;
      p.allowed = 8;
      std::string text = head + rest;
      if (whole) {
        for (int n = 0; n < 20 && !p.parser.done(); ++n) {
          text.erase(0, p.parser.feed(text));
          if (p.parser.wants_limit()) ++p.asked, p.parser.allow(p.allowed);
        }
      } else {
        p.trickle(text);
      }
      CHECK(p.parser.done());
      CHECK(p.request.body == "aaaabbbb");
      CHECK(p.asked == 1);
      parsing refused;
      refused.host.rule = 5;
      refused.host.asked = 10;
      refused.allowed = 7;
      refused.trickle(head + rest);
      CHECK(refused.parser.refused() == problem_type::body_too_large);
      CHECK(refused.request.body.size() <= 7);
      parsing beyond;
      beyond.host.rule = 5;
      beyond.host.asked = 7;
      beyond.allowed = 100;
      beyond.trickle(head + rest);
      CHECK(beyond.parser.refused() == problem_type::body_too_large);
    }
  }
}

TEST_CASE("nothing of a sized body is read before its limit is known, and no 100 Continue is due") {
  parsing p;
  p.host.rule = 5;
  p.host.asked = 10;
  std::string text = "PUT / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 8\r\n\r\naaaabbbb";
  text.erase(0, p.parser.feed(text));
  CHECK(p.parser.wants_limit());
  CHECK(text == "aaaabbbb");
  CHECK(p.request.body.empty());
  p.parser.allow(7);
  CHECK(p.parser.refused() == problem_type::body_too_large);
}

} // namespace
} // namespace burrow::test
