// /admin/v1/doctor: facts of this node and, in a cluster, what the others say of themselves and what the map shows.
#include "node/admin_api.hpp"
#include "node/admin_json.hpp"
#include "node/cluster_doctor.hpp"
#include "node/cluster_names.hpp"

#include <caf/all.hpp>
#include <fmt/format.h>
#include <prometheus/registry.h>

#include <algorithm>

namespace burrow {
namespace {

using namespace placement;

/// The value of a metric without labels, the sum of one with; nothing if it is not shown.
std::optional<double> metric_value(const std::vector<prometheus::MetricFamily>& all, std::string_view name) {
  for (const auto& family : all) {
    if (family.name != name) continue;
    double out = 0;
    for (const auto& m : family.metric) out += m.gauge.value + m.counter.value;
    return out;
  }
  return std::nullopt;
}

/// The counters that say that somebody was turned away, or that an actor failed.
std::vector<std::pair<std::string, double>> refusals(const std::vector<prometheus::MetricFamily>& all) {
  std::vector<std::pair<std::string, double>> out;
  for (const auto& family : all) {
    const bool wanted = family.name == "burrow_refused_total" || family.name == "burrow_http_refused_total" ||
                        family.name == "burrow_restarts_total";
    if (!wanted) continue;
    for (const auto& metric : family.metric) {
      std::string labels;
      for (const auto& l : metric.label) labels += " " + l.value;
      if (metric.counter.value > 0) out.emplace_back(family.name + labels, metric.counter.value);
    }
  }
  return out;
}

} // namespace

/// Nothing if the actors do not answer. Both threads of administration come here.
std::optional<std::vector<finding>> admin_api::own_findings() {
  const auto known = ask_status(system_, supervisor_);
  if (!known) return std::nullopt;
  auto facts = machine_facts(facts_.with.values);
  facts.running = true;
  facts.uptime_s = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - facts_.started)
                     .count();
  facts.format = facts_.identity.format;
  for (const auto& shard : known->shards) {
    if (shard.replica.damaged) facts.damaged[shard.shard.value] = shard.why;
    if (shard.replica.quarantined) facts.quarantined[shard.shard.value] = shard.why;
    facts.time_ahead_s = std::max(facts.time_ahead_s,
                                  std::chrono::duration<double>(shard.replica.time_ahead).count());
  }
  facts.unchecked = facts_.loss->pending();
  facts.stalls = facts_.store->stats().stalls;
  const auto metrics = facts_.registry->Collect();
  facts.refusals = refusals(metrics);
  const auto last = backup_->last();
  if (last.is_object()) facts.backup_unix = last.value("unix", std::int64_t{0});
  if (facts_.placement) {
    facts.member = true;
    facts.with_others = facts_.linked && !facts_.linked().empty();
    if (!facts_.with.values.cluster_certificate.empty())
      if (const auto at = metric_value(metrics, "burrow_certificate_expiry_seconds"))
        facts.certificate_until_unix = static_cast<std::int64_t>(*at);
    const auto failed = metric_value(metrics, "burrow_certificate_reload_failures_total");
    facts.certificate_reloads_failed = failed.value_or(0) > 0;
  }
  auto out = diagnose(facts);
  for (auto& one : out) one.node = facts_.with.values.node;
  return out;
}

http_response admin_api::doctor(const job& what) {
  const auto wanted = query_value(what.query, "node");
  const bool is_own = wanted == facts_.with.values.node;
  const auto nobody = [&] {
    return trouble(what, problem_type::node_not_found, fmt::format("No node is called {}.", wanted));
  };
  if (!facts_.placement && !wanted.empty() && !is_own) return nobody();
  auto own = own_findings();
  if (!own) return no_answer(what);
  if (!facts_.placement || is_own) return json_response(200, to_json(*own));
  const auto seen = picture();
  if (!seen) return no_answer(what);
  cluster_facts facts{seen->whole, seen->view, facts_.identity.node, {}, {}};
  std::vector<node_id> others;
  for (const auto node : answering(*seen))
    if (node != facts.asked) others.push_back(node);
  if (!wanted.empty()) {
    const auto* const entry = named(seen->view.nodes, wanted);
    if (entry == nullptr) return nobody();
    if (entry->node == facts.asked) return json_response(200, to_json(*own));
    others = {entry->node};
  }
  const auto answers = ask_nodes(others, "doctor");
  facts.reports.push_back({facts.asked, true, 0, 0, std::move(*own)});
  for (const auto node : others) {
    auto& report = facts.reports.emplace_back();
    report.node = node;
    const auto found = answers.find(node);
    if (found == answers.end()) continue;
    report.ahead_s = found->second.ahead_ms / 1000;
    report.within_s = found->second.within_ms / 1000;
    auto said = findings_of(nlohmann::ordered_json::parse(found->second.text, nullptr, false));
    report.answered = said.has_value();
    if (said) report.findings = std::move(*said);
  }
  if (facts_.linked)
    for (const auto node : facts_.linked()) facts.linked.insert(node);
  if (wanted.empty()) return json_response(200, to_json(diagnose_cluster(facts)));
  if (!facts.reports.back().answered)
    return trouble(what, problem_type::overloaded, fmt::format("{} did not answer.", wanted));
  return json_response(200, to_json(facts.reports.back().findings));
}

} // namespace burrow
