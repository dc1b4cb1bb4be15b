#include "node/shard_questions.hpp"

#include "actors/shard_calls.hpp"

#include <caf/all.hpp>

namespace burrow {
namespace {

using namespace std::chrono_literals;
constexpr auto answer_time = 5s;

/// One question to each shard; `take` hears every good answer. False if one did not answer, or not well.
template <class Take>
bool ask_shards(caf::actor_system& system, const shard_reach& shards, const queue::query& what, Take take) {
  caf::scoped_actor self(system);
  const auto count = shards.shards.size();
  for (std::size_t i = 0; i < count; ++i) {
    shard_work work;
    work.questions.push_back({cookie{i}, what, false});
    work.from = caf::actor_cast<caf::actor>(self);
    if (shards.router) self->send(shards.router, routed_work{{static_cast<std::uint16_t>(i)}, std::move(work)});
    else self->send(shards.shards[i], std::move(work));
  }
  std::size_t answered = 0;
  bool good = true, late = false;
  while (answered < count && !late) {
    self->receive(
      [&](shard_results& results) {
        for (const auto& one : results.answers) {
          ++answered;
          const auto* tenants = one.outcome ? std::get_if<queue::tenants_answer>(&*one.outcome) : nullptr;
          if (tenants) take(*tenants);
          else good = false;
        }
      },
      caf::after(answer_time) >> [&] { late = true; });
  }
  return good && !late;
}

void add(usage_page& to, const queue::tenant_summary& t) {
  auto& sum = to.accounts[t.name];
  sum.queues += t.queues;
  sum.messages += t.messages;
  sum.bytes += t.bytes;
}

} // namespace

std::optional<node_status> ask_status(caf::actor_system& system, const caf::actor& supervisor) {
  caf::scoped_actor self(system);
  std::optional<node_status> out;
  self->send(supervisor, get_status{caf::actor_cast<caf::actor>(self)});
  self->receive([&](node_status& status) { out = std::move(status); }, caf::after(answer_time) >> [] {});
  return out;
}

usage_page ask_usage(caf::actor_system& system, const shard_reach& shards, const std::string& after,
                     std::uint32_t limit) {
  queue::list_tenants all;
  all.after = after;
  all.limit = limit;
  usage_page out;
  std::optional<std::string> end; // beyond it a shard may have more that it has not told
  out.exact = ask_shards(system, shards, {{}, all}, [&](const queue::tenants_answer& a) {
    for (const auto& t : a.items) add(out, t);
    if (a.more && !a.items.empty() && (!end || a.items.back().name < *end)) end = a.items.back().name;
  });
  if (end) out.accounts.erase(out.accounts.upper_bound(*end), out.accounts.end());
  if (out.accounts.size() > limit) {
    out.accounts.erase(std::next(out.accounts.begin(), limit), out.accounts.end());
    end = out.accounts.rbegin()->first;
  }
  out.next = end.value_or("");
  return out;
}

usage_page ask_usage_of(caf::actor_system& system, const shard_reach& shards, const std::string& account) {
  usage_page out;
  out.exact = ask_shards(system, shards, {{account, {}}, queue::tenant_total{account}},
                         [&](const queue::tenants_answer& a) {
                           for (const auto& t : a.items) add(out, t);
                         });
  return out;
}

} // namespace burrow
