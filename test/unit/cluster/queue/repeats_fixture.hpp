// Sends numbered commands to the queue machine.
#pragma once

#include "cluster/queue/repeats.hpp"
#include "test/unit/cluster/queue/machine_fixture.hpp"

#include <algorithm>
#include <chrono>

namespace burrow::queue {

struct repeats_fixture : test::machine_fixture {
  std::uint64_t gateway = 7;
  std::uint64_t answered_below = 0;

  reply send(std::uint64_t number, action what, bool again = false) {
    run({{ref, {gateway, number, answered_below, again}, std::move(what)}});
    return last.replies[0];
  }
  template <class Reply>
  Reply first(std::uint64_t number, action what) {
    const auto r = send(number, std::move(what));
    REQUIRE(std::holds_alternative<Reply>(r));
    CHECK(last.repeated.empty());
    return std::get<Reply>(r);
  }
  template <class Reply>
  Reply again(std::uint64_t number, action what) {
    const auto r = send(number, std::move(what), true);
    REQUIRE(std::holds_alternative<Reply>(r));
    CHECK(last.repeated.size() == 1);
    return std::get<Reply>(r);
  }
  errc refusal(std::uint64_t number, action what, bool sent_before = true) {
    const auto r = send(number, std::move(what), sent_before);
    REQUIRE(std::holds_alternative<refused_reply>(r));
    return std::get<refused_reply>(r).problem;
  }
  std::size_t kept(char family = key::kept_family) const {
    return static_cast<std::size_t>(std::count_if(state.pairs.begin(), state.pairs.end(),
                                                  [&](const auto& p) { return p.first[0] == family; }));
  }
  static take claiming(std::uint32_t limit = 1, duration hide = std::chrono::seconds(60)) {
    take what;
    what.limit = limit;
    what.hide = hide;
    return what;
  }
};

} // namespace burrow::queue
