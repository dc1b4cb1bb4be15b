// One node asks others how they are, and learns by the way how far their clocks are from its own.
#include "actors/look_desk.hpp"
#include "test/support/actor_world.hpp"

#include <doctest/doctest.h>

using namespace burrow;
using burrow::test::actor_world;
using namespace std::chrono_literals;

namespace {

/// Two desks; what one sends reaches the other, unless it gets lost. The second node's wall clock is off.
struct desks {
  actor_world w{{.tree = false}};
  std::shared_ptr<look_source> here = std::make_shared<look_source>(), there = std::make_shared<look_source>();
  duration skew{0};
  bool lost = false;
  std::vector<control_order_said> passed_on;
  std::vector<node_shown> shown;
  std::vector<std::string> asked;
  std::vector<look_source::answer> owed;
  caf::actor one, two, placement, asker;

  desks() {
    placement = w.probe([this](control_order_said m) { passed_on.push_back(std::move(m)); });
    asker = w.probe([this](node_shown m) { shown.push_back(std::move(m)); });
    one = desk({1}, &two, here, [this] { return w.now(); });
    two = desk({2}, &one, there, [this] {
      auto now = w.now();
      now.wall = now.wall + skew;
      return now;
    });
    there->hand_to([this](std::string what, look_source::answer to) {
      asked.push_back(std::move(what));
      owed.push_back(std::move(to));
    });
  }
  caf::actor desk(node_id self, const caf::actor* other, std::shared_ptr<look_source> source, clock_source clock) {
    look_desk_options o;
    o.send = [this, self, other](node_id, std::string bytes) {
      if (!lost) caf::anon_send(*other, control_order_said{self, look_order_kind, std::move(bytes)});
    };
    o.source = std::move(source);
    o.orders = placement;
    o.clock = std::move(clock);
    auto made = spawn_look_desk(w.system(), std::move(o));
    w.keep(made);
    return made;
  }
  void ask(const std::string& what) {
    caf::anon_send(one, look_at_nodes{{node_id{2}}, what, asker});
    w.settle();
  }
  void pay(const std::string& text) {
    for (auto& to : std::exchange(owed, {})) to(text);
    w.settle();
  }
};

} // namespace

TEST_CASE("an answer comes back, and what it took to make does not count for the clocks") {
  desks f;
  f.skew = 700ms;
  f.ask("doctor");
  CHECK(f.asked == std::vector<std::string>{"doctor"});
  f.w.run(3s);
  f.pay("all is well");
  REQUIRE(f.shown.size() == 1);
  CHECK(f.shown[0].node == node_id{2});
  CHECK(f.shown[0].text == "all is well");
  CHECK(f.shown[0].ahead_ms == doctest::Approx(700));
  CHECK(f.shown[0].within_ms <= 2);
}

TEST_CASE("a clock that is behind shows as such, and a slow way as what is not known") {
  desks f;
  f.skew = -400ms;
  f.lost = true;
  f.ask("load"); // the question goes at second 0 and arrives at second 1
  f.lost = false;
  f.w.run(1s);
  caf::anon_send(f.two, control_order_said{{1}, look_order_kind, codec::encode_look(codec::look_question{1, "load"})});
  f.w.settle();
  f.pay("x");
  REQUIRE(f.shown.size() == 1);
  CHECK(f.shown[0].within_ms >= 500);
  CHECK(f.shown[0].ahead_ms - f.shown[0].within_ms <= -400);
  CHECK(f.shown[0].ahead_ms + f.shown[0].within_ms >= -400);
}

TEST_CASE("only who was asked answers, once, and only what was asked") {
  desks f;
  const auto say = [&](node_id from, std::uint64_t number) {
    caf::anon_send(f.one, control_order_said{from, look_order_kind,
                                             codec::encode_look(codec::look_answer{number, {1}, {1}, "a lie"})});
    f.w.settle();
  };
  say({2}, 1);
  f.ask("load");
  say({3}, 1);
  say({2}, 2);
  CHECK(f.shown.empty());
  f.pay("x");
  CHECK(f.shown.size() == 1);
  say({2}, 1);
  CHECK(f.shown.size() == 1);
}

TEST_CASE("a node without administration, and a text that is too long, answer with nothing") {
  desks f;
  f.there->hand_to(nullptr);
  f.ask("load");
  REQUIRE(f.shown.size() == 1);
  CHECK(f.shown[0].text.empty());
  f.there->hand_to([](std::string, const look_source::answer& to) { to(std::string(codec::look_text_max + 1, 'x')); });
  f.ask("load");
  REQUIRE(f.shown.size() == 2);
  CHECK(f.shown[1].text.empty());
}

TEST_CASE("questions beyond what can be worked on at a time are dropped") {
  desks f;
  for (int i = 0; i < 100; ++i) f.ask("load");
  CHECK(f.asked.size() == 32);
  f.pay("x");
  CHECK(f.shown.size() == 32);
  f.ask("load");
  CHECK(f.asked.size() == 33);
}

TEST_CASE("orders of other kinds go on to where they belong, and garbage goes nowhere") {
  desks f;
  caf::anon_send(f.one, control_order_said{{2}, 1, "an order"});
  caf::anon_send(f.one, control_order_said{{2}, look_order_kind, "\xff\xff"});
  f.w.settle();
  REQUIRE(f.passed_on.size() == 1);
  CHECK(f.passed_on[0].bytes == "an order");
  CHECK(f.asked.empty());
}
