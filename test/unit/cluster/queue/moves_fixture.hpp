// The machine fixture with short ways to say what moves.
#pragma once

#include "cluster/queue/move_records.hpp"
#include "test/unit/cluster/queue/machine_fixture.hpp"

namespace burrow::test {

inline constexpr shard_id here{0}, far{9}; ///< `far` is another shard

struct moves_fixture : machine_fixture {
  void rule(std::uint16_t max_claims, shard_id to, bool expired = false) {
    queue::configure what;
    what.to.named = queue::bit_of(queue::setting::dead_letter);
    what.to.values.rules.dead_letter = {"dead", to, max_claims, expired, true, true, 60};
    REQUIRE(run_one<queue::settings_reply>(what).problem == errc::ok);
  }
  void no_rule() {
    queue::configure what;
    what.to.named = queue::bit_of(queue::setting::dead_letter);
    REQUIRE(run_one<queue::settings_reply>(what).problem == errc::ok);
  }
  void work_off() {
    for (int n = 0; n < 40; ++n) tick();
  }
  queue::leaving_answer leaving(std::uint32_t limit = 256) {
    queue::list_leaving what{far, {}, limit, ~std::uint64_t{0}};
    auto got = queue::ask(shard, now, {{}, what}, state);
    REQUIRE(got.missing.empty());
    return std::get<queue::leaving_answer>(got.result);
  }
  void have_left(std::size_t count) {
    queue::left what{far, {}};
    for (const auto& m : leaving(static_cast<std::uint32_t>(count)).items) what.numbers.push_back(m.number);
    run({{{}, {}, what}});
  }
  queue::arrive_reply bring(std::uint64_t number, std::uint64_t below, const std::string& name = {}) {
    queue::arrive what{far, {1, below}, {}};
    auto& item = what.items.emplace_back();
    item.number = {1, number};
    item.to = ref;
    item.what.id = message_id::make(1'600'000'000'000, far, number);
    item.what.name = name;
    item.what.body = {{}, 0, 10, {1, number}};
    item.what.claims_total = 7;
    item.what.dead_letter = {"from", far, "x", "max_claims", 3, now, 2};
    item.ttl = 30s;
    run({{{}, {}, what}});
    return std::get<queue::arrive_reply>(last.replies[0]);
  }
  queue::queue_summary stats_of(const std::string& name) {
    const auto got = queue::ask(shard, now, {{ref.tenant, name}, queue::queue_stats{}}, state);
    return std::get<queue::stats_answer>(got.result).summary;
  }
  std::vector<queue::message> list_of(const std::string& name) {
    const auto got = queue::ask(shard, now, {{ref.tenant, name}, queue::list_messages{}}, state);
    return std::get<queue::messages_answer>(got.result).items;
  }
  std::optional<queue::message> get(const std::string& id) {
    return ask<queue::message_answer>(queue::get_message{id}).item;
  }
  queue::task_reply redrive_to(const std::optional<std::string>& to, shard_id where) {
    queue::redrive what;
    what.to = to;
    what.to_shard = where;
    what.max_per_second = limits::redrive_rate_max;
    return run_one<queue::task_reply>(what);
  }
};

} // namespace burrow::test
