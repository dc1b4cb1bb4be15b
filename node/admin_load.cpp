// /admin/v1/load: what the nodes are doing, as counters that whoever watches takes the differences of.
#include "node/admin_api.hpp"
#include "node/admin_json.hpp"
#include "node/cluster_names.hpp"
#include "node/node_process.hpp"

#include "cluster/placement/safety.hpp"

#include <caf/all.hpp>
#include <fmt/format.h>
#include <prometheus/registry.h>

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>

namespace burrow {
namespace {

using json = nlohmann::ordered_json;

double cpu_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

std::uint64_t resident_bytes() {
  std::FILE* const file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr) return 0;
  unsigned long all = 0, resident = 0;
  const bool good = std::fscanf(file, "%lu %lu", &all, &resident) == 2;
  std::fclose(file);
  return good ? std::uint64_t{resident} * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) : 0;
}

std::uint64_t whole(double value) { return value > 0 ? static_cast<std::uint64_t>(value) : 0; }

/// The figures that prometheus keeps for us.
void add_metrics(json& out, const std::vector<prometheus::MetricFamily>& all) {
  double requests = 0, failed = 0, connections = 0, waiters = 0, queues = 0, syncs = 0, sync_s = 0;
  json latency = json::array();
  for (const auto& family : all) {
    for (const auto& m : family.metric) {
      if (family.name == "burrow_http_requests_total") {
        requests += m.counter.value;
        for (const auto& l : m.label)
          if (l.name == "status" && l.value.starts_with('5')) failed += m.counter.value;
      }
      if (family.name == "burrow_http_connections") connections += m.gauge.value;
      if (family.name == "burrow_waiters") waiters += m.gauge.value;
      if (family.name == "burrow_queue_actors") queues += m.gauge.value;
      if (family.name == "burrow_log_sync_seconds") {
        syncs += static_cast<double>(m.histogram.sample_count);
        sync_s += m.histogram.sample_sum;
      }
      if (family.name != "burrow_http_request_seconds") continue;
      for (const auto& b : m.histogram.bucket)
        latency.push_back({std::isfinite(b.upper_bound) ? json(b.upper_bound) : json(), b.cumulative_count});
    }
  }
  out["requests"] = whole(requests);
  out["requests_failed"] = whole(failed);
  out["connections"] = whole(connections);
  out["waiters"] = whole(waiters);
  out["queues"] = whole(queues);
  out["syncs"] = whole(syncs);
  out["sync_s"] = sync_s;
  out["latency"] = std::move(latency);
}

} // namespace

/// Both threads of administration come here.
json admin_api::own_load() {
  json out{{"uptime_s", std::chrono::duration<double>(std::chrono::steady_clock::now() - facts_.started).count()}};
  json shards = json::array();
  std::size_t replicas = 0;
  if (const auto known = ask_status(system_, supervisor_)) {
    replicas = known->shards.size();
    for (const auto& s : known->shards)
      if (s.running && s.replica.leads) shards.push_back({s.shard.value, s.replica.commands_applied});
  }
  out["replicas"] = replicas;
  out["leads"] = shards.size();
  add_metrics(out, facts_.registry->Collect());
  out["cpu_s"] = cpu_seconds();
  out["resident"] = resident_bytes();
  const auto space = facts_.store->space();
  out["disk_free"] = space.free;
  out["disk_total"] = space.total;
  out["shards"] = std::move(shards);
  return out;
}

http_response admin_api::load(const job& what) {
  const auto seen = picture();
  if (!seen) return no_answer(what);
  std::vector<node_id> others = answering(*seen);
  std::erase(others, facts_.identity.node);
  const auto answers = ask_nodes(others, "load");
  json nodes = json::array();
  for (const auto& n : seen->view.nodes) {
    if (n.state == placement::node_state::gone) continue;
    json shown;
    if (n.node == facts_.identity.node) shown = own_load();
    else if (const auto found = answers.find(n.node); found != answers.end())
      shown = json::parse(found->second.text, nullptr, false);
    nodes.push_back({{"node", n.name}, {"zone", n.zone}, {"state", state_text(*seen, n)},
                     {"load", shown.is_object() ? std::move(shown) : json()}});
  }
  std::sort(nodes.begin(), nodes.end(), [](const json& a, const json& b) {
    return a["node"].get_ref<const std::string&>() < b["node"].get_ref<const std::string&>();
  });
  const auto loss = placement::can_lose(seen->view);
  const bool lone = !facts_.placement;
  return json_response(200, {{"at", at_text(read_clocks().wall)}, {"complete", seen->whole},
                             {"can_lose", !seen->whole ? "unknown" : lone ? "nothing" : loss.text},
                             {"hint", lone ? std::string{} : loss.hint}, {"nodes", std::move(nodes)}});
}

} // namespace burrow
