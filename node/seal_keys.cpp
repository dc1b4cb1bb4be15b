#include "node/seal_keys.hpp"

#include "actors/shard_calls.hpp"
#include "node/data_directory.hpp"

#include <caf/all.hpp>

#include <fmt/format.h>

#include <cstdlib>

namespace burrow {
namespace {

using namespace std::chrono_literals;
constexpr std::string_view seal_prefix = "seal/";

/// In a cluster shard 0 may lead on another node.
void say(caf::blocking_actor& self, const shard_reach& shards, shard_work work) {
  if (shards.router) self.send(shards.router, routed_work{{0}, std::move(work)});
  else self.send(shards.shards.front(), std::move(work));
}

} // namespace

// `only_if_absent` settles a race.
result<std::vector<seal_key>> seal_keys(caf::actor_system& system, const shard_reach& shards) {
  caf::scoped_actor self(system);
  const auto me = caf::actor_cast<caf::actor>(self);
  for (int attempt = 0; attempt < 3; ++attempt) {
    shard_work ask;
    ask.questions.push_back({cookie{1}, {{}, queue::registry_get{std::string(seal_prefix)}}, false});
    ask.from = me;
    say(*self, shards, std::move(ask));
    std::vector<seal_key> keys;
    std::optional<error> failed{error{errc::timed_out, "shard 0 did not answer"}};
    self->receive(
      [&](const shard_results& results) {
        for (const auto& one : results.answers) {
          failed = one.outcome ? std::nullopt : std::optional(one.outcome.error());
          if (const auto* found = one.outcome ? std::get_if<queue::registry_answer>(&*one.outcome) : nullptr) {
            for (const auto& [key, value] : found->items) {
              const auto number = std::strtoul(key.c_str() + seal_prefix.size(), nullptr, 10);
              keys.push_back({static_cast<std::uint32_t>(number), value});
            }
          }
        }
      },
      caf::after(10s) >> [] {});
    if (failed && *failed == errc::unavailable)
      return error{errc::unavailable, "shard 0 is out of service, and with it the key that seals receipts; the log "
                                      "says why"};
    if (failed) return *failed;
    if (!keys.empty()) return keys;
    shard_work put;
    queue::command command;
    command.what = queue::registry_put{fmt::format("{}{:010}", seal_prefix, 1), random_bytes(32), true};
    put.proposals.push_back({cookie{2}, std::move(command), {}, false});
    put.from = me;
    say(*self, shards, std::move(put));
    self->receive([](const shard_results&) {}, caf::after(10s) >> [] {});
  }
  return error{errc::unavailable, "shard 0 does not keep the key that seals receipts"};
}

} // namespace burrow
