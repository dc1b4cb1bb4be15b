#include "node/metrics.hpp"

#include "actors/actor_metrics.hpp"
#include "actors/cluster_metrics.hpp"
#include "actors/gateway/gateway_metrics.hpp"
#include "actors/plane/metrics.hpp"
#include "node/node_metrics.hpp"

#include <prometheus/registry.h>

#include <algorithm>

namespace burrow {
namespace {

std::string kind_of(prometheus::MetricType type) {
  switch (type) {
    case prometheus::MetricType::Counter: return "counter";
    case prometheus::MetricType::Gauge: return "gauge";
    case prometheus::MetricType::Histogram: return "histogram";
    case prometheus::MetricType::Summary: return "summary";
    default: return "untyped";
  }
}

} // namespace

std::vector<metric_line> metric_lines() {
  const auto registry = std::make_shared<prometheus::Registry>();
  const actor_metrics actors(registry);
  const cluster_metrics cluster(registry);
  const gateway_metrics http(registry);
  const node_metrics node(registry);
  const plane::metrics between(registry);
  std::vector<metric_line> out;
  for (const auto& family : registry->Collect()) {
    std::string labels;
    if (!family.metric.empty())
      for (const auto& label : family.metric.front().label) labels += (labels.empty() ? "" : ", ") + label.name;
    out.push_back({family.name, kind_of(family.type), labels, family.help});
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return out;
}

} // namespace burrow
