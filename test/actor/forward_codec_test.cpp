// What nodes ask each other survives the wire, and nothing that is over a bound or disagrees with itself is let in.
#include "actors/forward_codec.hpp"

#include "cluster/base/limits.hpp"
#include "test/support/forward_values.hpp"
#include "test/support/queue_generator.hpp"

#include <doctest/doctest.h>

using namespace burrow;
using namespace burrow::test;

namespace {

struct frames {
  burrow::random chance;
  queue_model model;
  queue_generator commands{chance, model};
  explicit frames(std::uint64_t seed) : chance(seed) {}

  ask_head head() {
    return {static_cast<std::uint32_t>(chance.between(1, 0xFFFFFFFF)), chance.next(),
            {static_cast<std::uint16_t>(chance.below(200))}, static_cast<unsigned>(chance.between(1, 2)),
            duration{static_cast<std::int64_t>(chance.below(150'000))}};
  }
  /// As many as a command may index.
  std::vector<shared_bytes> bodies() {
    std::vector<shared_bytes> out;
    for (int i = 0; i < 32; ++i) out.emplace_back(some_bytes(chance, 40));
    return out;
  }
  queue::command command() {
    commands.begin_entry();
    return commands.next();
  }
  /// Nothing if the command is none of a client's.
  std::optional<operation> an_operation() {
    operation out;
    bool fits = false;
    const auto adopt = [&]<class T>(const T& what) {
      if constexpr (std::is_constructible_v<operation_body, const T&> && !std::is_same_v<T, queue::list_queues> &&
                    !std::is_same_v<T, queue::list_tenants>) {
        out.what = what;
        fits = true;
      }
    };
    if (chance.chance(600)) {
      const auto c = command();
      out.queue = c.queue;
      std::visit(adopt, c.what);
    } else {
      const auto q = some_query(chance);
      out.queue = q.queue;
      std::visit(adopt, q.what);
    }
    out.bodies = bodies();
    out.want_bodies = chance.chance(500);
    out.wait = duration{static_cast<std::int64_t>(chance.below(120'000))};
    out.in_steps = chance.chance(300);
    out.steps_limit = chance.below(5000);
    if (chance.chance(300)) out.known_revisions = {chance.next(), 7};
    if (chance.chance(300)) out.seat = std::make_shared<budget_share>();
    return fits ? std::optional(out) : std::nullopt;
  }
  std::string ask() {
    switch (chance.below(8)) {
    case 0: return encode_ask(head(), asked_withdraw{});
    case 1: return encode_ask(head(), proposal{{}, command(), bodies(), chance.chance(500)});
    case 2: case 3: return encode_ask(head(), question{{}, some_query(chance), chance.chance(500)});
    default: const auto made = an_operation(); return made ? encode_ask(head(), *made) : ask();
    }
  }
  std::string tell() {
    const auto port = static_cast<std::uint32_t>(chance.between(1, 0xFFFFFFFF));
    const told_head head{port, chance.next(), {chance.next()}, "z"};
    const bool fails = chance.chance(200);
    const error why{errc::busy, "too much"};
    switch (chance.below(3)) {
    case 0: {
      reply_effect out{{}, some_reply(chance), some_bodies(chance, 3)};
      if (fails) out.outcome = why;
      return encode_told(head, out);
    }
    case 1: {
      answer_effect out{{}, some_answer(chance), some_bodies(chance, 3)};
      if (fails) out.outcome = why;
      return encode_told(head, out);
    }
    default: {
      operation_result out{why, some_bodies(chance, 3), chance.below(9)};
      const auto adopt = [&]<class T>(T what) {
        if constexpr (std::is_constructible_v<decltype(out.what), T>) out.what = std::move(what);
      };
      if (!fails && chance.chance(500)) std::visit(adopt, some_reply(chance));
      else if (!fails) std::visit(adopt, some_answer(chance));
      if (chance.chance(300)) out.claimed_before.push_back({{7}, {{1}, {2}}, "key", 2});
      out.step = static_cast<std::uint32_t>(chance.below(4));
      return encode_told(head, out);
    }
    }
  }
};

std::string encode_again(const asked& a) {
  return std::visit(
    [&]<class T>(const T& what) {
      if constexpr (std::is_same_v<T, std::shared_ptr<operation>>) return encode_ask(a.head, *what);
      else return encode_ask(a.head, what);
    },
    a.what);
}
std::string encode_again(const told& t) {
  return std::visit(
    [&]<class T>(const T& what) {
      if constexpr (std::is_same_v<T, std::shared_ptr<operation_result>>) return encode_told(t.head, *what);
      else return encode_told(t.head, what);
    },
    t.what);
}

errc refused(const operation& what) {
  const auto got = decode_ask(encode_ask({1, 2, {3}, 1, duration{1000}}, what));
  return got ? errc::ok : got.code();
}

} // namespace

TEST_CASE("random questions and outcomes of every kind survive the wire") {
  frames f(4711);
  std::array<std::size_t, 4> kinds{};
  for (int i = 0; i < 4000; ++i) {
    const auto bytes = f.ask();
    CHECK_FALSE(port_told(bytes));
    const auto got = decode_ask(bytes);
    REQUIRE_MESSAGE(got.ok(), "question " << i << ": " << got.error().context);
    CHECK(encode_again(*got) == bytes);
    CHECK(asked_by(bytes) == got->head);
    ++kinds[got->what.index()];
    const auto answer = f.tell();
    const auto told = decode_told(answer);
    REQUIRE_MESSAGE(told.ok(), "outcome " << i << ": " << told.error().context);
    CHECK(encode_again(*told) == answer);
    CHECK(port_told(answer) == told->head.port);
    CHECK_FALSE(decode_ask(answer).ok());
    CHECK_FALSE(decode_told(bytes).ok());
  }
  for (const auto n : kinds) CHECK(n > 300);
}

TEST_CASE("a cut or changed frame is refused or is another sound one, and nothing crashes") {
  frames f(7);
  for (int i = 0; i < 4000; ++i) {
    auto bytes = f.chance.chance(500) ? f.ask() : f.tell();
    for (auto n = f.chance.between(1, 3); n > 0 && !bytes.empty(); --n) {
      if (f.chance.chance(300)) bytes.resize(f.chance.below(bytes.size()));
      else bytes[f.chance.below(bytes.size())] = static_cast<char>(f.chance.next());
    }
    (void)port_told(bytes);
    if (const auto got = decode_ask(bytes)) CHECK(decode_ask(encode_again(*got)).ok());
    if (const auto got = decode_told(bytes)) CHECK(decode_told(encode_again(*got)).ok());
  }
}

TEST_CASE("an operation that is over a bound or names no body of its own is refused") {
  operation put;
  put.queue = {"acme", "jobs"};
  queue::insert insert;
  insert.items.resize(1);
  put.what = insert;
  put.bodies.emplace_back(std::string("x"));
  CHECK(refused(put) == errc::ok);
  insert.items[0].body = 1;
  put.what = insert;
  CHECK(refused(put) == errc::malformed);
  insert.items[0].body = 0;
  insert.items[0].name = std::string(256, 'n');
  put.what = insert;
  CHECK(refused(put) == errc::malformed);
  queue::list_messages list;
  list.limit = 1001;
  put.what = list;
  CHECK(refused(put) == errc::malformed);
  put.what = queue::list_messages{};
  put.wait = limits::http_wait_max + duration{1};
  CHECK(refused(put) == errc::malformed);
  put.wait = duration{0};
  put.queue.queue.clear();
  CHECK(refused(put) == errc::malformed);
}

TEST_CASE("what clients may not ask for is refused as an operation, and not as a proposal") {
  const ask_head head{1, 2, {3}, 1, duration{1000}};
  const proposal registry{{}, {{}, {}, queue::registry_put{"key", "value", false}}, {}, false};
  CHECK(decode_ask(encode_ask(head, registry)).ok());
  // As an operation: the same command under another field number.
  auto bytes = encode_ask(head, registry);
  const auto at = bytes.find("\x8a\x01"); // proposal = 17
  REQUIRE(at != std::string::npos);
  bytes[at] = '\x82'; // operation = 16
  CHECK(decode_ask(bytes).code() == errc::malformed);
}

TEST_CASE("an outcome that no frame can hold is told as too large") {
  const told_head head{1, 2, {3}, "z"};
  operation_result result;
  result.what = queue::purge_reply{1};
  result.bodies.emplace_back(std::string(limits::body_bytes_max, 'x'));
  CHECK(decode_told(encode_told(head, result)).ok());
  result.bodies.emplace_back(std::string(limits::body_bytes_max, 'x'));
  const auto got = decode_told(encode_told(head, result));
  REQUIRE(got.ok());
  const auto& what = *std::get<std::shared_ptr<operation_result>>(got->what);
  REQUIRE(what.failed() != nullptr);
  CHECK(what.failed()->code == errc::too_large);
}

TEST_CASE("a code of a later version is refused: nobody could say whether anything was done") {
  const told_head head{1, 2, {3}, "z"};
  const reply_effect later{{}, error{static_cast<errc>(900)}, {}};
  CHECK(decode_told(encode_told(head, later)).code() == errc::malformed);
  const reply_effect fine{{}, error{errc::ok}, {}};
  CHECK(decode_told(encode_told(head, fine)).code() == errc::malformed);
}
