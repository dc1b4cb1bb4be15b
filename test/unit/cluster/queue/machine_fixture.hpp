// A queue machine over a map, with short ways to say commands. Each run is one entry; its delta is checked and kept.
#pragma once

#include "test/support/map_view.hpp"
#include "test/support/queue_check.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

namespace burrow::test {

using namespace std::chrono_literals;

struct machine_fixture {
  map_view state;
  shard_id shard{0};
  std::uint64_t index = 0;
  instant now{1'700'000'000'000};
  queue_ref ref{"ann", "one"};
  queue::outcome last;
  std::set<body_name> bodies;

  const queue::outcome& run(std::vector<queue::command> commands) {
    last = queue::apply({shard, {++index}, now}, {commands}, state);
    REQUIRE(last.missing.empty());
    REQUIRE(last.replies.size() == commands.size());
    REQUIRE(state.accept(last.changes) == "");
    for (const auto& c : commands) {
      if (const auto* i = std::get_if<queue::insert>(&c.what))
        for (const auto& item : i->items)
          if (item.refused == errc::ok) bodies.insert({index, item.body});
      if (const auto* a = std::get_if<queue::arrive>(&c.what))
        for (const auto& item : a->items) bodies.insert({index, item.what.body.n});
    }
    for (const auto& b : last.changes.bodies_erased) REQUIRE(bodies.erase({b.index.value, b.n}) == 1);
    return last;
  }
  template <class Reply>
  Reply run_one(queue::action what) {
    run({{ref, {}, std::move(what)}});
    return std::get<Reply>(last.replies[0]);
  }
  void pass(duration d) { now = now + d; }

  static queue::insert items(std::size_t count, std::optional<duration> ttl = {}, std::optional<duration> hide = {}) {
    queue::insert what;
    for (std::size_t n = 0; n < count; ++n) {
      auto& item = what.items.emplace_back();
      item.body = static_cast<std::uint32_t>(n);
      item.body_size = 10;
      item.ttl = ttl;
      item.hide = hide;
    }
    return what;
  }
  static queue::insert named(const std::vector<std::string>& names) {
    auto what = items(names.size());
    for (std::size_t n = 0; n < names.size(); ++n) what.items[n].name = names[n];
    return what;
  }
  queue::insert_reply put(const queue::insert& what) { return run_one<queue::insert_reply>(what); }
  /// Any number of messages, in entries of 500.
  void put_many(std::size_t count, std::optional<duration> ttl = {}, std::optional<duration> hide = {}) {
    for (std::size_t n = 0; n < count; n += 500) put(items(std::min<std::size_t>(500, count - n), ttl, hide));
  }
  queue::take_reply claim(std::uint32_t limit, duration hide) {
    queue::take what;
    what.limit = limit;
    what.hide = hide;
    return run_one<queue::take_reply>(what);
  }
  queue::take_reply take_away(std::uint32_t limit) {
    queue::take what;
    what.action = queue::take_action::remove;
    what.limit = limit;
    return run_one<queue::take_reply>(what);
  }
  queue::done_reply tick() {
    run({{{}, {}, queue::clock{}}});
    return std::get<queue::done_reply>(last.replies[0]);
  }
  template <class Answer, class What>
  Answer ask(const What& what) {
    auto got = queue::ask(shard, now, {ref, what}, state);
    REQUIRE(got.missing.empty());
    return std::get<Answer>(got.result);
  }
  queue::messages_answer list(bool match_hidden = false) {
    queue::list_messages what;
    what.match_hidden = match_hidden;
    return ask<queue::messages_answer>(what);
  }
  queue::message read(const std::string& id) {
    auto got = ask<queue::message_answer>(queue::get_message{id});
    REQUIRE(got.item.has_value());
    return *got.item;
  }
  queue::queue_summary stats() { return ask<queue::stats_answer>(queue::queue_stats{}).summary; }
  std::string check() const { return check_state(state, bodies); }
};

} // namespace burrow::test
