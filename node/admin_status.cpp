// /admin/v1/status: how the node is.
#include "node/admin_api.hpp"
#include "node/admin_json.hpp"
#include "node/shard_questions.hpp"
#include "node/version.hpp"

#include "cluster/placement/safety.hpp"

#include <caf/all.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace burrow {
namespace {

using json = nlohmann::ordered_json;
constexpr std::uint32_t accounts_counted_max = 1000; ///< beyond them the backlog says that it is a lower bound

struct shard_counts {
  std::size_t leads = 0, running = 0, damaged = 0, quarantined = 0;
  std::uint64_t commands = 0, entries = 0;
  json off = json::array(), ahead = json::array();
};

shard_counts count(const node_status& known) {
  shard_counts out;
  for (const auto& shard : known.shards) {
    const auto& r = shard.replica;
    out.leads += r.leads ? 1 : 0;
    out.running += shard.running ? 1 : 0;
    out.damaged += r.damaged ? 1 : 0;
    out.quarantined += r.quarantined ? 1 : 0;
    out.commands += r.commands_applied;
    out.entries += r.entries_applied;
    if (r.damaged || r.quarantined)
      out.off.push_back({{"shard", shard.shard.value}, {"state", r.damaged ? "damaged" : "quarantined"},
                         {"why", shard.why}});
    if (r.time_ahead > duration{0})
      out.ahead.push_back({{"shard", shard.shard.value},
                           {"seconds", std::chrono::duration<double>(r.time_ahead).count()}});
  }
  return out;
}

json backlog(const usage_page& stored) {
  std::uint64_t messages = 0, bytes = 0, queues = 0;
  for (const auto& [name, u] : stored.accounts) {
    messages += u.messages;
    bytes += u.bytes;
    queues += u.queues;
  }
  return {{"messages", messages}, {"bytes", bytes}, {"queues", queues},
          {"exact", stored.exact && stored.next.empty()}};
}

std::int64_t seconds_since(std::chrono::steady_clock::time_point then) {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - then).count();
}

} // namespace

/// What may be lost, and who is there. Of a lone node: nothing, and nobody.
void admin_api::describe_cluster(json& out) {
  const auto seen = picture();
  if (!facts_.placement || !seen) {
    out["can_lose"] = "nothing";
    return;
  }
  const auto loss = placement::can_lose(seen->view);
  out["can_lose"] = seen->whole ? loss.text : "unknown: nobody leads the cluster's metadata just now";
  out["hint"] = loss.hint;
  std::set<zone_id> zones;
  std::size_t nodes = 0, up = 0, without = seen->view.map.shards.size() - seen->view.shards.size(), short_of = 0;
  for (const auto& n : seen->view.nodes) {
    if (n.state == placement::node_state::gone) continue;
    ++nodes;
    zones.insert(n.zone);
    const auto m = std::ranges::find(seen->members, n.node, &membership::member::id);
    up += m != seen->members.end() && m->state == membership::member_state::alive ? 1 : 0;
  }
  for (const auto& s : seen->view.shards) {
    const auto heard = std::ranges::count_if(s.members, [&](const placement::member_seen& m) {
      return m.heard && !m.damaged && std::ranges::find(s.config.voters, m.who) != s.config.voters.end();
    });
    short_of += static_cast<std::size_t>(heard) < s.config.voters.size() ? 1 : 0;
  }
  out["cluster"] = {{"nodes", nodes}, {"up", up}, {"zones", zones.size()}, {"epoch", seen->view.map.epoch},
                    {"shards", seen->view.map.shards.size()}, {"without_leader", seen->whole ? json(without) : json()},
                    {"short_of_replicas", seen->whole ? json(short_of) : json()}};
}

http_response admin_api::status(const job& what) {
  const auto known = ask_status(system_, supervisor_);
  if (!known)
    return no_answer(what);
  const auto shards = count(*known);
  const auto now = std::chrono::steady_clock::now();
  const double span = std::chrono::duration<double>(now - last_asked_).count();
  const auto grown = static_cast<double>(shards.commands - std::min(last_commands_, shards.commands));
  last_asked_ = now;
  last_commands_ = shards.commands;

  const auto& s = facts_.with.values;
  const auto space = facts_.store->space();
  const auto inner = facts_.store->stats();
  json out;
  out["node"] = s.node;
  out["zone"] = s.zone;
  out["node_id"] = fmt::format("{:016x}", facts_.identity.node.value);
  out["cluster_id"] = hex_id(facts_.identity.cluster);
  out["version"] = version_text;
  out["commit"] = version_commit;
  out["uptime_s"] = seconds_since(facts_.started);
  out["ready"] = known->ready;
  const bool bad = !shards.off.empty() || known->disk_stop || !known->ready;
  out["state"] = bad ? "failing" : known->disk_low || !shards.ahead.empty() ? "warn" : "ok";
  out["insecure_http"] = s.insecure_http;
  out["insecure_cluster"] = in_cluster(s) && s.cluster_certificate.empty() && s.insecure_cluster;
  describe_cluster(out);
  out["shards"] = {{"count", known->shards.size()}, {"leads", shards.leads}, {"running", shards.running},
                   {"damaged", shards.damaged}, {"quarantined", shards.quarantined}, {"out_of_service", shards.off},
                   {"time_ahead", shards.ahead}};
  out["actors"] = {{"tenants", known->tenants}, {"queues", known->queue_actors}, {"restarts", known->restarts}};
  out["traffic"] = {{"commands", shards.commands}, {"entries", shards.entries},
                    {"commands_per_s", span > 0 ? grown / span : 0}, {"over_s", span}};
  out["backlog"] = backlog(ask_usage(system_, reach(), "", accounts_counted_max));
  out["disk"] = {{"free", space.free}, {"total", space.total}, {"low", known->disk_low}, {"stop", known->disk_stop},
                 {"tables", inner.table_bytes}, {"wal", inner.wal_bytes}};
  out["last_backup"] = backup_->last();
  return json_response(200, out);
}

} // namespace burrow
