#include "actors/cluster_metrics.hpp"

#include "actors/metric_table.hpp"
#include "cluster/base/assert.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include <algorithm>
#include <string>

namespace burrow {
namespace {

template <class Builder>
auto& family_of(Builder builder, std::string_view name, prometheus::Registry& registry) {
  const auto rows = actor_metric_table();
  const auto at = std::ranges::find(rows, name, &metric_row::name);
  BURROW_ASSERT(at != rows.end());
  return builder.Name(std::string{name}).Help(std::string{at->help}).Register(registry);
}

} // namespace

cluster_metrics::cluster_metrics(std::shared_ptr<prometheus::Registry> registry)
  : registry_(registry ? std::move(registry) : std::make_shared<prometheus::Registry>()) {
  auto& refusals = family_of(prometheus::BuildCounter(), "burrow_control_refused_total", *registry_);
  const char* reasons[] = {"cluster", "version", "identity", "garbage", "flood"};
  for (std::size_t i = 0; i < refused_.size(); ++i) refused_[i] = &refusals.Add({{"reason", reasons[i]}});
  dropped_ = &family_of(prometheus::BuildCounter(), "burrow_control_dropped_total", *registry_).Add({});
  links_ = &family_of(prometheus::BuildGauge(), "burrow_control_links", *registry_).Add({});
}

void cluster_metrics::refused(control_refusal why) { refused_.at(static_cast<std::size_t>(why))->Increment(); }
void cluster_metrics::dropped() { dropped_->Increment(); }
void cluster_metrics::links(int change) { links_->Increment(change); }
std::size_t cluster_metrics::refused_now() const {
  double sum = 0;
  for (const auto* r : refused_) sum += r->Value();
  return static_cast<std::size_t>(sum);
}

} // namespace burrow
